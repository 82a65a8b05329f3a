//! The short commands on top of the builds: demo, dist, bench.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::inputs::Inputs;
use crate::process::{self, Program};
use crate::project::Project;
use crate::{mini, report, wasm};

/// Builds everything and becomes the server; it prints the address of the demo itself.
pub fn demo(project: &Project, arguments: &[String]) -> Result<()> {
    wasm::build(project)?;
    page(project)?;
    let server = server(project)?;
    println!("==> demo: starting the server, Ctrl-C ends it");
    let mut program = Program::new(server).args(arguments).directory(&project.root);
    // What the user says about the server wins; its own default would leave the data among the
    // sources.
    for (variable, folder) in [
        ("TIM_WEB_ROOT", project.root.join("www/dist")),
        ("TIM_DATA", project.target.join("demo-data")),
    ] {
        if std::env::var_os(variable).is_none() {
            program = program.env(variable, folder);
        }
    }
    program.replace_ourselves()
}

/// Builds the package and packs it; returns the tarball.
pub fn dist(project: &Project) -> Result<PathBuf> {
    wasm::build(project)?;
    mini::build(project)?;
    let folder = project.target.join("npm");
    fs::create_dir_all(&folder)?;
    let packed = process::npm()
        .args(["pack", "-w", "pkg", "--json", "--pack-destination"])
        .arg(&folder)
        .directory(&project.root)
        .read()
        .context("packing the npm package failed")?;
    let packed: serde_json::Value =
        serde_json::from_str(&packed).context("reading npm's report")?;
    let packed = &packed[0];
    let name = packed["filename"].as_str().context("npm names no tarball")?;
    let tarball = folder.join(name);
    println!(
        "    {}: {} bytes packed, {} bytes unpacked, {} files",
        tarball.display(),
        packed["size"],
        packed["unpackedSize"],
        packed["entryCount"]
    );
    Ok(tarball)
}

/// Builds what is measured, then measures it beside its peers.
pub fn bench(project: &Project, arguments: &[String]) -> Result<()> {
    let browser = crate::setup::browser(project)?;
    wasm::build(project)?;
    mini::build(project)?;
    let server = server(project)?;
    let load =
        release(project, "tim-bench", "compiling the load generator, 1 minute the first time")?;
    crate::setup::peers(project);
    let peers = release(project, "tim-bench-peers", "compiling the XMPP client, 1 minute")?;
    report::step("bench", "measuring, about 7 minutes", || {
        let mut npm = process::npm().args(["run", "bench", "-w", "bench", "--"]).args(arguments);
        if let Some(shell) = crate::setup::javascript_core(project) {
            npm = npm.env("JSC", shell);
        }
        npm.env("TIM_SERVER_BIN", server)
            .env("TIM_BENCH_BIN", load)
            .env("TIM_BENCH_PEERS_BIN", peers)
            .env("CHROMIUM", browser.chromium)
            .directory(&project.root)
            .run()
    })
}

/// The demo page, `www/dist`.
pub fn page(project: &Project) -> Result<()> {
    let www = project.root.join("www");
    let made = www.join("dist/index.html");
    let inputs = Inputs::new()
        .path(&www)?
        .path(&project.root.join("pkg/dist"))?
        .path(&project.root.join("package-lock.json"))?;
    inputs.unless_done(&project.scratch("done/page"), &[&made], || {
        report::step("demo page", "building www, under half a minute", || {
            process::npm().args(["run", "build", "-w", "www"]).directory(&project.root).run()
        })
    })
}

/// The server as it is shipped.
pub fn server(project: &Project) -> Result<PathBuf> {
    release(project, "tim-server", "compiling it for release, 3 to 6 minutes the first time")
}

/// A program of this repository, compiled as it is shipped.
fn release(project: &Project, name: &'static str, does: &str) -> Result<PathBuf> {
    project.once(name, || {
        report::step(name, does, || {
            process::cargo()
                .args(["build", "--release", "--package", name])
                .directory(&project.root)
                .run()
        })
    })?;
    Ok(project.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}
