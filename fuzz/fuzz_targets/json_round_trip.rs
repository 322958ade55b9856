//! libFuzzer's wrapper of `coldmoon_fuzz::json_round_trip`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| coldmoon_fuzz::json_round_trip(data));
