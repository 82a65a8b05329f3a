//! Lists of what an iterator gives, and parts of lists.
//!
//! `collect` brings, for every iterator, code that guesses the length and reuses memory. A loop that
//! pushes is a third of that to download.

/// Iterators whose items are wanted as a list.
pub(crate) trait Gather: Iterator + Sized {
    /// All items.
    fn gather(self) -> Vec<Self::Item> {
        let mut all = Vec::new();
        self.gather_into(&mut all);
        all
    }

    /// All items, behind those that are in the list.
    fn gather_into(self, list: &mut Vec<Self::Item>) {
        for it in self {
            list.push(it);
        }
    }
}

impl<I: Iterator> Gather for I {}

/// Keeps some items: `retain`, once for each type.
pub(crate) fn keep<T>(list: &mut Vec<T>, which: &dyn Fn(&T) -> bool) {
    list.retain(which);
}
