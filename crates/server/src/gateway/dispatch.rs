//! From a frame to a use case, and from its result to a frame.
//!
//! A connection begins with `login` or `resume`; everything else before it is refused with 2024 and
//! ends the connection, as does a login that is refused. After it every method has one arm in
//! [`serve`]; a method this build does not know is answered with 2997.

use std::{net::IpAddr, sync::Arc};

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tim_protocol::{
    call::{Done, Login, Logout, Method, Ping, Pong, Resume},
    code::Code,
    frame::{self, RequestFrame},
};

use super::{
    Gateway,
    close::End,
    outbox::{Answer, Listener, Outbox},
};
use crate::{
    bus::Inbox,
    service::{
        Refusal, now_ms,
        sessions::{NoResume, Session},
    },
    storage::SessionKey,
};

/// What a frame means for its connection.
pub(super) enum Handled {
    /// Answered, or on its way to be.
    Done,
    /// There is an instance now.
    LoggedIn(Arc<Session>),
    /// It is over, after what is queued.
    End(End),
}

/// The part of a frame that is needed to answer it at all.
#[derive(serde::Deserialize)]
struct OnlyId {
    id: u64,
}

/// Takes up a frame. When this is done, what the frame asks for has its turn.
pub(super) async fn handle(
    gateway: Arc<Gateway>,
    outbox: Arc<Outbox>,
    session: Option<Arc<Session>>,
    address: IpAddr,
    text: Utf8Bytes,
    within_rate: bool,
) -> Handled {
    let request: RequestFrame<'_> = match serde_json::from_str(text.as_str()) {
        Ok(request) => request,
        Err(_) => {
            let Ok(OnlyId { id }) = serde_json::from_str(text.as_str()) else {
                return Handled::End(End::NotARequest);
            };
            refuse(&outbox, id, Code::MALFORMED_REQUEST);
            return if session.is_some() { Handled::Done } else { Handled::End(End::NotLoggedIn) };
        }
    };
    let body = request.body.map_or("{}", serde_json::value::RawValue::get);
    let Some(method) = Method::named(&request.method) else {
        metrics::counter!("tim_requests_total", "method" => "unknown", "code" => "2997")
            .increment(1);
        return match session {
            Some(_) => {
                refuse(&outbox, request.id, Code::CANNOT_FIND_PROTOCOL);
                Handled::Done
            }
            None => {
                refuse(&outbox, request.id, Code::USER_NOT_LOGGED_IN);
                Handled::End(End::NotLoggedIn)
            }
        };
    };
    let answer = Answer::new(&gateway, &outbox, request.id, method);
    match session {
        None => first(&gateway, &outbox, address, answer, method, body).await,
        Some(_) if !within_rate => {
            answer.give::<Done>(Err(Code::OVER_FREQUENCY_LIMIT.into()));
            Handled::Done
        }
        Some(session) => serve(&gateway, &session, answer, method, body).await,
    }
}

fn refuse(outbox: &Outbox, id: u64, code: Code) {
    outbox.push(frame::refusal(id, code, code.text()).into());
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, Refusal> {
    serde_json::from_str(body).map_err(|_| Code::MALFORMED_REQUEST.into())
}

/// The first frame of a connection.
async fn first(
    gateway: &Arc<Gateway>,
    outbox: &Arc<Outbox>,
    address: IpAddr,
    answer: Answer,
    method: Method,
    body: &str,
) -> Handled {
    let inbox = |session: SessionKey| -> Arc<dyn Inbox> {
        Arc::new(Listener { session, outbox: Arc::clone(outbox) })
    };
    let refused = |answer: Answer, refusal: Refusal| {
        answer.give::<Done>(Err(refusal));
        Handled::End(End::NotLoggedIn)
    };
    match method {
        Method::Login => {
            let result = match read::<Login>(body) {
                Ok(login) => gateway.service.log_in(&login, address, inbox).await,
                Err(refusal) => Err(refusal),
            };
            match result {
                Ok((session, logged_in)) => {
                    answer.give(Ok(logged_in));
                    outbox.open(session.connection());
                    Handled::LoggedIn(Arc::new(session))
                }
                Err(refusal) => refused(answer, refusal),
            }
        }
        Method::Resume => {
            let result = match read::<Resume>(body) {
                Ok(resume) => gateway.service.resume(&resume, inbox).await,
                Err(refusal) => Err(refusal.into()),
            };
            match result {
                Ok((session, resumed)) => {
                    answer.give(Ok(resumed));
                    outbox.open(session.connection());
                    Handled::LoggedIn(Arc::new(session))
                }
                Err(NoResume::Refused(refusal)) => refused(answer, refusal),
                Err(NoResume::Kicked(reason)) => {
                    answer.give::<Done>(Err(Code::INSTANCE_KICKED.into()));
                    Handled::End(End::Kicked(reason))
                }
            }
        }
        _ => refused(answer, Code::USER_NOT_LOGGED_IN.into()),
    }
}

/// Any frame after the first.
async fn serve(
    gateway: &Gateway,
    session: &Session,
    answer: Answer,
    method: Method,
    body: &str,
) -> Handled {
    let service = &gateway.service;
    match method {
        Method::Login | Method::Resume => {
            answer.give::<Done>(Err(Code::MALFORMED_REQUEST.into()));
        }
        Method::Logout => {
            // What was asked for before comes first: messages of an instance that is gone are refused.
            answer.is_the_last().await;
            let result = match read::<Logout>(body) {
                Ok(Logout {}) => service.log_out(session).await,
                Err(refusal) => Err(refusal),
            };
            let is_out = result.is_ok();
            answer.give(result.map(|()| Done {}));
            if is_out {
                return Handled::End(End::LoggedOut);
            }
        }
        Method::Ping => {
            answer.give(read::<Ping>(body).map(|Ping {}| Pong { server_time: now_ms() }));
        }
        Method::SendMessage => match serde_json::from_str(body) {
            Ok(request) => service.send(session, request, |it| answer.give(it)).await,
            Err(_) => answer.give::<Done>(Err(Code::MALFORMED_MESSAGE.into())),
        },
        Method::PageMessages => give(answer, body, |it| service.page(session, it)).await,
        Method::ChangedMessages => give(answer, body, |it| service.changes(session, it)).await,
        Method::ListConversations => give(answer, body, |it| service.list(session, it)).await,
        Method::GetConversation => give(answer, body, |it| service.conversation(session, it)).await,
        Method::ReadConversation => match read(body) {
            Ok(request) => service.read(session, request, |it| answer.give(it)).await,
            Err(refusal) => answer.give::<Done>(Err(refusal)),
        },
        Method::GetProfiles => give(answer, body, |it| service.profiles(session, it)).await,
        Method::UpdateProfile => {
            service.update_profile(session, body, |it| answer.give(it)).await;
        }
    }
    Handled::Done
}

/// Reads the body, asks the use case, answers.
async fn give<C, T, F>(answer: Answer, body: &str, use_case: impl FnOnce(C) -> F)
where
    C: DeserializeOwned,
    T: Serialize,
    F: Future<Output = Result<T, Refusal>>,
{
    let result = match read(body) {
        Ok(request) => use_case(request).await,
        Err(refusal) => Err(refusal),
    };
    answer.give(result);
}
