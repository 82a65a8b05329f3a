//! A value that one operation after another has to itself, in the order in which they asked.

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

use tim_engine::line::{self, Line};

/// The value, and who waits for it.
pub struct Turns<T> {
    /// Here unless somebody has it.
    value: Cell<Option<Box<T>>>,
    line: Line,
}

/// The value for as long as this lives.
pub struct Turn<'a, T> {
    turns: &'a Turns<T>,
    value: Option<Box<T>>,
    /// Given up after the value is back.
    _turn: line::Turn,
}

impl<T> Turns<T> {
    pub fn new(value: T) -> Self {
        Self { value: Cell::new(Some(Box::new(value))), line: Line::default() }
    }

    /// Resolves when everybody who asked before is done.
    pub async fn turn(&self) -> Turn<'_, T> {
        let turn = self.line.turn().await;
        Turn { turns: self, value: self.value.take(), _turn: turn }
    }
}

const IN_TURN: &str = "whoever is first in the line has the value";

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect(IN_TURN)
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect(IN_TURN)
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.turns.value.set(self.value.take());
    }
}
