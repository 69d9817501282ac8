//! wide-log, W3: the schema of a hundred keys. See `wide-log-auth` for how it is configured.

use units::{Wide, sink, with_wide_keys};
use wide_log::wide_log;

macro_rules! schema {
    ([] $($kind:ident $key:ident $name:tt $index:tt;)*) => {
        wide_log!({ "msg": "wide", $($name: null,)* });
    };
}
with_wide_keys!(schema);

macro_rules! set_all {
    (
        [$w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $(wl_set!($sn, $w.strs[$si].as_str());)*
        $(wl_set!($in, $w.ints[$ii]);)*
        $(wl_set!($fn, $w.flts[$fi]);)*
        $(wl_set!($bn, $w.flags[$bi]);)*
    };
}

#[inline(never)]
pub fn w3(w: &Wide) {
    let clock = std::time::Instant::now();
    let at = || clock.elapsed().as_micros() as u64;
    let _guard = WideLogGuard::builder()
        .with_id(String::new)
        .with_emit(|event| sink::with(|buffer| event.serialize_to(buffer).expect("a Vec takes all")))
        .build();
    with_wide_keys!(set_all w);
    for arg in &w.strs[..10] {
        info!("[{}, {}us] auth header read", line!(), at());
        info!("[{}, {}us] got key from table: {}", line!(), at(), arg);
        info!("[{}, {}us] user loaded for tenant {}", line!(), at(), arg);
        info!("[{}, {}us] rate limit checked", line!(), at());
        info!("[{}, {}us] session stored in {}", line!(), at(), arg);
    }
}
