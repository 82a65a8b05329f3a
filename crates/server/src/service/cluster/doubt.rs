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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::cluster::state::SelfDescription;

    /// A server among others, beat by beat.
    struct Beats {
        doubt: Doubt,
        now: Instant,
        bus: State,
        losses: u64,
        alive: Vec<Neighbour>,
        dead: Vec<Neighbour>,
        heard: HashMap<NodeKey, Duration>,
    }

    fn neighbour(key: i64, bus: Bus, losses: u64) -> Neighbour {
        let state = SelfDescription::named("other", bus, losses);
        Neighbour { key: NodeKey(key), silent: BEAT / 2, state: Some(state) }
    }

    impl Beats {
        /// One neighbour, and all is well.
        fn new() -> Self {
            let now = Instant::now();
            let mut beats = Self {
                doubt: Doubt::new(now, 0),
                now,
                bus: State::Up,
                losses: 0,
                alive: vec![neighbour(1, Bus::Up, 0)],
                dead: Vec::new(),
                heard: HashMap::from([(NodeKey(1), BEAT)]),
            };
            assert!(!beats.after(BEAT) && !beats.after(BEAT));
            beats
        }

        fn after(&mut self, pause: Duration) -> bool {
            self.now += pause;
            self.doubt.at_beat(Seen {
                now: self.now,
                bus: &self.bus,
                losses: self.losses,
                alive: &self.alive,
                dead: &self.dead,
                heard: &self.heard,
            })
        }
    }

    #[test]
    fn each_loss_is_one_beat_of_doubt() {
        let mut beats = Beats::new();
        beats.losses = 7;
        assert!(beats.after(BEAT) && !beats.after(BEAT));
        beats.alive = vec![neighbour(1, Bus::Up, 3)];
        assert!(beats.after(BEAT) && !beats.after(BEAT));
        beats.dead = vec![neighbour(2, Bus::Up, 0)];
        assert!(beats.after(BEAT));
        beats.dead.clear();
        assert!(!beats.after(BEAT));
        assert!(beats.after(STALLED_AFTER) && !beats.after(BEAT));
    }

    #[test]
    fn a_bus_that_is_away_anywhere_is_doubt_as_long_as_it_is() {
        let mut beats = Beats::new();
        beats.bus = State::Away { since: beats.now, why: "gone".into() };
        assert!(beats.after(BEAT) && beats.after(BEAT));
        beats.bus = State::Up;
        beats.alive = vec![neighbour(1, Bus::Away, 0)];
        assert!(beats.after(BEAT) && beats.after(BEAT));
        beats.alive = vec![neighbour(1, Bus::Up, 0)];
        assert!(!beats.after(BEAT));
    }

    #[test]
    fn a_server_without_a_bus_is_in_doubt_only_beside_others() {
        let mut beats = Beats::new();
        beats.bus = State::Alone;
        assert!(beats.after(BEAT));
        beats.alive.clear();
        assert!(!beats.after(BEAT));
    }

    #[test]
    fn a_neighbour_that_is_not_heard_hangs_on_another_bus() {
        let mut beats = Beats::new();
        beats.heard.clear();
        let doubts: Vec<bool> = (0..4).map(|_| beats.after(BEAT)).collect();
        assert_eq!(doubts, [false, false, true, true], "it is given the time of a few beats");
        beats.heard.insert(NodeKey(1), BEAT);
        assert!(!beats.after(BEAT));
        // One that has just come has not had the time to be heard.
        beats.alive.push(neighbour(2, Bus::Up, 0));
        assert!(!beats.after(BEAT));
    }
}
