//! libFuzzer's door to the target `request`: what a server reads from its clients.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tim_fuzz_targets::request(bytes));
