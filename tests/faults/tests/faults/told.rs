//! Placeholder of a part that follows.
