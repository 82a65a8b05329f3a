//! Where the engine's words go: to the facade, and into the log as far as the app wants it; the same
//! for every host.

use std::{cell::Cell, rc::Rc};

use tim_engine::{output::Output, ports::LogLevel};

/// How much is logged: 0 everything … 4 nothing. Clones are the same switch.
#[derive(Clone, Debug)]
pub struct LogSwitch(Rc<Cell<u8>>);

impl Default for LogSwitch {
    fn default() -> Self {
        Self(Rc::new(Cell::new(1)))
    }
}

impl LogSwitch {
    /// Sets the level; unknown ones leave it as it is.
    pub fn set(&self, level: u8) {
        if level <= 4 {
            self.0.set(level);
        }
    }
}

/// A level as a number, as [`LogSwitch`] counts.
pub(crate) fn rank(level: LogLevel) -> u8 {
    match level {
        LogLevel::Debug => 0,
        LogLevel::Info => 1,
        LogLevel::Warn => 2,
        LogLevel::Error => 3,
    }
}

/// What a host gets from the JavaScript side.
pub struct Outlet {
    output: Box<dyn Fn(Vec<Output>)>,
    log: LogSwitch,
}

impl Outlet {
    /// Hands what the engine says to `output`.
    #[must_use]
    pub fn new(output: Box<dyn Fn(Vec<Output>)>, log: LogSwitch) -> Self {
        Self { output, log }
    }

    /// Says something.
    pub(crate) fn output(&self, batch: Vec<Output>) {
        (self.output)(batch);
    }

    /// Whether a line of this level is wanted.
    pub(crate) fn lets_through(&self, level: LogLevel) -> bool {
        rank(level) >= self.log.0.get()
    }
}
