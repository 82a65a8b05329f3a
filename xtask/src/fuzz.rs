//! The long run of the fuzz targets, with libFuzzer; the short one is a test in `fuzz/targets`.
//!
//! libFuzzer keeps what it finds interesting below the target folder, so that the next run goes on from
//! there; `--keep` adds to the corpus in the repository whatever reaches code that the corpus does not.
//! Our code has no `unsafe`, so no sanitizer is linked: twice as fast, and any compiler will do.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::Program;
use crate::project::Project;
use crate::{report, setup};

/// Longer inputs find nothing that short ones do not, and are slow.
const LONGEST_INPUT: &str = "-max_len=4096";
/// The fewest that reach new code, however often, and short ones: the corpus is read by people, too.
const KEPT: [&str; 3] = ["-set_cover_merge=1", "-use_counters=0", "-max_len=512"];
/// Seconds after which an input hangs, and megabytes no input may take.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=512"];

/// Runs the named targets, or all, for some seconds each.
pub fn run(project: &Project, names: &[String], seconds: u32, keep: bool) -> Result<()> {
    let fuzz = setup::fuzz(project)?;
    let all = targets(project)?;
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        anyhow::bail!("there is no target {unknown}, only {}", all.join(", "));
    }
    for name in if names.is_empty() { &all } else { names } {
        let found = project.scratch("fuzz").join(name);
        let kept = project.root.join("fuzz/corpus").join(name);
        fs::create_dir_all(&found).with_context(|| format!("creating {}", found.display()))?;
        // libFuzzer writes into the first folder and only reads the second.
        let cargo_fuzz = |folders: [&Path; 2]| {
            let program = Program::new(&fuzz).args(["fuzz", "run", "--sanitizer", "none"]);
            let program = program.arg("--target-dir").arg(project.target.join("fuzz")).arg(name);
            program.args(folders).arg("--").args(LIMITS).directory(&project.root)
        };
        report::step(name, &format!("fuzzing for {seconds} s, after compiling"), || {
            let dictionary = project.root.join("fuzz/words.dict");
            let ran = cargo_fuzz([&found, &kept])
                .arg(format!("-dict={}", dictionary.display()))
                .arg(format!("-max_total_time={seconds}"))
                .args([LONGEST_INPUT, "-print_final_stats=1"])
                .run();
            ran.context("the input is below fuzz/artifacts, the reason is shown above")
        })?;
        if keep {
            let merged = cargo_fuzz([&kept, &found]).args(KEPT).run();
            merged.context("adding to the corpus")?;
        }
    }
    Ok(())
}

/// The programs in `fuzz/fuzz_targets`.
fn targets(project: &Project) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let folder = project.root.join("fuzz/fuzz_targets");
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let file = entry?.file_name();
        names.extend(file.to_string_lossy().strip_suffix(".rs").map(str::to_owned));
    }
    ensure!(!names.is_empty(), "{} holds no targets", folder.display());
    names.sort();
    Ok(names)
}
