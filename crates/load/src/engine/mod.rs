//! The real SDK engine as a client: on a native host, without a browser.
//!
//! [`host`] holds the engine's ports over tokio, [`device`] an engine that is called as an app calls
//! it; both serve tests of other crates as well. [`recorder`](self) listens for a run and writes down
//! what an app would have got; this file plays a connection of a run. Engines live on `LocalSet`s: a
//! few threads hold all of them ([`threads`](self)).

pub mod device;
pub mod host;
mod recorder;
pub(crate) mod threads;

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use tim_engine::gate::Phase;
use tim_protocol::{
    code::Code,
    ids::{MessageId, UserId},
};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    record::{Book, Outcome, Sending},
    run::{
        feed::{Command, Feed, Order},
        shared::Shared,
    },
    stamp,
};
use device::Device;
use host::{Way, Ways};
use recorder::Recorder;

/// Before a login that found no server is tried again.
const LOGIN_AGAIN: Duration = Duration::from_secs(1);

/// Runs connection `index` until the run is over; answers what its app saw.
async fn run(shared: Arc<Shared>, index: usize, mut feed: Feed, user: UserId) -> Book {
    let recorder = Rc::new(Recorder::new(&shared, index));
    let ways = ways(&shared, index);
    let device = Device::new(Rc::clone(&recorder), ways, shared.options.app, user.as_str());
    let mut sends: JoinSet<(usize, u64, u32)> = JoinSet::new();
    let mut login = Box::pin(log_in(&shared, &device, &user));
    let mut is_in = false;
    loop {
        tokio::select! {
            () = &mut login, if !is_in => is_in = true,
            Some(Ok((line, due_us, code))) = sends.join_next() => {
                feed.answered();
                recorder.book.borrow_mut().sent[line].outcome = match code {
                    0 => Outcome::Acknowledged(None),
                    code => Outcome::Refused(code),
                };
                match code {
                    0 => shared.acknowledged(due_us),
                    code => shared.refused(code),
                }
            }
            command = feed.next() => match command {
                Command::Send(order) => {
                    // Tasks begin in the order in which they were spawned: so do the calls.
                    sends.spawn_local(send(&shared, &device, order));
                }
                Command::Cut => device.cut(),
                Command::Over => break,
            },
        }
    }
    recorder.end();
    device.cut();
    recorder.book.take()
}

/// Each attempt goes to the next server.
fn ways(shared: &Arc<Shared>, index: usize) -> Ways {
    let (shared, attempts) = (Arc::clone(shared), Cell::new(0));
    Rc::new(move || {
        let attempt = attempts.replace(attempts.get() + 1);
        let target = shared.target(index, attempt)?;
        Some(Way { target, source: shared.options.source(index) })
    })
}

/// Logs in, as long as there is no server too.
async fn log_in(shared: &Shared, device: &Device<Recorder>, user: &UserId) {
    while device.phase() != Phase::Ready {
        match Code(device.try_login(&shared.user_sig(user)).await) {
            Code::OK
            | Code::REPEAT_LOGIN
            | Code::NETWORK_ERROR
            | Code::NETWORK_TIMEOUT
            | Code::NO_NETWORK => {}
            code => {
                let (number, text) = (code.0, code.text());
                shared.fail(format!("login of {user} refused with {number}: {text}"));
                return;
            }
        }
        sleep(LOGIN_AGAIN).await;
    }
}

/// Makes a message at once; the future sends it.
fn send(
    shared: &Shared,
    device: &Device<Recorder>,
    order: Order,
) -> impl Future<Output = (usize, u64, u32)> + 'static {
    let to = shared.options.user(order.to as usize);
    let said = stamp::text(order.due_us, shared.options.text_bytes);
    let message = device.text(&to, &said);
    let id: MessageId =
        message["ID"].as_str().and_then(|it| it.parse().ok()).expect("a message has an ID");
    let mut book = device.app.book.borrow_mut();
    let line = book.sent.len();
    book.sent.push(Sending { id: id.parts(), to: order.to, outcome: Outcome::Unanswered });
    let device = device.clone();
    async move {
        let code = device.code("sendMessage", serde_json::json!([message])).await;
        (line, order.due_us, code)
    }
}
