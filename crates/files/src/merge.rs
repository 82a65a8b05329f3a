//! Rewriting segments of which reading has become dear: too many at one place, many small ones, and
//! those that are mostly of no use.
//!
//! Of a message the one with the higher stamp stays, so any segments can be made into new ones, whatever
//! lies between them: their messages become fresh once more, and the fold puts them away. One group at
//! a time, so that no write takes long.

use tim_engine::store::StoreError;

use crate::{
    conversation::{Conversation, Segment},
    files::{FileError, Files},
    state::State,
    store::FileStore,
};

/// As many segments may be in each other's way, or small.
const MANY: usize = 4;

/// Condemns the first segments of a kind when there are too many of them.
fn thin_out(segments: &mut [Segment], is_one: &dyn Fn(&Segment) -> bool) -> bool {
    let mut count = 0;
    for it in &*segments {
        count += usize::from(is_one(it));
    }
    if count <= MANY {
        return false;
    }
    for it in segments {
        if count > 0 && is_one(it) {
            it.wasteful = true;
            count -= 1;
        }
    }
    true
}

/// Whether segments should be rewritten; those are wasteful then.
fn has_wasteful(it: &mut Conversation, segment_bytes: usize) -> bool {
    let all = &mut it.segments;
    if all.iter().any(|it| it.wasteful) {
        return true;
    }
    if thin_out(all, &|it| it.bytes < segment_bytes as u64 / 4) {
        return true;
    }
    // Where many meet, one of them begins.
    for at in 0..all.len() {
        let place = all[at].start();
        if thin_out(all, &|it| (it.start()..=it.high).contains(&place)) {
            return true;
        }
    }
    false
}

impl<F: Files> FileStore<F> {
    /// Makes the messages of one group of one conversation fresh again, if there is one, and says of
    /// which.
    pub(crate) async fn merge(&self, state: &mut State) -> Result<Option<usize>, FileError> {
        let all = &mut state.conversations;
        let found = all.iter_mut().position(|it| has_wasteful(it, self.limits.segment));
        let Some(at) = found else { return Ok(None) };
        for _ in 0..=MANY {
            let all = &state.conversations[at].segments;
            let Some(next) = all.iter().position(|it| it.wasteful) else { break };
            match self.read(state, at, next).await {
                Ok(items) => {
                    let file = state.conversations[at].freshen(next, &items);
                    state.garbage.push(file);
                }
                // The conversation is lost; there is nothing to merge any more.
                Err(StoreError::Gone) => break,
                Err(StoreError::Unusable(text)) => return Err(FileError { full: false, text }),
            }
        }
        Ok(Some(at))
    }
}
