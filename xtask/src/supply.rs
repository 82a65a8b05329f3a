//! What the project takes from others: licences, sources, and what is publicly known against it.
//!
//! `deny.toml` holds the rules. They are checked from the lock files alone; what is known against a
//! version is asked of public databases, which not every network lets through. When one is out of
//! reach, a line says so and nothing fails: a check that depends on somebody else's network must not
//! stop work on ours.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{self, Program};
use crate::project::Project;
use crate::setup;

/// How long a database may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks crates and npm packages.
pub fn check(project: &Project) -> Result<()> {
    let deny = setup::deny(project)?;
    let deny = || Program::new(&deny).args(["--workspace"]).directory(&project.root);
    // Duplicates are shown by name; who brings them, `cargo tree --duplicates` says.
    let rules = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    deny().args(rules).run().context("a crate breaks a rule of deny.toml")?;

    match deny().args(["fetch", "db"]).within(PATIENCE).read() {
        Ok(_) => {
            let known = deny().args(["check", "--disable-fetch", "advisories"]).run();
            known.context("something is known against a crate")?;
        }
        Err(_) => {
            println!("    RustSec's database is out of reach: its advisories were not checked");
        }
    }
    packages(project)
}

/// Asks the npm registry about the packages that users of ours install, too.
fn packages(project: &Project) -> Result<()> {
    // Without a level npm fails both when it finds something and when it cannot ask.
    let audit = ["audit", "--omit=dev", "--json", "--audit-level=none"];
    let report = process::npm().args(audit).directory(&project.root).within(PATIENCE).read();
    match report.ok().as_deref().and_then(vulnerable_packages) {
        Some(0) => Ok(()),
        Some(found) => bail!("{found} npm packages have known faults: see `npm audit --omit=dev`"),
        None => {
            println!("    the npm registry answers no audit: its advisories were not checked");
            Ok(())
        }
    }
}

/// How many packages an audit found fault with; `None` when the report is none.
fn vulnerable_packages(report: &str) -> Option<u64> {
    let report: Value = serde_json::from_str(report).ok()?;
    report["metadata"]["vulnerabilities"]["total"].as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_registry_is_no_clean_report() {
        let clean = r#"{"auditReportVersion":2,"metadata":{"vulnerabilities":{"total":0}}}"#;
        let found =
            r#"{"auditReportVersion":2,"metadata":{"vulnerabilities":{"low":1,"total":3}}}"#;
        let refused = r#"{"message":"405 Method Not Allowed","statusCode":405,"error":{}}"#;
        let counts = [clean, found, refused, ""].map(vulnerable_packages);
        assert_eq!(counts, [Some(0), Some(3), None, None]);
    }
}
