//! wide-event. <https://docs.rs/wide-event/0.1.0/wide_event/> "Quick start", "Timestamp control".
//!
//! The timestamp is off (`with_timer(())`, which leaves it empty). It has no fragments: a `Vec` of JSON objects, set as
//! one value at the end. Off and warn are the same for it: its record is a `tracing` event at info, filtered there.

use crate::peer::{Format, Peer};
use serde_json::{Value, json};
use std::time::Instant;
use tracing_subscriber::{filter::LevelFilter, prelude::*, registry};
use units::sink::{Mode, Writer, set_mode};
use units::{Auth, Wide, with_wide_keys};
use wide_event::{JsonFormatter, WideEventGuard, WideEventLayer};

pub struct WideEvent;

macro_rules! set_all {
    (
        [$event:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($event.set_str($sn, &$w.strs[$si]);)*
        $($event.set_i64($in, $w.ints[$ii]);)*
        $($event.set_f64($fn, $w.flts[$fi]);)*
        $($event.set_bool($bn, $w.flags[$bi]);)*
    };
}

struct Notes {
    start: Instant,
    list: Vec<Value>,
}

impl Notes {
    fn start() -> Self {
        Self { start: Instant::now(), list: Vec::new() }
    }

    fn add(&mut self, line: u32, msg: String) {
        let at_us = self.start.elapsed().as_micros() as u64;
        self.list.push(json!({ "at_us": at_us, "line": line, "msg": msg }));
    }
}

impl Peer for WideEvent {
    const NAME: &'static str = "wide-event";
    const FORMAT: Format = Format::Json;
    const DURATION: &'static str = "duration_ns";

    fn scope(mode: Mode, work: &mut dyn FnMut()) {
        set_mode(mode);
        let level = match mode {
            Mode::On => LevelFilter::INFO,
            Mode::Off => LevelFilter::OFF,
            Mode::Warn => LevelFilter::WARN,
        };
        let layer = WideEventLayer::new(Writer, JsonFormatter).with_timer(());
        tracing::subscriber::with_default(registry().with(level).with(layer), work);
    }

    fn w1(i: &Auth) {
        let event = WideEventGuard::new("auth");
        event.set_str("req_id", &i.req_id);
        event.set_str("method", &i.method);
        event.set_str("uri", &i.uri);
        event.set_str("ip", &i.ip);
        event.set_u64("status", i.status.into());
        event.set_u64("user_id", i.user_id);
        event.set_str("plan", &i.plan);
        event.set_bool("cached", i.cached);
        event.set_u64("retries", i.retries.into());
        event.set_f64("amount", i.amount);
        event.set_f64("db_ms", i.db_ms);
        event.set_u64("items", i.items as u64);
    }

    fn w2(i: &Auth) {
        let mut notes = Notes::start();
        let event = WideEventGuard::new("auth");
        event.set_str("req_id", &i.req_id);
        event.set_str("method", &i.method);
        event.set_str("uri", &i.uri);
        event.set_str("ip", &i.ip);
        notes.add(line!(), "auth header read".to_owned());
        notes.add(line!(), format!("got key from table: {}", i.key));
        event.set_u64("status", i.status.into());
        event.set_u64("user_id", i.user_id);
        event.set_str("plan", &i.plan);
        notes.add(line!(), format!("user loaded for tenant {}", i.tenant));
        event.set_bool("cached", i.cached);
        event.set_u64("retries", i.retries.into());
        notes.add(line!(), "rate limit checked".to_owned());
        event.set_f64("amount", i.amount);
        event.set_f64("db_ms", i.db_ms);
        event.set_u64("items", i.items as u64);
        notes.add(line!(), format!("session stored in {}", i.store));
        event.set_value("fragments", Value::Array(notes.list));
    }

    fn w3(w: &Wide) {
        let mut notes = Notes::start();
        let event = WideEventGuard::new("wide");
        with_wide_keys!(set_all event w);
        for arg in &w.strs[..10] {
            notes.add(line!(), "auth header read".to_owned());
            notes.add(line!(), format!("got key from table: {arg}"));
            notes.add(line!(), format!("user loaded for tenant {arg}"));
            notes.add(line!(), "rate limit checked".to_owned());
            notes.add(line!(), format!("session stored in {arg}"));
        }
        event.set_value("fragments", Value::Array(notes.list));
    }
}
