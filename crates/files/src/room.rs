//! Giving up history for room: the conversations that nobody has opened for longest go first, whole.
//!
//! What only this device has is in no segment and stays.

use crate::{files::Files, state::State, store::FileStore};

impl<F: Files> FileStore<F> {
    /// Gives up as many bytes of segments, or all there are. Their files go at once: after an
    /// interruption they are missing, which also means that they are lost.
    pub(crate) async fn make_room(&self, state: &mut State, bytes: u64) {
        let mut freed = 0;
        while freed < bytes {
            let held = state.conversations.iter_mut().filter(|it| !it.segments.is_empty());
            let Some(it) = held.min_by_key(|it| it.opened) else { return };
            freed += it.bytes();
            for name in it.lose() {
                if self.files.remove(&name).await.is_err() {
                    state.garbage.push(name);
                }
            }
        }
    }
}
