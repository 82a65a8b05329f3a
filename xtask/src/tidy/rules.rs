//! The rules for source files: each takes a file's path and text and returns what is wrong with it.
//!
//! They read text, not syntax: a rule that needs a parser belongs to clippy.

use super::Complaint;

/// Text of a header below which it says nothing.
const HEADER_CHARACTERS: usize = 30;

/// Every source file opens with what it is for.
pub fn header(path: &str, text: &str) -> Vec<Complaint> {
    let text = text.trim_start_matches('\u{feff}');
    let text = if text.starts_with("#!") && !text.starts_with("#![") {
        text.split_once('\n').map_or("", |(_, rest)| rest)
    } else {
        text
    };
    let said = if path.ends_with(".rs") {
        rust_header(text)
    } else if path.ends_with(".vue") {
        vue_header(text)
    } else {
        comment(text)
    };
    let characters: usize = said.split_whitespace().map(|word| word.chars().count()).sum();
    if characters >= HEADER_CHARACTERS {
        return Vec::new();
    }
    let form = if path.ends_with(".rs") { "`//!`" } else { "`/** … */` or `//`" };
    let problem = format!("no module header: open with {form} and say what the file is for");
    vec![Complaint { line: 1, problem }]
}

fn rust_header(text: &str) -> String {
    let lines = text.trim_start().lines().map_while(|line| line.strip_prefix("//!"));
    lines.collect::<Vec<_>>().join(" ")
}

/// In a component the comment may stand first, or first in its script.
fn vue_header(text: &str) -> String {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("<!--") {
        return rest.split_once("-->").map_or(String::new(), |(said, _)| said.to_owned());
    }
    let script = text.strip_prefix("<script").and_then(|rest| rest.split_once('>'));
    script.map_or(String::new(), |(_, rest)| comment(rest))
}

/// The comment that opens a TypeScript or JavaScript file, without lines that talk to tools.
fn comment(text: &str) -> String {
    let text = text.trim_start();
    let lines: Vec<&str> = match text.strip_prefix("/*") {
        Some(rest) => rest.split_once("*/").map_or("", |(said, _)| said).lines().collect(),
        None => text.lines().map_while(|line| line.strip_prefix("//")).collect(),
    };
    let said = lines.iter().map(|line| line.trim_start_matches(['*', ' ', '/']));
    let said = said.filter(|line| {
        !["@ts-", "eslint", "prettier", "<reference"].iter().any(|tool| line.starts_with(tool))
    });
    said.collect::<Vec<_>>().join(" ")
}

/// Nothing is checked in unfinished, and no test is switched off.
pub fn unfinished(path: &str, text: &str) -> Vec<Complaint> {
    // The words stand here and nowhere else.
    if path.starts_with("xtask/src/tidy") {
        return Vec::new();
    }
    let words: &[&str] = if path.ends_with(".rs") {
        &["todo!", "unimplemented!", "dbg!(", "#[ignore", "FIXME", "TODO", "XXX"]
    } else {
        &[
            "describe.only(",
            "it.only(",
            "test.only(",
            ".skip(",
            "skip: true",
            "test.todo(",
            "FIXME",
            "TODO",
            "XXX",
            "@ts-ignore",
            "@ts-nocheck",
            "debugger;",
        ]
    };
    find(text, words, |word| format!("`{word}` must not be checked in: finish it or take it out"))
}

/// What is downloaded formats nothing: one use brings the machinery with it, a whole kilobyte.
pub fn formatting(path: &str, text: &str) -> Vec<Complaint> {
    let is_test = path.contains("tests") || path.ends_with("/contract.rs");
    if is_test
        || !["src/", "crates/engine/src/", "crates/files/src/"]
            .iter()
            .any(|it| path.starts_with(it))
    {
        return Vec::new();
    }
    let code = without_comments(text);
    let shipped = code.split("#[cfg(test)]").next().unwrap_or_default();
    find(shipped, &["format!", "to_string()", "ToString"], |word| {
        format!("`{word}` makes the download larger: join texts with `concat`")
    })
}

/// Who may use which library; Cargo enforces the coarse arrows, this the fine ones.
pub fn layers(path: &str, text: &str) -> Vec<Complaint> {
    const BROWSER: &[&str] = &["JsValue", "wasm_bindgen", "js_sys::", "web_sys::"];
    const LAYERS: &[(&[&str], &[&str], &str)] = &[
        (BROWSER, &["src/"], "only src/ knows JavaScript"),
        (&["web_sys::", "gloo_"], &["src/web/"], "only the ports of a page stand on a page"),
        (
            &["mini::", "web::", "mod mini", "mod web"],
            &["src/lib.rs", "src/web/", "src/mini/", "crates/server/"],
            "which host it is, only src/lib.rs knows",
        ),
        (
            &["axum::"],
            &[
                "crates/server/src/gateway",
                "crates/server/src/http",
                "crates/server/src/lib.rs",
                "crates/server/src/main.rs",
                "bench/",
            ],
            "only the server's gateway and http speak HTTP",
        ),
        (&["sqlx::"], &["crates/server/src/storage"], "only the server's storage speaks SQL"),
        (&["async_nats::"], &["crates/server/src/bus"], "only the server's bus speaks NATS"),
    ];
    // Tests may look at a part from outside; the rules are for what is shipped.
    let shipped =
        path.starts_with("src/") || (path.starts_with("crates/") && path.contains("/src/"));
    if !shipped {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for (words, homes, rule) in LAYERS {
        if !homes.iter().any(|home| path.starts_with(home)) {
            let code = without_comments(text);
            complaints.extend(find(&code, words, |word| format!("`{word}` here: {rule}")));
        }
    }
    complaints
}

/// The text with its comment lines blanked, so that line numbers stay.
fn without_comments(text: &str) -> String {
    let lines =
        text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn find(text: &str, words: &[&str], problem: impl Fn(&str) -> String) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for word in words {
            if holds(line, word) {
                complaints.push(Complaint { line: index + 1, problem: problem(word) });
            }
        }
    }
    complaints
}

/// Whether the line holds the word by itself: `sqlx::` but not `my_sqlx::`.
fn holds(line: &str, word: &str) -> bool {
    let inside = |it: char| it.is_alphanumeric() || it == '_';
    // A word that opens with a sign needs no beginning.
    let opens = word.starts_with(inside);
    let closes = word.ends_with(inside);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(inside);
        let after = line[at + word.len()..].chars().next().is_some_and(inside);
        !(opens && before || closes && after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(complaints: &[Complaint]) -> Vec<usize> {
        complaints.iter().map(|it| it.line).collect()
    }

    #[test]
    fn a_rust_file_opens_with_its_header() {
        let good = "//! Frames on the wire: how they are cut and joined.\n\nuse std::fmt;\n";
        assert!(header("src/a.rs", good).is_empty());
        assert_eq!(header("src/a.rs", "use std::fmt;\n").len(), 1);
        assert_eq!(header("src/a.rs", "//! x\n").len(), 1, "too short to say anything");
        assert_eq!(header("src/a.rs", &format!("use std::fmt;\n{good}")).len(), 1);
        assert_eq!(header("src/a.rs", "").len(), 1);
    }

    #[test]
    fn a_script_opens_with_a_comment_for_people() {
        let said = "Loads the WebAssembly once, whoever asks first.";
        for good in [
            format!("/**\n * {said}\n */\nimport x from 'y';\n"),
            format!("// {said}\nimport x from 'y';\n"),
            format!("#!/usr/bin/env node\n// {said}\n"),
        ] {
            assert!(header("pkg/src/a.ts", &good).is_empty(), "{good}");
        }
        for bad in [
            "import x from 'y';\n",
            "// eslint-disable-next-line no-console, no-debugger, no-alert\n",
            "/// <reference types=\"vite/client\" with-some-more-text />\n",
            "/* never closed, however long it goes on and on",
        ] {
            assert_eq!(header("pkg/src/a.ts", bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_component_may_say_it_in_its_script() {
        let said = "The list of conversations, newest first.";
        assert!(header("a.vue", &format!("<!-- {said} -->\n<template/>")).is_empty());
        assert!(
            header("a.vue", &format!("<script setup lang=\"ts\">\n// {said}\n</script>"))
                .is_empty()
        );
        assert_eq!(header("a.vue", "<template><b/></template>").len(), 1);
    }

    #[test]
    fn unfinished_work_and_sleeping_tests_are_found() {
        assert_eq!(lines(&unfinished("src/a.rs", "fn a() {\n    todo!()\n}\n// FIXME\n")), [2, 4]);
        assert_eq!(
            lines(&unfinished("a.ts", "it('x');\nit.only('y');\ntest.skip('z');\n")),
            [2, 3]
        );
        let fine = "let rest = list.iter().skip(1); // AUTODOC\n";
        assert!(unfinished("src/a.rs", fine).is_empty());
        assert!(unfinished("xtask/src/tidy/rules.rs", "todo!").is_empty());
    }

    #[test]
    fn what_ships_formats_nothing() {
        let text = "//! format! is dear.\nlet a = format!(\"{b}\");\n#[cfg(test)]\nformat!();\n";
        assert_eq!(lines(&formatting("crates/engine/src/a.rs", text)), [2]);
        assert_eq!(lines(&formatting("src/web/a.rs", "id.to_string()")), [1]);
        assert!(formatting("crates/server/src/a.rs", text).is_empty());
        assert!(formatting("crates/engine/src/store/contract.rs", text).is_empty());
    }

    #[test]
    fn layers_are_kept_apart() {
        assert!(layers("src/js/tim.rs", "use wasm_bindgen::JsValue;").is_empty());
        assert_eq!(lines(&layers("crates/engine/src/a.rs", "\nfn a(v: JsValue) {}")), [2]);
        assert_eq!(layers("src/js/client.rs", "use crate::web::Page;").len(), 1);
        assert_eq!(layers("src/mini/files.rs", "use web_sys::Window;").len(), 1);
        assert!(layers("src/lib.rs", "use web::Page as Host;").is_empty());
        assert!(layers("crates/server/src/gateway/socket.rs", "use axum::Router;").is_empty());
        assert_eq!(layers("crates/server/src/service/messages.rs", "use axum::Router;").len(), 1);
        assert_eq!(layers("crates/server/src/service.rs", "fn a(e: sqlx::Error) {}").len(), 1);
        assert!(layers("crates/server/tests/raw.rs", "use sqlx::Row;").is_empty());
        assert!(
            layers("crates/engine/src/a.rs", "//! No JsValue and no sqlx:: here.\n").is_empty()
        );
        assert!(layers("crates/engine/src/a.rs", "use my_sqlx::x;").is_empty());
    }
}
