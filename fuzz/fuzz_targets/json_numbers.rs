//! libFuzzer's wrapper of `coldmoon_fuzz::json_numbers`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| coldmoon_fuzz::json_numbers(data));
