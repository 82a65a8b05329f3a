//! The journal's end: its messages go to segments, the rest to `meta`, and a new journal begins.
//!
//! The fold has happened when `meta` is replaced. Before that, all that was added to files lies where
//! the old `meta` sees nothing; after it, what is left to do is removing files that the new one names.
//! So an interruption anywhere loses nothing and doubles nothing. A fold that fails leaves the store
//! as usable as it was: what has got into a segment is read there, and is in the journal as well.

use crate::{
    codec::{begin, end},
    conversation::Segment,
    files::{FileError, Files, META, journal, segment},
    items::Items,
    state::State,
    store::FileStore,
};

/// What goes into a segment at once.
pub struct Piece {
    low: u64,
    high: u64,
    bytes: Vec<u8>,
}

/// Cuts messages into pieces that are not longer than a segment. A stamp is given to those that no
/// fold has seen.
pub fn pieces(items: &Items, stamp: u64, most: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut left = items.0.as_slice();
    while let Some(first) = left.first() {
        let mut bytes = Vec::new();
        let payload = begin(&mut bytes);
        let mut high = first.position.seq;
        let low = high;
        while let Some((next, rest)) = left.split_first() {
            if bytes.len() > payload && bytes.len() + next.size() > most {
                break;
            }
            next.put(&mut bytes, next.stamp.min(stamp));
            high = next.position.seq;
            left = rest;
        }
        end(&mut bytes, payload);
        pieces.push(Piece { low, high, bytes });
    }
    pieces
}

impl<F: Files> FileStore<F> {
    /// Folds the journal; when there is no room for that, once more with room made.
    pub(crate) async fn fold(&self, state: &mut State) -> Result<(), FileError> {
        let mut done = self.fold_once(state).await;
        if done.as_ref().is_err_and(|it| it.full) {
            self.make_room(state, state.bytes() / 4).await;
            done = self.fold_once(state).await;
        }
        done
    }

    async fn fold_once(&self, state: &mut State) -> Result<(), FileError> {
        // A message may get into a segment, change, and get into another before `meta` is written.
        state.stamp += 1;
        for at in 0..state.conversations.len() {
            if !state.conversations[at].fresh.0.is_empty() {
                self.put_away(state, at).await?;
            }
        }
        self.merge(state).await?;
        let bytes = state.bytes();
        if bytes > self.limits.budget {
            self.make_room(state, bytes - self.limits.budget / 4 * 3).await;
        }
        self.write_meta(state).await?;
        for name in std::mem::take(&mut state.garbage) {
            if self.files.remove(&name).await.is_err() {
                state.garbage.push(name);
            }
        }
        Ok(())
    }

    async fn write_meta(&self, state: &mut State) -> Result<(), FileError> {
        let was_sound = std::mem::take(&mut state.sound);
        if let Err(error) = self.files.replace(META, &state.encode_next()).await {
            // It may be there all the same, and then nobody would read this journal: it must not be
            // added to. Without room it is not there.
            state.sound = was_sound && error.full;
            return Err(error);
        }
        state.garbage.push(journal(state.generation));
        state.generation += 1;
        state.journal = 0;
        state.fold_at = self.limits.journal;
        state.sound = true;
        Ok(())
    }

    /// Puts the fresh messages of a conversation into its newest segment, or into new ones.
    async fn put_away(&self, state: &mut State, at: usize) -> Result<(), FileError> {
        let it = &state.conversations[at];
        let pieces = pieces(&it.fresh, state.stamp, self.limits.segment);
        let may_add = pieces.len() == 1 && self.add(state, at, &pieces[0]).await?;
        if !may_add {
            for piece in &pieces {
                let segment = self.make(state, at, piece).await?;
                state.conversations[at].segments.push(segment);
            }
        }
        state.conversations[at].fresh.0.clear();
        Ok(())
    }

    /// Adds to the newest segment, if it can take that.
    async fn add(&self, state: &mut State, at: usize, piece: &Piece) -> Result<bool, FileError> {
        let it = &mut state.conversations[at];
        let number = it.number;
        let Some(last) = it.segments.last_mut() else { return Ok(false) };
        let name = segment(number, last.number);
        let bytes = last.bytes.saturating_add(piece.bytes.len() as u64);
        if bytes > self.limits.segment as u64 || piece.low < last.floor {
            return Ok(false);
        }
        // Also when this is given up half-way.
        let is_sound = std::mem::take(&mut last.sound);
        if !is_sound && self.files.size(&name).await? != Some(last.bytes) {
            return Ok(false);
        }
        self.files.append(&name, &piece.bytes).await?;
        last.bytes = bytes;
        last.low = last.low.min(piece.low);
        last.high = last.high.max(piece.high);
        last.sound = true;
        Ok(true)
    }

    /// Makes the file of a new segment.
    pub(crate) async fn make(
        &self,
        state: &mut State,
        at: usize,
        piece: &Piece,
    ) -> Result<Segment, FileError> {
        let it = &mut state.conversations[at];
        let segment = Segment {
            number: it.next,
            bytes: piece.bytes.len() as u64,
            low: piece.low,
            high: piece.high,
            sound: true,
            ..Segment::default()
        };
        // A number is used once, so that nothing is mistaken for what was cached under it.
        it.next = it.next.wrapping_add(1);
        let name = it.file(&segment);
        if let Err(error) = self.files.replace(&name, &piece.bytes).await {
            state.garbage.push(name);
            return Err(error);
        }
        Ok(segment)
    }
}
