//! The `wasm-bindgen` command and its test runner, in exactly the version of the crate.
//!
//! The command and the crate speak a private format with each other that changes with every release,
//! so a near version is as useless as none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process::{self, Program};
use crate::project::Project;
use crate::report;

/// The folder that holds `wasm-bindgen` and `wasm-bindgen-test-runner`.
pub fn bindgen(project: &Project) -> Result<PathBuf> {
    let version = project.locked_version("wasm-bindgen")?;
    let installed =
        process::on_path("wasm-bindgen").and_then(|file| file.parent().map(Path::to_owned));
    if let Some(folder) = installed.filter(|folder| holds(folder, &version)) {
        return Ok(folder);
    }

    let root = project.cache.join("tools").join(format!("wasm-bindgen-{version}"));
    let folder = root.join("bin");
    if holds(&folder, &version) {
        return Ok(folder);
    }
    let does = format!("compiling version {version}, 2 to 5 minutes, once per user");
    report::step("wasm-bindgen", &does, || {
        fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
        // Without `--locked`: the lock file inside the published package names a crate version that
        // the registry does not serve, so with it the installation cannot succeed.
        process::cargo()
            .args(["install", "wasm-bindgen-cli", "--force", "--version"])
            .arg(format!("={version}"))
            .arg("--root")
            .arg(&root)
            // It runs for a tenth of a second at a time: not worth a minute of optimising it.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            // Away from the repository, whose cargo settings are not meant for it.
            .directory(&root)
            .run()?;
        ensure!(
            holds(&folder, &version),
            "{} does not run after its installation",
            folder.display()
        );
        Ok(())
    })?;
    Ok(folder)
}

fn holds(folder: &Path, version: &str) -> bool {
    let says = |tool: &str| Program::new(folder.join(tool)).arg("--version").read();
    ["wasm-bindgen", "wasm-bindgen-test-runner"]
        .into_iter()
        .all(|tool| says(tool).is_ok_and(|said| said.trim().ends_with(&format!(" {version}"))))
}
