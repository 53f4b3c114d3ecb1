//! The search language, fuzzed by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assert_eq!(skerry_fuzz::search(data), Ok(())));
