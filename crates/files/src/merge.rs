//! Rewriting segments of which reading has become dear: too many at one place, many small ones, and
//! those that are mostly of no use.
//!
//! Of a message the one with the higher stamp stays, so any segments can be made into new ones, whatever
//! lies between them. One group at a time, so that no write takes long.

use tim_engine::store::StoreError;

use crate::{
    conversation::{Conversation, Segment},
    files::{FileError, Files},
    fold::pieces,
    items::Items,
    state::State,
    store::FileStore,
};

/// As many segments may be in each other's way, or small.
const MANY: usize = 4;

/// The segments of a conversation that should be merged; empty when all is well.
fn group(it: &Conversation, segment_bytes: usize) -> Vec<usize> {
    let pick = |which: &dyn Fn(&Segment) -> bool| {
        let all = it.segments.iter().enumerate();
        all.filter(|it| which(it.1)).map(|it| it.0).take(MANY + 1).collect::<Vec<_>>()
    };
    let wasteful = pick(&|it| it.wasteful);
    if !wasteful.is_empty() {
        return wasteful;
    }
    let small = pick(&|it| it.bytes < segment_bytes as u64 / 4);
    if small.len() > MANY {
        return small;
    }
    // Where many meet, one of them begins.
    let crowds = it.segments.iter().map(|at| pick(&|it| it.covers(at.low.max(at.floor))));
    crowds.into_iter().find(|it| it.len() > MANY).unwrap_or_default()
}

impl<F: Files> FileStore<F> {
    /// Merges one group of one conversation, if there is one.
    pub(crate) async fn merge(&self, state: &mut State) -> Result<(), FileError> {
        for at in 0..state.conversations.len() {
            let group = group(&state.conversations[at], self.limits.segment);
            if !group.is_empty() {
                return self.merge_group(state, at, &group).await;
            }
        }
        Ok(())
    }

    async fn merge_group(
        &self,
        state: &mut State,
        at: usize,
        group: &[usize],
    ) -> Result<(), FileError> {
        let mut all = Items::default();
        for &segment in group {
            let items = match self.read(state, at, segment).await {
                Ok(items) => items,
                // The conversation is lost; there is nothing to merge any more.
                Err(StoreError::Gone) => return Ok(()),
                Err(StoreError::Unusable(text)) => return Err(FileError { full: false, text }),
            };
            let floor = state.conversations[at].segments[segment].floor;
            let alive = items.0.iter().filter(|it| it.position.seq >= floor);
            alive.for_each(|it| all.put(it.clone()));
        }
        let mut made = Vec::new();
        for piece in pieces(&all, state.stamp, self.limits.segment) {
            match self.make(state, at, &piece).await {
                Ok(segment) => made.push(segment),
                Err(error) => {
                    let it = &state.conversations[at];
                    let files = made.iter().map(|made| it.file(made)).collect::<Vec<_>>();
                    state.garbage.extend(files);
                    return Err(error);
                }
            }
        }
        let it = &mut state.conversations[at];
        let old: Vec<u64> = group.iter().map(|&at| it.segments[at].number).collect();
        let files = it.take(&|it| old.contains(&it.number));
        it.segments.append(&mut made);
        state.garbage.extend(files);
        Ok(())
    }
}
