//! From Rust to the npm package's `dist`: compile, bind, optimise, bundle, measure.
//!
//! Each stage is skipped while its inputs are what they were. The facade in TypeScript and the way
//! it is bundled belong to `pkg`; this module only calls its build.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::inputs::Inputs;
use crate::module::{self, Build, PASSES, SHORT_NAMES};
use crate::process::{self, Program};
use crate::project::Project;
use crate::{report, setup};

/// What a page may download, compressed: more than this is a regression.
const LIMIT: u32 = 60 * 1024;

/// What the compiler may have used; wasm-opt must not take it for an error or lower it.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

const BUILD: Build = Build { name: "wasm build", cargo: &[], flags: &[], folder: None };

/// Builds the package and prints its sizes.
pub fn build(project: &Project) -> Result<()> {
    package(project)?;
    let limit = LIMIT.to_string();
    let script = project.root.join("xtask/src/sizes.mjs");
    Program::new("node").arg(script).arg(project.root.join("pkg")).arg(limit).run()
}

/// Builds the package: everything in `pkg/dist`.
pub fn package(project: &Project) -> Result<()> {
    module::package(project, &BUILD, bind, bundle)
}

/// The JavaScript beside the WebAssembly, and the WebAssembly made small.
fn bind(project: &Project, module: &Path) -> Result<()> {
    let tools = setup::bindgen(project)?;
    let out = project.root.join("pkg/dist/wasm");
    let bound = out.join("tim_wasm_bg.wasm");
    let optimiser = module::node_program(project, "wasm-opt")?;
    let inputs = Inputs::new()
        .text(&project.locked_version("wasm-bindgen")?)
        .path(module)?
        .path(&project.root.join("node_modules/binaryen/package.json"))?
        .path(&project.root.join("xtask/src/module.rs"))?
        .path(&project.root.join("xtask/src/wasm.rs"))?;
    let names = out.join("names.json");
    let outputs = [bound.as_path(), &out.join("tim_wasm.js"), &names];
    inputs.unless_done(&project.scratch("done/bind"), &outputs, || {
        report::step("wasm-bindgen", "binding and optimising, about 20 seconds", || {
            Program::new(tools.join("wasm-bindgen"))
                .args(["--target", "web", "--out-name", "tim_wasm", "--out-dir"])
                .arg(&out)
                .arg("--remove-producers-section")
                .arg(module)
                .run()?;
            let small = project.scratch("small.wasm");
            let optimise =
                |from: &Path, to: &Path| Program::new(&optimiser).arg(from).arg("-o").arg(to);
            optimise(&bound, &small).args(PASSES).args(FEATURES).run()?;
            // Apart from the rest, which is repeated until it converges: it prints the names.
            let renamed = optimise(&small, &bound).arg(SHORT_NAMES).args(FEATURES).read()?;
            fs::write(&names, renamed).with_context(|| format!("writing {}", names.display()))
        })
    })
}

fn bundle(project: &Project) -> Result<()> {
    let pkg = project.root.join("pkg");
    let wasm = pkg.join("dist/wasm/tim_wasm_bg.wasm");
    let inputs = Inputs::new()
        .path(&pkg)?
        .path(&pkg.join("dist/wasm"))?
        .path(&project.root.join("package-lock.json"))?;
    inputs.unless_done(&project.scratch("done/bundle"), &[&pkg.join("dist"), &wasm], || {
        report::step("npm package", "bundling pkg, under half a minute", || {
            process::npm().args(["run", "build", "-w", "pkg"]).directory(&project.root).run()
        })
    })
}
