//! A compiler that can build for `wasm32-unknown-unknown`.
//!
//! The ways to get one, tried in this order until a probe really compiles and links:
//!
//! 1. it is there already;
//! 2. `TIM_RUST_SRC` names the library's sources: build from them;
//! 3. `rustup target add`, the normal way, which needs the Rust release server;
//! 4. the library's sources lie in the compiler's folder (rustup's or Debian's `rust-src`), or Debian
//!    has a `rust-src` of exactly this version: build from them;
//! 5. Debian's own second compiler, `rustc-web`, used for the WebAssembly alone.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::rust_source::{self, Library};
use super::{install_packages, may_install_packages, own_library};
use crate::process::{self, Program};
use crate::project::Project;
use crate::report;

pub const TARGET: &str = "wasm32-unknown-unknown";

/// Names an archive or a folder with the sources of the standard library.
const OVERRIDE: &str = "TIM_RUST_SRC";

/// Where Debian puts `rustc-web`.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// The note that it is what we build with.
const SECOND_COMPILER: &str = "uses-rustc-web";

/// The compiler to build WebAssembly with.
pub struct WasmCompiler {
    /// Another one than cargo would take by itself.
    rustc: Option<PathBuf>,
}

impl WasmCompiler {
    /// Cargo, set to build with this compiler for this target.
    pub fn cargo(&self, subcommand: &str) -> Program {
        let cargo = process::cargo().args([subcommand, "--target", TARGET]);
        match &self.rustc {
            Some(rustc) => cargo.env("RUSTC", rustc),
            None => cargo,
        }
    }

    /// What it says about itself.
    pub fn rustc(&self) -> Result<Rustc> {
        Rustc::ask(self.rustc.clone())
    }

    /// Clippy reads only libraries made by the compiler it belongs to.
    pub fn has_clippy(&self) -> bool {
        self.rustc.is_none()
    }
}

/// What a compiler says about itself.
pub struct Rustc {
    pub program: Option<PathBuf>,
    /// `1.95.0`, and `1.97.0-nightly` for one that no release matches.
    pub release: String,
    pub commit: String,
    pub sysroot: PathBuf,
}

impl Rustc {
    fn ask(program: Option<PathBuf>) -> Result<Self> {
        let ask = |arguments: &[&str]| {
            program.as_ref().map_or_else(process::rustc, Program::new).args(arguments).read()
        };
        let version = ask(&["-vV"])?;
        let field = |name: &str| version_field(&version, name);
        let (Some(release), Some(commit)) = (field("release"), field("commit-hash")) else {
            bail!("`rustc -vV` names no release");
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
        Ok(Self { program, release, commit, sysroot })
    }

    fn command(&self) -> Program {
        self.program.as_ref().map_or_else(process::rustc, Program::new)
    }

    /// rustup, told to do something to this toolchain. Only if rustup manages it: anything else has
    /// no parts to add.
    pub fn rustup(&self, arguments: &[&str]) -> Option<Program> {
        let homes = [
            env::var_os("RUSTUP_HOME").map(PathBuf::from),
            env::home_dir().map(|it| it.join(".rustup")),
        ];
        let toolchains = self.sysroot.parent()?;
        let managed = homes.into_iter().flatten().any(|it| toolchains == it.join("toolchains"));
        let rustup = process::on_path("rustup").filter(|_| managed)?;
        let rustup = Program::new(rustup).args(arguments).arg("--toolchain");
        let rustup = rustup.arg(self.sysroot.file_name()?);
        // Its stack trace helps nobody who cannot reach the server.
        Some(rustup.env("RUST_BACKTRACE", "0").within(Duration::from_secs(180)))
    }
}

/// The sources of the standard library the user has named.
pub fn named_sources() -> Option<PathBuf> {
    env::var_os(OVERRIDE).filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// Finds or makes a compiler for the target.
pub fn wasm_compiler(project: &Project) -> Result<WasmCompiler> {
    let rustc = Rustc::ask(None)?;
    if works(&rustc, project) {
        return Ok(WasmCompiler { rustc: None });
    }
    // Chosen earlier, so that the ways that failed then are not tried again each time.
    let second = Path::new(DEBIAN_RUSTC);
    let chosen = project.scratch(SECOND_COMPILER).exists() && second.is_file();
    if chosen && works(&Rustc::ask(Some(second.to_owned()))?, project) {
        return Ok(WasmCompiler { rustc: Some(second.to_owned()) });
    }
    // A library we built earlier may stand in the way: of another compiler version, or beside the
    // one that rustup has installed since.
    rust_source::remove(&rustc)?;
    if works(&rustc, project) {
        return Ok(WasmCompiler { rustc: None });
    }

    // Who names sources wants these and no others.
    if let Some(place) = named_sources() {
        build(&rustc, project, |work| Library::at(&place, work))
            .with_context(|| format!("{OVERRIDE} is set: correct or unset it"))?;
        probe(&rustc, project)
            .with_context(|| format!("the library from {OVERRIDE} is no good"))?;
        return Ok(WasmCompiler { rustc: None });
    }

    let mut failures = Vec::new();
    let ways: [(&str, Way); 3] =
        [("rustup", from_rustup), ("rust-src", from_sources), ("rustc-web", from_second_compiler)];
    for (name, way) in ways {
        match way(&rustc, project) {
            Ok(Some(compiler)) => {
                let program = compiler.rustc.clone();
                match probe(&Rustc::ask(program)?, project) {
                    Ok(()) => return Ok(compiler),
                    Err(error) => failures.push(format!("{name}: it does not link: {error:#}")),
                }
            }
            Ok(None) => {}
            Err(error) => {
                println!("    not from {name}: {error:#}");
                failures.push(format!("{name}: {error:#}"));
            }
        }
    }
    bail!(
        "the wasm target of rustc {} is missing and could not be installed. Run `rustup target add \
         {TARGET}` where the Rust release server can be reached, or set {OVERRIDE} to the library \
         sources of exactly this version (an archive `rust-src-{}.tar.xz` or a folder).\nTried:\n  {}",
        rustc.release,
        rustc.release,
        failures.join("\n  ")
    )
}

/// One way: a compiler, nothing because the way does not apply here, or why it failed.
type Way = fn(&Rustc, &Project) -> Result<Option<WasmCompiler>>;

fn from_rustup(rustc: &Rustc, _: &Project) -> Result<Option<WasmCompiler>> {
    let Some(rustup) = rustc.rustup(&["target", "add", TARGET]) else { return Ok(None) };
    report::step("wasm target", "asking rustup for it, up to 3 minutes", || rustup.read())?;
    Ok(Some(WasmCompiler { rustc: None }))
}

fn from_sources(rustc: &Rustc, project: &Project) -> Result<Option<WasmCompiler>> {
    build(rustc, project, |_| match Library::of_compiler(rustc) {
        Some(library) => Ok(library),
        None => own_library::kept(project, rustc),
    })
}

fn from_second_compiler(_: &Rustc, project: &Project) -> Result<Option<WasmCompiler>> {
    if !may_install_packages() {
        return Ok(None);
    }
    report::step("rustc-web", "installing Debian's second compiler, 1 to 2 minutes", || {
        install_packages(&["rustc-web", "rust-web-src", "rust-web-llvm"])?;
        // Its linker is a link to the one of LLVM, whose package has the same name and is only
        // suggested.
        let linker = Path::new(DEBIAN_RUSTC).with_file_name("rust-lld");
        match fs::read_link(&linker) {
            Ok(package) if !linker.exists() => install_packages(&[&package.to_string_lossy()]),
            _ => Ok(()),
        }
    })?;
    let program = PathBuf::from(DEBIAN_RUSTC);
    let rustc = Rustc::ask(Some(program.clone()))?;
    build(&rustc, project, |work| match Library::of_compiler(&rustc) {
        Some(library) => Ok(library),
        None => Library::at(Path::new("/usr/src"), work),
    })?;
    fs::write(project.scratch(SECOND_COMPILER), "")?;
    Ok(Some(WasmCompiler { rustc: Some(program) }))
}

fn build(
    rustc: &Rustc,
    project: &Project,
    find: impl FnOnce(&Path) -> Result<Library>,
) -> Result<Option<WasmCompiler>> {
    ensure!(
        rust_source::may_install(rustc),
        "{} is not writable: run this once as the user who installed Rust",
        rustc.sysroot.display()
    );
    let work = project.scratch("rust-library");
    // Left over from an interrupted run.
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work)?;
    let does =
        "building the standard library from its sources, about 2 minutes, once per Rust version";
    let built =
        report::step("wasm target", does, || rust_source::install(rustc, &find(&work)?, &work));
    let _ = fs::remove_dir_all(&work);
    built?;
    Ok(Some(WasmCompiler { rustc: rustc.program.clone() }))
}

/// Whether a program that uses the standard library compiles and links, and why not.
fn probe(rustc: &Rustc, project: &Project) -> Result<()> {
    let folder = project.scratch("probe");
    let source = folder.join("probe.rs");
    let program =
        "#[unsafe(no_mangle)] pub extern \"C\" fn probe(n: u32) -> usize { n.to_string().len() }";
    fs::create_dir_all(&folder)?;
    fs::write(&source, program)?;
    let compile =
        rustc.command().args(["--edition=2024", "--crate-type=cdylib", "--target", TARGET]);
    compile.arg("-o").arg(folder.join("probe.wasm")).arg(source).read().map(drop)
}

fn works(rustc: &Rustc, project: &Project) -> bool {
    probe(rustc, project).is_ok()
}

fn version_field(version: &str, name: &str) -> Option<String> {
    let line = version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.map(|value| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_the_long_version() {
        let said = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n\
                    commit-hash: 59807616e1fa\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        assert_eq!(version_field(said, "release").as_deref(), Some("1.95.0"));
        assert_eq!(version_field(said, "commit-hash").as_deref(), Some("59807616e1fa"));
        assert_eq!(version_field(said, "host"), None);
    }
}
