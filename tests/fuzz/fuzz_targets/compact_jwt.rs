#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| fuzz::targets::compact_jwt(text));
