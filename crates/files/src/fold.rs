//! The journal's end: its messages go to segments, the rest to `meta`, and a new journal begins.
//!
//! The fold has happened when `meta` is replaced. Before that, all that was added to files lies where
//! the old `meta` sees nothing; after it, what is left to do is removing files that the new one names.
//! So an interruption anywhere loses nothing and doubles nothing. A fold that fails leaves the store
//! as usable as it was: what has got into a segment is read there, and is in the journal as well.

use crate::{
    conversation::Piece,
    files::{FileError, Files, META, journal},
    state::State,
    store::FileStore,
};

impl<F: Files> FileStore<F> {
    /// Folds the journal, with room made before if it is known that there is none; when there is no
    /// room for the fold, once more with room made.
    pub(crate) async fn fold(&self, state: &mut State, mut full: bool) -> Result<(), FileError> {
        let mut last = false;
        loop {
            if full {
                // At once: after an interruption they are missing, which also means that they are
                // lost.
                let lost = state.make_room(state.bytes() / 4);
                self.remove(state, lost).await;
            }
            match self.fold_once(state).await {
                Err(error) if error.full && !last => (full, last) = (true, true),
                done => return done,
            }
        }
    }

    async fn fold_once(&self, state: &mut State) -> Result<(), FileError> {
        // A message may get into a segment, change, and get into another before `meta` is written.
        state.stamp += 1;
        let merged = self.merge(state).await?;
        for at in 0..state.conversations.len() {
            let most = self.limits.segment;
            while let Some(piece) = state.conversations[at].next_piece(state.stamp, most) {
                self.put_away(state, at, &piece, merged != Some(at)).await?;
            }
        }
        let bytes = state.bytes();
        if bytes > self.limits.budget {
            let mut lost = state.make_room(bytes - self.limits.budget / 4 * 3);
            state.garbage.append(&mut lost);
        }
        self.write_meta(state).await?;
        let garbage = std::mem::take(&mut state.garbage);
        self.remove(state, garbage).await;
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

    /// Puts the first fresh messages of a conversation into its newest segment if that may be and can
    /// take them, otherwise into a new one.
    async fn put_away(
        &self,
        state: &mut State,
        at: usize,
        piece: &Piece,
        may_add: bool,
    ) -> Result<(), FileError> {
        let it = &mut state.conversations[at];
        let place = it.place_for(piece, self.limits.segment).filter(|_| may_add);
        let mut added = false;
        if let Some((name, last)) = place {
            // Not sound while it is added to, also when that is given up half-way.
            added = std::mem::take(&mut last.sound)
                || self.files.size(&name).await? == Some(last.bytes);
            if added {
                self.files.append(&name, &piece.bytes).await?;
            }
        }
        if !added {
            let name = it.new_file();
            state.garbage.push(name.clone());
            self.files.replace(&name, &piece.bytes).await?;
            state.garbage.pop();
        }
        state.conversations[at].has_put_away(piece, !added);
        Ok(())
    }

    /// Removes files; what cannot be removed is garbage.
    async fn remove(&self, state: &mut State, names: Vec<String>) {
        for name in names {
            if self.files.remove(&name).await.is_err() {
                state.garbage.push(name);
            }
        }
    }
}
