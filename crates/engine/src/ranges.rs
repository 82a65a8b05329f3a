//! Which stretches of a log are on the device without a hole.
//!
//! History is answered locally only inside a stretch; between stretches lie messages the device has
//! never seen. Pure: knows no store and no message.

use tim_protocol::{
    ids::Seq,
    json::{Bad, FromJson, Json, ToJson},
};

use crate::gather::keep;

/// Stretches of a log, ascending, apart from each other by at least one missing place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(Seq, Seq)>);

impl Ranges {
    /// Adds the places `from..=to`, joining what touches. Nothing when `from > to`.
    pub fn add(&mut self, from: Seq, to: Seq) {
        if from > to {
            return;
        }
        let touches = |&(a, b): &(Seq, Seq)| a <= to.saturating_add(1) && from <= b + 1;
        let (mut low, mut high) = (from, to);
        for &(a, b) in self.0.iter().filter(|it| touches(it)) {
            low = low.min(a);
            high = high.max(b);
        }
        keep(&mut self.0, &|it| !touches(it));
        let at = self.0.partition_point(|&(a, _)| a < low);
        self.0.insert(at, (low, high));
    }

    /// The first place of the stretch that holds `seq`.
    #[must_use]
    pub fn start_of(&self, seq: Seq) -> Option<Seq> {
        self.0.iter().find(|&&(a, b)| (a..=b).contains(&seq)).map(|&(a, _)| a)
    }

    /// Forgets everything below `seq`.
    pub fn forget_below(&mut self, seq: Seq) {
        keep(&mut self.0, &|&(_, b)| b >= seq);
        if let Some((a, _)) = self.0.first_mut() {
            *a = (*a).max(seq);
        }
    }

    /// Number of places held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.0.iter().map(|(a, b)| b - a + 1).sum()
    }

    /// The place from which on the newest `count` held places lie.
    #[must_use]
    pub fn newest(&self, count: u64) -> Seq {
        let mut left = count;
        for &(a, b) in self.0.iter().rev() {
            let size = b - a + 1;
            if size >= left {
                return b + 1 - left;
            }
            left -= size;
        }
        0
    }
}

/// `[from, to, from, to, …]`
impl ToJson for Ranges {
    fn write(&self, out: &mut String) {
        let mut flat: Vec<Seq> = Vec::new();
        for (from, to) in &self.0 {
            flat.push(*from);
            flat.push(*to);
        }
        flat.write(out);
    }

    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromJson for Ranges {
    fn blank() -> Self {
        Self::default()
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        for pair in Vec::<Seq>::from_json(json)?.chunks_exact(2) {
            self.add(pair[0], pair[1]);
        }
        Ok(())
    }

    fn may_be_absent(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(parts: &[(Seq, Seq)]) -> Ranges {
        let mut ranges = Ranges::default();
        for &(from, to) in parts {
            ranges.add(from, to);
        }
        ranges
    }

    #[test]
    fn touching_stretches_become_one() {
        assert_eq!(ranges(&[(1, 3), (7, 9), (4, 6)]).0, [(1, 9)]);
        assert_eq!(ranges(&[(7, 9), (1, 3)]).0, [(1, 3), (7, 9)]);
        assert_eq!(ranges(&[(1, 3), (2, 2), (5, 4)]).0, [(1, 3)]);
        assert_eq!(ranges(&[(5, 6), (1, 20)]).0, [(1, 20)]);
    }

    #[test]
    fn finds_where_a_stretch_begins() {
        let it = ranges(&[(1, 3), (7, 9)]);
        assert_eq!([3, 4, 7, 10].map(|seq| it.start_of(seq)), [Some(1), None, Some(7), None]);
    }

    #[test]
    fn counts_and_forgets() {
        let mut it = ranges(&[(1, 3), (7, 9)]);
        assert_eq!((it.held(), it.newest(4), it.newest(3), it.newest(99)), (6, 3, 7, 0));
        it.forget_below(8);
        assert_eq!(it.0, [(8, 9)]);
    }
}
