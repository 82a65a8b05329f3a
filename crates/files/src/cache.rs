//! Segments that were read, the least recently used out first.
//!
//! A segment that was added to since is another one: what is asked for is named with its length, and
//! what nobody asks for any more goes first.

use std::rc::Rc;

use crate::items::Items;

/// Which segment, and how long it was: the conversation's number, the segment's, bytes.
pub type Key = (u64, u64, u64);

/// Segments that were read.
#[derive(Default)]
pub struct Cache(Vec<(Key, Rc<Items>)>);

impl Cache {
    /// Whether a segment is here.
    pub fn has(&self, key: Key) -> bool {
        self.0.iter().any(|it| it.0 == key)
    }

    /// A segment, if it is here.
    pub fn get(&mut self, key: Key) -> Option<Rc<Items>> {
        let at = self.0.iter().position(|it| it.0 == key)?;
        let used = self.0.remove(at);
        let items = Rc::clone(&used.1);
        self.0.push(used);
        Some(items)
    }

    /// Keeps a segment as long as all together are not longer than that.
    pub fn put(&mut self, key: Key, items: Rc<Items>, most: u64) {
        self.0.push((key, items));
        let mut bytes = 0;
        for it in &self.0 {
            bytes += it.0.2;
        }
        while bytes > most {
            bytes -= self.0.remove(0).0.2;
        }
    }

    /// Lets go of everything.
    pub fn clear(&mut self) {
        self.0 = Vec::new();
    }
}
