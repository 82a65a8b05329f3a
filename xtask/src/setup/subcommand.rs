//! Programs that extend cargo, each in the version that the project was tried with.
//!
//! They are compiled with the lock file they were published with and kept per user, one folder per
//! version, so that clones and branches do not undo each other's.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::process::{self, Program};
use crate::project::Project;
use crate::report;

/// One of them.
struct Subcommand {
    name: &'static str,
    version: &'static str,
    /// How long compiling it takes on two processors.
    takes: &'static str,
}

const DENY: Subcommand = Subcommand { name: "cargo-deny", version: "0.20.2", takes: "2 minutes" };
const FUZZ: Subcommand = Subcommand { name: "cargo-fuzz", version: "0.13.2", takes: "1 minute" };

/// `cargo-deny`: what crates come from, what they are licensed under, what is known against them.
pub fn deny(project: &Project) -> Result<PathBuf> {
    DENY.installed(project)
}

/// `cargo-fuzz`: programs with libFuzzer inside.
pub fn fuzz(project: &Project) -> Result<PathBuf> {
    FUZZ.installed(project)
}

impl Subcommand {
    /// The program, wherever it is.
    fn installed(&self, project: &Project) -> Result<PathBuf> {
        let Self { name, version, takes } = self;
        if let Some(program) = process::on_path(name).filter(|it| self.is(it)) {
            return Ok(program);
        }
        let root = project.cache.join("tools").join(format!("{name}-{version}"));
        let program = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if self.is(&program) {
            return Ok(program);
        }
        report::step(name, &format!("compiling version {version}, {takes}, once per user"), || {
            fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
            process::cargo()
                .args(["install", name, "--locked", "--force", "--version"])
                .arg(format!("={version}"))
                .arg("--root")
                .arg(&root)
                // It runs for a second at a time: not worth minutes of optimising it.
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                // Away from the repository, whose cargo settings are not meant for it.
                .directory(&root)
                .run()?;
            ensure!(self.is(&program), "{} does not run", program.display());
            Ok(program.clone())
        })
    }

    /// Whether this program is that one, and works.
    fn is(&self, program: &PathBuf) -> bool {
        let said = Program::new(program).arg("--version").read();
        said.is_ok_and(|it| it.trim().ends_with(&format!(" {}", self.version)))
    }
}
