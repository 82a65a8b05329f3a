//! Connections between devices and the server, with everything that can go wrong on the way.
//!
//! A frame travels as a timer. Without faults it arrives after the latency, in order; a test may
//! decide the fate of single frames, chance may decide it for all. Knows frames by the name of their
//! call or push only.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use tim_engine::ports::Socket;

use super::{sim::Sim, world::Cloud};

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the server.
    Up,
    /// To the device.
    Down,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrive,
    /// Never arrives; the connection stays.
    Vanish,
    /// The connection breaks instead.
    Cut,
    /// The connection breaks right after.
    ArriveThenCut,
    /// Arrives so many milliseconds later than it would; later frames may overtake it.
    Late(u64),
}

/// What chance does to frames, per thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    pub overtaken: u64,
    pub cut: u64,
}

type Judge = Box<dyn FnMut(Way, &str) -> Fate>;

/// The way between one device and the server.
pub struct Route {
    sim: Sim,
    pub online: Cell<bool>,
    pub latency_ms: Cell<(u64, u64)>,
    pub faults: Cell<Faults>,
    pub judge: RefCell<Option<Judge>>,
    pub links: RefCell<Vec<Rc<Link>>>,
    /// How often a device tried to connect, and when.
    pub attempts: RefCell<Vec<u64>>,
}

/// One connection.
pub struct Link {
    pub id: u64,
    route: Rc<Route>,
    cloud: Cloud,
    inbox: RefCell<VecDeque<String>>,
    reader: RefCell<Option<Waker>>,
    client_open: Cell<bool>,
    restarts: Cell<bool>,
    server_open: Cell<bool>,
    /// When the newest frame of a way arrives: frames do not overtake each other.
    arrival_ms: [Cell<u64>; 2],
}

impl Route {
    pub fn new(sim: Sim) -> Rc<Self> {
        Rc::new(Self {
            sim,
            online: Cell::new(true),
            latency_ms: Cell::new((5, 5)),
            faults: Cell::default(),
            judge: RefCell::default(),
            links: RefCell::default(),
            attempts: RefCell::default(),
        })
    }

    pub fn latency(&self) -> u64 {
        let (low, high) = self.latency_ms.get();
        self.sim.between(low, high)
    }

    /// Breaks every connection.
    pub fn cut(&self) {
        for link in self.links.take() {
            link.cut();
        }
    }

    /// The server asks every client to come back.
    pub fn restart(&self) {
        for link in self.links.take() {
            link.restarts.set(true);
            link.hang_up();
        }
    }

    /// The server pushes something without a body.
    pub fn push(&self, name: &str) {
        for link in self.links.borrow().iter() {
            link.carry(Way::Down, name, format!(r#"{{"push":"{name}","body":{{}}}}"#));
        }
    }

    fn fate(&self, way: Way, kind: &str) -> Fate {
        let judged = self.judge.borrow_mut().as_mut().map(|judge| judge(way, kind));
        if let Some(fate) = judged.filter(|it| *it != Fate::Arrive) {
            return fate;
        }
        let faults = self.faults.get();
        if self.sim.chance(faults.lost) {
            Fate::Vanish
        } else if self.sim.chance(faults.cut) {
            if self.sim.chance(500) { Fate::Cut } else { Fate::ArriveThenCut }
        } else if self.sim.chance(faults.overtaken) {
            Fate::Late(self.sim.between(1, 300))
        } else {
            Fate::Arrive
        }
    }
}

impl Link {
    /// Opens a connection to a server that listens.
    pub fn open(route: &Rc<Route>, cloud: &Cloud, id: u64) -> Rc<Self> {
        let link = Rc::new(Self {
            id,
            route: Rc::clone(route),
            cloud: cloud.clone(),
            inbox: RefCell::default(),
            reader: RefCell::default(),
            client_open: Cell::new(true),
            restarts: Cell::new(false),
            server_open: Cell::new(true),
            arrival_ms: Default::default(),
        });
        route.links.borrow_mut().push(Rc::clone(&link));
        link
    }

    /// Sends a frame on its way.
    pub fn carry(self: &Rc<Self>, way: Way, kind: &str, text: String) {
        let fate = self.route.fate(way, kind);
        let mut late_ms = 0;
        match fate {
            Fate::Vanish => return,
            Fate::Cut => return self.cut(),
            Fate::Late(ms) => late_ms = ms,
            Fate::Arrive | Fate::ArriveThenCut => {}
        }
        // Only what is safe to repeat is doubled; a socket doubles nothing at all.
        let is_entry = matches!(kind, "login" | "resume" | "logout");
        let copies =
            if !is_entry && self.route.sim.chance(self.route.faults.get().doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let now_ms = self.route.sim.now_ms();
            let mut at_ms = now_ms + self.route.latency() + late_ms;
            if late_ms == 0 {
                let newest = &self.arrival_ms[way as usize];
                at_ms = at_ms.max(newest.get());
                newest.set(at_ms);
            }
            let (link, text) = (Rc::clone(self), text.clone());
            self.route.sim.after(at_ms - now_ms, move || {
                link.arrive(way, text);
                if fate == Fate::ArriveThenCut {
                    link.cut();
                }
            });
        }
    }

    fn arrive(self: &Rc<Self>, way: Way, text: String) {
        match way {
            Way::Up if self.server_open.get() => self.cloud.receive(self.id, &text),
            Way::Down if self.client_open.get() => {
                self.inbox.borrow_mut().push_back(text);
                self.wake();
            }
            // On the wire when the connection broke.
            Way::Up | Way::Down => {}
        }
    }

    /// Breaks the connection: the device sees it at once, the server a little later, so that what is
    /// on its way may still arrive there.
    pub fn cut(self: &Rc<Self>) {
        if self.client_open.replace(false) {
            self.wake();
        }
        let link = Rc::clone(self);
        let late_ms = self.route.latency();
        self.route.sim.after(late_ms, move || link.server_lets_go());
    }

    /// The server closes the connection behind what it said.
    pub fn hang_up(self: &Rc<Self>) {
        self.server_lets_go();
        let now_ms = self.route.sim.now_ms();
        let wait_ms = self.arrival_ms[Way::Down as usize].get().saturating_sub(now_ms);
        let link = Rc::clone(self);
        self.route.sim.after(wait_ms + self.route.latency_ms.get().0, move || {
            link.client_open.set(false);
            link.wake();
        });
    }

    fn server_lets_go(&self) {
        if self.server_open.replace(false) {
            self.cloud.closed(self.id);
        }
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// The device's end of a connection.
pub struct SimSocket(pub Rc<Link>);

impl Socket for SimSocket {
    fn send(&self, frame: &str) {
        if self.0.client_open.get() {
            let kind = super::server::kind_of(frame);
            self.0.carry(Way::Up, &kind, frame.to_owned());
        }
    }

    async fn receive(&self) -> Option<String> {
        let link = &self.0;
        poll_fn(|context| {
            if !link.client_open.get() && link.inbox.borrow().is_empty() {
                return Poll::Ready(None);
            }
            if let Some(text) = link.inbox.borrow_mut().pop_front() {
                return Poll::Ready(Some(text));
            }
            *link.reader.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn close(&self) {
        self.0.cut();
    }

    fn server_restarts(&self) -> bool {
        self.0.restarts.get()
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        self.0.cut();
    }
}
