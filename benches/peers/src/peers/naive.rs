//! The first thing one writes: `write!` each field into a `String`, then `log::info!("{line}")`. Escapes nothing.
//!
//! In its favour, the string starts with enough room. It checks nothing first: with logging off it still formats.

use crate::peer::{Format, Peer};
use std::{fmt::Write, time::Instant};
use units::{Auth, Wide, with_wide_keys};

pub struct Naive;

struct Line {
    start: Instant,
    text: String,
    fragments: String,
}

impl Line {
    fn start(name: &str, room: usize) -> Self {
        let mut text = String::with_capacity(room);
        let _ = write!(text, r#"{{"msg":"{name}""#);
        Self { start: Instant::now(), text, fragments: String::with_capacity(room) }
    }

    fn ms(&self) -> f64 {
        self.start.elapsed().as_micros() as f64 / 1000.0
    }

    fn finish(mut self) {
        let ms = self.ms();
        if !self.fragments.is_empty() {
            let _ = write!(self.text, r#","fragments":[{}]"#, self.fragments);
        }
        let _ = write!(self.text, r#","duration_ms":{ms:?}}}"#);
        log::info!("{}", self.text);
    }
}

/// A field of any type except a string, or a string with its quotes.
macro_rules! set {
    ($line:ident, $key:literal, $value:expr) => {
        let _ = write!($line.text, concat!(",\"", $key, "\":{}"), $value);
    };
    ($line:ident, $key:literal, str $value:expr) => {
        let _ = write!($line.text, concat!(",\"", $key, "\":\"{}\""), $value);
    };
}

macro_rules! add {
    ($line:ident, $text:literal $(, $arg:expr)?) => {
        let at_ms = $line.ms();
        let comma = if $line.fragments.is_empty() { "" } else { "," };
        let _ = write!(
            $line.fragments,
            concat!("{}{{\"at_ms\":{:?},\"line\":{},\"msg\":\"", $text, "\"}}"),
            comma, at_ms, line!() $(, $arg)?
        );
    };
}

macro_rules! set_all {
    (
        [$line:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $(set!($line, $sn, str $w.strs[$si]);)*
        $(set!($line, $in, $w.ints[$ii]);)*
        $(set!($line, $fn, $w.flts[$fi]);)*
        $(set!($line, $bn, $w.flags[$bi]);)*
    };
}

impl Peer for Naive {
    const NAME: &'static str = "write! into a String";
    const FORMAT: Format = Format::Json;

    fn w1(i: &Auth) {
        let mut line = Line::start("auth", 512);
        set!(line, "req_id", str i.req_id);
        set!(line, "method", str i.method);
        set!(line, "uri", str i.uri);
        set!(line, "ip", str i.ip);
        set!(line, "status", i.status);
        set!(line, "user_id", i.user_id);
        set!(line, "plan", str i.plan);
        set!(line, "cached", i.cached);
        set!(line, "retries", i.retries);
        set!(line, "amount", i.amount);
        set!(line, "db_ms", i.db_ms);
        set!(line, "items", i.items);
        line.finish();
    }

    fn w2(i: &Auth) {
        let mut line = Line::start("auth", 512);
        set!(line, "req_id", str i.req_id);
        set!(line, "method", str i.method);
        set!(line, "uri", str i.uri);
        set!(line, "ip", str i.ip);
        add!(line, "auth header read");
        add!(line, "got key from table: {}", i.key);
        set!(line, "status", i.status);
        set!(line, "user_id", i.user_id);
        set!(line, "plan", str i.plan);
        add!(line, "user loaded for tenant {}", i.tenant);
        set!(line, "cached", i.cached);
        set!(line, "retries", i.retries);
        add!(line, "rate limit checked");
        set!(line, "amount", i.amount);
        set!(line, "db_ms", i.db_ms);
        set!(line, "items", i.items);
        add!(line, "session stored in {}", i.store);
        line.finish();
    }

    fn w3(w: &Wide) {
        let mut line = Line::start("wide", 4096);
        with_wide_keys!(set_all line w);
        for arg in &w.strs[..10] {
            add!(line, "auth header read");
            add!(line, "got key from table: {}", arg);
            add!(line, "user loaded for tenant {}", arg);
            add!(line, "rate limit checked");
            add!(line, "session stored in {}", arg);
        }
        line.finish();
    }
}
