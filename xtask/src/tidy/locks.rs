//! Lock files: what they pin comes from the public registries, and no mirror's address is in them.
//!
//! A lock file made behind a mirror otherwise sends everyone else to that mirror.

use super::Complaint;

/// `Cargo.lock`: crates of crates.io and of this repository only.
pub fn cargo(_: &str, text: &str) -> Vec<Complaint> {
    complaints(text, |line| {
        let source = line.strip_prefix("source = ")?;
        (source != "\"registry+https://github.com/rust-lang/crates.io-index\"").then(|| {
            format!("a crate from {source}: only crates.io and this repository are allowed")
        })
    })
}

/// `package-lock.json`: no download addresses; npm asks the registry it is configured for.
pub fn npm(_: &str, text: &str) -> Vec<Complaint> {
    complaints(text, |line| {
        let address = line.trim().strip_prefix("\"resolved\": \"")?;
        address.contains("://").then(|| {
            "a registry's address: `npm install` with this repository's .npmrc leaves it out"
                .to_owned()
        })
    })
}

fn complaints(text: &str, problem: impl Fn(&str) -> Option<String>) -> Vec<Complaint> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| Some(Complaint { line: index + 1, problem: problem(line)? }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_crate_registry_is_allowed() {
        let lock = "[[package]]\nname = \"a\"\n\
            source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
            [[package]]\nname = \"b\"\nsource = \"git+https://example.org/b#1\"\n";
        let lines: Vec<usize> = cargo("Cargo.lock", lock).iter().map(|it| it.line).collect();
        assert_eq!(lines, [6]);
    }

    #[test]
    fn an_npm_lock_holds_no_address_but_may_link_to_workspaces() {
        let lock = "{\n  \"resolved\": \"pkg\",\n  \"resolved\": \"https://mirror/x.tgz\"\n}\n";
        let lines: Vec<usize> = npm("package-lock.json", lock).iter().map(|it| it.line).collect();
        assert_eq!(lines, [3]);
    }
}
