//! The port: small files in one folder, and what they are called.
//!
//! Knows nothing of what is in them. What the host does beneath, renaming, retrying, queueing, is its
//! own matter.

use std::future::Future;

use tim_engine::store::StoreError;
use tim_protocol::json;

/// Small files in one folder. Names are letters a–z, digits and `-`.
pub trait Files {
    /// The whole content; `None` when there is no such file.
    fn read(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>, FileError>>;
    /// Adds to the end; makes the file if need be. After a failure any part of it may be there.
    fn append(&self, name: &str, bytes: &[u8]) -> impl Future<Output = Result<(), FileError>>;
    /// Makes this the content, as a whole or not at all. For want of room it was not at all; after
    /// another failure either may be the case.
    fn replace(&self, name: &str, bytes: &[u8]) -> impl Future<Output = Result<(), FileError>>;
    /// In bytes; `None` when there is no such file.
    fn size(&self, name: &str) -> impl Future<Output = Result<Option<u64>, FileError>>;
    /// Removes it; that one is not there is no failure.
    fn remove(&self, name: &str) -> impl Future<Output = Result<(), FileError>>;
    /// Removes everything.
    fn clear(&self) -> impl Future<Output = Result<(), FileError>>;
}

/// Why the host did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// There is no room.
    pub full: bool,
    /// What the host said, for the log.
    pub text: String,
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self::Unusable(error.text)
    }
}

/// The file that says what the others are.
pub(crate) const META: &str = "meta";

/// The batches since `meta` was written for the `generation`th time.
pub(crate) fn journal(generation: u64) -> String {
    ["journal-", &json::write(&generation)].concat()
}

/// A segment of a conversation.
pub(crate) fn segment(conversation: u64, number: u64) -> String {
    ["c", &json::write(&conversation), "-", &json::write(&number)].concat()
}
