//! Random histories: whatever happens to the files, the store is what the engine's memory store is
//! after the same batches, up to the last one that was confirmed, or one further and whole.

use futures::FutureExt;
use tim_engine::store::{
    Batch, Position, Record, Snapshot, Store, StoreError, memory::MemoryStore,
};
use tim_files::{FileStore, Limits};

use crate::{
    ports::MemoryFiles,
    talk::{conversation, id, now, open},
};

const NAMES: [&str; 3] = ["alice", "bob", "c"];

/// A small generator of our own: a failure is repeated by its seed.
pub struct Random(u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What the engine and its server know of one conversation.
#[derive(Clone)]
struct Log {
    name: &'static str,
    /// The oldest and the newest place that were ever written.
    low: u64,
    high: u64,
    /// Which message is at which place: changes when the log is dropped.
    epoch: u64,
    locals: Vec<Record>,
}

/// Makes batches like an engine's.
struct Writer {
    random: Random,
    logs: Vec<Log>,
    count: u64,
}

impl Writer {
    fn new(seed: u64) -> Self {
        let log = |name| Log { name, low: 500, high: 499, epoch: 0, locals: Vec::new() };
        Self { random: Random(seed), logs: NAMES.map(log).into(), count: 0 }
    }

    fn text(&mut self) -> String {
        self.count += 1;
        let length = if self.random.one_in(30) { 700 } else { self.random.below(120) };
        format!("{{\"n\":{}{}}}", self.count, "é".repeat(length as usize / 2))
    }

    fn stored(&mut self, log: usize, seq: u64) -> Record {
        let json = self.text();
        let Log { name, epoch, .. } = self.logs[log];
        let number = 10_000_000 * (log as u64 + 1) + seq + 3 * epoch;
        let position = Position::stored(seq);
        Record { id: id(number), conversation: conversation(name), position, outbox: false, json }
    }

    fn put(&mut self, log: usize, batch: &mut Batch) {
        match self.random.below(9) {
            // New ones, older ones, known ones once more.
            0..4 => {
                for _ in 0..=self.random.below(5) {
                    self.logs[log].high += 1;
                    let message = self.stored(log, self.logs[log].high);
                    batch.messages.push(message);
                }
            }
            4..6 => {
                let top = self.logs[log].low;
                let low = top.saturating_sub(self.random.below(8)).max(1);
                for seq in low..top {
                    let message = self.stored(log, seq);
                    batch.messages.push(message);
                }
                self.logs[log].low = low;
            }
            6 => {
                let Log { low, high, .. } = self.logs[log];
                for _ in 0..=self.random.below(4) {
                    let seq = low + self.random.below((high + 1).saturating_sub(low).max(1));
                    self.logs[log].high = high.max(seq);
                    let message = self.stored(log, seq);
                    batch.messages.push(message);
                }
            }
            // One of this device: new, again at another place, or sent.
            7 => {
                let sub = self.count + 1;
                let position = Position { seq: self.logs[log].high, sub };
                let outbox = self.random.one_in(2);
                let json = self.text();
                let known = self.logs[log].locals.len() as u64;
                if known > 0 && self.random.one_in(3) {
                    let local = &mut self.logs[log].locals[self.random.below(known) as usize];
                    *local = Record { position, outbox, json, ..local.clone() };
                    batch.messages.push(local.clone());
                } else {
                    let conversation = conversation(self.logs[log].name);
                    let id = id(900_000_000 + self.count);
                    let local = Record { id, conversation, position, outbox, json };
                    batch.messages.push(local.clone());
                    self.logs[log].locals.push(local);
                }
            }
            _ => {
                let known = self.logs[log].locals.len() as u64;
                if known > 0 {
                    let local =
                        self.logs[log].locals.swap_remove(self.random.below(known) as usize);
                    // A stored message keeps its place for good; nothing else comes to lie there.
                    self.logs[log].high += 1;
                    let message = self.stored(log, self.logs[log].high);
                    batch.messages.push(Record { id: local.id, ..message });
                    self.logs[log].high += 1;
                }
            }
        }
    }

    fn batch(&mut self) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..=self.random.below(2) {
            let log = self.random.below(NAMES.len() as u64) as usize;
            self.put(log, &mut batch);
        }
        let log = self.random.below(NAMES.len() as u64) as usize;
        let name = conversation(self.logs[log].name);
        match self.random.below(12) {
            0 => {
                let Log { low, high, .. } = self.logs[log];
                let below = low + self.random.below(high.saturating_sub(low) + 3);
                batch.evictions.push((name, below));
            }
            1 => {
                self.drop_log(log);
                batch.evictions.push((name, u64::MAX));
            }
            2 | 3 => batch.conversations.push((name, self.text())),
            4 => batch
                .values
                .push((["me", "you"][self.random.below(2) as usize].into(), self.text())),
            _ => {}
        }
        batch
    }

    /// The log is gone, and the messages in it may turn up elsewhere.
    fn drop_log(&mut self, log: usize) {
        let log = &mut self.logs[log];
        log.epoch += 1;
        log.high += 2;
        log.low = log.high + 1;
    }
}

/// What can be seen of a store.
fn snapshot(store: &impl Store) -> Snapshot {
    let mut snapshot = now(store.load()).expect("what is in memory");
    snapshot.conversations.sort_unstable();
    snapshot.outbox.sort_unstable();
    snapshot.values.sort_unstable();
    snapshot
}

/// Where the store differs from the model; conversations with losses are skipped and given.
fn difference(
    store: &impl Store,
    model: &MemoryStore,
    writer: &Writer,
    random: &mut Random,
) -> Result<Vec<usize>, String> {
    if snapshot(store) != snapshot(model) {
        return Err(format!("{:?}, not {:?}", snapshot(store), snapshot(model)));
    }
    let mut lost = Vec::new();
    for (at, log) in writer.logs.iter().enumerate() {
        let name = conversation(log.name);
        let mut pages = vec![(Position::stored(u64::MAX), usize::MAX), (Position::stored(1), 5)];
        for _ in 0..3 {
            let seq = log.low + random.below(log.high.saturating_sub(log.low) + 2);
            let sub = random.below(2) * random.below(300);
            pages.push((Position { seq, sub }, random.below(20) as usize));
        }
        for (before, limit) in pages {
            let expected = now(model.older(&name, before, limit)).expect("memory");
            match now(store.older(&name, before, limit)) {
                Ok(page) if page == expected => {}
                Err(StoreError::Gone) => {
                    lost.push(at);
                    break;
                }
                page => {
                    return Err(format!("{name} {before:?} {limit}: {page:?}, not {expected:?}"));
                }
            }
        }
        let sample =
            [log.low, log.high, log.low + random.below(log.high.saturating_sub(log.low) + 1)];
        let mut ids =
            sample.map(|seq| 10_000_000 * (at as u64 + 1) + seq + 3 * log.epoch).map(id).to_vec();
        ids.extend(log.locals.iter().map(|it| it.id.clone()));
        for id in ids {
            let expected = now(model.message(&name, &id));
            match now(store.message(&name, &id)) {
                Err(StoreError::Gone) if lost.contains(&at) => {}
                found if found == expected => {}
                found => return Err(format!("{name} {id}: {found:?}, not {expected:?}")),
            }
        }
    }
    Ok(lost)
}

/// What may happen to the files.
#[derive(Clone, Copy, Default)]
struct Weather {
    kills: bool,
    failures: bool,
    full: bool,
    budget: bool,
}

struct Run {
    files: MemoryFiles,
    limits: Limits,
    writer: Writer,
    random: Random,
    weather: Weather,
    store: FileStore<MemoryFiles>,
    /// What was confirmed.
    model: MemoryStore,
    /// How often each thing has happened.
    killed: u32,
    failed: u32,
    lost: u32,
}

impl Run {
    fn new(seed: u64, weather: Weather) -> Self {
        let mut random = Random(seed ^ 0x5eed);
        let limits = Limits {
            journal: 100 + random.below(2_000) as usize,
            segment: 200 + random.below(3_000) as usize,
            cache: random.below(8_000),
            budget: if weather.budget { 3_000 + random.below(9_000) } else { 1 << 30 },
        };
        let files = MemoryFiles::default();
        let store = open(&files, limits);
        Self {
            files,
            limits,
            writer: Writer::new(seed),
            random,
            weather,
            store,
            model: MemoryStore::default(),
            killed: 0,
            failed: 0,
            lost: 0,
        }
    }

    fn reopen(&mut self) {
        self.files.kill_in.set(None);
        self.files.fail_in.set(None);
        self.files.room.set(None);
        self.store = open(&self.files, self.limits);
    }

    fn confirm(&self, batch: &Batch) {
        now(self.model.write(batch)).expect("memory takes everything");
    }

    fn difference(&mut self) -> Result<Vec<usize>, String> {
        difference(&self.store, &self.model, &self.writer, &mut self.random)
    }

    /// The store is what was confirmed, or that with the batch that was under way.
    fn check_either(&mut self, under_way: Batch, before: Vec<Log>, what: &str) {
        if self.difference().is_err() {
            self.confirm(&under_way);
        } else {
            self.writer.logs = before;
        }
        self.check(what);
    }

    /// The store is what was confirmed.
    fn check(&mut self, what: &str) {
        let lost = self.difference().unwrap_or_else(|difference| panic!("{what}: {difference}"));
        assert!(
            lost.is_empty() || self.weather.full || self.weather.budget,
            "{what}: nothing may be lost"
        );
        // What the engine does then.
        for log in lost {
            self.lost += 1;
            self.files.room.set(None);
            self.writer.drop_log(log);
            let name = conversation(self.writer.logs[log].name);
            let batch = Batch { evictions: vec![(name, u64::MAX)], ..Batch::default() };
            now(self.store.write(&batch)).expect("nothing happens meanwhile");
            self.confirm(&batch);
            let all = self.difference();
            assert!(!all.expect(what).contains(&log), "{what}: it is not lost any more");
        }
    }

    fn step(&mut self, what: &str) {
        let before = self.writer.logs.clone();
        let batch = self.writer.batch();
        if self.weather.kills && self.random.one_in(3) {
            self.files.kill_in.set(Some(self.random.below(12) as u32));
        }
        if self.weather.failures && self.random.one_in(3) {
            self.files.fail_in.set(Some(self.random.below(12) as u32));
        }
        if self.weather.full && self.random.one_in(4) {
            self.files.room.set(Some(self.files.bytes() + self.random.below(900) as usize));
        }
        let written = self.store.write(&batch).now_or_never();
        self.files.kill_in.set(None);
        self.files.fail_in.set(None);
        match written {
            Some(Ok(())) => {
                self.confirm(&batch);
                if self.random.one_in(6) {
                    self.reopen();
                }
                if self.random.one_in(5) {
                    self.store.trim();
                }
                self.check(what);
            }
            None => {
                self.killed += 1;
                self.reopen();
                self.check_either(batch, before, what);
            }
            Some(Err(StoreError::Gone)) => panic!("{what}: writes need nothing that may be gone"),
            Some(Err(StoreError::Unusable(_))) => {
                self.failed += 1;
                if self.random.one_in(2) {
                    self.reopen();
                    self.check_either(batch, before, what);
                } else {
                    self.files.room.set(None);
                    self.difference().expect(what);
                    now(self.store.write(&batch)).expect("nothing stands in the way any more");
                    self.confirm(&batch);
                    self.check(what);
                }
            }
        }
    }

    fn all(seed: u64, weather: Weather) -> Self {
        let mut run = Self::new(seed, weather);
        for step in 0..120 {
            run.step(&format!("seed {seed}, step {step}"));
        }
        run.reopen();
        run.check(&format!("seed {seed}, at the end"));
        run
    }
}

const SEEDS: std::ops::Range<u64> = 0..40;

#[test]
fn is_what_memory_would_be_through_folds_merges_and_starts() {
    for seed in SEEDS {
        Run::all(seed, Weather::default());
    }
}

#[test]
fn a_kill_at_any_moment_leaves_all_that_was_confirmed() {
    let killed: u32 = SEEDS
        .map(|seed| Run::all(seed, Weather { kills: true, ..Weather::default() }).killed)
        .sum();
    assert!(killed > 300, "only {killed} kills");
}

#[test]
fn a_failure_at_any_moment_leaves_all_that_was_confirmed() {
    let weather = Weather { failures: true, ..Weather::default() };
    let failed: u32 = SEEDS.map(|seed| Run::all(seed, weather).failed).sum();
    assert!(failed > 100, "only {failed} failures");
}

#[test]
fn a_full_disk_at_any_moment_loses_nothing_unsaid() {
    let weather = Weather { full: true, ..Weather::default() };
    let runs = SEEDS.map(|seed| Run::all(seed, weather)).collect::<Vec<_>>();
    let lost: u32 = runs.iter().map(|it| it.lost).sum();
    assert!(lost > 100, "only {lost} losses");
}

#[test]
fn everything_together() {
    let weather = Weather { kills: true, failures: true, full: true, budget: true };
    for seed in SEEDS {
        Run::all(seed, weather);
    }
}
