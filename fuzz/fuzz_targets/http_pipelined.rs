//! libFuzzer's wrapper of `coldmoon_fuzz::http::http_pipelined`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| coldmoon_fuzz::http::http_pipelined(data));
