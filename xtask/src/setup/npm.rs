//! The npm packages of the whole repository: one workspace, one lock file, one `node_modules`.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use crate::inputs::Inputs;
use crate::process::{self, Program};
use crate::project::Project;
use crate::report;

const OLDEST_NODE: u32 = 20;

/// Installs what the lock file names unless `node_modules` holds just that.
pub fn npm_packages(project: &Project) -> Result<()> {
    node()?;
    let lock = project.root.join("package-lock.json");
    if !lock.is_file() {
        bail!("package-lock.json is missing: run `npm install` in the repository and commit it");
    }
    let modules = project.root.join("node_modules");
    let note = modules.join(".installed-by-xtask");
    if installed_by_hand(&modules, &lock) && !note.exists() {
        return Ok(());
    }
    Inputs::new().path(&lock)?.unless_done(&note, &[&modules], || {
        // A later `npm install` by hand is as good; removing what it just made would only cost time.
        if installed_by_hand(&modules, &lock) {
            return Ok(());
        }
        report::step(
            "npm packages",
            "installing what package-lock.json names, about 1 minute",
            || process::npm().arg("ci").directory(&project.root).run(),
        )
    })
}

/// Whether npm itself finished an installation after the lock file last changed. npm keeps its own
/// copy of the lock inside `node_modules` and writes it last.
fn installed_by_hand(modules: &Path, lock: &Path) -> bool {
    let time = |file: &Path| -> Option<SystemTime> { fs::metadata(file).ok()?.modified().ok() };
    time(&modules.join(".package-lock.json")) >= time(lock)
}

fn node() -> Result<()> {
    let advice = "install Node.js 20 or newer, with npm";
    let version = Program::new("node").arg("--version").read().context(advice)?;
    let major = major(&version).with_context(|| format!("`node --version` says {version:?}"))?;
    ensure!(major >= OLDEST_NODE, "Node.js is {}: {advice}", version.trim());
    Ok(())
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }
}
