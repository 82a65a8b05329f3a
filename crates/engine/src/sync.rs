//! Synchronisation: learning at login and after a reconnect what happened meanwhile.
//!
//! The conversation list says how far each log has come; what is missing is fetched change by
//! change. What becomes of a change, and of those that are pushed while the link is up, is in
//! [`crate::receiving`].

use tim_protocol::{
    call::{ChangedMessages, ConversationList, ListConversations, MessageChanges},
    conversation::ConversationRow,
    ids::{ConversationId, MessageId, Rev, Seq},
};

use crate::{
    client::{Client, read_reply},
    conversation::{Arrival, Conversation, LogState, list_order},
    error::Error,
    gate::Phase,
    gather::Gather,
    message::Held,
    output::{Event, Output, Status},
    ports::{Host, LogLevel},
    ranges::Ranges,
    reading::set_read,
    receiving::set_peer_read,
    requests::{Answer, Patience},
    session::Opened,
    state::State,
    store::Snapshot,
};

/// Messages that are fetched behind the app's back after a login; a conversation further behind is
/// fetched when it is opened.
const QUIET_CATCH_UP: u64 = 500;

/// How long to wait before asking for the list again when the server did not give it.
const LIST_RETRY_MS: u64 = 5_000;

/// What merging a list has brought.
#[derive(Default)]
struct Merged {
    /// Per conversation, own messages the peer has read meanwhile.
    read: Vec<Vec<MessageId>>,
    /// The server has another history of some conversation.
    replaced: bool,
}

/// Revisions by log.
type Known = Vec<(ConversationId, Rev)>;

impl<H: Host> Client<H> {
    /// From the login's answer to `SDK_READY`.
    pub(crate) async fn first_sync(&self, generation: u64, opened: Opened, online: bool) {
        // Asked before the store is read: the two take about the same time.
        let list = online.then(|| self.submit(&ListConversations {}, Patience::REQUEST));
        let snapshot = opened.content().await;
        if !self.is_current(generation) {
            return;
        }
        let known = self.restore(&snapshot);
        for push in self.with(|state| state.early.take()).unwrap_or_default() {
            self.take_push(push);
        }
        self.keep_me();
        if self.with(|state| state.conversations.values().any(|it| it.listed)) {
            self.with(|state| state.list.dirty = true);
            self.drain_now();
        }
        let mut listed = false;
        if let Some(list) = list {
            let answer = list.await;
            if !self.is_current(generation) {
                return;
            }
            listed = self.first_list(answer, &known);
        }
        self.with(|state| state.list.dirty = true);
        self.drain_now();
        // `SDK_READY` comes after everything that hangs on the login's promise has run.
        self.host().sleep(0).await;
        if !self.is_current(generation) {
            return;
        }
        self.with(|state| {
            state.phase = Phase::Ready;
            state.emit(Event::Ready);
        });
        self.drain_now();
        if listed {
            self.tell_reads();
            self.catch_up_quietly(generation).await;
        }
        let reconnected = self.with(|state| state.resync_due.take());
        if !self.is_current(generation) {
            // The session ended meanwhile.
        } else if let Some(reload) = reconnected {
            self.resync(generation, reload).await;
        } else if online && !listed {
            self.resync_later(generation);
        }
    }

    /// Synchronises after a reconnect: now, or after the first synchronisation if that is running.
    pub(crate) fn resync_soon(&self, generation: u64, reload: bool) {
        let ready = self.with(|state| {
            let ready = state.phase == Phase::Ready;
            if !ready {
                state.resync_due = Some(reload || state.resync_due == Some(true));
            }
            ready
        });
        if ready {
            self.spawn(move |client| async move { client.resync(generation, reload).await });
        }
    }

    fn first_list(&self, answer: Answer, known: &Known) -> bool {
        match read_reply::<ListConversations>(answer) {
            Ok(list) => {
                self.merge_list(list, true, known);
                true
            }
            Err(error) => {
                self.warn("the list of the last login is used", &error);
                false
            }
        }
    }

    /// Puts the device's knowledge into memory. What was on its way when the page went away has
    /// failed; the app may send it again. Answers how far each log was known before this session.
    fn restore(&self, snapshot: &Snapshot) -> Known {
        let now_ms = self.host().now_ms();
        let failed: Vec<Held> = snapshot
            .outbox
            .iter()
            .filter_map(|it| Held::kept(it))
            .map(|it| Held { status: Status::Fail, ..it })
            .gather();
        let mut known = Known::new();
        self.with(|state| {
            for json in &snapshot.conversations {
                let Some(it) = Conversation::restored(json) else { continue };
                if let Some(peer) = it.peer.clone() {
                    state.say(Output::Profile { p: Box::new(peer), at: now_ms });
                }
                state.touch(&it.id);
                known.push((it.id.clone(), it.known_rev()));
                // A push may have been faster than the store.
                let id = it.id.clone();
                state.conversations.get_or_insert_with(&id, || it);
            }
            for held in &failed {
                state.conversation(&held.conversation).offer_last(held);
                state.touch(&held.conversation);
                state.cache(held.clone());
            }
        });
        if !failed.is_empty() {
            self.keep(|keeper| failed.iter().for_each(|it| keeper.put(it)));
        }
        known
    }

    /// How far each log has been taken in.
    fn known(&self) -> Known {
        self.with(|state| {
            state.conversations.values().map(|it| (it.id.clone(), it.known_rev())).gather()
        })
    }

    /// Asks for the list and for everything that was missed, and tells the app in the order of the
    /// specification: messages, read marks, list, total.
    pub(crate) async fn resync(&self, generation: u64, reload: bool) {
        self.with(|state| state.list.held = true);
        self.tell_reads();
        let known = self.known();
        let list = self.ask(&ListConversations {}).await;
        if !self.is_current(generation) {
            return;
        }
        let Merged { read, replaced } = match list {
            Ok(list) => self.merge_list(list, reload, &known),
            Err(error) => {
                self.warn("cannot synchronise yet", &error);
                self.with(|state| state.list.held = false);
                self.drain();
                if self.is_online() {
                    self.resync_later(generation);
                }
                return;
            }
        };
        if reload {
            for id in self.behind() {
                self.skip_to_row(&id);
            }
        }
        let mut late = false;
        for id in self.behind() {
            if let Err(error) = self.catch_up(&id).await {
                self.warn("cannot catch up yet", &error);
                late = true;
            }
            if !self.is_current(generation) {
                return;
            }
            if late && !self.is_online() {
                // The next reconnect goes on.
                break;
            }
        }
        self.with(|state| {
            for ids in read {
                state.emit(Event::ReadByPeer(ids));
            }
            state.list.held = false;
        });
        self.drain_now();
        if reload || replaced {
            self.with(|state| state.emit(Event::Reload));
            self.drain_now();
        }
        if late && self.is_online() {
            self.resync_later(generation);
        }
    }

    fn resync_later(&self, generation: u64) {
        self.spawn(move |client| async move {
            client.host().sleep(LIST_RETRY_MS).await;
            if client.is_current(generation) && client.is_online() {
                client.resync(generation, false).await;
            }
        });
    }

    /// Conversations with something missing, in list order: what the user sees first comes first.
    fn behind(&self) -> Vec<ConversationId> {
        self.with(|state| list_order(&mut state.conversations.values().filter(|it| it.is_behind())))
    }

    /// Fetches what was missed before the login, without events.
    async fn catch_up_quietly(&self, generation: u64) {
        for id in self.behind() {
            let far = self.with(|state| {
                let it = state.conversation(&id);
                it.arrivals.as_ref().is_some_and(|log| it.row.0 > log.seq() + QUIET_CATCH_UP)
            });
            if far {
                self.skip_to_row(&id);
            } else if self.catch_up(&id).await.is_err() || !self.is_current(generation) {
                // The next reconnect, or opening the conversation, tries again.
                return;
            }
        }
    }

    /// Merges the server's list.
    fn merge_list(&self, list: ConversationList, quiet: bool, known: &Known) -> Merged {
        let now_ms = self.host().now_ms();
        let mut merged = Merged::default();
        let mut replaced = Vec::new();
        let ids: Vec<ConversationId> =
            list.conversations.iter().map(|it| it.conversation_id.clone()).gather();
        self.with(|state| {
            let begun = state.list_complete && !quiet;
            let limit = state.me.as_ref().map_or(0, |me| me.settings.conversation_pull_limit);
            state.list_complete = (list.conversations.len() as u64) < u64::from(limit);
            state.list_synced = true;
            // A list that was cut short says nothing of the others: opening one asks.
            state.conversations.values_mut().for_each(|it| it.confirmed = false);
            for row in list.conversations {
                let known =
                    known.iter().find(|it| it.0 == row.conversation_id).map_or(0, |it| it.1);
                let (id, head_seq) =
                    (row.conversation_id.clone(), state.head_seq(&row.conversation_id));
                let (read, log) = merge_row(state, row, known, begun, quiet, now_ms);
                if !read.is_empty() {
                    merged.read.push(read);
                }
                if log == LogState::Replaced {
                    replaced.push((id, head_seq));
                }
            }
            if state.list_complete {
                // What the server does not speak of it may have lost: the next news of it tells.
                for it in state.conversations.values_mut().filter(|it| !ids.contains(&it.id)) {
                    if known.iter().any(|(id, rev)| *id == it.id && *rev == it.known_rev()) {
                        it.arrivals = None;
                        it.confirmed = false;
                    }
                }
            }
        });
        merged.replaced = !replaced.is_empty();
        for (id, head_seq) in replaced {
            self.restart_log(&id, head_seq);
        }
        self.keep(|keeper| ids.iter().for_each(|id| keeper.mark(id)));
        merged
    }

    /// The server's log is another one than the one held here up to a place. What is only here stays.
    fn restart_log(&self, id: &ConversationId, head_seq: Seq) {
        self.log(LogLevel::Warn, "the server has another history than this device");
        let local = self.with(|state| state.restart(id));
        self.drop_log(id, head_seq);
        self.keep(|keeper| local.iter().for_each(|it| keeper.put(it)));
    }

    /// Learns how far a log has come of which nothing was known: less than what is held here is
    /// another log.
    pub(crate) fn log_at(&self, id: &ConversationId, seq: Seq) {
        let lost = self.with(|state| {
            let it = state.conversation(id);
            let head_seq = it.head_seq;
            if it.arrivals.is_some() || seq >= head_seq {
                return None;
            }
            it.begin_anew();
            Some(head_seq)
        });
        if let Some(head_seq) = lost {
            self.restart_log(id, head_seq);
        }
    }

    /// Merges one row that was asked for.
    pub(crate) fn merge_asked(&self, row: ConversationRow, known: Rev) {
        let now_ms = self.host().now_ms();
        let id = row.conversation_id.clone();
        let (head_seq, (ids, log)) = self.with(|state| {
            let begun = state.list_complete;
            (state.head_seq(&id), merge_row(state, row, known, begun, false, now_ms))
        });
        if log == LogState::Replaced {
            self.restart_log(&id, head_seq);
        }
        if !ids.is_empty() {
            self.with(|state| state.emit(Event::ReadByPeer(ids)));
        }
        self.keep(|keeper| keeper.mark(&id));
        self.mend(&id);
    }

    /// Fetches everything that is missing of a log, in pages.
    ///
    /// # Errors
    /// Those of asking the server; what was fetched until then stays.
    pub(crate) async fn catch_up(&self, id: &ConversationId) -> Result<(), Error> {
        let fetching = self.with(|state| state.conversation(id).fetching.clone());
        let _turn = fetching.turn().await;
        let mut ahead = None;
        let mut asked = None;
        loop {
            let after = self.with(|state| {
                let it = state.conversation(id);
                it.arrivals.as_ref().filter(|it| it.is_behind()).map(|it| (it.seq(), it.rev()))
            });
            let Some((after_seq, after_rev)) = after else { return Ok(()) };
            if asked.replace((after_seq, after_rev)) == after {
                // The server has less than it said. The next list tells what is the matter with it.
                return Ok(());
            }
            let answer = match ahead.take() {
                Some((seq, answer)) if seq == after_seq => answer,
                _ => self.submit_changes(id, after_seq, after_rev),
            };
            let changes = read_reply::<ChangedMessages>(answer.await)?;
            if let Some(last) = changes.new.last().filter(|_| !changes.is_completed) {
                // The next page travels while this one is taken in.
                ahead = Some((last.seq, self.submit_changes(id, last.seq, after_rev)));
            }
            self.take_changes(id, changes);
            self.drain();
        }
    }

    fn submit_changes(
        &self,
        id: &ConversationId,
        after_seq: Seq,
        after_rev: Rev,
    ) -> impl Future<Output = Answer> + 'static + use<H> {
        let conversation_id = id.clone();
        let count = H::CHANGES_PER_PAGE;
        let call = ChangedMessages { conversation_id, after_seq, after_rev, count };
        self.submit(&call, Patience::REQUEST)
    }

    fn take_changes(&self, id: &ConversationId, changes: MessageChanges) {
        let newest = changes.new.last().map(|it| it.seq);
        let page: Vec<(Seq, Arrival)> =
            changes.new.into_iter().map(|it| (it.seq, Arrival::Entry(Box::new(it)))).gather();
        // A server that says "more" but sends nothing must not keep us asking.
        let completed = changes.is_completed || page.is_empty();
        let mut due =
            changes.changed.into_iter().map(|it| (it.seq, Arrival::Change(Box::new(it)))).gather();
        self.with(|state| {
            let it = state.conversation(id);
            it.head_seq = it.head_seq.max(changes.seq);
            if let Some(arrivals) = &mut it.arrivals {
                if let Some(last) = newest {
                    // A jump at the beginning is what the server has thrown away: nothing is missing.
                    it.ranges.add(arrivals.seq() + 1, last);
                }
                due.append(&mut arrivals.take_page(page));
                if completed {
                    due.append(&mut arrivals.caught_up(changes.rev));
                }
            }
        });
        self.deliver(id, due);
    }

    /// Gives up on what is missing up to the row of the list: it is fetched page by page when
    /// somebody looks at it. What came after the row and waits comes through.
    fn skip_to_row(&self, id: &ConversationId) {
        let due = self.with(|state| {
            let it = state.conversation(id);
            it.ranges = Ranges::default();
            it.begin = None;
            let (seq, rev) = it.row;
            it.arrivals.as_mut().map(|log| log.skip_to(seq, rev)).unwrap_or_default()
        });
        self.deliver(id, due);
    }
}

fn merge_row<S>(
    state: &mut State<S>,
    row: ConversationRow,
    known: Rev,
    begun: bool,
    quiet: bool,
    now_ms: u64,
) -> (Vec<MessageId>, LogState) {
    let id = row.conversation_id.clone();
    let (read_seq, peer_read_seq, seq) = (row.read_seq, row.peer_read_seq, row.seq);
    if let Some(profile) = row.user_profile.clone() {
        state.say(Output::Profile { p: Box::new(profile), at: now_ms });
    }
    let it = state.conversation(&id);
    let peer_known_to = it.peer_read_seq;
    let renamed = it.is_renamed_by(row.user_profile.as_ref());
    let before = (it.face(), row.user_profile.is_some() && row.user_profile != it.peer);
    let log = it.merge(row, known, begun);
    let is_same = before == (it.face(), false) && log == LogState::Same;
    if log == LogState::Replaced || quiet {
        it.quiet_to = it.quiet_to.max(seq);
    }
    it.peer_read_seq = if log == LogState::Replaced { 0 } else { peer_known_to };
    if renamed {
        state.tell_name(&id);
    }
    set_read(state, &id, read_seq);
    let ids = set_peer_read(state, &id, peer_read_seq);
    if !is_same {
        state.touch(&id);
    }
    (ids, log)
}
