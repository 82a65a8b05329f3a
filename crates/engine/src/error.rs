//! What an app learns when a call fails: a code of the API's table and a sentence.
//!
//! There is one error type because the API has one: the code is the contract, and every public
//! number has its place in [`tim_protocol::code`]. The name of the call is put in front of the text
//! where the call is known, in [`crate::api`].

use std::{fmt, ops::Deref};

use tim_protocol::code::Code;

/// A failed call. Boxed, because errors are rare and every result of every call has room for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Failure>);

/// What an [`Error`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What programs compare.
    pub code: Code,
    /// What people read: a fragment that can follow the name of the call.
    pub message: String,
}

impl Error {
    /// With the table's own text.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self::with(code, code.text())
    }

    /// With a text that says more than the table's.
    #[must_use]
    pub fn with(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Failure { code, message: message.into() }))
    }

    /// An argument of a call that is not what it must be.
    #[must_use]
    pub fn invalid(what: &str) -> Self {
        Self::with(Code::INVALID_PARAMETERS, what)
    }
}

impl Deref for Error {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.0)
    }
}

impl std::error::Error for Error {}
