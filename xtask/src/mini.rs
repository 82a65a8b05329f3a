//! From Rust to the npm package's `miniprogram_dist`: the SDK as mini-programs take it.
//!
//! The same stages as for pages with another end: WebAssembly 1.0 and nothing more, because the
//! oldest phones know nothing more. What may ship is checked by the gates in `pkg/build/mini`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::inputs::Inputs;
use crate::module::{self, Build, PASSES, SHORT_NAMES};
use crate::process::{self, Program};
use crate::project::Project;
use crate::{report, setup};

/// What cargo is told for this host.
pub const HOST: &[&str] = &["--no-default-features", "--features", "mini"];

const BUILD: Build =
    Build { name: "mini build", cargo: HOST, flags: &["-Ctarget-cpu=mvp"], folder: Some("mini") };

/// The ready-made standard library was compiled with what came after WebAssembly 1.0: that is
/// replaced. Where the library is compiled with the SDK there is nothing to replace but copies.
const LOWERING: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--signext-lowering",
    "--llvm-nontrapping-fptoint-lowering",
    "--llvm-memory-copy-fill-lowering",
];

/// Without it wasm-opt brings in what we have just taken out.
const MVP: &str = "--mvp-features";

/// What of the code package is ours, as it counts there: scripts as they are, the module compressed.
const LIMIT: u64 = 120 * 1024;

/// Libraries that stand on what only a page has.
const OF_PAGES: &[&str] = &["gloo", "indexed", "web-sys"];

/// Fails when something of a page has got into the module.
pub fn check_dependencies(project: &Project) -> Result<()> {
    let tree = process::cargo()
        .args(["tree", "--locked", "--package", "tim-wasm", "--edges", "normal"])
        .args(["--target", "wasm32-unknown-unknown", "--prefix", "none"])
        .args(HOST)
        .directory(&project.root)
        .read()?;
    let of_pages = |line: &&str| OF_PAGES.iter().any(|name| line.starts_with(name));
    match tree.lines().find(of_pages) {
        Some(line) => bail!("the feature `mini` brings {line}, which needs a page"),
        None => Ok(()),
    }
}

/// Builds it and prints its sizes.
pub fn build(project: &Project) -> Result<()> {
    package(project)?;
    let made = project.root.join("pkg/miniprogram_dist");
    let size = |name: &str| -> Result<u64> { Ok(fs::metadata(made.join(name))?.len()) };
    let kilobytes = |bytes: u64| format!("{:.1} KB", bytes as f64 / 1024.0);
    let mut total = 0;
    for name in ["index.js", "mini.js", "tim_wasm.wasm.br"] {
        total += size(name)?;
        println!("    {name:20} {:>9}", kilobytes(size(name)?));
    }
    let verdict = if total <= LIMIT { "within" } else { "OVER" };
    let limit = kilobytes(LIMIT);
    println!("    in a code package    {:>9}: {verdict} the limit of {limit}", kilobytes(total));
    let script = kilobytes(size("../dist/mini-js.cjs")?);
    println!("    mini-js              {script:>9}, only where it is asked for");
    demo(project, &made)
}

/// Puts the package where WeChat's "build npm" would put it in the demo.
fn demo(project: &Project, made: &Path) -> Result<()> {
    let demo = project.root.join("www/mini");
    let place = demo.join("miniprogram_npm/tim-wasm");
    fs::create_dir_all(&place)?;
    for file in fs::read_dir(made)? {
        let file = file?;
        fs::copy(file.path(), place.join(file.file_name()))?;
    }
    println!("    {} can be opened in WeChat's developer tools", demo.display());
    Ok(())
}

/// Builds it: everything in `pkg/miniprogram_dist`.
pub fn package(project: &Project) -> Result<()> {
    module::package(project, &BUILD, bind, bundle)
}

/// The module made small and old enough, its JavaScript, and the module as JavaScript.
fn bind(project: &Project, module: &Path) -> Result<()> {
    let tools = setup::bindgen(project)?;
    let out = project.root.join("pkg/dist/mini");
    let optimiser = module::node_program(project, "wasm-opt")?;
    let translator = module::node_program(project, "wasm2js")?;
    let inputs = Inputs::new()
        .text(&project.locked_version("wasm-bindgen")?)
        .path(module)?
        .path(&project.root.join("node_modules/binaryen/package.json"))?
        .path(&project.root.join("pkg/build/mini"))?
        .path(&project.root.join("xtask/src/module.rs"))?
        .path(&project.root.join("xtask/src/mini.rs"))?;
    let [small, script, names] =
        ["small.wasm", "script.js", "names.json"].map(|name| out.join(name));
    inputs.unless_done(&project.scratch("done/mini-bind"), &[&small, &script, &names], || {
        report::step("mini module", "binding, optimising and translating, about a minute", || {
            let work = project.scratch("mini");
            fs::create_dir_all(&work)?;
            fs::create_dir_all(&out)?;
            let [raw, low, long] =
                ["tim_wasm.wasm", "low.wasm", "long.wasm"].map(|name| work.join(name));
            // The linker notes what the ready-made library uses, and wasm-bindgen would use it, too.
            let drop = "import { withoutCustomSection } from './pkg/build/mini/module.mjs'; \
                import { readFileSync, writeFileSync } from 'node:fs'; \
                writeFileSync(process.argv[2], withoutCustomSection(readFileSync(process.argv[1]), 'target_features'));";
            Program::new("node")
                .args(["--input-type=module", "--eval", drop])
                .arg(module)
                .arg(&raw)
                .directory(&project.root)
                .run()?;
            Program::new(tools.join("wasm-bindgen"))
                .args(["--target", "bundler", "--out-name", "tim_wasm", "--out-dir"])
                .arg(&work)
                .arg("--remove-producers-section")
                .arg(&raw)
                .run()?;
            let optimise =
                |from: &Path, to: &Path| Program::new(&optimiser).arg(from).arg("-o").arg(to);
            // With the names of functions, which the passes sort by.
            optimise(&work.join("tim_wasm_bg.wasm"), &low).arg("-g").args(LOWERING).run()?;
            optimise(&low, &long).args(PASSES).arg(MVP).run()?;
            // Apart from the rest, which is repeated until it converges: it prints the names.
            let renamed = optimise(&long, &small).args([SHORT_NAMES, MVP]).read()?;
            let translated = Program::new(&translator).arg(&small).arg("-O").read()?;
            fs::copy(work.join("tim_wasm_bg.js"), out.join("tim_wasm_bg.js"))?;
            fs::write(&script, translated)
                .with_context(|| format!("writing {}", script.display()))?;
            fs::write(&names, renamed).with_context(|| format!("writing {}", names.display()))
        })
    })
}

fn bundle(project: &Project) -> Result<()> {
    let pkg = project.root.join("pkg");
    let made = pkg.join("miniprogram_dist");
    let inputs = Inputs::new()
        .path(&pkg.join("src"))?
        .path(&pkg.join("types"))?
        .path(&pkg.join("build"))?
        .path(&pkg.join("package.json"))?
        .path(&pkg.join("tsconfig.mini.json"))?
        .path(&pkg.join("dist/mini"))?
        .path(&project.root.join("package-lock.json"))?;
    let mut outputs = ["index.js", "tim_wasm.wasm.br"].map(|it| made.join(it)).to_vec();
    outputs.extend(["mini.cjs", "mini-js.cjs"].map(|it| pkg.join("dist").join(it)));
    let outputs: Vec<&Path> = outputs.iter().map(std::path::PathBuf::as_path).collect();
    inputs.unless_done(&project.scratch("done/mini-bundle"), &outputs, || {
        report::step("mini package", "bundling miniprogram_dist, under half a minute", || {
            process::npm().args(["run", "build:mini", "-w", "pkg"]).directory(&project.root).run()
        })
    })
}
