//! The program itself: what it says when it cannot start, and what survives its sudden death.

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Command, Output},
};

use serde_json::json;
use support::{
    program::{Running, log_in, program},
    seqs,
};

/// Runs it to its end, which must be an orderly failure; what it complained about.
fn complaint(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(!text.contains("panicked") && text.lines().count() == 1, "{text}");
    text
}

fn with_config(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tim.toml"), text).unwrap();
    complaint(program(&folder).args(["--config", "tim.toml"]))
}

#[test]
fn mistakes_in_the_configuration_are_named_with_their_line() {
    let app = "[[app]]\nsdkAppID = 1400000001\n";
    for (text, parts) in [
        ("listn = \"x\"".to_owned(), ["line 1", "`listn`"]),
        ("data = \"d\"\n\n[limits]\nwindow = 0".to_owned(), ["line 4", "`limits.window`"]),
        ("listen = \"127.0.0.1:70000\"".to_owned(), ["line 1", "65535"]),
        ("listen = 8080".to_owned(), ["line 1", "`listen`"]),
        ("log = \"loud\"\nlog = \"quiet\"".to_owned(), ["line 2", "duplicate"]),
        ("a = = 1".to_owned(), ["line 1", "tim.toml"]),
        ("drain.delaySeconds = -1".to_owned(), ["line 1", "from 0 to 3600"]),
        ("trustedProxies = [\"10.0.0.0/33\"]".to_owned(), ["line 1", "\"10.0.0.0/33\" is no"]),
        (
            format!(
                "trustedProxies = [\"::1\"]\nlisten = \"127.0.0.1:0\"\n{app}dev.issueUserSig = true"
            ),
            ["dev.issueUserSig", "trustedProxies"],
        ),
        (format!("{app}maxWebInstances = 11"), ["line 3", "from 1 to 10"]),
        (format!("{app}maxWebInstance = 1"), ["line 3", "`maxWebInstance`"]),
        (format!("{app}enabled = \"yes\""), ["line 3", "true or false"]),
        (format!("{app}secretKeys = [\"short\"]"), ["line 3", "`secretKeys`"]),
        (format!("{app}[app.account]\nmax = -1"), ["line 4", "`account.max`"]),
        (format!("{app}{app}"), ["two apps", "1400000001"]),
        ("[[app]]\nname = \"x\"".to_owned(), ["sdkAppID", "[[app]]"]),
        ("[app]\nsdkAppID = 1".to_owned(), ["line 1", "[[app]]"]),
        (
            format!("listen = \"0.0.0.0:0\"\n{app}dev.issueUserSig = true"),
            ["dev.issueUserSig", "listen"],
        ),
    ] {
        // The environment would win over the file's address.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tim.toml"), &text).unwrap();
        let mut command = program(&folder);
        command.env_remove("TIM_LISTEN").args(["--config", "tim.toml"]);
        let complaint = complaint(&mut command);
        for part in parts {
            assert!(complaint.contains(part), "{text}\n{complaint}");
        }
    }
    assert!(with_config("webRoot = \"nowhere\"").contains("nowhere"));
}

#[test]
fn mistakes_in_the_environment_are_named_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tim.toml"), "[[app]]\nsdkAppID = 1400000001\n").unwrap();
    let try_with = |name: &str, value: &str| {
        complaint(program(&folder).args(["--config", "tim.toml"]).env(name, value))
    };
    assert!(try_with("TIM_LISTEN", "nowhere").contains("TIM_LISTEN"));
    assert!(
        try_with("TIM_TRUSTED_PROXIES", "127.0.0.1, nginx").contains("\"nginx\" is no address")
    );
    let name = "TIM_APP_1400000001_MAXWEBINSTANCES";
    assert!(try_with(name, "99").contains(name));
    let name = "TIM_APP_1400000001_ACCOUNT__AUTOREGISTRE";
    assert!(try_with(name, "true").contains(name));
}

#[test]
fn variables_set_what_the_file_leaves_open() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tim.toml"), "[[app]]\nsdkAppID = 1400000001\n").unwrap();
    let output = program(&folder)
        .args(["--config", "tim.toml", "check-config"])
        .env("TIM_APP_1400000001_MAXWEBINSTANCES", "3")
        .env("TIM_APP_1400000001_ACCOUNT__AUTOREGISTER", "false")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let complaint = complaint(program(&folder).args(["--listen", &address]));
    for part in [address.as_str(), "in use", "--listen", "TIM_LISTEN"] {
        assert!(complaint.contains(part), "{complaint}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let complaint = complaint(program(&folder).args(["--data", "file/data"]));
    assert!(complaint.contains("file/data") && complaint.contains("`data`"), "{complaint}");
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let try_with = |certificate: &str, key: &str| {
        let mut command = program(&folder);
        command.env("TIM_TLS_CERTIFICATE", certificate).env("TIM_TLS_KEY", key);
        complaint(&mut command)
    };
    let missing = try_with("nowhere.pem", "key.pem");
    assert!(missing.contains("`tls.certificate`: the file nowhere.pem"), "{missing}");
    assert!(missing.contains("No such file"), "{missing}");
    assert!(try_with("key.pem", "key.pem").contains("no usable certificate in key.pem"));
    let alone = complaint(program(&folder).env("TIM_TLS_KEY", "key.pem"));
    assert!(alone.contains("`tls.key` needs `tls.certificate`"), "{alone}");
}

#[test]
fn a_hangup_signal_makes_it_read_the_certificate_again() {
    let folder = tempfile::tempdir().unwrap();
    let issue = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("certificate.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    };
    issue();
    let config = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
    std::fs::write(folder.path().join("tim.toml"), config).unwrap();
    let mut running = Running::start(program(&folder).args(["--config", "tim.toml"]));
    assert!(running.printed.contains("https://"), "{}", running.printed);
    let mut log = BufReader::new(running.child.stderr.take().unwrap());
    let mut hang_up_and_find = |expected: &str| {
        let process = running.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
        let mut line = String::new();
        while !line.contains(expected) {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the log ended without {expected}");
        }
    };
    issue();
    hang_up_and_find("the certificate that was read again");
    std::fs::write(folder.path().join("key.pem"), "nothing").unwrap();
    hang_up_and_find("the certificate in use stays: `tls.key`: key.pem is no PEM file");
}

#[tokio::test]
async fn without_arguments_it_runs_and_says_how_to_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(&mut program(&folder));
    for part in ["SDKAppID 14", "tim-data/app-14", &format!("http://{}/", running.address)] {
        assert!(running.printed.contains(part), "{}", running.printed);
    }
    let key = std::fs::read_dir(folder.path().join("tim-data"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .find(|it| it.extension().is_some_and(|it| it == "key"))
        .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&key.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let key = std::fs::read_to_string(key).unwrap();
    assert!(key.trim().len() == 64 && !running.printed.contains(key.trim()));
    let mut ann = log_in(&running, &folder, "ann").await;
    ann.say("ann", "hi").await;
    // A polite end is an orderly one.
    let status = Command::new("kill").arg(running.child.id().to_string()).status().unwrap();
    assert!(status.success());
    assert_eq!(ann.closed().await, 1012);
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let mut log = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(!log.contains(key.trim()) && !log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn a_first_signal_leaves_time_and_a_second_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tim.toml"), "drain.delaySeconds = 3600\n").unwrap();
    let mut running = Running::start(program(&folder).args(["--config", "tim.toml"]));
    let mut ann = log_in(&running, &folder, "ann").await;
    let process = running.child.id().to_string();
    let signal = |name| {
        let mut kill = Command::new("kill");
        assert!(kill.arg::<&str>(name).arg(&process).status().unwrap().success());
    };
    signal("-TERM");
    let mut log = BufReader::new(running.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("stopping") {
        assert!(log.read_line(&mut line).unwrap() > 0, "{line}");
    }
    ann.say("ann", "still here").await;
    log_in(&running, &folder, "bob").await;
    signal("-INT");
    assert_eq!(ann.closed().await, 1012);
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut running =
        Running::start(program(&folder).env("TIM_APP_X", "ignored").args(["--log", "warn"]));
    let mut ann = log_in(&running, &folder, "ann").await;
    log_in(&running, &folder, "bob").await;
    let mut acknowledged = Vec::new();
    let mut waiting = std::collections::HashMap::new();
    // Always sixteen under way; killed in the middle of it.
    for number in 0..80 {
        let body = ann.text("bob", &number.to_string());
        let message_id = body["message"]["ID"].clone();
        waiting.insert(ann.request("message.send", body).await, message_id);
        if waiting.len() == 16 {
            let (id, reply) = ann.any_reply().await;
            acknowledged.push((reply.ok()["seq"].as_u64().unwrap(), waiting.remove(&id).unwrap()));
        }
    }
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert!(acknowledged.len() > 50);
    let running = Running::start(&mut program(&folder));
    let mut back = log_in(&running, &folder, "ann").await;
    let body = json!({ "conversationID": "C2Cbob", "count": 500 });
    let page = back.call("message.page", body).await.ok();
    let seqs = seqs(&page["entries"]);
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    for (seq, id) in &acknowledged {
        assert_eq!(&page["entries"][*seq as usize - 1]["message"]["ID"], id);
    }
    assert_eq!(back.say("bob", "after").await["seq"], seqs.len() as u64 + 1);
}
