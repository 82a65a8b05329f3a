//! Whether the inputs of a step changed since it last succeeded.
//!
//! A step names the files it reads and the files it makes. Their contents are hashed into one number
//! that is noted after success; the step is skipped while the number stays and its outputs exist.
//! Times are not looked at: checking out a branch and coming back changes times, not contents.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that are made, never written by hand.
pub const MADE: &[&str] =
    &["target", "node_modules", "dist", "miniprogram_dist", "miniprogram_npm", "test-results"];

/// Everything one step depends on, hashed.
#[derive(Default)]
pub struct Inputs(DefaultHasher);

impl Inputs {
    pub fn new() -> Self {
        Self::default()
    }

    /// A setting, a version, a command line.
    pub fn text(mut self, text: &str) -> Self {
        text.hash(&mut self.0);
        self
    }

    /// A file, or all hand-written files below a folder. What does not exist counts as that.
    pub fn path(mut self, path: &Path) -> Result<Self> {
        for file in files(path)? {
            file.hash(&mut self.0);
            fs::read(&file)
                .with_context(|| format!("reading {}", file.display()))?
                .hash(&mut self.0);
        }
        Ok(self)
    }

    /// Does the work unless it was done for the same inputs and its outputs are still there.
    pub fn unless_done(
        self,
        note: &Path,
        outputs: &[&Path],
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let number = format!("{:016x}", self.0.finish());
        let noted = fs::read_to_string(note).is_ok_and(|noted| noted == number);
        if noted && outputs.iter().all(|output| output.exists()) {
            return Ok(());
        }
        // Gone while the work is under way: half-made outputs must not pass for finished ones.
        let _ = fs::remove_file(note);
        work()?;
        if let Some(folder) = note.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(note, number).with_context(|| format!("writing {}", note.display()))
    }
}

/// The file, or all files below the folder that people write, in a fixed order.
pub fn files(path: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    if path.is_file() {
        found.insert(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Links are followed nowhere: the one in node_modules leads back to where we came from.
            let kind = entry.file_type()?;
            if kind.is_file() {
                found.insert(entry.path());
            } else if kind.is_dir() && !name.starts_with('.') && !MADE.contains(&&*name) {
                found.extend(files(&entry.path())?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn work_is_done_again_only_when_something_changed() {
        let folder = std::env::temp_dir().join(format!("xtask-inputs-{}", std::process::id()));
        let (input, output, note) = (folder.join("in"), folder.join("out"), folder.join("note"));
        fs::create_dir_all(&folder).unwrap();
        let times = Cell::new(0);
        let make = |content: &str, flag: &str| {
            fs::write(&input, content).unwrap();
            let inputs = Inputs::new().text(flag).path(&input).unwrap();
            inputs
                .unless_done(&note, &[&output], || {
                    times.set(times.get() + 1);
                    Ok(fs::write(&output, content)?)
                })
                .unwrap();
            times.get()
        };
        assert_eq!(make("a", ""), 1);
        assert_eq!(make("a", ""), 1, "nothing changed");
        assert_eq!(make("b", ""), 2, "a file changed");
        assert_eq!(make("b", "-O"), 3, "a setting changed");
        fs::remove_file(&output).unwrap();
        assert_eq!(make("b", "-O"), 4, "the output is gone");

        let failed = Inputs::new().text("new").unless_done(&note, &[], || anyhow::bail!("no"));
        assert!(failed.is_err());
        assert_eq!(make("b", "-O"), 5, "a failed run leaves no note");
        fs::remove_dir_all(&folder).unwrap();
    }
}
