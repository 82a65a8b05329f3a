//! The program itself as a process, with a folder of its own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Client;

pub fn program(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tim-server"));
    command.current_dir(folder.path()).env_clear().env("TIM_LISTEN", "127.0.0.1:0");
    command
}

/// A running program; it is killed when the test ends early.
pub struct Running {
    pub child: Child,
    pub address: String,
    pub printed: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut printed = String::new();
        while !printed.contains("demo ") && lines.read_line(&mut printed).unwrap() > 0 {}
        let address = printed.lines().next().unwrap().rsplit('/').next().unwrap().to_owned();
        Self { child, address, printed }
    }

    pub async fn connect(&self) -> Client {
        Client::connect(self.address.parse().unwrap()).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn development_login(folder: &TempDir, user: &str) -> Value {
    let output = program(folder).args(["usersig", "--user", user]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let user_sig = String::from_utf8(output.stdout).unwrap();
    let app = std::fs::read_to_string(folder.path().join("tim-data/development-app")).unwrap();
    let app: u32 = app.trim().parse().unwrap();
    json!({ "SDKAppID": app, "userID": user, "userSig": user_sig.trim() })
}

pub async fn log_in(running: &Running, folder: &TempDir, user: &str) -> Client {
    let mut client = running.connect().await;
    let body = client.call("login", development_login(folder, user)).await.ok();
    user.clone_into(&mut client.user);
    body["tinyID"].as_str().unwrap().clone_into(&mut client.tiny_id);
    client
}
