//! What operators ask of the program besides serving: on good databases, on bad ones, and while a
//! server is at work.

mod support;

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::json;
use support::{Client, program::program, seqs};
use tempfile::TempDir;
use tim_protocol::usersig::{SecretKey, sign};
use tim_rig::{
    Authentication, Nats, Node, NodeSettings, Postgres, PostgresSettings,
    node::{APP, SECRET_KEY},
};
use tim_server::service::now_s;
use tokio::sync::watch;

/// The program with a database, by its URL; without one it is SQLite in the folder.
fn with(folder: &TempDir, database: &str, arguments: &[&str]) -> Command {
    let mut command = program(folder);
    command.args(arguments);
    if !database.is_empty() {
        command.env("TIM_DATABASE", database);
    }
    command
}

fn answer(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let complaint = String::from_utf8(stderr).unwrap();
    assert!(status.success() && complaint.is_empty(), "{complaint}");
    String::from_utf8(stdout).unwrap()
}

/// Runs it to its end, which must be an orderly failure; its one sentence.
fn complaint(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert!(text.starts_with("tim-server: ") && text.lines().count() == 1, "{text}");
    text
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

async fn guarded_by(password: &str) -> Postgres {
    let authentication = Authentication::Password(password.to_owned());
    let settings = PostgresSettings { authentication, ..PostgresSettings::default() };
    Postgres::start_with(settings).await.unwrap()
}

#[tokio::test]
async fn a_good_postgres_is_looked_at_and_migrated() {
    let (engine, nats) = tokio::join!(guarded_by("right"), Nats::start());
    let (nats, folder) = (nats.unwrap(), tempfile::tempdir().unwrap());
    let url = engine.create_database("tim").await.unwrap();
    let before = answer(with(&folder, &url, &["check"]));
    holds(&before, &["database tim: PostgreSQL ", "schema         none yet", "a single server"]);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(engine.sql("tim", tables).await.unwrap(), "0", "a check changes nothing");
    for _ in 0..2 {
        holds(&answer(with(&folder, &url, &["migrate"])), &["database tim: schema version 2"]);
    }
    let file = folder.path().join("tim.toml");
    let app = format!("[[app]]\nsdkAppID = {APP}\nsecretKeys = [\"{SECRET_KEY}\"]\n");
    std::fs::write(&file, format!("database = \"{url}\"\nbus = \"{}\"\n{app}", nats.url()))
        .unwrap();
    let after = answer(with(&folder, "", &["check", "--config", "tim.toml"]));
    holds(&after, &["version 2, up to date", "servers        0 at work", "bus            NATS 2."]);
    assert!(!after.contains("right"), "no password is printed: {after}");
    let away = with(&folder, "", &["check", "--config", "tim.toml", "--bus", "nats://127.0.0.1:1"]);
    holds(&complaint(away), &["the bus cannot be used", "nobody listens at 127.0.0.1:1"]);
    let backup = complaint(with(&folder, &url, &["backup", "copy.db"]));
    holds(&backup, &["pg_dump"]);
    assert!(!folder.path().join("copy.db").exists());
}

#[tokio::test]
async fn what_is_wrong_with_a_postgres_is_one_sentence() {
    let engine = guarded_by("right").await;
    let folder = tempfile::tempdir().unwrap();
    let url = engine.create_database("newer").await.unwrap();
    answer(with(&folder, &url, &["migrate"]));
    let newer = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '', 0)";
    engine.sql("newer", newer).await.unwrap();
    let wrong = url.replace("right", "wrong-secret");
    let nowhere = url.replace("/newer", "/nowhere");
    let known = "version 9999) is newer than this tim-server";
    for (database, parts) in [
        (&url, &[known, "start the version that made it"][..]),
        (&wrong, &["it refuses the password"]),
        (&nowhere, &["there is no such database", "nowhere"]),
    ] {
        // The server itself says the same as those who look first.
        for command in [&["check"][..], &["migrate"], &[]] {
            let complaint = complaint(with(&folder, database, command));
            holds(&complaint, parts);
            assert!(!complaint.contains("secret"), "no password is printed: {complaint}");
        }
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_to_be_so() {
    let (engine, nats) = tokio::join!(guarded_by("right"), Nats::start());
    let nats = nats.unwrap();
    let plain = engine.url("postgres");
    let folder = tempfile::tempdir().unwrap();
    for (database, part) in [
        ("postgres://tim@127.0.0.1:1/tim".to_owned(), "it cannot be reached (Connection refused"),
        (format!("postgres://tim@{}/tim", nats.address()), "does not speak PostgreSQL's protocol"),
        (format!("{plain}?sslmode=require"), "an encrypted connection to it is not possible"),
        ("postgres://tim@nowhere.invalid/tim".to_owned(), "it cannot be reached ("),
        ("postgres://tim@127.0.0.1".to_owned(), "the name of the database is missing"),
        ("mysql://tim@127.0.0.1/tim".to_owned(), "must be sqlite or postgres://"),
    ] {
        for command in ["check", "migrate"] {
            holds(&complaint(with(&folder, &database, &[command])), &[part]);
        }
    }
}

#[test]
fn files_that_are_no_database_and_copies_that_cannot_be_written_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments| with(&folder, "", arguments);
    holds(&answer(run(&["check"])), &["tim-data/tim.db: none yet"]);
    holds(&complaint(run(&["backup", "a.db"])), &["there is no database yet"]);
    assert!(!folder.path().join("a.db").exists());
    holds(&answer(run(&["migrate"])), &["tim-data/tim.db: schema version 2"]);
    holds(&answer(run(&["check"])), &["SQLite 3.", "version 2, up to date"]);
    answer(run(&["backup", "a.db"]));
    let copy = std::fs::read(folder.path().join("a.db")).unwrap();
    holds(&complaint(run(&["backup", "a.db"])), &["a.db exists already"]);
    assert_eq!(std::fs::read(folder.path().join("a.db")).unwrap(), copy);
    holds(
        &complaint(run(&["backup", "no/a.db"])),
        &["the copy no/a.db cannot be written: No such"],
    );
    std::fs::write(folder.path().join("tim-data/tim.db"), "This is a letter. ".repeat(300))
        .unwrap();
    for command in [&["check"][..], &["migrate"], &["backup", "b.db"], &[]] {
        holds(&complaint(run(command)), &["tim-data/tim.db", "it is no database"]);
    }
    assert!(!folder.path().join("b.db").exists(), "half a copy is none");
}

async fn log_in(node: &Node, user: &str) -> Client {
    let mut client = Client::connect(node.address()).await;
    let key = SecretKey::new(SECRET_KEY.to_owned());
    let user_sig = sign(&key, APP, &user.parse().unwrap(), now_s(), 3_600);
    let body = client.try_login(user, &user_sig).await.ok();
    user.clone_into(&mut client.user);
    body["tinyID"].as_str().unwrap().clone_into(&mut client.tiny_id);
    client
}

/// Sends without pause until it is told to stop. The IDs that were acknowledged stand in the list at
/// their places, and `count` follows its length.
async fn keep_sending(
    mut client: Client,
    count: watch::Sender<usize>,
    stop: Arc<AtomicBool>,
) -> Vec<String> {
    let mut ids = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let body = client.text("bob", &"x".repeat(500));
        ids.push(body["message"]["ID"].as_str().unwrap().to_owned());
        let seq = client.call("message.send", body).await.ok()["seq"].as_u64().unwrap();
        assert_eq!(seq, ids.len() as u64);
        count.send_replace(ids.len());
    }
    ids
}

fn back_up(node: &Node, copy: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tim-server"));
    let (config, data) = (node.folder().join("config.toml"), node.folder().join("data"));
    command.arg("backup").arg(copy).arg("--config").arg(config).arg("--data").arg(data);
    answer(command);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_busy_server_holds_all_that_was_acknowledged_before() {
    let settings = NodeSettings::default();
    let binary = Path::new(env!("CARGO_BIN_EXE_tim-server"));
    let node = Node::start(binary, &settings).await.unwrap();
    log_in(&node, "bob").await;
    let stop = Arc::new(AtomicBool::new(false));
    let (count, mut counted) = watch::channel(0);
    let sending = tokio::spawn(keep_sending(log_in(&node, "ann").await, count, Arc::clone(&stop)));
    counted.wait_for(|it| *it >= 50).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Until messages were acknowledged while it copied; on any machine that is the first one or two.
    let mut outcome = None;
    for number in 0..20 {
        let copy = folder.path().join(format!("copy{number}.db"));
        let before = *counted.borrow();
        tokio::task::block_in_place(|| back_up(&node, &copy));
        if *counted.borrow() > before {
            outcome = Some((copy, before));
            break;
        }
    }
    let (copy, before) = outcome.expect("messages while it copies");
    stop.store(true, Ordering::Relaxed);
    let ids = sending.await.unwrap();
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // Restored as documented: stop, remove what is there, put the copy in its place, start.
    let mut node = node;
    assert!(node.terminate().await.unwrap().success());
    let data = node.folder().join("data");
    for file in ["tim.db", "tim.db-wal", "tim.db-shm"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    std::fs::copy(copy, data.join("tim.db")).unwrap();
    node.start_again().await.unwrap();
    let mut ann = log_in(&node, "ann").await;
    let mut restored = 0;
    loop {
        let place = json!({
            "conversationID": "C2Cbob", "seq": restored + 1, "direction": 1, "count": 500
        });
        let page = ann.call("message.page", place).await.ok();
        let places = seqs(&page["entries"]);
        assert_eq!(places, (restored + 1..=restored + places.len() as u64).collect::<Vec<_>>());
        for (entry, id) in page["entries"].as_array().unwrap().iter().zip(&ids[restored as usize..])
        {
            assert_eq!(entry["message"]["ID"], **id);
        }
        restored += places.len() as u64;
        if page["isCompleted"] == true {
            break;
        }
    }
    assert!(restored >= before as u64, "{restored} of {before} were restored");
    assert_eq!(ann.say("bob", "and on").await["seq"], restored + 1);
}
