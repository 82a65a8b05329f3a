//! IndexedDB's requests and transactions as futures.
//!
//! An error becomes a sentence for the log: the DOM's own name and message of it.

use std::{cell::RefCell, rc::Rc};

use tim_engine::{oneshot, store::StoreError};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{DomException, IdbRequest, IdbTransaction};

/// A sender that two handlers share; the first one speaks.
type Once<T> = Rc<RefCell<Option<oneshot::Sender<T>>>>;

fn once<T>() -> (Once<T>, oneshot::Receiver<T>) {
    let (sender, receiver) = oneshot::channel();
    (Rc::new(RefCell::new(Some(sender))), receiver)
}

fn say<T>(to: &Once<T>, value: T) {
    if let Some(sender) = to.borrow_mut().take() {
        // Whoever asked may be gone.
        let _ = sender.send(value);
    }
}

/// The result of a request.
pub(super) async fn result(request: &IdbRequest) -> Result<JsValue, StoreError> {
    let (sender, receiver) = once();
    let done = {
        let (request, sender) = (request.clone(), sender.clone());
        Closure::<dyn FnMut()>::new(move || {
            let outcome = match request.error() {
                Ok(Some(error)) => Err(from_exception(&error)),
                _ => request.result().map_err(|error| failure(&error)),
            };
            say(&sender, outcome);
        })
    };
    let _handlers = Handlers::set(request, &done);
    receiver.await.unwrap_or_else(|_| Err(StoreError::unusable("the request was dropped")))
}

/// Takes the handlers of a request away when nobody waits any more: they are about to be freed.
struct Handlers<'a>(&'a IdbRequest);

impl<'a> Handlers<'a> {
    fn set(request: &'a IdbRequest, done: &Closure<dyn FnMut()>) -> Self {
        let handler = done.as_ref().unchecked_ref();
        request.set_onsuccess(Some(handler));
        request.set_onerror(Some(handler));
        Self(request)
    }
}

impl Drop for Handlers<'_> {
    fn drop(&mut self) {
        self.0.set_onsuccess(None);
        self.0.set_onerror(None);
    }
}

/// The end of a transaction: committed, or rolled back with the reason.
pub(super) struct Commit {
    transaction: IdbTransaction,
    outcome: oneshot::Receiver<Result<(), StoreError>>,
    _on_end: Closure<dyn FnMut()>,
    _on_complete: Closure<dyn FnMut()>,
}

impl Commit {
    /// Watches a transaction from its beginning.
    pub fn of(transaction: &IdbTransaction) -> Self {
        let (sender, outcome) = once();
        let on_complete = {
            let sender = sender.clone();
            Closure::<dyn FnMut()>::new(move || say(&sender, Ok(())))
        };
        let on_end = {
            let transaction = transaction.clone();
            Closure::<dyn FnMut()>::new(move || {
                let error = transaction.error().map_or_else(
                    || StoreError::unusable("the transaction was aborted"),
                    |error| from_exception(&error),
                );
                say(&sender, Err(error));
            })
        };
        transaction.set_oncomplete(Some(on_complete.as_ref().unchecked_ref()));
        transaction.set_onabort(Some(on_end.as_ref().unchecked_ref()));
        Self {
            transaction: transaction.clone(),
            outcome,
            _on_end: on_end,
            _on_complete: on_complete,
        }
    }

    /// Waits for the end.
    pub async fn wait(mut self) -> Result<(), StoreError> {
        let aborted = || Err(StoreError::unusable("the transaction was dropped"));
        (&mut self.outcome).await.unwrap_or_else(|_| aborted())
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        self.transaction.set_oncomplete(None);
        self.transaction.set_onabort(None);
    }
}

/// A thrown value as a sentence.
pub(super) fn failure(error: &JsValue) -> StoreError {
    match error.dyn_ref::<DomException>() {
        Some(error) => from_exception(error),
        None => StoreError::Unusable(
            js_sys::Error::from(error.clone()).message().as_string().unwrap_or_default(),
        ),
    }
}

fn from_exception(error: &DomException) -> StoreError {
    StoreError::Unusable([error.name(), error.message()].join(": "))
}
