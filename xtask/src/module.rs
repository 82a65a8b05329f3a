//! The root crate as a WebAssembly module: compiled for one host, as small as it gets.
//!
//! What both hosts share. The shapes of the finished modules are [`crate::wasm`]'s and
//! [`crate::mini`]'s affair.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::project::{self, Project};
use crate::{constants, report, setup};

/// For the bytes that travel, not for the bytes on disk: measured on this SDK, wasm-opt's own `-Oz`
/// makes the file a tenth smaller and its compressed form 5 % larger. What hurts is inlining again
/// what the compiler has weighed already, and sharing values between places that looked alike; without
/// those `-Oz` is still half a percent behind `-Os`. What helps is functions of similar names, so of
/// similar content, side by side. Nothing of ours lies in the first kilobyte of memory: that is the
/// far end of the stack.
pub const PASSES: &[&str] = &[
    "-Os",
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
pub const SHORT_NAMES: &str = "--minify-imports-and-exports-and-modules";

/// One way to compile the root crate.
pub struct Build {
    /// What the user reads while it runs.
    pub name: &'static str,
    /// Its host and what else cargo is told.
    pub cargo: &'static [&'static str],
    /// What the compiler is told.
    pub flags: &'static [&'static str],
    /// Folder of its own below cargo's: other flags would have everything compiled again at each
    /// change between the two.
    pub folder: Option<&'static str>,
}

/// Compiles it; the module as the linker left it.
pub fn compile(project: &Project, build: &Build) -> Result<PathBuf> {
    let compiler = setup::wasm_compiler(project)?;
    let library = setup::own_library(project, &compiler);
    let mut flags = without_local_paths(project);
    flags.extend(build.flags.iter().map(ToString::to_string));
    let mut cargo = compiler.cargo("build");
    if let Some(library) = &library {
        flags.extend(library.flags().iter().map(ToString::to_string));
        cargo = library.build_with(cargo);
    }
    let target = build.folder.map_or(project.target.clone(), |it| project.target.join(it));
    report::step(build.name, "compiling the SDK, 1 to 3 minutes the first time", || {
        cargo
            .args(["--package", "tim-wasm", "--lib", "--profile", "wasm"])
            .args(build.cargo)
            .arg("--target-dir")
            .arg(&target)
            .arg("--config")
            .arg(flags_as_configuration(&flags))
            .directory(&project.root)
            .run()
    })?;
    let module = target.join("wasm32-unknown-unknown/wasm/tim_wasm.wasm");
    ensure!(module.is_file(), "cargo made no {}", module.display());
    Ok(module)
}

/// From the sources to a finished part of the package, once in a run.
pub fn package(
    project: &Project,
    build: &Build,
    bind: fn(&Project, &Path) -> Result<()>,
    bundle: fn(&Project) -> Result<()>,
) -> Result<()> {
    project.once(build.name, || {
        setup::npm_packages(project)?;
        let module = compile(project, build)?;
        bind(project, &module)?;
        constants::write(project)?;
        bundle(project)
    })
}

/// Panic messages name source files. Nobody has use for the folders of the machine that built them,
/// and without these the same sources give the same bytes everywhere.
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

/// A program that came with the npm packages.
pub fn node_program(project: &Project, name: &str) -> Result<PathBuf> {
    let program = project.root.join("node_modules/.bin").join(name);
    ensure!(
        program.exists(),
        "{name} is not among the npm packages: add `binaryen` to pkg's devDependencies"
    );
    Ok(program)
}
