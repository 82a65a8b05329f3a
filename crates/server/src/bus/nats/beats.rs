//! Signs of life between nodes.
//!
//! Two nodes that hang on two NATS that are not joined both see a good connection; only that they do
//! not hear each other tells. When they do again, both count a loss. A beat also says how often its node has lost something it published:
//! the others cannot see that by themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{Client, Subscriber};
use futures::StreamExt as _;
use tokio::{select, time::interval};

use super::{
    link::{Link, Loss},
    subjects::Subjects,
};
use crate::{bus::wire::Beat, storage::NodeKey};

/// Time between two beats.
const PERIOD: Duration = Duration::from_secs(2);

/// A node that was silent for so long may have said something that did not come here: NATS servers
/// lose each other without a word to their clients.
const SILENCE: Duration = Duration::from_secs(6);

/// A node that is silent for so long is forgotten.
const MEMORY: Duration = Duration::from_secs(60);

struct Peer {
    heard: Instant,
    losses: u64,
}

/// The other nodes.
#[derive(Default)]
pub(super) struct Beats {
    // A std mutex: nothing awaits while it is held.
    peers: Mutex<HashMap<NodeKey, Peer>>,
}

impl Beats {
    pub(super) fn heard(&self) -> Vec<(NodeKey, Duration)> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, peer| peer.heard.elapsed() < MEMORY);
        peers.iter().map(|(node, peer)| (*node, peer.heard.elapsed())).collect()
    }

    /// Takes a beat; whether something of its node may not have come here.
    fn hear(&self, beat: Beat) -> bool {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = Peer { heard: Instant::now(), losses: beat.losses };
        // An unknown node need not be a new one: two NATS may have been joined just now.
        peers
            .insert(beat.node, peer)
            .is_none_or(|it| it.losses != beat.losses || it.heard.elapsed() > SILENCE)
    }

    /// Listens to the others.
    pub(super) async fn listen(self: Arc<Self>, mut subscriber: Subscriber, link: Arc<Link>) {
        while let Some(message) = subscriber.next().await {
            match Beat::read(&message.payload) {
                Some(beat) if self.hear(beat) => link.lost(Loss::Peer),
                Some(_) => {}
                None => link.lost(Loss::Unreadable),
            }
        }
    }
}

/// Lets the others hear of this node, at once when the connection comes up.
pub(super) async fn send(node: NodeKey, client: Client, link: Arc<Link>, subjects: Arc<Subjects>) {
    loop {
        link.up().await;
        let mut ticks = interval(PERIOD);
        let beating = async {
            loop {
                ticks.tick().await;
                let beat = Beat { node, losses: link.losses_of_others() };
                // A beat that does not leave is one that is not heard.
                let _ = client.publish(subjects.beat(), beat.write()).await;
            }
        };
        select! {
            () = link.away() => {}
            () = beating => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_tells_of_what_may_be_missing() {
        let beats = Beats::default();
        let beat = |losses| Beat { node: NodeKey(1), losses };
        assert!(beats.hear(beat(0)), "unknown");
        assert!(!beats.hear(beat(0)), "nothing new");
        assert!(beats.hear(beat(2)), "it has lost something");
        assert!(!beats.hear(beat(2)), "nothing new");
        assert!(beats.hear(beat(0)), "it has begun again");
        let silent = Instant::now().checked_sub(SILENCE + Duration::from_secs(1)).unwrap();
        beats.peers.lock().unwrap().get_mut(&NodeKey(1)).unwrap().heard = silent;
        assert!(beats.hear(beat(0)), "it was silent");
        assert!(beats.hear(Beat { node: NodeKey(2), losses: 0 }), "another one");
    }

    #[test]
    fn who_is_silent_for_long_is_forgotten() {
        let beats = Beats::default();
        beats.hear(Beat { node: NodeKey(1), losses: 0 });
        assert_eq!(beats.heard().len(), 1);
        let gone = Instant::now().checked_sub(MEMORY).unwrap();
        beats.peers.lock().unwrap().get_mut(&NodeKey(1)).unwrap().heard = gone;
        assert!(beats.heard().is_empty());
    }
}
