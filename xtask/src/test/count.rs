//! How many tests ran, read from what the test runners print.
//!
//! Four runners print a summary: Rust's own and the one for browsers in the same words, Node's in two
//! forms, for terminals and for pipes, and Vitest. Each test counts once however it is shown.

use std::fmt;
use std::ops::AddAssign;

/// Tests that passed and tests that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl Count {
    /// One step that either works or does not.
    pub const PASSED: Self = Self { passed: 1, failed: 0 };
    pub const FAILED: Self = Self { passed: 0, failed: 1 };

    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What one line of output adds.
    pub fn of_line(line: &str) -> Self {
        let line = without_colours(line);
        let count = rust_summary(&line).or_else(|| node_summary(&line));
        count.or_else(|| vitest_summary(&line)).unwrap_or_default()
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} passed, {} failed", self.passed, self.failed))
    }
}

/// `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`, like below only at the start of the line:
/// what a test prints is indented.
fn rust_summary(line: &str) -> Option<Count> {
    let rest = line.strip_prefix("test result: ")?;
    let rest = rest.strip_prefix("ok. ").or_else(|| rest.strip_prefix("FAILED. "))?;
    let (passed, rest) = rest.split_once(" passed; ")?;
    let (failed, _) = rest.split_once(" failed;")?;
    Some(Count { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

/// `# pass 3` in a pipe, `ℹ pass 3` in a terminal.
fn node_summary(line: &str) -> Option<Count> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (name, number) = rest.trim_end().split_once(' ')?;
    let number = number.parse().ok()?;
    match name {
        "pass" => Some(Count { passed: number, failed: 0 }),
        // A cancelled test is one that a time limit or a failing parent has ended.
        "fail" | "cancelled" => Some(Count { passed: 0, failed: number }),
        _ => None,
    }
}

/// `      Tests  1 failed | 12 passed (13)`, in this order, each part only when there is one.
fn vitest_summary(line: &str) -> Option<Count> {
    let rest = line.trim().strip_prefix("Tests  ")?;
    let (parts, _total) = rest.strip_suffix(')')?.split_once(" (")?;
    let mut count = Count::default();
    for part in parts.split(" | ") {
        let (number, name) = part.split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        match name {
            "passed" => count.passed += number,
            "failed" => count.failed += number,
            "skipped" | "todo" => {}
            _ => return None,
        }
    }
    Some(count)
}

/// The line without terminal escapes, which runners print when they believe in a terminal.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.trim_start_matches(|it: char| it.is_ascii_digit() || it == ';');
        rest = rest.strip_prefix(|it: char| it.is_ascii_alphabetic()).unwrap_or(rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(output: &str) -> Count {
        let mut count = Count::default();
        for line in output.lines() {
            count += Count::of_line(line);
        }
        count
    }

    #[test]
    fn summaries_of_several_test_binaries_add_up() {
        let output = "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\
            test result: ok. 40 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.23s\n";
        assert_eq!(count(output), Count { passed: 41, failed: 1 });
    }

    #[test]
    fn both_forms_of_node_are_read() {
        let pipe = "# tests 5\n# suites 1\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n";
        assert_eq!(count(pipe), Count { passed: 3, failed: 2 });
        let terminal = "\x1b[34mℹ tests 3\x1b[39m\n\x1b[34mℹ pass 3\x1b[39m\nℹ fail 0\n";
        assert_eq!(count(terminal), Count { passed: 3, failed: 0 });
    }

    #[test]
    fn vitest_counts_tests_not_files() {
        let output = " Test Files  2 passed (2)\n      Tests  \x1b[31m1 failed\x1b[39m | 12 passed \
            | 1 skipped (14)\n   Duration  1.2s\n";
        assert_eq!(count(output), Count { passed: 12, failed: 1 });
    }

    #[test]
    fn what_a_test_prints_is_no_summary() {
        let output = "# pass the salt\n    # pass 7\n    test result: ok. 5 passed; 0 failed;\nmy test result: ok. 9 passed; 9 failed;\n\
            test result: maybe. 1 passed; 1 failed;\n# pass -1\n";
        assert_eq!(count(output), Count::default());
    }

    #[test]
    fn the_last_line_has_its_fixed_form() {
        assert_eq!(Count { passed: 812, failed: 0 }.to_string(), "812 passed, 0 failed");
    }
}
