//! The configurations operators copy, with a test's values in place of the marked lines.
//!
//! A line that ends with `# yours: NAME` is the operator's to change; neighbours with the same name
//! are one place. Everything else stays as it is documented, so tests run what the documentation shows.

use anyhow::{Result, ensure};

const MARK: &str = "# yours: ";

/// Puts each value, any number of lines, in place of the lines with its name. Places that are not
/// named stay as they are.
///
/// # Errors
/// When the template has no place of a name.
pub(crate) fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    let mut text = String::new();
    let mut filled: Vec<&str> = Vec::new();
    let mut place = None;
    for line in template.lines() {
        let name = line.split_once(MARK).map(|it| it.1.trim());
        let value = values.iter().find(|it| Some(it.0) == name);
        match value {
            // The lines after the first of a place are dropped.
            Some((name, _)) if place == Some(*name) => {}
            Some((name, value)) => {
                text.push_str(value);
                text.push('\n');
                filled.push(name);
            }
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
        place = value.map(|it| it.0);
    }
    for (name, _) in values {
        ensure!(filled.contains(name), "the template has no line marked `{MARK}{name}`");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "a\nb 1 # yours: b\nb 2   # yours: b\n# yours\nc # yours: c\n";

    #[test]
    fn marked_lines_are_replaced_and_no_others() {
        let filled = fill(TEMPLATE, &[("b", "x\ny".to_owned())]).unwrap();
        assert_eq!(filled, "a\nx\ny\n# yours\nc # yours: c\n");
    }

    #[test]
    fn a_place_that_is_not_there_is_named() {
        let problem = fill(TEMPLATE, &[("d", String::new())]).unwrap_err().to_string();
        assert!(problem.contains("yours: d"), "{problem}");
    }
}
