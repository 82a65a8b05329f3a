//! Reads the logs after a run, as both people see them, each through a fresh login.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, stream};
use serde::de::IgnoredAny;
use tim_protocol::{
    call::{Direction, MessagePage, PageMessages},
    ids::ConversationId,
    limits,
};
use tokio::time::sleep;

use crate::{
    check::{Kind, Log, Violation, people},
    frames::caller::{Caller, Refusal},
    record::{Book, Entry, Line},
    run::shared::Shared,
};

/// People who read at the same time.
const READERS: usize = 32;
/// How often a person tries.
const ATTEMPTS: usize = 5;
/// Between two attempts.
const AGAIN: Duration = Duration::from_secs(1);

type Pages = HashMap<u32, Vec<Line>>;

/// Reads every log that somebody wrote to. What cannot be read is a violation.
pub async fn read(shared: &Arc<Shared>, books: &[Book]) -> (Vec<Log>, Vec<Violation>) {
    let mut talks: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for book in books {
        for sending in &book.sent {
            talks.entry(book.client).or_default().insert(sending.to);
            talks.entry(sending.to).or_default().insert(book.client);
        }
    }
    let mut readers = Vec::new();
    for (reader, peers) in talks.clone() {
        let shared = Arc::clone(shared);
        readers.push(async move { (reader, read_all(&shared, reader, &peers).await) }.boxed());
    }
    let results: HashMap<u32, Result<Pages, Refusal>> =
        stream::iter(readers).buffer_unordered(READERS).collect().await;
    let mut unreadable = Vec::new();
    let mut read: HashMap<u32, Pages> = HashMap::new();
    for (reader, result) in results {
        match result {
            Ok(pages) => drop(read.insert(reader, pages)),
            Err(why) => {
                let detail = format!("{why:?}");
                unreadable.push(Violation::of(Kind::Unreadable, (reader, reader), None, detail));
            }
        }
    }
    let pairs: BTreeSet<(u32, u32)> = talks
        .iter()
        .flat_map(|(reader, peers)| peers.iter().map(|peer| people(*reader, *peer)))
        .collect();
    let mut logs = Vec::new();
    for (one, other) in pairs {
        let mut of = |reader, peer| read.get_mut(&reader).and_then(|it| it.remove(&peer));
        if let (Some(first), Some(second)) = (of(one, other), of(other, one)) {
            logs.push(Log { people: (one, other), first, second });
        }
    }
    (logs, unreadable)
}

/// All logs of one person, tried again at the next server when one fails.
async fn read_all(shared: &Shared, reader: u32, peers: &BTreeSet<u32>) -> Result<Pages, Refusal> {
    let mut attempt = 0;
    loop {
        let result = read_once(shared, reader, peers, attempt).await;
        attempt += 1;
        if result.is_ok() || attempt == ATTEMPTS {
            return result;
        }
        sleep(AGAIN).await;
    }
}

async fn read_once(
    shared: &Shared,
    reader: u32,
    peers: &BTreeSet<u32>,
    attempt: usize,
) -> Result<Pages, Refusal> {
    let index = reader as usize;
    let gone = Refusal::Lost(crate::frames::socket::Lost { code: None });
    let target = shared.target(index, attempt).ok_or(gone)?;
    let mut caller = Caller::open(target, shared.options.source(index)).await?;
    let user = shared.options.user(index).parse().map_err(|_| gone)?;
    let app = shared.options.app;
    let signature = shared.user_sig(&user);
    let _: IgnoredAny = caller.login(app, user.as_str(), signature).await?;
    let mut pages = Pages::new();
    for peer in peers {
        let peer_user = shared.options.user(*peer as usize).parse().map_err(|_| gone)?;
        pages.insert(*peer, log(&mut caller, &ConversationId::c2c(&peer_user)).await?);
    }
    caller.leave().await;
    Ok(pages)
}

/// A whole log, oldest first.
async fn log(caller: &mut Caller, conversation: &ConversationId) -> Result<Vec<Line>, Refusal> {
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let page = PageMessages {
            conversation_id: conversation.clone(),
            seq: Some(lines.last().map_or(1, |it| it.seq + 1)),
            time: None,
            before_id: None,
            direction: Direction::Newer,
            count: limits::CHANGES_COUNT,
        };
        let page: MessagePage<Entry> = caller.call(&page).await?;
        let is_last = page.is_completed || page.entries.is_empty();
        lines.extend(page.entries.into_iter().map(|it| Line {
            seq: it.seq,
            rev: it.rev,
            time: it.message.time,
            id: it.message.id.parts(),
        }));
        if is_last {
            return Ok(lines);
        }
    }
}
