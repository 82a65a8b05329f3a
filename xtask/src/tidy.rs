//! The rules of this repository that no compiler enforces: module headers, who may use what, what
//! must not be checked in.
//!
//! Every rule looks at one file at a time and answers with complaints; [`rules`] holds them. This
//! module only finds the files and reports. A rule earns its place by having been broken once, or by
//! being expensive to notice late.

mod locks;
mod rules;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::inputs;
use crate::project::Project;

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    /// Counted from 1.
    line: usize,
    problem: String,
}

/// Fails with every broken rule named.
pub fn check(project: &Project) -> Result<()> {
    let mut broken = Vec::new();
    for file in inputs::files(&project.root)? {
        let path = file.strip_prefix(&project.root).unwrap_or(&file);
        let name = path.to_string_lossy().replace('\\', "/");
        let Some(rules) = rules_for(path) else { continue };
        // What is no text is none of our sources.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for rule in rules {
            let complaints = rule(&name, &text);
            broken
                .extend(complaints.iter().map(|it| format!("{name}:{}: {}", it.line, it.problem)));
        }
    }
    for (name, rule) in [
        ("Cargo.lock", locks::cargo as Rule),
        ("fuzz/Cargo.lock", locks::cargo),
        ("package-lock.json", locks::npm),
    ] {
        let text = fs::read_to_string(project.root.join(name))
            .with_context(|| format!("reading {name}"))?;
        let complaints = rule(name, &text);
        broken.extend(complaints.iter().map(|it| format!("{name}:{}: {}", it.line, it.problem)));
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("{} broken rules:\n{}", broken.len(), broken.join("\n"))
}

/// Takes the file's path inside the repository and its text.
type Rule = fn(&str, &str) -> Vec<Complaint>;

fn rules_for(path: &Path) -> Option<&'static [Rule]> {
    match path.extension()?.to_str()? {
        "rs" => Some(&[rules::header, rules::unfinished, rules::layers, rules::formatting]),
        "ts" | "mts" | "cts" | "js" | "mjs" | "cjs" | "vue" => {
            Some(&[rules::header, rules::unfinished])
        }
        _ => None,
    }
}
