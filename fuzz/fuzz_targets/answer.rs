//! libFuzzer's door to the target `answer`: what a client reads from its server.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tim_fuzz_targets::answer(bytes));
