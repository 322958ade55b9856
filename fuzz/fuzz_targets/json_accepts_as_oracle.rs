//! libFuzzer's wrapper of `coldmoon_fuzz::json_accepts_as_oracle`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| coldmoon_fuzz::json_accepts_as_oracle(data));
