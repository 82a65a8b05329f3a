//! The tests every bus must pass; an implementation supplies only itself.

use std::sync::{Arc, Mutex};

use super::{Bus, Event, Inbox, LocalBus, State};
use crate::storage::AccountKey;

#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Inbox for Recorder {
    fn deliver(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

fn frame(text: &'static str) -> Event {
    Event::Frame { text: text.into(), except: None }
}

pub(super) async fn passes(bus: &dyn Bus) {
    let (ann, bob) = (AccountKey(1), AccountKey(2));
    let inbox = || Arc::new(Recorder::default());
    let (first, second, other) = (inbox(), inbox(), inbox());
    bus.publish(ann, frame("nobody listens"));
    let subscription = bus.subscribe(ann, first.clone()).await;
    let _second = bus.subscribe(ann, second.clone()).await;
    let _other = bus.subscribe(bob, other.clone()).await;
    bus.publish(ann, frame("1"));
    bus.publish(ann, frame("2"));
    bus.publish(bob, frame("3"));
    drop(subscription);
    bus.publish(ann, frame("4"));
    assert_eq!(*first.0.lock().unwrap(), [frame("1"), frame("2")]);
    assert_eq!(*second.0.lock().unwrap(), [frame("1"), frame("2"), frame("4")]);
    assert_eq!(*other.0.lock().unwrap(), [frame("3")]);
    assert_eq!(Arc::strong_count(&first), 1, "an ended subscription keeps nothing alive");
    bus.close().await;
    bus.publish(ann, frame("5"));
    assert_eq!(second.0.lock().unwrap().last(), Some(&frame("5")), "the end is that of the link");
}

#[tokio::test]
async fn the_local_bus_keeps_the_contract() {
    let bus = LocalBus::default();
    passes(&bus).await;
    assert_eq!((bus.state(), bus.losses(), bus.heard()), (State::Alone, 0, vec![]));
}
