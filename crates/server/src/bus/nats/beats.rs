//! Signs of life between nodes.
//!
//! Two nodes that hang on two NATS that are not joined both see a good connection; only that they do
//! not hear each other tells. When they do again, both count a loss. A beat also says how often its node has lost something it published:
//! the others cannot see that by themselves.
//!
//! With several joined servers of NATS a subscription spreads from ours to the others. What we ask a
//! node there goes the same way behind it; when it answers, its server knows the subscription, too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{Client, Request, Subscriber};
use bytes::Bytes;
use futures::{StreamExt as _, future::join_all};
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

/// How long a node may take to answer.
const ECHO: Duration = Duration::from_millis(300);

struct Peer {
    heard: Instant,
    losses: u64,
    server: Box<str>,
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
        peers.retain(|_, it| it.heard.elapsed() < MEMORY);
        peers.iter().map(|(node, it)| (*node, it.heard.elapsed())).collect()
    }

    /// Takes a beat; whether something of its node may not have come here.
    fn hear(&self, beat: Beat) -> bool {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, it| it.heard.elapsed() < MEMORY);
        let Beat { node, losses, server } = beat;
        let peer = Peer { heard: Instant::now(), losses, server };
        // An unknown node need not be a new one: two NATS may have been joined just now.
        peers
            .insert(node, peer)
            .is_none_or(|it| it.losses != losses || it.heard.elapsed() > SILENCE)
    }

    /// One node at each of the other servers.
    fn elsewhere(&self, own: &str) -> Vec<NodeKey> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = peers.iter().filter(|(_, it)| it.heard.elapsed() < SILENCE);
        let nodes: HashMap<&str, NodeKey> = recent.map(|(node, it)| (&*it.server, *node)).collect();
        nodes.into_iter().filter(|(server, _)| *server != own).map(|(_, node)| node).collect()
    }

    /// Waits until all servers of NATS by which nodes are connected have heard what was sent before;
    /// whether they have.
    pub(super) async fn reach(&self, client: &Client, subjects: &Subjects) -> bool {
        let nodes = self.elsewhere(&client.server_info().server_id);
        let asked = nodes.into_iter().map(|node| {
            let request = Request::new().timeout(Some(ECHO));
            client.send_request(subjects.echo(node), request)
        });
        join_all(asked).await.iter().all(Result::is_ok)
    }

    /// Listens to the others.
    pub(super) async fn listen(self: Arc<Self>, mut subscriber: Subscriber, link: Arc<Link>) {
        while let Some(message) = subscriber.next().await {
            let Some(beat) = Beat::read(&message.payload) else {
                link.lost(Loss::Unreadable);
                continue;
            };
            if self.hear(beat) {
                link.lost(Loss::Peer);
            }
        }
    }
}

/// Answers the others.
pub(super) async fn answer(mut questions: Subscriber, client: Client) {
    while let Some(question) = questions.next().await {
        if let Some(asker) = question.reply {
            // Without an answer the asker counts a loss.
            let _ = client.publish(asker, Bytes::new()).await;
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
                let server = client.server_info().server_id.into();
                let beat = Beat { node, losses: link.losses_of_others(), server };
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
        let beat = |losses| Beat { node: NodeKey(1), losses, server: "N".into() };
        assert!(beats.hear(beat(0)), "unknown");
        assert!(!beats.hear(beat(0)), "nothing new");
        assert!(beats.hear(beat(2)), "it has lost something");
        assert!(!beats.hear(beat(2)), "nothing new");
        assert!(beats.hear(beat(0)), "it has begun again");
        let silent = Instant::now().checked_sub(SILENCE + Duration::from_secs(1)).unwrap();
        beats.peers.lock().unwrap().get_mut(&NodeKey(1)).unwrap().heard = silent;
        assert!(beats.hear(beat(0)), "it was silent");
        assert!(beats.hear(Beat { node: NodeKey(2), ..beat(0) }), "another one");
    }

    #[test]
    fn who_is_silent_for_long_is_forgotten() {
        let beats = Beats::default();
        beats.hear(Beat { node: NodeKey(1), losses: 0, server: "N".into() });
        assert_eq!(beats.elsewhere("M"), [NodeKey(1)]);
        assert_eq!(beats.elsewhere("N"), []);
        assert_eq!(beats.heard().len(), 1);
        let gone = Instant::now().checked_sub(MEMORY).unwrap();
        beats.peers.lock().unwrap().get_mut(&NodeKey(1)).unwrap().heard = gone;
        assert!(beats.heard().is_empty() && beats.elsewhere("M").is_empty());
    }
}
