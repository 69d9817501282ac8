//! metrique with its JSON format. <https://docs.rs/metrique/0.1.33/metrique/> "Getting Started", `_guide::sinks`
//! "Immediate Flushing" and "Creating a specifically-typed non-global sink", `examples/json.rs`.
//!
//! Configured in the fastest documented way: a sink for one entry type without dynamic dispatch, to which entries are
//! appended by reference. All threads share it behind its mutex, as with all sinks of metrique. Strings are owned,
//! as in its examples (an entry must be `'static` for most sinks). It has no fragments: a `Vec<String>`, which its JSON
//! prints as an array. Bools come out as 0 and 1, numbers as `{"value":1}`; its timestamp cannot be switched off.
//! Logging off is `DevNullSink`, as `_guide::sinks` recommends.

use crate::peer::{Format, Peer};
use metrique::json::Json;
use metrique::timers::Timer;
use metrique::unit::Millisecond;
use metrique::unit_of_work::metrics;
use metrique::writer::format::FormattedEntryIoStream;
use metrique::writer::sink::{DevNullSink, FlushImmediately};
use metrique::writer::{EntrySink, FormatExt};
use metrique::{CloseValue, RootMetric};
use std::{sync::LazyLock, time::Instant};
use units::sink::{Mode, Writer, mode};
use units::{Auth, Wide, with_wide_keys};

pub struct Metrique;

type Sink<T> = LazyLock<FlushImmediately<RootMetric<T>, FormattedEntryIoStream<Json, Writer>>>;

static AUTHS: Sink<AuthMetrics> = LazyLock::new(|| FlushImmediately::new(Json::new().output_to(Writer)));
static WIDES: Sink<WideMetrics> = LazyLock::new(|| FlushImmediately::new(Json::new().output_to(Writer)));

#[metrics]
#[derive(Default)]
struct AuthMetrics {
    msg: &'static str,
    #[metrics(unit = Millisecond)]
    duration: Timer,
    req_id: String,
    method: String,
    uri: String,
    ip: String,
    status: u16,
    user_id: u64,
    plan: String,
    cached: bool,
    retries: u32,
    amount: f64,
    db_ms: f64,
    items: usize,
    fragments: Option<Vec<String>>,
}

macro_rules! wide_metrics {
    (
        []
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        #[metrics]
        #[derive(Default)]
        struct WideMetrics {
            msg: &'static str,
            #[metrics(unit = Millisecond)]
            duration: Timer,
            $($s: String,)* $($i: u64,)* $($f: f64,)* $($b: bool,)*
            fragments: Option<Vec<String>>,
        }

        impl WideMetrics {
            #[inline(always)]
            fn set_all(&mut self, w: &Wide) {
                $(self.$s = w.strs[$si].clone();)*
                $(self.$i = w.ints[$ii] as u64;)* // metrique has no signed integers
                $(self.$f = w.flts[$fi];)*
                $(self.$b = w.flags[$bi];)*
            }
        }
    };
}
with_wide_keys!(wide_metrics);

fn emit_auth(metrics: AuthMetrics) {
    let entry = RootMetric::<AuthMetrics>::new(metrics.close());
    match mode() {
        Mode::Off => DevNullSink::new().append(entry),
        _ => AUTHS.append(entry),
    }
}

impl Peer for Metrique {
    const NAME: &'static str = "metrique";
    const FORMAT: Format = Format::Json;
    const DURATION: &'static str = "duration";
    const WARN: Option<&'static str> = Some("no levels");

    fn w1(i: &Auth) {
        let mut metrics = AuthMetrics { msg: "auth", ..Default::default() };
        metrics.req_id = i.req_id.clone();
        metrics.method = i.method.clone();
        metrics.uri = i.uri.clone();
        metrics.ip = i.ip.clone();
        metrics.status = i.status;
        metrics.user_id = i.user_id;
        metrics.plan = i.plan.clone();
        metrics.cached = i.cached;
        metrics.retries = i.retries;
        metrics.amount = i.amount;
        metrics.db_ms = i.db_ms;
        metrics.items = i.items;
        emit_auth(metrics);
    }

    fn w2(i: &Auth) {
        let clock = Instant::now();
        let at = || clock.elapsed().as_micros() as u64;
        let mut metrics = AuthMetrics { msg: "auth", ..Default::default() };
        let mut fragments = Vec::new();
        metrics.req_id = i.req_id.clone();
        metrics.method = i.method.clone();
        metrics.uri = i.uri.clone();
        metrics.ip = i.ip.clone();
        fragments.push(format!("[{}, {}us] auth header read", line!(), at()));
        fragments.push(format!("[{}, {}us] got key from table: {}", line!(), at(), i.key));
        metrics.status = i.status;
        metrics.user_id = i.user_id;
        metrics.plan = i.plan.clone();
        fragments.push(format!("[{}, {}us] user loaded for tenant {}", line!(), at(), i.tenant));
        metrics.cached = i.cached;
        metrics.retries = i.retries;
        fragments.push(format!("[{}, {}us] rate limit checked", line!(), at()));
        metrics.amount = i.amount;
        metrics.db_ms = i.db_ms;
        metrics.items = i.items;
        fragments.push(format!("[{}, {}us] session stored in {}", line!(), at(), i.store));
        metrics.fragments = Some(fragments);
        emit_auth(metrics);
    }

    fn w3(w: &Wide) {
        let clock = Instant::now();
        let at = || clock.elapsed().as_micros() as u64;
        let mut metrics = WideMetrics { msg: "wide", ..Default::default() };
        let mut fragments = Vec::new();
        metrics.set_all(w);
        for arg in &w.strs[..10] {
            fragments.push(format!("[{}, {}us] auth header read", line!(), at()));
            fragments.push(format!("[{}, {}us] got key from table: {arg}", line!(), at()));
            fragments.push(format!("[{}, {}us] user loaded for tenant {arg}", line!(), at()));
            fragments.push(format!("[{}, {}us] rate limit checked", line!(), at()));
            fragments.push(format!("[{}, {}us] session stored in {arg}", line!(), at()));
        }
        metrics.fragments = Some(fragments);
        WIDES.append(RootMetric::<WideMetrics>::new(metrics.close()));
    }
}
