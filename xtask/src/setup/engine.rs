//! The shell of JavaScriptCore, the engine of iPhones, for tests of what mini-programs run.
//!
//! Nice to have: without it those tests are left out, and say so.

use std::fs;
use std::path::PathBuf;

use super::{install_packages, may_install_packages};
use crate::process;
use crate::project::Project;
use crate::report;

/// `$JSC`, or what is installed, or what can be installed.
pub fn javascript_core(project: &Project) -> Option<PathBuf> {
    let named = std::env::var_os("JSC").filter(|it| !it.is_empty()).map(PathBuf::from);
    let find = || process::on_path("jsc");
    if let Some(found) = named.or_else(find) {
        return Some(found);
    }
    // What failed is not tried each time.
    let note = project.scratch("no-javascript-core");
    if !may_install_packages() || note.exists() {
        return None;
    }
    let does = "installing the Debian package of its shell, about half a minute";
    let installed = report::step("JavaScriptCore", does, || {
        install_packages(&["libjavascriptcoregtk-4.0-bin"])
    });
    if let Err(error) = installed {
        println!("    {error:#}; its tests are left out");
        // Costs time when it is missing, nothing else.
        let _ = fs::write(note, "");
    }
    find()
}
