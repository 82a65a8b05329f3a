//! The standard library as part of the build that ships.
//!
//! The ready-made library is built for speed, and its panics format sentences that no page shows.
//! Compiled together with the SDK, for size and with panics that only trap, it makes the download a
//! tenth smaller. That needs the library's sources; without them the ready-made library is used.

use std::fs;

use anyhow::{Context, Result, bail};

use super::debian;
use super::rust_source::{Library, Link};
use super::wasm_target::{Rustc, WasmCompiler, named_sources};
use crate::inputs::Inputs;
use crate::process::Program;
use crate::project::Project;
use crate::report;

/// What cargo is told.
const CARGO: &[&str] = &["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];

/// What the compiler is told: a panic is a trap, nobody reads where it happened, and what is inlined
/// early is smaller later; by itself it does that only when it optimises for speed.
const COMPILER: &[&str] = &[
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Zlocation-detail=none",
    "-Zinline-mir=yes",
];

/// The library's sources, in place as long as this lives.
pub struct OwnLibrary {
    _sources: Link,
}

impl OwnLibrary {
    /// A cargo command that compiles the library, too.
    pub fn build_with(&self, cargo: Program) -> Program {
        with_library(cargo)
    }

    /// What the compiler has to be told.
    pub fn flags(&self) -> &'static [&'static str] {
        COMPILER
    }
}

/// Puts the sources in place; says so when there are none.
pub fn own_library(project: &Project, compiler: &WasmCompiler) -> Option<OwnLibrary> {
    let prepared = prepare(project, compiler);
    if let Err(error) = &prepared {
        println!(
            "    the ready-made standard library is used, which makes the download a tenth larger: \
             {error:#}"
        );
    }
    prepared.ok()
}

fn prepare(project: &Project, compiler: &WasmCompiler) -> Result<OwnLibrary> {
    let rustc = compiler.rustc()?;
    let sources = Link::to(&find(project, &rustc)?, &rustc)?;
    // What the library depends on comes from the registry; quick when it is there already.
    let fetch = with_library(compiler.cargo("fetch")).directory(&project.root);
    fetch.read().context("what the library depends on cannot be fetched")?;
    Ok(OwnLibrary { _sources: sources })
}

/// A released compiler builds its own library only when told that it is its own.
fn with_library(cargo: Program) -> Program {
    cargo.args(CARGO).env("RUSTC_BOOTSTRAP", "1")
}

/// The sources in the compiler's folder, or kept ones, or what can be had.
fn find(project: &Project, rustc: &Rustc) -> Result<Library> {
    if let Some(library) = Library::of_compiler(rustc) {
        return Ok(library);
    }
    // What failed is not tried each time: rustup may take minutes to give up.
    let note = project.scratch(&format!("no-sources-{}", rustc.commit));
    if note.exists() && named_sources().is_none() {
        bail!("it has no sources here; after `rustup component add rust-src` it has");
    }
    if let Some(rustup) = rustc.rustup(&["component", "add", "rust-src"]) {
        let does = "asking rustup for the sources of the standard library, up to 3 minutes";
        let added = report::step("rust-src", does, || rustup.read());
        if let Some(library) = Library::of_compiler(rustc) {
            return Ok(library);
        }
        added?;
    }
    kept(project, rustc).inspect_err(|_| {
        // Costs time when it is missing, nothing else.
        let _ = fs::write(note, "");
    })
}

/// Sources for a compiler that has none: kept per user, because they come from far.
pub fn kept(project: &Project, rustc: &Rustc) -> Result<Library> {
    let named = named_sources();
    if let Some(folder) = named.as_ref().filter(|it| it.is_dir()) {
        return Library::at(folder, folder);
    }
    let mut inputs = Inputs::new().text(&rustc.commit);
    if let Some(archive) = &named {
        inputs = inputs.path(archive)?;
    }
    let folder = project.cache.join("rust-library");
    inputs.unless_done(&folder.with_extension("done"), &[&folder], || {
        report::step("rust-src", "unpacking the library's sources, under a minute", || {
            let work = folder.with_extension("part");
            for old in [&folder, &work] {
                let _ = fs::remove_dir_all(old);
            }
            fs::create_dir_all(&work)?;
            let library = match &named {
                Some(archive) => Library::at(archive, &work),
                None => debian::unpack("rust-src", &rustc.release, &work)
                    .and_then(|it| Library::at(&it, &work)),
            };
            let kept = library.and_then(|it| it.move_to(&folder));
            // The package holds far more than the library.
            let _ = fs::remove_dir_all(&work);
            kept
        })
    })?;
    Library::at(&folder, &folder)
}
