//! traceline. The header (`ts`, `level`) is off; everything else is the default.
//!
//! There are two ways to set the format: the process-wide configuration and `start!` (`Json`, as applications do), or a
//! `Config` passed to each trace, which costs the clone of an `Arc` and the builder. The process has one installed
//! configuration, so logfmt is measured the second way, and `logfmt ÷ JSON` compares two rows of that second way.

use crate::peer::{Format, Peer};
use std::sync::{LazyLock, Once};
use traceline::{Config, Trace};
use units::sink::{Mode, set_mode};
use units::{Auth, Wide, with_wide_keys};

fn config(format: traceline::Format) -> Config {
    Config::builder().format(format).header(false).build().expect("a valid configuration")
}

static JSON: LazyLock<Config> = LazyLock::new(|| config(traceline::Format::Json));
static LOGFMT: LazyLock<Config> = LazyLock::new(|| config(traceline::Format::Logfmt));

#[inline(always)]
fn w1(mut trace: Trace, i: &Auth) {
    trace.set("req_id", &i.req_id);
    trace.set("method", &i.method);
    trace.set("uri", &i.uri);
    trace.set("ip", &i.ip);
    trace.set("status", i.status);
    trace.set("user_id", i.user_id);
    trace.set("plan", &i.plan);
    trace.set("cached", i.cached);
    trace.set("retries", i.retries);
    trace.set("amount", i.amount);
    trace.set("db_ms", i.db_ms);
    trace.set("items", i.items);
}

#[inline(always)]
fn w2(mut trace: Trace, i: &Auth) {
    trace.set("req_id", &i.req_id);
    trace.set("method", &i.method);
    trace.set("uri", &i.uri);
    trace.set("ip", &i.ip);
    trace.add("auth header read");
    traceline::add!(trace, "got key from table: {}", i.key);
    trace.set("status", i.status);
    trace.set("user_id", i.user_id);
    trace.set("plan", &i.plan);
    traceline::add!(trace, "user loaded for tenant {}", i.tenant);
    trace.set("cached", i.cached);
    trace.set("retries", i.retries);
    trace.add("rate limit checked");
    trace.set("amount", i.amount);
    trace.set("db_ms", i.db_ms);
    trace.set("items", i.items);
    traceline::add!(trace, "session stored in {}", i.store);
}

macro_rules! set_all {
    (
        [$trace:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($trace.set($sn, &$w.strs[$si]);)*
        $($trace.set($in, $w.ints[$ii]);)*
        $($trace.set($fn, $w.flts[$fi]);)*
        $($trace.set($bn, $w.flags[$bi]);)*
    };
}

#[inline(always)]
fn w3(mut trace: Trace, w: &Wide) {
    with_wide_keys!(set_all trace w);
    for arg in &w.strs[..10] {
        trace.add("auth header read");
        traceline::add!(trace, "got key from table: {arg}");
        traceline::add!(trace, "user loaded for tenant {arg}");
        trace.add("rate limit checked");
        traceline::add!(trace, "session stored in {arg}");
    }
}

/// The rows differ only in how a trace is started.
macro_rules! our_peer {
    ($row:ident, $name:literal, $format:expr, |$unit:ident| $start:expr) => {
        pub struct $row;

        impl Peer for $row {
            const NAME: &'static str = $name;
            const FORMAT: Format = $format;

            fn scope(mode: Mode, work: &mut dyn FnMut()) {
                static INSTALLED: Once = Once::new();
                INSTALLED.call_once(|| drop(JSON.install()));
                set_mode(mode);
                work();
            }

            fn w1(input: &Auth) {
                let $unit = "auth";
                w1($start, input);
            }

            fn w2(input: &Auth) {
                let $unit = "auth";
                w2($start, input);
            }

            fn w3(input: &Wide) {
                let $unit = "wide";
                w3($start, input);
            }
        }
    };
}

our_peer!(Json, "**traceline** JSON", Format::Json, |unit| traceline::start!(unit));
our_peer!(JsonPerTrace, "**traceline** JSON, `.config` per trace", Format::Json, |unit| {
    traceline::builder!(unit).config(&JSON).start()
});
our_peer!(LogfmtPerTrace, "**traceline** logfmt, `.config` per trace", Format::Logfmt, |unit| {
    traceline::builder!(unit).config(&LOGFMT).start()
});
