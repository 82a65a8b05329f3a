//! Where the programs of the engines are.
//!
//! Servers are often installed where the path of an ordinary user does not lead, so the usual folders
//! of a Linux system are looked through after it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Folders of servers and of programs for administrators.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/sbin"];

/// Where the shell would find `name`, or where an administrator would.
///
/// # Errors
/// A sentence that says which Debian package to install.
pub fn program(name: &str, package: &str) -> Result<PathBuf> {
    on_path(name).with_context(|| missing(name, package))
}

/// A program of PostgreSQL: from `$PG_BINDIR`, or from the folder on the path that has the server, or
/// from the newest version that is installed. All come from one folder: their versions must agree, and
/// what Debian puts on the path as `psql` is a script that wants to choose by itself.
///
/// # Errors
/// A sentence that says which Debian package to install.
pub fn postgres_program(name: &str) -> Result<PathBuf> {
    let named = std::env::var_os("PG_BINDIR").filter(|it| !it.is_empty()).map(PathBuf::from);
    let folder = named
        // A link on the path leads to the folder that has the others.
        .or_else(|| Some(on_path("postgres")?.canonicalize().ok()?.parent()?.to_owned()))
        .or_else(newest_postgres)
        .with_context(|| missing("postgres", "postgresql"))?;
    let file = folder.join(name);
    anyhow::ensure!(file.is_file(), "there is no {}; PG_BINDIR names the folder", file.display());
    Ok(file)
}

fn newest_postgres() -> Option<PathBuf> {
    let folders = Path::new("/usr/lib/postgresql").read_dir().ok()?.flatten();
    let versions = folders.filter_map(|it| {
        let bin = it.path().join("bin");
        let version: u32 = it.file_name().to_str()?.parse().ok()?;
        // The client's package makes such a folder as well.
        bin.join("postgres").is_file().then_some((version, bin))
    });
    versions.max().map(|it| it.1)
}

/// Where `name` is, if it is anywhere.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn missing(name: &str, package: &str) -> String {
    format!("`{name}` is not installed; it is in the Debian package {package}")
}
