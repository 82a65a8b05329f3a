//! A write other than a message, on its way through the writer.
//!
//! It may be carried out more than once, when the transaction around it has to be done again; what
//! counts is the last time. Whoever asked for it is told exactly once, after the commit or the failure.

use futures::future::BoxFuture;

use super::{StorageError, failure::Kind, sql::Connection};

/// One write, whatever it answers.
pub(super) trait Job: Send {
    /// Carries it out. An error here means that the transaction has to be done again; a failure of
    /// the write itself is kept for [`Self::finish`] and answered with `false`.
    fn run<'c>(
        &'c mut self,
        connection: &'c mut Connection,
    ) -> BoxFuture<'c, Result<bool, StorageError>>;

    /// Tells the requester, after the commit (`true`) or when there will be none.
    fn finish(self: Box<Self>, is_committed: bool);
}

/// The parts of a [`Job`].
pub(super) struct Write<T, W, F: FnOnce(Result<T, StorageError>)> {
    work: W,
    result: Option<Result<T, StorageError>>,
    then: Option<F>,
}

impl<T, W, F: FnOnce(Result<T, StorageError>)> Write<T, W, F> {
    pub(super) fn new(work: W, then: F) -> Self {
        Self { work, result: None, then: Some(then) }
    }
}

impl<T, W, F> Job for Write<T, W, F>
where
    T: Send,
    W: for<'c> Fn(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>> + Send,
    F: FnOnce(Result<T, StorageError>) + Send,
{
    fn run<'c>(
        &'c mut self,
        connection: &'c mut Connection,
    ) -> BoxFuture<'c, Result<bool, StorageError>> {
        Box::pin(async move {
            match (self.work)(connection).await {
                Err(error) if error.kind() != Kind::Fault => Err(error),
                result => {
                    let is_good = result.is_ok();
                    self.result = Some(result);
                    Ok(is_good)
                }
            }
        })
    }

    fn finish(mut self: Box<Self>, is_committed: bool) {
        let result = self.result.take();
        if let Some(then) = self.then.take() {
            then(match result {
                Some(result) if is_committed || result.is_err() => result,
                _ => Err(StorageError::NotCommitted),
            });
        }
    }
}

/// Also when nobody gets to carry it out.
impl<T, W, F: FnOnce(Result<T, StorageError>)> Drop for Write<T, W, F> {
    fn drop(&mut self) {
        if let Some(then) = self.then.take() {
            then(Err(StorageError::NotCommitted));
        }
    }
}
