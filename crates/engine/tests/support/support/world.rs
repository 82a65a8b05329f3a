//! The whole: one simulation, one server, some devices.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
};

use super::{
    device::Device,
    network::{Link, Way},
    server::{Say, Server},
    sim::Sim,
};

/// A server and the ends of its connections; clones are the same one.
#[derive(Clone)]
pub struct Cloud(Rc<Inner>);

struct Inner {
    sim: Sim,
    server: RefCell<Server>,
    /// Whether anybody listens.
    listening: Cell<bool>,
    links: RefCell<BTreeMap<u64, Weak<Link>>>,
    next_link: Cell<u64>,
}

impl Cloud {
    /// Accepts a connection, unless nobody listens or there is no way.
    pub fn connect(&self, online: bool) -> Option<u64> {
        if !online || !self.0.listening.get() {
            return None;
        }
        let id = self.0.next_link.get();
        self.0.next_link.set(id + 1);
        self.0.server.borrow_mut().opened(id);
        Some(id)
    }

    pub fn join(&self, link: &Rc<Link>) {
        self.0.links.borrow_mut().insert(link.id, Rc::downgrade(link));
    }

    /// A frame has reached the server.
    pub fn receive(&self, link: u64, text: &str) {
        let said = self.0.server.borrow_mut().receive(link, text, self.0.sim.now_ms());
        for say in said {
            let id = match &say {
                Say::Frame(id, ..) | Say::HangUp(id) => *id,
            };
            let Some(link) = self.0.links.borrow().get(&id).and_then(Weak::upgrade) else {
                continue;
            };
            match say {
                Say::Frame(_, kind, text) => link.carry(Way::Down, &kind, text),
                Say::HangUp(_) => link.hang_up(),
            }
        }
    }

    pub fn closed(&self, link: u64) {
        self.0.links.borrow_mut().remove(&link);
        self.0.server.borrow_mut().closed(link);
    }
}

/// Everything of a test.
pub struct World {
    pub sim: Sim,
    cloud: Cloud,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let sim = Sim::new(seed);
        let cloud = Cloud(Rc::new(Inner {
            sim: sim.clone(),
            server: RefCell::new(Server::new()),
            listening: Cell::new(true),
            links: RefCell::default(),
            next_link: Cell::new(1),
        }));
        Self { sim, cloud }
    }

    /// A device of a user, who gets an account if need be.
    pub fn device(&self, user: &str) -> Device {
        self.server(|it| it.account(user));
        Device::new(&self.sim, &self.cloud, user)
    }

    /// A device whose user is logged in.
    pub fn ready(&self, user: &str) -> Device {
        let device = self.device(user);
        device.login();
        self.pass(1_100);
        device.events();
        device
    }

    pub fn server<R>(&self, f: impl FnOnce(&mut Server) -> R) -> R {
        f(&mut self.cloud.0.server.borrow_mut())
    }

    /// Whether the server accepts connections.
    pub fn listen(&self, listening: bool) {
        self.cloud.0.listening.set(listening);
    }

    pub fn pass(&self, ms: u64) {
        self.sim.pass(ms);
    }
}
