//! The browser face of the SDK.
