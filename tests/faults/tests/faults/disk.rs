//! The disk of a node with SQLite is full: sends are refused with a code that says so, nothing is
//! broken, and everything goes on when there is room again.
//!
//! A file system of a few megabytes needs the right to mount one; a limit on the size of files needs
//! none and stops the same writes. The first is tried where it is possible, the second everywhere.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tim_faults::{Person, tell, until};
use tim_load::frames::caller::Refusal;
use tim_protocol::code::Code;
use tim_rig::{Node, NodeSettings, node};

const TEXT_BYTES: usize = 10_000;
/// More than fit.
const MESSAGES: usize = 3_000;
/// What files may be, or the file system has beyond the ballast.
const ROOM_BYTES: u64 = 6 << 20;
const BALLAST_BYTES: usize = 6 << 20;

/// A script in front of the program; it is replaced by the program, which so keeps its process ID.
fn script(folder: &TempDir, lines: &str) -> Result<PathBuf> {
    let file = folder.path().join("tim-server");
    fs::write(&file, format!("#!/bin/sh\n{lines}\n"))?;
    fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    Ok(file)
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {}", said.trim());
    Ok(())
}

/// How a program gets file systems of its own here, if it may have them.
fn own_mounts() -> Option<&'static str> {
    let mounts =
        |flags: &&str| run("unshare", &[flags, "sh", "-c", "mount -t tmpfs tmpfs /mnt"]).is_ok();
    ["-m", "-rm"].into_iter().find(mounts)
}

/// What is on the disk while nobody writes is a whole database with so many messages.
async fn is_sound(data: &Path, messages: usize) -> Result<()> {
    let copy = tempfile::tempdir()?;
    for name in ["tim.db", "tim.db-wal"] {
        fs::copy(data.join(name), copy.path().join(name))?;
    }
    let file = SqliteConnectOptions::new().filename(copy.path().join("tim.db"));
    let mut connection = SqliteConnection::connect_with(&file).await?;
    let sound: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await?;
    ensure!(sound == "ok", "{sound}");
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM message").fetch_one(&mut connection).await?;
    ensure!(count == i64::try_from(messages)?, "{count} messages are on the disk");
    Ok(connection.close().await?)
}

/// Writes until it is refused; makes room; writes on. `data` leads to the data folder.
async fn fills_up(
    what: &str,
    node: &Node,
    data: &Path,
    make_room: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let refused = |it: Refusal| anyhow::anyhow!("{it:?}");
    let mut ann = Person::login(node.address(), "ann").await.map_err(refused)?;
    let mut stored = Vec::new();
    let mut say = async |stored: &mut Vec<String>| {
        let said = ann.say("ann", "x".repeat(TEXT_BYTES)).await;
        said.map(|it| stored.push(it.0.to_string()))
    };
    let code = loop {
        match say(&mut stored).await {
            Ok(()) => ensure!(stored.len() < MESSAGES, "there is always room for one more"),
            Err(Refusal::Code(code)) => break code,
            Err(lost) => bail!("the connection was lost: {lost:?}"),
        }
    };
    ensure!(code == Code::MESSAGE_INTERNAL.0, "refused with {code}");
    ensure!(say(&mut stored).await == Err(Refusal::Code(code)), "it is still full");
    let before = stored.len();
    make_room()?;
    let works = async || say(&mut stored).await.is_ok();
    let after = until("messages are stored again", Duration::from_secs(10), works).await?;
    for _ in 0..20 {
        say(&mut stored).await.map_err(refused)?;
    }
    let log = ann.log_with("ann").await?;
    let log: Vec<String> = log.into_iter().map(|it| it.message.id.to_string()).collect();
    ensure!(log == stored, "{} messages were acknowledged, {} are there", stored.len(), log.len());
    is_sound(data, stored.len()).await?;
    let (status, body) = node.health().await?;
    ensure!(status == 200, "{status} {body}");
    tell(&format!(
        "{what}: refused with {code} after {before} messages, stored again {:.2} s after there was room",
        after.as_secs_f64()
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_may_not_grow() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let binary = node::binary()?.canonicalize()?;
    // Without this the signal of the limit would end the server; a full disk sends none.
    let lines = format!("trap '' XFSZ\nexec '{}' \"$@\"", binary.display());
    let node = Node::start(&script(&folder, &lines)?, &NodeSettings::default()).await?;
    let pid = node.pid()?.to_string();
    let limit = |bytes: &str| run("prlimit", &["--pid", &pid, &format!("--fsize={bytes}:")]);
    limit(&ROOM_BYTES.to_string())?;
    let data = node.folder().join("data");
    fills_up("files may not grow", &node, &data, || limit("unlimited")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_system_is_full() -> Result<()> {
    let Some(flags) = own_mounts() else {
        tell("a full file system was not tried: nobody may mount one here");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let binary = node::binary()?.canonicalize()?;
    // The fourth argument is the data folder.
    let size = ROOM_BYTES as usize + BALLAST_BYTES;
    let lines = format!(
        "mkdir -p \"$4\"\nexec unshare {flags} sh -c 'mount -t tmpfs -o size={size} tmpfs \"$4\" && \
         exec {} \"$@\"' sh \"$@\"",
        binary.display()
    );
    let node = Node::start(&script(&folder, &lines)?, &NodeSettings::default()).await?;
    // Through the eyes of the node, which alone sees that file system.
    let inside = node.folder().join("data");
    let inside = inside.strip_prefix("/").context("the folder's path is absolute")?;
    let data = Path::new("/proc").join(node.pid()?.to_string()).join("root").join(inside);
    let ballast = data.join("ballast");
    File::create(&ballast)?.write_all(&vec![1; BALLAST_BYTES])?;
    fills_up("a full file system", &node, &data, || Ok(fs::remove_file(&ballast)?)).await
}
