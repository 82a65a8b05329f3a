//! The threads that engines live on: each with a runtime and a `LocalSet` of its own.

use std::{io, num::NonZero, sync::Arc, thread};

use tim_protocol::ids::UserId;
use tokio::{
    runtime::Builder,
    sync::{mpsc, oneshot},
    task::{JoinSet, LocalSet},
};

use crate::{
    record::Book,
    run::{feed::Feed, shared::Shared},
};

/// A connection that is to begin.
struct Newcomer {
    index: usize,
    feed: Feed,
    user: UserId,
}

/// All threads of a run.
pub struct Threads {
    threads: Vec<(mpsc::UnboundedSender<Newcomer>, oneshot::Receiver<Vec<Book>>)>,
}

impl Threads {
    /// As many as there are processors, but no more than engines.
    pub fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let count = processors.min(shared.options.engines);
        let threads = (0..count).map(|_| {
            let (send, newcomers) = mpsc::unbounded_channel();
            let (ended, end) = oneshot::channel();
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let shared = Arc::clone(shared);
            thread::Builder::new().name("engines".to_owned()).spawn(move || {
                let books = LocalSet::new().block_on(&runtime, live(shared, newcomers));
                // Nobody asks any more when the run was given up.
                let _ = ended.send(books);
            })?;
            Ok((send, end))
        });
        Ok(Self { threads: threads.collect::<io::Result<_>>()? })
    }

    /// Begins a connection.
    pub fn begin(&self, index: usize, feed: Feed, user: UserId) {
        let thread = index % self.threads.len().max(1);
        if let Some((send, _)) = self.threads.get(thread) {
            let _ = send.send(Newcomer { index, feed, user });
        }
    }

    /// Waits for the end of all and answers what they saw.
    pub async fn end(self) -> Vec<Book> {
        let mut books = Vec::new();
        for (send, end) in self.threads {
            drop(send);
            books.extend(end.await.unwrap_or_default());
        }
        books
    }
}

async fn live(shared: Arc<Shared>, mut newcomers: mpsc::UnboundedReceiver<Newcomer>) -> Vec<Book> {
    let mut engines = JoinSet::new();
    while let Some(Newcomer { index, feed, user }) = newcomers.recv().await {
        engines.spawn_local(super::run(Arc::clone(&shared), index, feed, user));
    }
    engines.join_all().await
}
