//! The floor: the least that answers `message.send` durably and passes the message on.
//!
//! One thread owns SQLite, commits what is waiting in one transaction with a disk sync, then answers.
//! There is no check, no login, no numbering per conversation and no repeat detection.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
    routing::get,
};
use futures::{SinkExt as _, StreamExt as _};
use rusqlite::Connection;
use serde_json::Value;
use tim_protocol::SUBPROTOCOL;
use tokio::sync::mpsc;

struct Write {
    to: String,
    body: String,
    frame: String,
    answer: mpsc::UnboundedSender<String>,
    id: u64,
}

type People = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<String>>>>;

#[derive(Clone)]
struct Shared {
    writes: mpsc::Sender<Write>,
    people: People,
}

/// Serves until it is killed.
pub async fn serve(folder: &Path) -> Result<()> {
    let database = Connection::open(folder.join("reference.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE message (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);",
    )?;
    let (writes, waiting) = mpsc::channel(1024);
    let people = People::default();
    let their = Arc::clone(&people);
    std::thread::spawn(move || write(database, waiting, &their));
    let router = Router::new()
        .route("/im/ws", get(upgrade))
        .route("/echo", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
        .with_state(Shared { writes, people });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::table::line(&format!("http://{}", listener.local_addr()?));
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |it| {
            let _ = it.set_nodelay(true);
        }),
        router,
    )
    .await?;
    Ok(())
}

fn write(mut database: Connection, mut waiting: mpsc::Receiver<Write>, people: &People) {
    let mut batch = Vec::new();
    while waiting.blocking_recv_many(&mut batch, 256) > 0 {
        if let Err(error) = store(&mut database, &batch) {
            crate::table::line(&format!("the reference cannot store: {error}"));
            return;
        }
        let people = people.lock().unwrap_or_else(PoisonError::into_inner);
        for write in batch.drain(..) {
            if let Some(receiver) = people.get(&write.to) {
                let _ = receiver.send(write.frame);
            }
            let _ = write.answer.send(format!(r#"{{"id":{},"code":0,"body":{{}}}}"#, write.id));
        }
    }
}

fn store(database: &mut Connection, batch: &[Write]) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    {
        let mut insert = transaction.prepare_cached("INSERT INTO message (body) VALUES (?1)")?;
        for write in batch {
            insert.execute([&write.body])?;
        }
    }
    transaction.commit()
}

/// Sends back what comes, for measuring what the way itself costs.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn upgrade(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(4 * 1024)
        .write_buffer_size(16 * 1024)
        .on_upgrade(|socket| connection(shared, socket))
}

async fn connection(shared: Shared, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let (answer, mut answers) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        let mut frames = Vec::new();
        while answers.recv_many(&mut frames, 256).await > 0 {
            for frame in frames.drain(..) {
                if sink.feed(Message::text(frame)).await.is_err() {
                    return;
                }
            }
            if sink.flush().await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(Message::Text(text))) = stream.next().await {
        let Ok(mut request) = serde_json::from_str::<Value>(&text) else { return };
        let id = request["id"].as_u64().unwrap_or_default();
        let mut body = request["body"].take();
        if request["do"] == "login" {
            let user = body["userID"].as_str().unwrap_or_default().to_owned();
            let mut people = shared.people.lock().unwrap_or_else(PoisonError::into_inner);
            people.insert(user, answer.clone());
            let _ = answer.send(format!(
                r#"{{"id":{id},"code":0,"body":{{"tinyID":"144115188075855873"}}}}"#
            ));
            continue;
        }
        let message = body["message"].take();
        let to = message["to"].as_str().unwrap_or_default().to_owned();
        let body = message.to_string();
        let frame = format!(r#"{{"push":"message","body":{{"entries":[{{"message":{body}}}]}}}}"#);
        let write = Write { to, body, frame, answer: answer.clone(), id };
        if shared.writes.send(write).await.is_err() {
            return;
        }
    }
}
