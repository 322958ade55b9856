//! libFuzzer's wrapper of `coldmoon_fuzz::http::http_reply`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| coldmoon_fuzz::http::http_reply(data));
