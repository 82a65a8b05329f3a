//! A run in the background, with a handle.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::sleep};

use crate::{
    capacity,
    options::Options,
    report::Report,
    run::{
        self,
        shared::{Shared, Stage},
    },
};

/// How often [`Load::ready`] looks.
const LOOK: Duration = Duration::from_millis(10);

/// Why a run came to no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The options contradict each other.
    #[error("{0}")]
    Options(&'static str),
    /// So many connections do not fit here.
    #[error("{0}")]
    Capacity(String),
    /// No threads for engines.
    #[error("cannot start threads")]
    Threads(#[source] io::Error),
    /// The server refused a login.
    #[error("{0}")]
    Refused(String),
    /// Not all connections came up in time.
    #[error("only {ready} of {all} connections were ready a minute after the last login was begun")]
    NotReady {
        /// Connections that were.
        ready: usize,
        /// All of them.
        all: usize,
    },
    /// A client did not end, or not well.
    #[error("a client of the run did not end as it should")]
    Stuck,
    /// The run itself ended without a result.
    #[error("the run ended without a result")]
    Ended,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Connections that work and have caught up.
    pub ready: usize,
    /// Messages that are due or written.
    pub scheduled: u64,
    /// Acknowledged ones.
    pub acknowledged: u64,
    /// Refused ones.
    pub refused: u64,
    /// Messages that reached an app.
    pub delivered: u64,
    /// Links made after the first one.
    pub reconnects: u64,
}

/// A run. Dropping it ends the run without a report.
pub struct Load {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<Result<Report, LoadError>>>,
}

impl Load {
    /// Begins a run on the runtime of the caller, which needs timers and sockets.
    ///
    /// # Errors
    /// When the options contradict each other, or so many connections do not fit.
    pub fn start(options: Options) -> Result<Self, LoadError> {
        options.check()?;
        capacity::check(&options)?;
        let shared = Arc::new(Shared::new(options));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run::run(Arc::clone(&shared), stopped));
        Ok(Self { shared, stop, task: Some(task) })
    }

    /// Waits until all connections are ready and messages are sent. Takes the ramp and at most a
    /// minute.
    ///
    /// # Errors
    /// When the run has ended instead; [`Load::finish`] says why.
    pub async fn ready(&self) -> Result<(), LoadError> {
        while self.shared.stage() == Stage::Ramping {
            sleep(LOOK).await;
        }
        match self.shared.stage() {
            Stage::Running | Stage::Settling => Ok(()),
            Stage::Ramping | Stage::Over => {
                self.shared.failure()?;
                Err(LoadError::Ended)
            }
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let counts = &self.shared.counts;
        let readiness = self.shared.readiness.lock().unwrap_or_else(PoisonError::into_inner);
        Progress {
            ready: readiness.ready(),
            scheduled: counts.scheduled.load(Ordering::Relaxed),
            acknowledged: counts.acknowledged.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
            delivered: counts.delivered.load(Ordering::Relaxed),
            reconnects: counts.reconnects.load(Ordering::Relaxed),
        }
    }

    /// Servers are elsewhere from now on: for connections that are made anew, and for the check.
    pub fn set_targets(&self, targets: Vec<SocketAddr>) {
        self.shared.set_targets(targets);
    }

    /// Sends nothing more, waits until all is settled (at most [`Options::settle`] seconds), checks.
    ///
    /// # Errors
    /// When the run could not be carried out.
    pub async fn stop_and_check(self) -> Result<Report, LoadError> {
        // A run that has ended by itself needs no telling.
        let _ = self.stop.send(true);
        self.finish().await
    }

    /// Waits for the run's own end, settles and checks.
    ///
    /// # Errors
    /// When the run could not be carried out.
    pub async fn finish(mut self) -> Result<Report, LoadError> {
        match self.task.take() {
            Some(task) => task.await.unwrap_or(Err(LoadError::Ended)),
            None => Err(LoadError::Ended),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
