//! x
pub const EVENTS: &[(&str, &str)] = &[];
