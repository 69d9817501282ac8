//! slog with slog-json and slog-logfmt. <https://docs.rs/slog/2.8.2/slog/> "Contextual values and Logger";
//! <https://docs.rs/slog-json/2.6.1/slog_json/> and <https://docs.rs/slog-logfmt/0.1.0/slog_logfmt/>, first example.
//!
//! slog offers two ways to collect fields: keep them in locals and pass all to the final `info!` (`Json`, `Logfmt`:
//! fast, because it borrows, but only possible if one function knows everything), or make a child logger in every
//! statement with `Logger::new(o!(…))` (`JsonChildren`: the documented way for context). slog has no fragments, so they
//! are a hand-written `Vec`, passed as a nested value (feature `nested-values`) or as logfmt text.

use crate::peer::{Format, Peer};
use slog::{Drain, Level, Logger, PushFnValue, Record, Serde, info, o};
use std::sync::{LazyLock, Mutex};
use units::sink::{Mode, Writer, mode};
use units::{Auth, Fragments, Wide, with_wide_keys};

/// One root logger per mode: slog filters in the drain, which is fixed when a logger is built.
struct Roots {
    on: Logger,
    off: Logger,
    warn: Logger,
}

impl Roots {
    /// `Mutex` and `Fuse` around the drain follow the example in the docs.
    fn new<D>(drain: impl Fn() -> D) -> Self
    where
        D: Drain + Send + 'static,
        D::Err: std::fmt::Debug,
    {
        Self {
            on: Logger::root(Mutex::new(drain()).map(slog::Fuse), o!()),
            off: Logger::root(slog::Discard, o!()),
            warn: Logger::root(Mutex::new(drain()).filter_level(Level::Warning).map(slog::Fuse), o!()),
        }
    }

    fn get(&self) -> &Logger {
        match mode() {
            Mode::On => &self.on,
            Mode::Off => &self.off,
            Mode::Warn => &self.warn,
        }
    }
}

/// Without `ts` and `level`: only the message of `add_default_keys`.
static JSON: LazyLock<Roots> = LazyLock::new(|| {
    Roots::new(|| {
        slog_json::Json::new(Writer)
            .add_key_value(o!("msg" => PushFnValue(|record: &Record<'_>, to| to.emit(record.msg()))))
            .build()
    })
});

static LOGFMT: LazyLock<Roots> =
    LazyLock::new(|| Roots::new(|| slog_logfmt::Logfmt::new(Writer).no_prefix().print_msg(true).build()));

/// The fragments in the form that slog-logfmt can print: one text.
struct Text(Fragments);

impl slog::Value for Text {
    fn serialize(&self, _: &Record<'_>, key: slog::Key, to: &mut dyn slog::Serializer) -> slog::Result {
        to.emit_arguments(key, &format_args!("{}", self.0))
    }
}

fn nested(fragments: Fragments) -> impl slog::Value {
    Serde(fragments.list)
}

fn w1(log: &Logger, i: &Auth) {
    let fragments = Fragments::start();
    let req_id = i.req_id.as_str();
    let method = i.method.as_str();
    let uri = i.uri.as_str();
    let ip = i.ip.as_str();
    let status = i.status;
    let user_id = i.user_id;
    let plan = i.plan.as_str();
    let cached = i.cached;
    let retries = i.retries;
    let amount = i.amount;
    let db_ms = i.db_ms;
    let items = i.items;
    let duration_ms = fragments.elapsed_ms();
    info!(log, "auth";
        "duration_ms" => duration_ms, "req_id" => req_id, "method" => method, "uri" => uri, "ip" => ip,
        "status" => status, "user_id" => user_id, "plan" => plan, "cached" => cached, "retries" => retries,
        "amount" => amount, "db_ms" => db_ms, "items" => items);
}

fn w2<V: slog::Value>(log: &Logger, i: &Auth, show: fn(Fragments) -> V) {
    let mut fragments = Fragments::start();
    let req_id = i.req_id.as_str();
    let method = i.method.as_str();
    let uri = i.uri.as_str();
    let ip = i.ip.as_str();
    fragments.add(line!(), "auth header read");
    fragments.add(line!(), format!("got key from table: {}", i.key));
    let status = i.status;
    let user_id = i.user_id;
    let plan = i.plan.as_str();
    fragments.add(line!(), format!("user loaded for tenant {}", i.tenant));
    let cached = i.cached;
    let retries = i.retries;
    fragments.add(line!(), "rate limit checked");
    let amount = i.amount;
    let db_ms = i.db_ms;
    let items = i.items;
    fragments.add(line!(), format!("session stored in {}", i.store));
    let duration_ms = fragments.elapsed_ms();
    info!(log, "auth";
        "duration_ms" => duration_ms, "req_id" => req_id, "method" => method, "uri" => uri, "ip" => ip,
        "status" => status, "user_id" => user_id, "plan" => plan, "cached" => cached, "retries" => retries,
        "amount" => amount, "db_ms" => db_ms, "items" => items, "fragments" => show(fragments));
}

macro_rules! wide_statement {
    (
        [$log:ident $w:ident $fragments:ident $show:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        let duration_ms = $fragments.elapsed_ms();
        info!($log, "wide";
            "duration_ms" => duration_ms,
            $($sn => &$w.strs[$si],)* $($in => $w.ints[$ii],)* $($fn => $w.flts[$fi],)* $($bn => $w.flags[$bi],)*
            "fragments" => $show($fragments))
    };
}

fn w3<V: slog::Value>(log: &Logger, w: &Wide, show: fn(Fragments) -> V) {
    let mut fragments = Fragments::start();
    super::serde::add_fifty(&mut fragments, w);
    with_wide_keys!(wide_statement log w fragments show);
}

pub struct Json;

impl Peer for Json {
    const NAME: &'static str = "slog-json, one final statement";
    const FORMAT: Format = Format::Json;

    fn w1(i: &Auth) {
        w1(JSON.get(), i);
    }

    fn w2(i: &Auth) {
        w2(JSON.get(), i, nested);
    }

    fn w3(w: &Wide) {
        w3(JSON.get(), w, nested);
    }
}

pub struct Logfmt;

impl Peer for Logfmt {
    const NAME: &'static str = "slog-logfmt, one final statement";
    const FORMAT: Format = Format::Logfmt;

    fn w1(i: &Auth) {
        w1(LOGFMT.get(), i);
    }

    fn w2(i: &Auth) {
        w2(LOGFMT.get(), i, Text);
    }

    fn w3(w: &Wide) {
        w3(LOGFMT.get(), w, Text);
    }
}

/// A child logger for every field. Its values must be `'static`, so strings are copied.
pub struct JsonChildren;

macro_rules! children {
    (
        [$log:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($log = $log.new(o!($sn => $w.strs[$si].clone()));)*
        $($log = $log.new(o!($in => $w.ints[$ii]));)*
        $($log = $log.new(o!($fn => $w.flts[$fi]));)*
        $($log = $log.new(o!($bn => $w.flags[$bi]));)*
    };
}

impl Peer for JsonChildren {
    const NAME: &'static str = "slog-json, child loggers";
    const FORMAT: Format = Format::Json;

    fn w1(i: &Auth) {
        let clock = Fragments::start();
        let log = JSON.get().new(o!("req_id" => i.req_id.clone()));
        let log = log.new(o!("method" => i.method.clone()));
        let log = log.new(o!("uri" => i.uri.clone()));
        let log = log.new(o!("ip" => i.ip.clone()));
        let log = log.new(o!("status" => i.status));
        let log = log.new(o!("user_id" => i.user_id));
        let log = log.new(o!("plan" => i.plan.clone()));
        let log = log.new(o!("cached" => i.cached));
        let log = log.new(o!("retries" => i.retries));
        let log = log.new(o!("amount" => i.amount));
        let log = log.new(o!("db_ms" => i.db_ms));
        let log = log.new(o!("items" => i.items));
        info!(log, "auth"; "duration_ms" => clock.elapsed_ms());
    }

    fn w2(i: &Auth) {
        let mut fragments = Fragments::start();
        let log = JSON.get().new(o!("req_id" => i.req_id.clone()));
        let log = log.new(o!("method" => i.method.clone()));
        let log = log.new(o!("uri" => i.uri.clone()));
        let log = log.new(o!("ip" => i.ip.clone()));
        fragments.add(line!(), "auth header read");
        fragments.add(line!(), format!("got key from table: {}", i.key));
        let log = log.new(o!("status" => i.status));
        let log = log.new(o!("user_id" => i.user_id));
        let log = log.new(o!("plan" => i.plan.clone()));
        fragments.add(line!(), format!("user loaded for tenant {}", i.tenant));
        let log = log.new(o!("cached" => i.cached));
        let log = log.new(o!("retries" => i.retries));
        fragments.add(line!(), "rate limit checked");
        let log = log.new(o!("amount" => i.amount));
        let log = log.new(o!("db_ms" => i.db_ms));
        let log = log.new(o!("items" => i.items));
        fragments.add(line!(), format!("session stored in {}", i.store));
        let duration_ms = fragments.elapsed_ms();
        info!(log, "auth"; "duration_ms" => duration_ms, "fragments" => nested(fragments));
    }

    fn w3(w: &Wide) {
        let mut fragments = Fragments::start();
        let mut log = JSON.get().clone();
        with_wide_keys!(children log w);
        super::serde::add_fifty(&mut fragments, w);
        let duration_ms = fragments.elapsed_ms();
        info!(log, "wide"; "duration_ms" => duration_ms, "fragments" => nested(fragments));
    }
}
