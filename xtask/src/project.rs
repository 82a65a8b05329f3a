//! Where things lie: the repository, what is built, what is kept for the next clone.
//!
//! Tools that take minutes to make are kept per user, not per clone, because a fresh clone is the
//! common case. Nothing else is ever written outside the repository, its target folder and, for the
//! standard library, the compiler's own folder.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;

/// The folders of this clone and this user.
pub struct Project {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the user has put it.
    pub target: PathBuf,
    /// Kept between clones.
    pub cache: PathBuf,
    /// What this run has made already.
    made: RefCell<BTreeSet<&'static str>>,
}

impl Project {
    /// Asks cargo, which alone knows all the ways to move the target folder.
    pub fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().context("xtask lies inside the repository")?.to_owned();
        let described = process::cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .directory(&root)
            .read()?;
        let described: serde_json::Value = serde_json::from_str(&described)?;
        let target =
            described["target_directory"].as_str().context("cargo names a target folder")?;
        let target = PathBuf::from(target);
        let mut cache = cache_folder(env::var_os("XDG_CACHE_HOME"), env::home_dir(), &target);
        // A home that cannot be written to is as good as none.
        if fs::create_dir_all(&cache).is_err() {
            cache = cache_folder(None, None, &target);
        }
        Ok(Self { root, target, cache, made: RefCell::default() })
    }

    /// Makes something once in a run, however many steps need it.
    pub fn once(&self, name: &'static str, make: impl FnOnce() -> Result<()>) -> Result<()> {
        if !self.made.borrow().contains(name) {
            make()?;
            self.made.borrow_mut().insert(name);
        }
        Ok(())
    }

    /// A folder for this command's own notes and half-finished work.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(name)
    }

    /// The version `Cargo.lock` holds of a crate.
    pub fn locked_version(&self, name: &str) -> Result<String> {
        let lock =
            fs::read_to_string(self.root.join("Cargo.lock")).context("reading Cargo.lock")?;
        locked_version(&lock, name)
            .with_context(|| format!("Cargo.lock does not name {name}: restore the file from git"))
    }
}

/// Where cargo unpacks the sources of crates. Compilers write these paths into what they build.
pub fn registry_folders() -> impl Iterator<Item = PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo"))).unwrap_or_default();
    let folders = fs::read_dir(home.join("registry/src")).into_iter().flatten();
    folders.filter_map(|entry| Some(entry.ok()?.path()))
}

/// `$XDG_CACHE_HOME`, `~/.cache`, or the target folder on a machine without a home.
fn cache_folder(xdg: Option<OsString>, home: Option<PathBuf>, target: &Path) -> PathBuf {
    let xdg = xdg.map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = home.filter(|folder| folder.is_dir()).map(|home| home.join(".cache"));
    match xdg.or(home) {
        Some(cache) => cache.join("tim-wasm"),
        None => target.join("xtask").join("cache"),
    }
}

fn locked_version(lock: &str, name: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{name}\""))?;
    Some(lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_that_of_the_very_crate() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }

    #[test]
    fn the_cache_follows_the_user_and_falls_back_to_the_target_folder() {
        let target = Path::new("/t");
        let home = env::temp_dir();
        let cache = |xdg: Option<&str>, home| cache_folder(xdg.map(Into::into), home, target);
        assert_eq!(cache(Some("/x"), Some(home.clone())), Path::new("/x/tim-wasm"));
        assert_eq!(cache(Some("relative"), Some(home.clone())), home.join(".cache/tim-wasm"));
        assert_eq!(cache(None, None), Path::new("/t/xtask/cache"));
        assert_eq!(cache(None, Some("/no/such/home".into())), Path::new("/t/xtask/cache"));
    }
}
