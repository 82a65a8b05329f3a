//! libFuzzer's door to the target `usersig`: login credentials.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tim_fuzz_targets::usersig(bytes));
