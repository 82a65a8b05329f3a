//! What a client is to do next: the same for raw frames and for SDK engines.

use std::sync::{Arc, atomic::Ordering};

use tokio::sync::{mpsc, watch};

use super::shared::{Shared, Stage};

/// What a run tells a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send a message.
    Send(Order),
    /// Lose the connection, as if a cable were pulled.
    Cut,
    /// End.
    Over,
}

/// A message to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The receiver's connection.
    pub to: u32,
    /// When it is due: latency counts from here.
    pub due_us: u64,
}

/// One client's commands: from the run at a rate, or made on the spot in the closed loop.
pub struct Feed {
    shared: Arc<Shared>,
    index: usize,
    commands: mpsc::UnboundedReceiver<Command>,
    stages: watch::Receiver<Stage>,
    under_way: usize,
}

impl Feed {
    /// The commands of connection `index`, and where the run puts them.
    pub fn new(shared: &Arc<Shared>, index: usize) -> (mpsc::UnboundedSender<Command>, Self) {
        let (send, commands) = mpsc::unbounded_channel();
        let (shared, stages) = (Arc::clone(shared), shared.stages());
        (send, Self { shared, index, commands, stages, under_way: 0 })
    }

    /// The next command. Nothing is lost when this is not awaited to its end.
    pub async fn next(&mut self) -> Command {
        loop {
            let stage = *self.stages.borrow_and_update();
            match stage {
                Stage::Over => return Command::Over,
                Stage::Running if self.may_send() => return Command::Send(self.order()),
                _ => {}
            }
            tokio::select! {
                command = self.commands.recv() => return command.unwrap_or(Command::Over),
                changed = self.stages.changed() => if changed.is_err() {
                    return Command::Over;
                },
            }
        }
    }

    /// One of the orders has been answered.
    pub fn answered(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Whether the closed loop has a place and a message left.
    fn may_send(&self) -> bool {
        let options = &self.shared.options;
        if !options.closed_loop
            || self.index >= options.senders()
            || self.under_way >= options.window
        {
            return false;
        }
        let most = options.messages.unwrap_or(u64::MAX);
        let take = |it: u64| (it < most).then_some(it + 1);
        let relaxed = Ordering::Relaxed;
        self.shared.counts.scheduled.fetch_update(relaxed, relaxed, take).is_ok()
    }

    fn order(&mut self) -> Order {
        self.under_way += 1;
        let to = u32::try_from(self.shared.plan.receiver(self.index)).unwrap_or(0);
        Order { to, due_us: self.shared.clock.now_us() }
    }
}
