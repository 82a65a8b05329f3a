//! Whether pushes may have been lost since the last beat. Plain decisions over values.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{
    BEAT,
    state::{Bus, Neighbour},
};
use crate::{bus::State, storage::NodeKey};

/// Two beats this far apart: this server was stopped, or the database was away.
const STALLED_AFTER: Duration = Duration::from_secs(6);
/// A neighbour that is well must have been heard on the bus by then.
const UNHEARD_AFTER: Duration = Duration::from_secs(7);

/// What a beat sees.
pub(super) struct Seen<'a> {
    pub now: Instant,
    pub bus: &'a State,
    pub losses: u64,
    /// Servers that were heard of lately, in the database.
    pub alive: &'a [Neighbour],
    /// Servers that were not.
    pub dead: &'a [Neighbour],
    /// Servers that were heard on the bus, and how long ago.
    pub heard: &'a HashMap<NodeKey, Duration>,
}

/// What is remembered for it.
pub(super) struct Doubt {
    last_beat: Instant,
    losses: u64,
    /// Of the neighbours, and since when each is known.
    neighbours: HashMap<NodeKey, (u64, Instant)>,
}

impl Doubt {
    pub fn new(now: Instant, losses: u64) -> Self {
        Self { last_beat: now, losses, neighbours: HashMap::new() }
    }

    /// Whether something may have been lost since the last beat, or is being lost now.
    pub fn at_beat(&mut self, seen: Seen<'_>) -> bool {
        let Seen { now, bus, losses, alive, dead, heard } = seen;
        let was_stalled = now.duration_since(self.last_beat) >= STALLED_AFTER;
        self.last_beat = now;
        let here = self.losses != losses;
        self.losses = losses;
        let before = std::mem::take(&mut self.neighbours);
        let mut there = !dead.is_empty();
        for it in alive {
            let losses = it.state.as_ref().map_or(0, |it| it.losses);
            let known = before.get(&it.key);
            there |= known.is_some_and(|known| known.0 != losses);
            self.neighbours.insert(it.key, (losses, known.map_or(now, |it| it.1)));
            there |= it.state.as_ref().is_none_or(|it| it.bus != Bus::Up);
            there |= self.is_unheard(it, bus, heard);
        }
        // One that has gone in good order has told everybody everything.
        let is_cut_off = *bus != State::Up && !(alive.is_empty() && dead.is_empty());
        was_stalled || here || there || is_cut_off
    }

    /// Whether a neighbour is not on the bus although both sides have one.
    pub fn is_unheard(
        &self,
        it: &Neighbour,
        bus: &State,
        heard: &HashMap<NodeKey, Duration>,
    ) -> bool {
        let is_known_long = self
            .neighbours
            .get(&it.key)
            .is_some_and(|known| self.last_beat.duration_since(known.1) >= UNHEARD_AFTER);
        let says_up = it.state.as_ref().is_some_and(|it| it.bus == Bus::Up);
        let is_heard = heard.get(&it.key).is_some_and(|ago| *ago < UNHEARD_AFTER);
        *bus == State::Up && says_up && is_known_long && it.silent < 2 * BEAT && !is_heard
    }
}
