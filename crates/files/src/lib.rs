//! The engine's Store over small files. In the making.
