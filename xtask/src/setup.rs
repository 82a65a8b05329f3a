//! Puts in place what the other commands need, one file per tool.
//!
//! Each tool answers the same way: it is there already (silently, in well under a second), or it is
//! put there with a line that says how long that takes, or a sentence says what the user has to do.
//! Only what the command at hand needs is asked for.

mod bindgen;
mod browser;
mod debian;
mod engine;
mod engines;
mod npm;
mod own_library;
mod peers;
mod rust_source;
mod subcommand;
mod wasm_target;

use anyhow::Result;
pub use bindgen::bindgen;
pub use browser::browser;
pub use engine::javascript_core;
pub use engines::engines;
pub use npm::npm_packages;
pub use own_library::own_library;
pub use peers::peers;
pub use subcommand::{deny, fuzz};
pub use wasm_target::wasm_compiler;

use crate::project::Project;

/// All of it: `cargo xtask setup`.
pub fn everything(project: &Project) -> Result<()> {
    let compiler = wasm_compiler(project)?;
    own_library(project, &compiler);
    bindgen(project)?;
    npm_packages(project)?;
    browser(project)?;
    javascript_core(project);
    engines(project);
    println!("everything is in place");
    Ok(())
}

/// Whether we may install system packages: root on a machine with apt.
fn may_install_packages() -> bool {
    let root = crate::process::Program::new("id").arg("-u").read();
    root.is_ok_and(|id| id.trim() == "0") && crate::process::on_path("apt-get").is_some()
}

/// Installs Debian packages for good. The lists are fetched first: a fresh container has none.
///
/// Services in them are not started, unless systemd runs the machine: in runlevel 1, which the
/// variable claims, there are none.
fn install_packages(packages: &[&str]) -> Result<()> {
    let apt = || {
        crate::process::Program::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1")
    };
    apt().args(["update", "-qq"]).run()?;
    apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages).run()
}
