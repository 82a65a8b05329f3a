//! The standard library, built from its sources and put beside the compiler.
//!
//! For machines that cannot reach the Rust release server. The result is the same library the server
//! has: the same sources, built with bitcode inside so that link-time optimisation sees it, and
//! without paths of this machine. What we put into the compiler's folder is written down there, so
//! that it can be taken out again before it collides with another version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::wasm_target::{Rustc, TARGET};
use crate::process::{self, Program};
use crate::project;

/// Lists, one per line, the files we installed.
const RECEIPT: &str = "built-from-source.txt";

/// A folder that holds the sources of the standard library.
pub struct Library(PathBuf);

impl Library {
    /// The one that lies in the compiler's own folder, if it does.
    pub fn of_compiler(rustc: &Rustc) -> Option<Self> {
        let folder = expected_by_cargo(rustc);
        is_library(&folder).then_some(Self(folder))
    }

    /// The one in a folder or an archive, however deep.
    pub fn at(place: &Path, work: &Path) -> Result<Self> {
        let mut folder = place.to_owned();
        if place.is_file() {
            folder = work.join("archive");
            fs::create_dir_all(&folder)?;
            let tar = Program::new("tar").arg("-xf").arg(place).arg("-C").arg(&folder);
            tar.read()
                .with_context(|| format!("unpacking {} (needs tar and xz)", place.display()))?;
        }
        let found = find_library(&folder, 8);
        let library = found.with_context(|| {
            format!(
                "{} holds no Rust library sources (a folder with std/Cargo.toml)",
                place.display()
            )
        })?;
        // The compiler's folder must not point into a relative path.
        Ok(Self(library.canonicalize()?))
    }

    /// Moves it to another folder of the same disk.
    pub fn move_to(self, folder: &Path) -> Result<()> {
        fs::rename(&self.0, folder).with_context(|| format!("making {}", folder.display()))
    }
}

/// Builds the library and copies it into the compiler's folder.
pub fn install(rustc: &Rustc, library: &Library, work: &Path) -> Result<()> {
    let built = {
        let _link = Link::to(library, rustc)?;
        build(rustc, &library.0, work)?
    };
    remove(rustc)?;
    let folder = folder(rustc);
    fs::create_dir_all(folder.join("lib"))?;
    let names: Vec<String> = built.iter().filter_map(|it| name_of(it)).collect();
    // First the receipt: whatever happens next, the files can be found again.
    fs::write(folder.join(RECEIPT), names.join("\n"))?;
    for (file, name) in built.iter().zip(&names) {
        fs::copy(file, folder.join("lib").join(name))?;
    }
    Ok(())
}

/// Whether we may write beside the compiler.
pub fn may_install(rustc: &Rustc) -> bool {
    let probe = rustc.sysroot.join("lib/rustlib").join(format!(".probe-{}", std::process::id()));
    fs::write(&probe, "").is_ok() && fs::remove_file(&probe).is_ok()
}

/// Takes out what [`install`] put in; nothing else.
pub fn remove(rustc: &Rustc) -> Result<()> {
    let folder = folder(rustc);
    let receipt = folder.join(RECEIPT);
    let Ok(names) = fs::read_to_string(&receipt) else { return Ok(()) };
    for name in names.lines() {
        let file = folder.join("lib").join(name);
        if file.is_file() {
            fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        }
    }
    fs::remove_file(&receipt).with_context(|| format!("removing {}", receipt.display()))
}

fn build(rustc: &Rustc, library: &Path, work: &Path) -> Result<Vec<PathBuf>> {
    let package = work.join("empty");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    // Its own workspace: it lies below the target folder of ours.
    let manifest =
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(package.join("Cargo.toml"), manifest)?;

    let mut flags = vec!["-Cembed-bitcode=yes".to_owned()];
    let public = format!("/rustc/{}/library", rustc.commit);
    for place in [library, &expected_by_cargo(rustc)] {
        flags.push(format!("--remap-path-prefix={}={public}", place.display()));
    }
    flags.extend(
        project::registry_folders()
            .map(|it| format!("--remap-path-prefix={}=/rust/deps", it.display())),
    );
    let target = work.join("target");
    let mut cargo = process::cargo()
        .args(["build", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test")
        // A released compiler builds its own library only when told that it is its own.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env("CARGO_TARGET_DIR", &target)
        .directory(&package);
    if let Some(program) = &rustc.program {
        cargo = cargo.env("RUSTC", program);
    }
    cargo.run().context("the sources must be those of exactly this compiler")?;

    let made = target.join(TARGET).join("release/deps");
    let mut libraries = Vec::new();
    for entry in fs::read_dir(&made)? {
        let file = entry?.path();
        let ours = name_of(&file).is_some_and(|it| it.starts_with("libempty-"));
        if file.extension().is_some_and(|it| it == "rlib") && !ours {
            libraries.push(file);
        }
    }
    ensure!(!libraries.is_empty(), "cargo built nothing in {}", made.display());
    Ok(libraries)
}

/// The sources where cargo looks for them, for the time of the build.
pub struct Link {
    at: PathBuf,
    made: bool,
}

impl Link {
    /// Puts them where this compiler's cargo looks, unless some are there.
    pub fn to(library: &Library, rustc: &Rustc) -> Result<Self> {
        Self::put(&library.0, expected_by_cargo(rustc))
    }

    fn put(library: &Path, at: PathBuf) -> Result<Self> {
        if is_library(&at) {
            return Ok(Self { at, made: false });
        }
        // One that an interrupted run has left, pointing nowhere by now.
        let _ = fs::remove_file(&at);
        fs::create_dir_all(at.parent().expect("the place lies deep inside the sysroot"))?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(library, &at)?;
        #[cfg(windows)]
        std::os::windows::fs::symlink_dir(library, &at)?;
        Ok(Self { at, made: true })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.made {
            let _ = fs::remove_file(&self.at);
            // The two folders above it, if they are empty now; rustup objects to leftovers.
            for folder in self.at.ancestors().skip(1).take(2) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

fn expected_by_cargo(rustc: &Rustc) -> PathBuf {
    rustc.sysroot.join("lib/rustlib/src/rust/library")
}

fn folder(rustc: &Rustc) -> PathBuf {
    rustc.sysroot.join("lib/rustlib").join(TARGET)
}

fn name_of(file: &Path) -> Option<String> {
    Some(file.file_name()?.to_string_lossy().into_owned())
}

fn is_library(folder: &Path) -> bool {
    ["std/Cargo.toml", "core/Cargo.toml", "Cargo.lock"].iter().all(|it| folder.join(it).is_file())
}

fn find_library(folder: &Path, depth: usize) -> Option<PathBuf> {
    if is_library(folder) {
        return Some(folder.to_owned());
    }
    let folders = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut folders = folders.filter(|it| it.is_dir() && !it.is_symlink());
    folders.find_map(|it| if depth == 0 { None } else { find_library(&it, depth - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn put_library(folder: &Path) {
        for part in ["std", "core"] {
            fs::create_dir_all(folder.join(part)).unwrap();
            fs::write(folder.join(part).join("Cargo.toml"), "").unwrap();
        }
        fs::write(folder.join("Cargo.lock"), "").unwrap();
    }

    fn rustc(sysroot: &Path) -> Rustc {
        Rustc {
            program: None,
            release: "1.0.0".to_owned(),
            commit: "c0ffee".to_owned(),
            sysroot: sysroot.to_owned(),
        }
    }

    #[test]
    fn sources_are_found_however_deep_the_archive_holds_them() {
        let folder = scratch("sources");
        let library = folder.join("rust-src-1.0.0/rust-src/lib/rustlib/src/rust/library");
        fs::create_dir_all(&library).unwrap();
        assert!(Library::at(&folder, &folder).is_err(), "an empty folder holds none");
        put_library(&library);
        assert_eq!(Library::at(&folder, &folder).unwrap().0, library.canonicalize().unwrap());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_link_leaves_no_trace_but_what_was_there() {
        let folder = scratch("link");
        let library = folder.join("library");
        put_library(&library);
        let rustc = rustc(&folder.join("sysroot"));
        drop(Link::put(&library, expected_by_cargo(&rustc)).unwrap());
        assert!(!folder.join("sysroot/lib/rustlib/src").exists());

        put_library(&expected_by_cargo(&rustc));
        drop(Link::put(&library, expected_by_cargo(&rustc)).unwrap());
        assert!(is_library(&expected_by_cargo(&rustc)), "the compiler's own sources stay");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn only_what_we_installed_is_removed() {
        let sysroot = scratch("receipt");
        let rustc = rustc(&sysroot);
        let lib = folder(&rustc).join("lib");
        fs::create_dir_all(&lib).unwrap();
        fs::write(lib.join("libcore-ours.rlib"), "").unwrap();
        fs::write(lib.join("libcore-theirs.rlib"), "").unwrap();
        remove(&rustc).unwrap();
        assert!(lib.join("libcore-ours.rlib").exists(), "no receipt, nothing is ours");

        fs::write(folder(&rustc).join(RECEIPT), "libcore-ours.rlib\nlibgone.rlib").unwrap();
        remove(&rustc).unwrap();
        assert!(!lib.join("libcore-ours.rlib").exists());
        assert!(lib.join("libcore-theirs.rlib").exists());
        fs::remove_dir_all(&sysroot).unwrap();
    }
}
