//! What operators copy and read, beside the program: the files in `deploy/` and the tables of
//! `docs/operations.md` name the settings and metrics that exist, all of them and no others.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use support::{
    Server,
    program::{Running, program},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension() {
            None if path.is_dir() => sources(&path, text),
            Some(extension) if extension == "rs" => {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
            _ => {}
        }
    }
}

fn code() -> String {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    text
}

/// The words that begin so; words are of small letters and `_`.
fn words<'a>(text: &'a str, beginning: &str) -> BTreeSet<&'a str> {
    let words = text.split(|it: char| !(it.is_ascii_lowercase() || it == '_'));
    words.filter(|it| it.starts_with(beginning) && it.len() > beginning.len()).collect()
}

/// The metrics of this program that a text names; of a histogram the name without its last part.
fn metrics(text: &str) -> BTreeSet<&str> {
    let mut names = words(text, "tim_");
    names.extend(words(text, "process_"));
    // The program's own name in the filter of the log.
    names.remove("tim_server");
    names
        .into_iter()
        .map(|it| {
            let parts = ["_bucket", "_sum", "_count"];
            parts.iter().find_map(|part| it.strip_suffix(part)).unwrap_or(it)
        })
        .collect()
}

#[tokio::test]
async fn every_metric_is_explained_and_no_other_is_named() {
    let code = code();
    let ours: BTreeSet<_> = code
        .split('"')
        .filter(|it| words(it, "tim_").contains(it) && !it.contains("tim_server"))
        .collect();
    assert!(ours.len() > 10, "{ours:?}");
    let server = Server::start().await;
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let shown = support::http(server.address, request).await;
    let shown = metrics(&shown);
    let process = shown.iter().filter(|it| it.starts_with("process_"));
    let all: BTreeSet<_> = ours.iter().chain(process).copied().collect();
    assert!(shown.contains("process_open_fds") && shown.contains("tim_messages_stored_total"));
    assert!(shown.is_subset(&all), "{:?}", shown.difference(&all));
    for file in ["deploy/grafana-dashboard.json", "deploy/alerts.yaml"] {
        let text = read(file);
        let named = metrics(&text);
        assert!(named.is_subset(&all), "{file} names {:?}", named.difference(&all));
    }
    let text = read("docs/operations.md");
    let documented = metrics(&text);
    assert_eq!(documented, all, "left: docs/operations.md, right: the program");
}

#[test]
fn every_panel_asks_something_and_says_what_it_means() {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels with one number: {panel}");
        if panel["type"] != "row" {
            assert!(panel["description"].as_str().is_some_and(|it| it.len() > 10), "{panel}");
            let targets = panel["targets"].as_array().unwrap();
            assert!(targets.iter().all(|it| it["expr"].as_str().is_some_and(|it| it.len() > 5)));
        }
    }
    assert!(ids.len() > 10);
}

/// Settings of the example that are commented out: their section and the line as it would be.
fn commented_out(example: &str) -> Vec<(&str, &str)> {
    let mut section = "";
    let mut settings = Vec::new();
    for line in example.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let Some((name, _)) = line.split_once(" = ")
            && let Some(name) = name.strip_prefix('#')
            && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '.')
        {
            settings.push((section, &line[1..]));
        }
    }
    settings
}

#[test]
fn the_example_of_a_configuration_is_good_and_so_is_each_of_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = root().join("deploy/tim.toml");
    let checked = program(&folder).arg("--config").arg(file).arg("check-config").output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let example = read("deploy/tim.toml");
    let settings = commented_out(&example);
    assert!(settings.len() > 30, "{settings:?}");
    for (section, line) in settings {
        let app = if section == "[[app]]" { "" } else { "\n[[app]]\nsdkAppID = 1\n" };
        let id = if section == "[[app]]" { "sdkAppID = 1" } else { "" };
        fs::write(folder.path().join("tim.toml"), format!("{section}\n{id}\n{line}\n{app}"))
            .unwrap();
        let mut command = program(&folder);
        // The address is the file's here.
        command.env_remove("TIM_LISTEN").args(["--config", "tim.toml", "check-config"]);
        let output = command.output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        // What an example cannot know: files and folders of the machine, and what belongs together.
        let expected = match line.split(" = ").next().unwrap() {
            "webRoot" => "is no folder",
            "tls.certificate" | "tls.key" => "come in pairs",
            "bus" if line.contains("nats://") => "`database` is not set",
            _ => "",
        };
        assert!(output.status.success() == expected.is_empty(), "{line}: {complaint}");
        assert!(complaint.contains(expected), "{line}: {complaint}");
    }
}

#[test]
fn every_setting_stands_in_the_example_and_in_the_documentation() {
    let server = include_str!("../src/config/server.rs");
    let app = include_str!("../src/config/app.rs");
    let mut names = BTreeSet::new();
    for line in server.lines().chain(app.lines()) {
        // The arms of the tables that take settings over.
        if let Some((name, _)) =
            line.trim().strip_prefix('"').and_then(|it| it.split_once("\" => "))
            && (line.contains("self.") || line.contains("limits.") || line.ends_with('{'))
        {
            names.insert(name.to_lowercase());
        }
    }
    assert!(names.len() > 30 && names.contains("dev.issueusersig"), "{names:?}");
    let documentation = read("docs/server.md").to_lowercase();
    let example = read("deploy/tim.toml");
    let known: BTreeSet<_> = commented_out(&example)
        .into_iter()
        .map(|(section, line)| {
            let section = section.trim_matches(['[', ']']).to_lowercase();
            let name = line.split(" = ").next().unwrap().to_lowercase();
            if section.is_empty() || section == "app" { name } else { format!("{section}.{name}") }
        })
        .collect();
    for name in names {
        assert!(known.contains(&name), "deploy/tim.toml has no {name}");
        assert!(documentation.contains(&format!("`{name}`")), "docs/server.md has no {name}");
    }
}

#[test]
fn what_the_unit_starts_starts() {
    let unit = read("deploy/tim-server.service");
    let line = unit.lines().find_map(|it| it.strip_prefix("ExecStart=")).unwrap();
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/tim-server"));
    let example = root().join("deploy/tim.toml").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("state");
    // A page's folder is taken from the working folder, where none is.
    let mut command = Command::new(env!("CARGO_BIN_EXE_tim-server"));
    command.args(words.map(|it| it.replace("/etc/tim/tim.toml", &example)));
    command.current_dir(folder.path()).env_clear().env("TIM_LISTEN", "127.0.0.1:0");
    for variable in unit.lines().filter_map(|it| it.strip_prefix("Environment=")) {
        let (name, value) = variable.split_once('=').unwrap();
        command.env(name, value.replace("/var/lib/tim", &data.display().to_string()));
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut printed = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut printed).unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut running = Running { child, address: String::new(), printed };
    assert!(running.printed.starts_with("tim-server is listening on"), "{}", running.printed);
    let reload = unit.lines().find_map(|it| it.strip_prefix("ExecReload=")).unwrap();
    let mut shell = Command::new("sh");
    shell.env("MAINPID", running.child.id().to_string()).args(["-c", reload]);
    assert!(shell.status().unwrap().success());
    let mut line = String::new();
    while !line.contains("no certificate to be read again") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "a reload ends it");
    }
    let stopped = Command::new("kill").arg(running.child.id().to_string()).status().unwrap();
    assert!(stopped.success());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(data.join("tim.db").exists());
}

#[test]
fn the_containers_set_variables_that_exist() {
    let code = code();
    for file in ["deploy/compose.yaml", "deploy/Dockerfile", "deploy/tim-server.service"] {
        let text = read(file);
        let variables = text.split(|it: char| !(it.is_ascii_uppercase() || it == '_'));
        let variables: BTreeSet<_> = variables.filter(|it| it.starts_with("TIM_")).collect();
        assert!(!variables.is_empty(), "{file}");
        for variable in variables {
            // Those of an app go on with its number, which ends the word.
            let is_known = code.contains(&format!("\"{variable}\"")) || variable == "TIM_APP_";
            assert!(is_known, "{file}: {variable}");
        }
    }
}
