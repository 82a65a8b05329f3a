//! libFuzzer's door to the target `cursor`: identifiers and places in a log.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tim_fuzz_targets::cursor(bytes));
