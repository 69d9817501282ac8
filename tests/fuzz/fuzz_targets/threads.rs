#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| traceline_fuzz::threads::check(data));
