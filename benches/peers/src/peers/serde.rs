//! serde_json: a map filled as the unit proceeds, or a derived struct; then `to_string` and `log::info!("{line}")`.
//! <https://docs.rs/serde_json/1.0.154/serde_json/#creating-json-by-serializing-data-structures>

use crate::peer::{Format, Peer};
use log::{Level, log_enabled};
use serde::Serialize;
use serde_json::{Map as JsonMap, Value, to_string, to_value};
use units::{Auth, Fragment, Fragments, Wide, with_wide_keys};

pub struct Map;

fn emit_map(mut map: JsonMap<String, Value>, fragments: Fragments) {
    if !log_enabled!(Level::Info) {
        return;
    }
    if !fragments.list.is_empty() {
        map.insert("fragments".to_owned(), to_value(&fragments.list).expect("fragments are plain data"));
    }
    map.insert("duration_ms".to_owned(), fragments.elapsed_ms().into());
    log::info!("{}", to_string(&map).expect("a map with string keys"));
}

fn start_map(name: &str) -> (JsonMap<String, Value>, Fragments) {
    let mut map = JsonMap::new();
    map.insert("msg".to_owned(), name.into());
    (map, Fragments::start())
}

macro_rules! insert_all {
    (
        [$map:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($map.insert($sn.to_owned(), $w.strs[$si].as_str().into());)*
        $($map.insert($in.to_owned(), $w.ints[$ii].into());)*
        $($map.insert($fn.to_owned(), $w.flts[$fi].into());)*
        $($map.insert($bn.to_owned(), $w.flags[$bi].into());)*
    };
}

impl Peer for Map {
    const NAME: &'static str = "serde_json, a map";
    const FORMAT: Format = Format::Json;

    fn w1(i: &Auth) {
        let (mut map, fragments) = start_map("auth");
        map.insert("req_id".to_owned(), i.req_id.as_str().into());
        map.insert("method".to_owned(), i.method.as_str().into());
        map.insert("uri".to_owned(), i.uri.as_str().into());
        map.insert("ip".to_owned(), i.ip.as_str().into());
        map.insert("status".to_owned(), i.status.into());
        map.insert("user_id".to_owned(), i.user_id.into());
        map.insert("plan".to_owned(), i.plan.as_str().into());
        map.insert("cached".to_owned(), i.cached.into());
        map.insert("retries".to_owned(), i.retries.into());
        map.insert("amount".to_owned(), i.amount.into());
        map.insert("db_ms".to_owned(), i.db_ms.into());
        map.insert("items".to_owned(), i.items.into());
        emit_map(map, fragments);
    }

    fn w2(i: &Auth) {
        let (mut map, mut fragments) = start_map("auth");
        map.insert("req_id".to_owned(), i.req_id.as_str().into());
        map.insert("method".to_owned(), i.method.as_str().into());
        map.insert("uri".to_owned(), i.uri.as_str().into());
        map.insert("ip".to_owned(), i.ip.as_str().into());
        fragments.add(line!(), "auth header read");
        fragments.add(line!(), format!("got key from table: {}", i.key));
        map.insert("status".to_owned(), i.status.into());
        map.insert("user_id".to_owned(), i.user_id.into());
        map.insert("plan".to_owned(), i.plan.as_str().into());
        fragments.add(line!(), format!("user loaded for tenant {}", i.tenant));
        map.insert("cached".to_owned(), i.cached.into());
        map.insert("retries".to_owned(), i.retries.into());
        fragments.add(line!(), "rate limit checked");
        map.insert("amount".to_owned(), i.amount.into());
        map.insert("db_ms".to_owned(), i.db_ms.into());
        map.insert("items".to_owned(), i.items.into());
        fragments.add(line!(), format!("session stored in {}", i.store));
        emit_map(map, fragments);
    }

    fn w3(w: &Wide) {
        let (mut map, mut fragments) = start_map("wide");
        with_wide_keys!(insert_all map w);
        add_fifty(&mut fragments, w);
        emit_map(map, fragments);
    }
}

pub(super) fn add_fifty(fragments: &mut Fragments, w: &Wide) {
    for arg in &w.strs[..10] {
        fragments.add(line!(), "auth header read");
        fragments.add(line!(), format!("got key from table: {arg}"));
        fragments.add(line!(), format!("user loaded for tenant {arg}"));
        fragments.add(line!(), "rate limit checked");
        fragments.add(line!(), format!("session stored in {arg}"));
    }
}

/// Favourable to serde: it borrows every string, which a record that outlives a request cannot.
pub struct Struct;

#[derive(Default, Serialize)]
struct AuthRecord<'a> {
    msg: &'a str,
    duration_ms: f64,
    req_id: &'a str,
    method: &'a str,
    uri: &'a str,
    ip: &'a str,
    status: u16,
    user_id: u64,
    plan: &'a str,
    cached: bool,
    retries: u32,
    amount: f64,
    db_ms: f64,
    items: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fragments: Vec<Fragment>,
}

macro_rules! wide_record {
    (
        []
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        #[derive(Default, Serialize)]
        struct WideRecord<'a> {
            msg: &'a str,
            duration_ms: f64,
            $($s: &'a str,)* $($i: i64,)* $($f: f64,)* $($b: bool,)*
            fragments: Vec<Fragment>,
        }

        impl<'a> WideRecord<'a> {
            #[inline(always)]
            fn set_all(&mut self, w: &'a Wide) {
                $(self.$s = &w.strs[$si];)*
                $(self.$i = w.ints[$ii];)*
                $(self.$f = w.flts[$fi];)*
                $(self.$b = w.flags[$bi];)*
            }
        }
    };
}
with_wide_keys!(wide_record);

fn emit_record(record: &impl Serialize) {
    if log_enabled!(Level::Info) {
        log::info!("{}", to_string(record).expect("plain data"));
    }
}

impl Peer for Struct {
    const NAME: &'static str = "serde_json, a struct";
    const FORMAT: Format = Format::Json;

    fn w1(i: &Auth) {
        let fragments = Fragments::start();
        let mut record = AuthRecord { msg: "auth", ..Default::default() };
        record.req_id = &i.req_id;
        record.method = &i.method;
        record.uri = &i.uri;
        record.ip = &i.ip;
        record.status = i.status;
        record.user_id = i.user_id;
        record.plan = &i.plan;
        record.cached = i.cached;
        record.retries = i.retries;
        record.amount = i.amount;
        record.db_ms = i.db_ms;
        record.items = i.items;
        record.duration_ms = fragments.elapsed_ms();
        emit_record(&record);
    }

    fn w2(i: &Auth) {
        let mut fragments = Fragments::start();
        let mut record = AuthRecord { msg: "auth", ..Default::default() };
        record.req_id = &i.req_id;
        record.method = &i.method;
        record.uri = &i.uri;
        record.ip = &i.ip;
        fragments.add(line!(), "auth header read");
        fragments.add(line!(), format!("got key from table: {}", i.key));
        record.status = i.status;
        record.user_id = i.user_id;
        record.plan = &i.plan;
        fragments.add(line!(), format!("user loaded for tenant {}", i.tenant));
        record.cached = i.cached;
        record.retries = i.retries;
        fragments.add(line!(), "rate limit checked");
        record.amount = i.amount;
        record.db_ms = i.db_ms;
        record.items = i.items;
        fragments.add(line!(), format!("session stored in {}", i.store));
        record.duration_ms = fragments.elapsed_ms();
        record.fragments = fragments.list;
        emit_record(&record);
    }

    fn w3(w: &Wide) {
        let mut fragments = Fragments::start();
        let mut record = WideRecord { msg: "wide", ..Default::default() };
        record.set_all(w);
        add_fifty(&mut fragments, w);
        record.duration_ms = fragments.elapsed_ms();
        record.fragments = fragments.list;
        emit_record(&record);
    }
}
