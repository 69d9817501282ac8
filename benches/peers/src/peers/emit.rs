//! emit. <https://emit-rs.io/producing-events/tracing/manual-span-creation.html>, and
//! <https://docs.rs/emit/2.23.0/emit/span/struct.SpanGuard.html#method.push_prop>.
//!
//! The unit is a span made with `info_span_guard!`; each field is a `push_prop` (which borrows: favourable); the record
//! is the event of the completed span. It is written as JSON with `sval_json`, as emit_file does by default, without
//! module, template and timestamps; the duration is the length of the span. No random ids (`with_rng(Empty)`), since no
//! other row makes them. Fragments would be child events with a line each; one array property is cheaper, so the
//! row keeps a hand-written `Vec<String>`.

use crate::peer::{Format, Peer};
use emit::{Empty, Event, Props, Value};
use std::{ops::ControlFlow, sync::Once, time::Instant};
use sval::{Label, Stream};
use units::sink::{Mode, mode, set_mode, with};
use units::{Auth, Wide, with_wide_keys};

pub struct Emit;

/// The record as JSON: `msg`, `duration_ms`, then the properties, without duplicates.
struct Line<'a, P>(&'a Event<'a, P>);

impl<P: Props> sval::Value for Line<'_, P> {
    fn stream<'sval, S: Stream<'sval> + ?Sized>(&'sval self, stream: &mut S) -> sval::Result {
        stream.record_begin(None, None, None, None)?;
        if let Some(length) = self.0.extent().and_then(|extent| extent.len()) {
            stream.record_value_begin(None, &Label::new("duration_ms"))?;
            stream.f64(length.as_micros() as f64 / 1000.0)?;
            stream.record_value_end(None, &Label::new("duration_ms"))?;
        }
        stream.record_value_begin(None, &Label::new("msg"))?;
        sval::stream_display(&mut *stream, self.0.msg())?;
        stream.record_value_end(None, &Label::new("msg"))?;
        let _ = self.0.props().dedup().for_each(|key, value| match stream_prop(stream, key.get(), &value) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
        stream.record_end(None, None, None)
    }
}

fn stream_prop<'sval, S: Stream<'sval> + ?Sized>(stream: &mut S, key: &str, value: &Value<'_>) -> sval::Result {
    stream.record_value_begin(None, &Label::new_computed(key))?;
    stream.value_computed(value)?;
    stream.record_value_end(None, &Label::new_computed(key))
}

/// The process-wide runtime of emit, set up once; its filter checks the mode like a reloadable one.
fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = emit::setup()
            .emit_when(emit::filter::from_fn(|_| mode() == Mode::On))
            .emit_to(emit::emitter::from_fn(|event| {
                with(|buffer| sval_json::stream_to_io_write(buffer, Line(&event)).map(drop)).expect("a Vec takes all");
            }))
            .with_rng(Empty)
            .init();
    });
}

/// Each `push_prop` wraps the previous type in a new one. Twelve are fine; a hundred take the compiler minutes, so W3
/// collects its pairs in a list, which emit also accepts as properties.
macro_rules! push_all {
    (
        [$props:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($props.push(($sn, Value::from($w.strs[$si].as_str())));)*
        $($props.push(($in, Value::from($w.ints[$ii])));)*
        $($props.push(($fn, Value::from($w.flts[$fi])));)*
        $($props.push(($bn, Value::from($w.flags[$bi])));)*
    };
}

impl Peer for Emit {
    const NAME: &'static str = "emit";
    const FORMAT: Format = Format::Json;
    const WARN: Option<&'static str> = Some("filters when the span starts: same as off");

    fn scope(mode: Mode, work: &mut dyn FnMut()) {
        set_mode(mode);
        set_up();
        work();
    }

    fn w1(i: &Auth) {
        let (mut span, frame) = emit::info_span_guard!("auth");
        frame.call(move || {
            span.start();
            let span = span.push_prop("req_id", i.req_id.as_str());
            let span = span.push_prop("method", i.method.as_str());
            let span = span.push_prop("uri", i.uri.as_str());
            let span = span.push_prop("ip", i.ip.as_str());
            let span = span.push_prop("status", i.status);
            let span = span.push_prop("user_id", i.user_id);
            let span = span.push_prop("plan", i.plan.as_str());
            let span = span.push_prop("cached", i.cached);
            let span = span.push_prop("retries", i.retries);
            let span = span.push_prop("amount", i.amount);
            let span = span.push_prop("db_ms", i.db_ms);
            let span = span.push_prop("items", i.items);
            span.complete();
        });
    }

    fn w2(i: &Auth) {
        let clock = Instant::now();
        let at = || clock.elapsed().as_micros() as u64;
        let (mut span, frame) = emit::info_span_guard!("auth");
        frame.call(move || {
            let mut fragments = Vec::new();
            span.start();
            let span = span.push_prop("req_id", i.req_id.as_str());
            let span = span.push_prop("method", i.method.as_str());
            let span = span.push_prop("uri", i.uri.as_str());
            let span = span.push_prop("ip", i.ip.as_str());
            fragments.push(format!("[{}, {}us] auth header read", line!(), at()));
            fragments.push(format!("[{}, {}us] got key from table: {}", line!(), at(), i.key));
            let span = span.push_prop("status", i.status);
            let span = span.push_prop("user_id", i.user_id);
            let span = span.push_prop("plan", i.plan.as_str());
            fragments.push(format!("[{}, {}us] user loaded for tenant {}", line!(), at(), i.tenant));
            let span = span.push_prop("cached", i.cached);
            let span = span.push_prop("retries", i.retries);
            fragments.push(format!("[{}, {}us] rate limit checked", line!(), at()));
            let span = span.push_prop("amount", i.amount);
            let span = span.push_prop("db_ms", i.db_ms);
            let span = span.push_prop("items", i.items);
            fragments.push(format!("[{}, {}us] session stored in {}", line!(), at(), i.store));
            span.push_prop("fragments", Value::capture_sval(&fragments)).complete();
        });
    }

    #[expect(clippy::vec_init_then_push, reason = "each field in a statement of its own is the unit of work")]
    fn w3(w: &Wide) {
        let clock = Instant::now();
        let at = || clock.elapsed().as_micros() as u64;
        let (mut span, frame) = emit::info_span_guard!("wide");
        frame.call(move || {
            let mut fragments = Vec::new();
            span.start();
            let mut props = Vec::with_capacity(100);
            with_wide_keys!(push_all props w);
            for arg in &w.strs[..10] {
                fragments.push(format!("[{}, {}us] auth header read", line!(), at()));
                fragments.push(format!("[{}, {}us] got key from table: {arg}", line!(), at()));
                fragments.push(format!("[{}, {}us] user loaded for tenant {arg}", line!(), at()));
                fragments.push(format!("[{}, {}us] rate limit checked", line!(), at()));
                fragments.push(format!("[{}, {}us] session stored in {arg}", line!(), at()));
            }
            span.push_props(&props[..]).push_prop("fragments", Value::capture_sval(&fragments)).complete();
        });
    }
}
