//! From Rust to the npm package's `dist`: compile, bind, optimise, bundle, measure.
//!
//! Each stage is skipped while its inputs are what they were. The facade in TypeScript and the way
//! it is bundled belong to `pkg`; this module only calls its build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::inputs::Inputs;
use crate::process::{self, Program};
use crate::project::{self, Project};
use crate::{constants, report, setup};

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

/// For the bytes that travel, not for the bytes on disk: measured on this SDK, wasm-opt's own `-Oz`
/// makes the file a tenth smaller and its compressed form 5 % larger. What hurts is inlining again
/// what the compiler has weighed already, and sharing values between places that looked alike. What
/// helps is functions of similar names, so of similar content, side by side. Nothing of ours lies in
/// the first kilobyte of memory: that is the far end of the stack.
const PASSES: &[&str] = &[
    "-Oz",
    "--converge",
    "--always-inline-max-function-size=0",
    "--one-caller-inline-max-function-size=0",
    "--flexible-inline-max-function-size=0",
    "--skip-pass=local-cse",
    "--skip-pass=merge-locals",
    "--skip-pass=simplify-locals",
    "--low-memory-unused",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];

/// A hundred names with a hash in each become letters; the bundler does the same to the JavaScript.
const SHORT_NAMES: &str = "--minify-imports-and-exports-and-modules";

/// Builds the package and prints its sizes.
pub fn build(project: &Project) -> Result<()> {
    package(project)?;
    let limit = LIMIT.to_string();
    let script = project.root.join("xtask/src/sizes.mjs");
    Program::new("node").arg(script).arg(project.root.join("pkg")).arg(limit).run()
}

/// Builds the package: everything in `pkg/dist`.
pub fn package(project: &Project) -> Result<()> {
    project.once("package", || {
        setup::npm_packages(project)?;
        let module = compile(project)?;
        bind(project, &module)?;
        constants::write(project)?;
        bundle(project)
    })
}

fn compile(project: &Project) -> Result<PathBuf> {
    let compiler = setup::wasm_compiler(project)?;
    let library = setup::own_library(project, &compiler);
    let mut flags = without_local_paths(project);
    let mut cargo = compiler.cargo("build");
    if let Some(library) = &library {
        flags.extend(library.flags().iter().map(ToString::to_string));
        cargo = library.build_with(cargo);
    }
    let does = "compiling the SDK, 1 to 3 minutes the first time";
    report::step("wasm build", does, || {
        cargo
            .args(["--package", "tim-wasm", "--lib", "--profile", "wasm"])
            .arg("--config")
            .arg(flags_as_configuration(&flags))
            .directory(&project.root)
            .run()
    })?;
    let module = project.target.join("wasm32-unknown-unknown/wasm/tim_wasm.wasm");
    ensure!(module.is_file(), "cargo made no {}", module.display());
    Ok(module)
}

/// Panic messages name source files. Pages have no use for the folders of the machine that built
/// them, and without these the same sources give the same bytes everywhere.
fn without_local_paths(project: &Project) -> Vec<String> {
    let mut places: Vec<PathBuf> = project::registry_folders().collect();
    places.sort();
    places.push(project.root.clone());
    places.iter().map(|place| format!("--remap-path-prefix={}=", place.display())).collect()
}

/// As configuration flags add to those of the repository; an environment variable would replace
/// them.
fn flags_as_configuration(flags: &[String]) -> String {
    let flags: Vec<String> =
        flags.iter().map(|flag| serde_json::Value::from(flag.as_str()).to_string()).collect();
    format!("target.wasm32-unknown-unknown.rustflags=[{}]", flags.join(","))
}

/// The JavaScript beside the WebAssembly, and the WebAssembly made small.
fn bind(project: &Project, module: &Path) -> Result<()> {
    let tools = setup::bindgen(project)?;
    let out = project.root.join("pkg/dist/wasm");
    let bound = out.join("tim_wasm_bg.wasm");
    let optimiser = node_program(project, "wasm-opt")?;
    let inputs = Inputs::new()
        .text(&project.locked_version("wasm-bindgen")?)
        .path(module)?
        .path(&project.root.join("node_modules/binaryen/package.json"))?
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

fn node_program(project: &Project, name: &str) -> Result<PathBuf> {
    let program = project.root.join("node_modules/.bin").join(name);
    ensure!(
        program.exists(),
        "{name} is not among the npm packages: add `binaryen` to pkg's devDependencies"
    );
    Ok(program)
}
