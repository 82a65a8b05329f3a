//! An instance that keeps sending on the one connection it has, answered or not, and writes down what
//! becomes of each message. What a page does whose user has logged in elsewhere and that has not
//! heard of it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tim_load::frames::socket::{Incoming, Lost, Socket};
use tim_protocol::{
    frame,
    ids::{TinyId, UserId},
    push::Kicked,
};
use tokio::{sync::watch, task::JoinHandle, time::interval};

use crate::{Person, words};

/// Between two messages. Half a minute of them fits into the buffers of a connection that nobody reads.
const PAUSE: Duration = Duration::from_millis(50);

/// What became of its messages.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// When those were written that were acknowledged.
    pub acknowledged: Vec<Instant>,
    /// When those were written that were refused, and the code.
    pub refused: Vec<(Instant, u32)>,
    /// When it was told that it is kicked.
    pub kicked: Option<Instant>,
    /// When its connection was closed.
    pub closed: Option<Instant>,
}

/// A handle on it; dropping the handle ends it.
pub struct Insistent {
    spoken: watch::Receiver<Spoken>,
    task: JoinHandle<()>,
}

impl Insistent {
    /// A logged-in person writes to somebody, for as long as its connection lives.
    #[must_use]
    pub fn begin(person: Person, to: &str) -> Self {
        let (told, spoken) = watch::channel(Spoken::default());
        let (user, tiny_id, to) = (person.user().clone(), person.tiny_id(), to.to_owned());
        let task = tokio::spawn(async move {
            // The connection's end is what is waited for.
            let _ = speak(person.into_socket(), &user, tiny_id, &to, &told).await;
            told.send_modify(|it| it.closed = Some(Instant::now()));
        });
        Self { spoken, task }
    }

    /// What became of its messages so far.
    #[must_use]
    pub fn spoken(&self) -> Spoken {
        self.spoken.borrow().clone()
    }

    /// Waits until something holds of what became of its messages.
    ///
    /// # Errors
    /// When it does not within the time.
    pub async fn until(&mut self, within: Duration, holds: impl Fn(&Spoken) -> bool) -> Result<()> {
        let waited = tokio::time::timeout(within, self.spoken.wait_for(holds)).await;
        waited.with_context(|| format!("not within {} s", within.as_secs()))??;
        Ok(())
    }
}

impl Drop for Insistent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn speak(
    mut socket: Socket,
    user: &UserId,
    tiny_id: TinyId,
    to: &str,
    told: &watch::Sender<Spoken>,
) -> Result<(), Lost> {
    let mut written = HashMap::new();
    let mut next_id = 1_000_u64;
    let mut timer = interval(PAUSE);
    loop {
        tokio::select! {
            _ = timer.tick() => {
                next_id += 1;
                written.insert(next_id, Instant::now());
                let call = words::message(tiny_id, user, to, format!("still here {next_id}"));
                socket.feed(frame::request(next_id, &call).into()).await?;
                socket.flush().await?;
            }
            text = socket.next() => {
                let text = text?;
                let Some(frame) = Incoming::read(&text) else { continue };
                if frame.push == Some(Kicked::NAME) {
                    told.send_modify(|it| it.kicked = Some(Instant::now()));
                }
                let Some(at) = frame.id.and_then(|id| written.remove(&id)) else { continue };
                told.send_modify(|it| match frame.code {
                    0 => it.acknowledged.push(at),
                    code => it.refused.push((at, code)),
                });
            }
        }
    }
}
