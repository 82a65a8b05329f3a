//! Chance: random chats over a terrible network, from a seed.
//!
//! However frames are lost, doubled and overtaken, connections cut, pages reloaded and stores slow:
//! when the weather is good again, every message shown as sent is in every history exactly once and
//! in the log's order, everything that failed can be sent again and is then there exactly once, and
//! everybody counts the same unread messages as the server.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use tim_engine::{gate::Phase, output::Status};

use crate::support::{Device, Faults, World, app::App, device::Call};

struct Chat {
    seed: u64,
    world: World,
    people: Vec<Person>,
    sends: Vec<Send>,
    next: u32,
}

struct Person {
    device: Device,
    login: Option<Call>,
    /// Lengths of the logs when this page was ready and had the server's list, by peer.
    ready_at: Option<BTreeMap<String, usize>>,
}

struct Send {
    from: usize,
    to: String,
    text: String,
    call: Call,
    /// When its outcome was seen by a page that is still there.
    done_ms: Option<u64>,
    /// Its outcome is in the store for certain.
    settled: bool,
}

const USERS: [&str; 3] = ["alice", "bob", "carol"];

impl Chat {
    fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let sim = world.sim.clone();
        let count = sim.between(2, 4) as usize;
        let terrible = Faults {
            lost: sim.between(0, 60),
            doubled: sim.between(0, 100),
            overtaken: sim.between(0, 150),
            cut: sim.between(0, 30),
        };
        world.server(|it| {
            it.max_instances = 1000;
            USERS.iter().for_each(|user| it.account(user));
        });
        let people = (0..count).map(|at| {
            let device = world.device(USERS[at % USERS.len()]);
            device.route.latency_ms.set((1, sim.between(1, 200)));
            device.disk.slow_ms.set((0, sim.between(0, 60)));
            if sim.chance(150) {
                device.disk.fails_from.set(Some(sim.between(0, 80)));
            }
            device.login();
            device.route.faults.set(terrible);
            Person { device, login: None, ready_at: None }
        });
        let people = people.collect();
        Self { seed, world, people, sends: Vec::new(), next: 0 }
    }

    fn step(&mut self) {
        let sim = self.world.sim.clone();
        let at = sim.between(0, self.people.len() as u64 - 1) as usize;
        self.note_ready();
        for send in self.sends.iter_mut().filter(|it| it.call.is_done()) {
            send.done_ms.get_or_insert(sim.now_ms());
        }
        let person = &mut self.people[at];
        let device = &person.device;
        let ready = device.client().phase() == Phase::Ready;
        let peer = USERS[sim.between(0, 2) as usize];
        let conversation = json!([{ "conversationID": format!("C2C{peer}") }]);
        match sim.between(0, 99) {
            0..=54 if ready => {
                for _ in 0..sim.between(1, 4) {
                    self.next += 1;
                    let text = self.next.to_string();
                    let call = device.start_send(peer, &text);
                    let to = peer.to_owned();
                    self.sends.push(Send {
                        from: at,
                        to,
                        text,
                        call,
                        done_ms: None,
                        settled: false,
                    });
                }
            }
            55..=62 if ready => drop(device.start("setMessageRead", conversation)),
            63..=68 if ready && self.seed.is_multiple_of(2) => {
                drop(device.start("getMessageList", conversation));
            }
            69..=73 if ready => {
                let app = device.app();
                let failed =
                    app.messages.borrow().values().find(|it| it.v.status == Status::Fail).cloned();
                if let Some(view) = failed {
                    device.start("resendMessage", json!([App::as_json(&view)]));
                }
            }
            74..=80 => device.route.cut(),
            81..=84 => device.go_offline(),
            85..=92 => device.go_online(),
            93..=96 => {
                device.reload();
                person.ready_at = None;
                for send in self.sends.iter_mut().filter(|it| it.from == at) {
                    // Written within a fifth of a second.
                    send.settled |= send.done_ms.is_some_and(|it| it + 200 <= sim.now_ms());
                }
                person.login = Some(device.start_login());
            }
            _ => device.wake(),
        }
        if !ready && person.login.as_ref().is_some_and(Call::is_done) {
            let failed = person.login.as_ref().is_some_and(|it| it.code() != 0);
            if failed {
                person.login = Some(person.device.start_login());
            }
        }
        let ms = [sim.between(0, 30), sim.between(0, 500), sim.between(0, 8000)];
        self.world.pass(ms[sim.between(0, 2) as usize]);
    }

    /// Remembers how long the logs were when a page was in step with the server.
    fn note_ready(&mut self) {
        for person in &mut self.people {
            // After a start without the server, what it knows is old until its list has come.
            let in_step = |device: &Device| {
                let list = device.start("getConversationList", json!([])).outcome();
                list.is_some_and(|it| it.is_ok_and(|it| it["isSyncCompleted"] == true))
            };
            if person.ready_at.is_none() && in_step(&person.device) {
                let me = &person.device.user;
                let lengths = USERS.iter().map(|peer| {
                    let length = self.world.server(|it| it.texts(me, peer).len());
                    ((*peer).to_owned(), length)
                });
                person.ready_at = Some(lengths.collect());
            }
        }
    }

    /// Good weather: everybody is back and in step.
    fn clear_up(&mut self) {
        for person in &mut self.people {
            person.device.route.faults.set(Faults::default());
            person.device.go_online();
        }
        self.world.pass(60_000);
        for person in &mut self.people {
            if person.device.client().phase() == Phase::Idle {
                person.device.start_login();
            }
        }
        self.world.pass(60_000);
        // A push may have been lost as the last thing; only a reconnect tells.
        for person in &self.people {
            person.device.route.cut();
        }
        self.world.pass(60_000);
        for person in &self.people {
            assert_eq!(person.device.client().phase(), Phase::Ready, "seed {}", self.seed);
        }
    }

    fn check(&mut self) {
        let seed = self.seed;
        self.note_ready();
        // What the senders saw.
        for send in &self.sends {
            let from = &self.people[send.from].device;
            let log = self.world.server(|it| it.texts(&from.user, &send.to));
            let count = log.iter().filter(|it| **it == send.text).count();
            assert!(count <= 1, "seed {seed}: {} is there {count} times", send.text);
            if send.call.outcome().is_some_and(|it| it.is_ok()) {
                assert_eq!(count, 1, "seed {seed}: {} was lost", send.text);
            }
        }
        // What failed can be sent again.
        for at in 0..self.people.len() {
            let device = &self.people[at].device;
            for peer in USERS {
                device.history(&format!("C2C{peer}"));
            }
            let app = device.app();
            let views: Vec<_> = app.messages.borrow().values().cloned().collect();
            for view in views.iter().filter(|it| it.v.status != Status::Success) {
                assert_eq!(view.v.status, Status::Fail, "seed {seed}: nothing is on its way");
                let outcome = device.call("resendMessage", json!([App::as_json(view)]));
                assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
            }
            // A database that fails takes what failed along when the page goes.
            let kept = device.disk.fails_from.get().is_none();
            let settled = self.sends.iter().filter(|it| kept && it.from == at && it.settled);
            for send in settled {
                let log = self.world.server(|it| it.texts(&device.user, &send.to));
                let found = log.contains(&send.text);
                assert!(found, "seed {seed}: {} is neither here nor there", send.text);
            }
        }
        self.clear_up();
        for person in &self.people {
            let device = &person.device;
            let me = &device.user;
            for peer in USERS {
                let conversation = format!("C2C{peer}");
                let log = self.world.server(|it| it.texts(me, peer));
                let unique: HashSet<&String> = log.iter().collect();
                assert_eq!(unique.len(), log.len(), "seed {seed}: {me} and {peer}");
                assert_eq!(device.history(&conversation), log, "seed {seed}: {me} of {peer}");
                if log.is_empty() {
                    continue;
                }
                let app = device.app();
                assert_eq!(app.last(&conversation), *log.last().unwrap(), "seed {seed}: {me}");
                let unread = self.world.server(|it| it.unread(me, peer));
                assert_eq!(app.unread(&conversation), unread, "seed {seed}: {me} of {peer}");
                self.check_received(person, peer, &log);
            }
        }
    }

    /// Whatever came after this page was ready, from elsewhere, was received; in order.
    fn check_received(&self, person: &Person, peer: &str, log: &[String]) {
        let (seed, app) = (self.seed, person.device.app());
        let received = app.received_in(&format!("C2C{peer}"));
        let mut places = received.iter().map(|it| log.iter().position(|other| other == it));
        let mut newest = None;
        assert!(
            places.all(|it| std::mem::replace(&mut newest, it) < it),
            "seed {seed}: {} received out of order {received:?}",
            person.device.user
        );
        let Some(ready_at) = &person.ready_at else { return };
        // A page read by the app may be faster than the event, which then says nothing new.
        if seed.is_multiple_of(2) {
            return;
        }
        for text in &log[ready_at[peer].min(log.len())..] {
            let view = app.message(text);
            let known = received.contains(text) || app.sent_here(&view.m.id);
            let from_here = self.sends.iter().any(|it| {
                it.text == *text && self.people[it.from].device.user == person.device.user
            });
            assert!(
                known || from_here,
                "seed {seed}: {} never heard of {text} from {peer}",
                person.device.user
            );
        }
    }
}

fn run(seed: u64) {
    let mut chat = Chat::new(seed);
    let steps = chat.world.sim.between(20, 60);
    for _ in 0..steps {
        chat.step();
    }
    chat.clear_up();
    chat.check();
}

/// Says the seed also when an assertion of the world fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            panic_note(&format!("the seed is {seed}"));
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failing test says how to repeat it")]
fn panic_note(text: &str) {
    eprintln!("{text}");
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order() {
    let seeds = std::env::var("TIM_SEEDS").ok().and_then(|it| {
        let (from, to) = it.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    for seed in seeds.unwrap_or(0..60) {
        let seed = Seed(seed);
        run(seed.0);
    }
}
