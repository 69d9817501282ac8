//! tracing with tracing-subscriber's JSON format and with tracing-logfmt.
//! <https://docs.rs/tracing/0.1.44/tracing/span/struct.Span.html#method.record> (fields declared `Empty`, recorded later),
//! <https://docs.rs/tracing-subscriber/0.3.23/tracing_subscriber/fmt/format/struct.Json.html>,
//! <https://docs.rs/tracing-logfmt/0.3.7/tracing_logfmt/struct.Builder.html>.
//!
//! The unit is a span, its fields are recorded one by one, fragments are events inside it, and the record is the last
//! event, with the duration. (`FmtSpan::CLOSE` would make that event itself, but without timestamps its JSON has no
//! duration, and tracing-logfmt's has none of the span's fields.) Every fragment is a line of its own and repeats the
//! span's fields: that is how both formats work. Timestamp, level and target are off, so the offset is a field of the
//! event; the line number is the subscriber's. JSON prints only the current span, not also the list of spans. The
//! subscriber is set per thread and per slice (`with_default`), since rows with other subscribers share the process; a
//! global one would save a few ns per call.

use crate::peer::{Format, Peer};
use std::time::Instant;
use tracing::{Span, field::Empty, info, info_span};
use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*, registry};
use units::sink::{Mode, Writer, set_mode};
use units::{Auth, Wide, with_wide_keys};

fn auth_span() -> Span {
    info_span!(
        "auth",
        req_id = Empty,
        method = Empty,
        uri = Empty,
        ip = Empty,
        status = Empty,
        user_id = Empty,
        plan = Empty,
        cached = Empty,
        retries = Empty,
        amount = Empty,
        db_ms = Empty,
        items = Empty,
    )
}

fn ms(clock: Instant) -> f64 {
    clock.elapsed().as_micros() as f64 / 1000.0
}

fn w1(i: &Auth) {
    let clock = Instant::now();
    let span = auth_span();
    let _entered = span.enter();
    span.record("req_id", i.req_id.as_str());
    span.record("method", i.method.as_str());
    span.record("uri", i.uri.as_str());
    span.record("ip", i.ip.as_str());
    span.record("status", i.status);
    span.record("user_id", i.user_id);
    span.record("plan", i.plan.as_str());
    span.record("cached", i.cached);
    span.record("retries", i.retries);
    span.record("amount", i.amount);
    span.record("db_ms", i.db_ms);
    span.record("items", i.items);
    info!(duration_ms = ms(clock), "done");
}

fn w2(i: &Auth) {
    let clock = Instant::now();
    let at = || clock.elapsed().as_micros() as u64;
    let span = auth_span();
    let _entered = span.enter();
    span.record("req_id", i.req_id.as_str());
    span.record("method", i.method.as_str());
    span.record("uri", i.uri.as_str());
    span.record("ip", i.ip.as_str());
    info!(at_us = at(), "auth header read");
    info!(at_us = at(), "got key from table: {}", i.key);
    span.record("status", i.status);
    span.record("user_id", i.user_id);
    span.record("plan", i.plan.as_str());
    info!(at_us = at(), "user loaded for tenant {}", i.tenant);
    span.record("cached", i.cached);
    span.record("retries", i.retries);
    info!(at_us = at(), "rate limit checked");
    span.record("amount", i.amount);
    span.record("db_ms", i.db_ms);
    span.record("items", i.items);
    info!(at_us = at(), "session stored in {}", i.store);
    info!(duration_ms = ms(clock), "done");
}

macro_rules! wide_span {
    ([] $($kind:ident $key:ident $name:tt $index:tt;)*) => {
        info_span!("wide", $($key = Empty,)*)
    };
}

macro_rules! record_all {
    (
        [$span:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($span.record($sn, $w.strs[$si].as_str());)*
        $($span.record($in, $w.ints[$ii]);)*
        $($span.record($fn, $w.flts[$fi]);)*
        $($span.record($bn, $w.flags[$bi]);)*
    };
}

fn w3(w: &Wide) {
    let clock = Instant::now();
    let at = || clock.elapsed().as_micros() as u64;
    let span = with_wide_keys!(wide_span);
    let _entered = span.enter();
    with_wide_keys!(record_all span w);
    for arg in &w.strs[..10] {
        info!(at_us = at(), "auth header read");
        info!(at_us = at(), "got key from table: {arg}");
        info!(at_us = at(), "user loaded for tenant {arg}");
        info!(at_us = at(), "rate limit checked");
        info!(at_us = at(), "session stored in {arg}");
    }
    info!(duration_ms = ms(clock), "done");
}

/// Both rows differ only in the layer.
macro_rules! tracing_peer {
    ($row:ident, $name:literal, $format:expr, $layer:expr) => {
        pub struct $row;

        impl Peer for $row {
            const NAME: &'static str = $name;
            const FORMAT: Format = $format;
            const WARN: Option<&'static str> = Some("an info span under a warn filter captures nothing: same as off");

            fn scope(mode: Mode, work: &mut dyn FnMut()) {
                set_mode(mode);
                let level = if mode == Mode::On { LevelFilter::INFO } else { LevelFilter::OFF };
                tracing::subscriber::with_default(registry().with(level).with($layer), work);
            }

            fn w1(input: &Auth) {
                w1(input);
            }

            fn w2(input: &Auth) {
                w2(input);
            }

            fn w3(input: &Wide) {
                w3(input);
            }
        }
    };
}

tracing_peer!(Json, "tracing JSON", Format::Json, {
    fmt::layer()
        .json()
        .with_span_list(false)
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_line_number(true)
        .with_writer(|| Writer)
});

tracing_peer!(Logfmt, "tracing-logfmt", Format::Logfmt, {
    tracing_logfmt::builder()
        .with_timestamp(false)
        .with_level(false)
        .with_target(false)
        .with_span_path(false)
        .with_location(true)
        .layer()
        .with_writer(|| Writer)
});
