//! Values by the text of their ID.
//!
//! A hash map of our own make over one instance of a library's: what a generic map repeats for each
//! type of value, growing, probing, rehashing, is here once for all, and that is what a page
//! downloads. IDs are hashed without a secret; a page holds some thousands of them, and who could
//! choose them could flood it with messages anyway.

use hashbrown::HashTable;

/// Values by ID; in no particular order.
#[derive(Clone, Debug)]
pub(crate) struct Table<K, V> {
    index: Index,
    rows: Vec<(K, V)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { index: Index::default(), rows: Vec::new() }
    }
}

impl<K: AsRef<str>, V> Table<K, V> {
    fn row(&self, id: &K) -> Option<usize> {
        let id = id.as_ref();
        self.index.find(hash(id), &|row| self.rows[row].0.as_ref() == id)
    }

    pub fn get(&self, id: &K) -> Option<&V> {
        self.row(id).map(|row| &self.rows[row].1)
    }

    pub fn get_mut(&mut self, id: &K) -> Option<&mut V> {
        self.row(id).map(|row| &mut self.rows[row].1)
    }

    pub fn contains(&self, id: &K) -> bool {
        self.row(id).is_some()
    }

    /// Puts a value in and gives the one that was there before.
    pub fn insert(&mut self, id: K, value: V) -> Option<V> {
        match self.row(&id) {
            Some(row) => Some(std::mem::replace(&mut self.rows[row].1, value)),
            None => {
                self.add(id, value);
                None
            }
        }
    }

    /// The value of an ID, made if there is none.
    pub fn get_or_insert_with(&mut self, id: &K, make: impl FnOnce() -> V) -> &mut V
    where
        K: Clone,
    {
        let row = self.row(id).unwrap_or_else(|| self.add(id.clone(), make()));
        &mut self.rows[row].1
    }

    fn add(&mut self, id: K, value: V) -> usize {
        let row = self.rows.len();
        self.index.insert(hash(id.as_ref()), row);
        self.rows.push((id, value));
        row
    }

    pub fn remove(&mut self, id: &K) -> Option<V> {
        let row = self.row(id)?;
        self.index.remove(hash(id.as_ref()), row);
        let (_, value) = self.rows.swap_remove(row);
        if let Some((moved, _)) = self.rows.get(row) {
            // The last row fills the gap.
            self.index.renumber(hash(moved.as_ref()), self.rows.len(), row);
        }
        Some(value)
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.rows.iter_mut().map(|(_, value)| value)
    }

    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.rows.into_iter().map(|(_, value)| value)
    }
}

/// Rows by hash: the part that does not depend on any type.
#[derive(Clone, Debug, Default)]
struct Index(HashTable<(u64, usize)>);

impl Index {
    #[inline(never)]
    fn find(&self, hash: u64, is_it: &dyn Fn(usize) -> bool) -> Option<usize> {
        self.0.find(hash, |it| it.0 == hash && is_it(it.1)).map(|it| it.1)
    }

    #[inline(never)]
    fn insert(&mut self, hash: u64, row: usize) {
        self.0.insert_unique(hash, (hash, row), |it| it.0);
    }

    #[inline(never)]
    fn remove(&mut self, hash: u64, row: usize) {
        if let Ok(found) = self.0.find_entry(hash, |it| it.1 == row) {
            found.remove();
        }
    }

    #[inline(never)]
    fn renumber(&mut self, hash: u64, from: usize, to: usize) {
        if let Some(it) = self.0.find_mut(hash, |it| it.1 == from) {
            it.1 = to;
        }
    }
}

/// FNV-1a.
#[inline(never)]
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn behaves_like_a_map_through_any_inserting_and_removing() {
        let mut table = Table::<String, u32>::default();
        let mut map = HashMap::new();
        let mut random = 7_u32;
        for step in 0..20_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let id = format!("C2C{}", (random >> 16) % 500);
            match random >> 30 {
                0 => assert_eq!(table.remove(&id), map.remove(&id)),
                1 => assert_eq!(
                    table.get_or_insert_with(&id, || step),
                    map.entry(id.clone()).or_insert(step)
                ),
                _ => assert_eq!(table.insert(id.clone(), step), map.insert(id.clone(), step)),
            }
            assert_eq!(table.get(&id), map.get(&id));
            assert_eq!(table.contains(&id), map.contains_key(&id));
        }
        let sorted = |mut values: Vec<u32>| {
            values.sort_unstable();
            values
        };
        assert!(!table.is_empty());
        assert_eq!(
            sorted(table.values().copied().collect()),
            sorted(map.values().copied().collect())
        );
        table.clear();
        assert!(table.is_empty() && !table.contains(&"C2C1".to_owned()));
    }
}
