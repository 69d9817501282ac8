//! The floor: the cost of the units if everything is known in advance. JSON.
//!
//! Straight-line code: each key, with its quotes, comma and brace, is a literal of known length. Values stay where they
//! are until the end, since the floor knows that nothing changes them. There is no escaping and no checking; integers
//! are written in pairs of digits, floats by `ryu` in place. `Instant::now` runs at the start, once per fragment and at
//! the end. The line goes to `log::logger()`, as in other rows. Its text equals that of traceline byte for byte, apart
//! from line numbers and times (`check.rs` compares them).
//!
//! Variants, each against the first in a run of 101 rounds (W1, W2, W3; 1.00 = 182, 351, 2,500 ns):
//!
//! | version | W1 | W2 | W3 |
//! | --- | ---: | ---: | ---: |
//! | buffer on the stack, values copied as two overlapping words, `itoa` | 1.00 | 1.00 | 1.00 |
//! | values copied with plain `copy_nonoverlapping` (a call of `memcpy`) | 1.02 | 1.02 | 0.98 |
//! | a kept thread-local buffer | 1.00 | 1.01 | 1.04 |
//! | values copied out of line | 1.11 | 1.16 | 1.30 |
//! | 1–3 bytes without `memcpy`, bools as one store of five bytes | 0.99 | 0.99 | 0.98 |
//! | the same, `itoa`'s digits copied byte by byte | 1.02 | 1.01 | 1.00 |
//! | **the same, digits in place instead of `itoa`: kept** | 0.98 | 0.995 | 0.98 |

use crate::peer::{Format, Peer};
use log::{Level, Metadata, Record};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};
use units::{Auth, Wide, with_wide_keys};

pub struct Floor;

/// Writes forward and never checks for the end of the buffer.
struct Pen(*mut u8);

/// Every `unsafe fn` here has one condition: the buffer is long enough for all the unit writes.
impl Pen {
    #[inline(always)]
    unsafe fn raw(&mut self, bytes: &[u8]) {
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0, bytes.len());
            self.0 = self.0.add(bytes.len());
        }
    }

    /// A value of unknown, mostly small length: two overlapping words instead of calling `memcpy`.
    #[inline(always)]
    unsafe fn text(&mut self, text: &str) {
        let (from, len) = (text.as_ptr(), text.len());
        unsafe {
            if (16..=32).contains(&len) {
                copy::<16>(from, self.0);
                copy::<16>(from.add(len - 16), self.0.add(len - 16));
            } else if (8..16).contains(&len) {
                copy::<8>(from, self.0);
                copy::<8>(from.add(len - 8), self.0.add(len - 8));
            } else if (4..8).contains(&len) {
                copy::<4>(from, self.0);
                copy::<4>(from.add(len - 4), self.0.add(len - 4));
            } else if len < 4 {
                if len > 0 {
                    // first, middle, last: one, two or three bytes
                    *self.0 = *from;
                    *self.0.add(len / 2) = *from.add(len / 2);
                    *self.0.add(len - 1) = *from.add(len - 1);
                }
            } else {
                std::ptr::copy_nonoverlapping(from, self.0, len);
            }
            self.0 = self.0.add(len);
        }
    }

    /// Two digits at a time, straight into place; the units have no negative integers.
    #[inline(always)]
    unsafe fn int(&mut self, value: u64) {
        let len = if value < 10 { 1 } else { value.ilog10() as usize + 1 };
        let (mut rest, mut left) = (value, len);
        unsafe {
            while rest >= 100 {
                left -= 2;
                copy::<2>(PAIRS.as_ptr().add(2 * (rest % 100) as usize), self.0.add(left));
                rest /= 100;
            }
            if rest >= 10 {
                copy::<2>(PAIRS.as_ptr().add(2 * rest as usize), self.0);
            } else {
                *self.0 = b'0' + rest as u8;
            }
            self.0 = self.0.add(len);
        }
    }

    #[inline(always)]
    unsafe fn float(&mut self, value: f64) {
        unsafe { self.0 = self.0.add(ryu::raw::format64(value, self.0)) };
    }

    #[inline(always)]
    unsafe fn bool(&mut self, value: bool) {
        // Five bytes at once in either case; the pen moves on by four or five.
        unsafe {
            copy::<5>(if value { b"true," } else { b"false" }.as_ptr(), self.0);
            self.0 = self.0.add(5 - usize::from(value));
        }
    }

    /// Whole microseconds as milliseconds, without trailing zeros: `0.012`, `1.5`, `2.0`.
    #[inline(always)]
    unsafe fn ms(&mut self, time: Duration) {
        let us = time.as_secs() * 1_000_000 + u64::from(time.subsec_micros());
        let (whole, rest) = (us / 1000, us % 1000);
        unsafe {
            if whole < 10 {
                *self.0 = b'0' + whole as u8;
                self.0 = self.0.add(1);
            } else {
                self.int(whole);
            }
            *self.0 = b'.';
            *self.0.add(1) = b'0' + (rest / 100) as u8;
            *self.0.add(2) = b'0' + (rest / 10 % 10) as u8;
            *self.0.add(3) = b'0' + (rest % 10) as u8;
            let len = if rest % 10 != 0 {
                4
            } else if rest % 100 != 0 {
                3
            } else {
                2
            };
            self.0 = self.0.add(len);
        }
    }
}

/// `00` to `99`.
static PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut n = 0;
    while n < 100 {
        pairs[2 * n] = b'0' + (n / 10) as u8;
        pairs[2 * n + 1] = b'0' + (n % 10) as u8;
        n += 1;
    }
    pairs
};

#[inline(always)]
unsafe fn copy<const N: usize>(from: *const u8, to: *mut u8) {
    unsafe { to.cast::<[u8; N]>().write_unaligned(from.cast::<[u8; N]>().read_unaligned()) };
}

/// The check that every row makes before working: could even an error be logged?
#[inline(always)]
fn enabled() -> bool {
    Level::Error <= log::max_level()
}

/// Runs `fill` on a buffer of `N` bytes and hands the line to the logger.
#[inline(always)]
fn hand_over<const N: usize>(fill: impl FnOnce(&mut Pen)) {
    let metadata = Metadata::builder().level(Level::Info).target(module_path!()).build();
    let logger = log::logger();
    if Level::Info > log::max_level() || !logger.enabled(&metadata) {
        return;
    }
    let mut buffer = [const { MaybeUninit::<u8>::uninit() }; N];
    let start = buffer.as_mut_ptr().cast::<u8>();
    let mut pen = Pen(start);
    fill(&mut pen);
    // SAFETY: `fill` wrote every byte from `start` to the pen, all of it copied from `str`s.
    let line = unsafe {
        let len = pen.0.offset_from(start) as usize;
        std::str::from_utf8_unchecked(std::slice::from_raw_parts(start, len))
    };
    logger.log(
        &Record::builder()
            .metadata(metadata)
            .args(format_args!("{line}"))
            .module_path_static(Some(module_path!()))
            .file_static(Some(file!()))
            .line(Some(line!()))
            .build(),
    );
}

/// One fragment; the line number is part of the literal.
macro_rules! fragment {
    ($pen:ident, $before:literal, $at:expr, $text:literal $(, $arg:expr)?) => {
        $pen.raw(concat!($before, "{\"at_ms\":").as_bytes());
        $pen.ms($at);
        $pen.raw(concat!(",\"line\":", line!(), ",\"msg\":\"", $text).as_bytes());
        $($pen.text($arg);)?
        $pen.raw(b"\"}");
    };
}

/// The twelve fields, up to the last value.
#[inline(always)]
unsafe fn auth_fields(pen: &mut Pen, i: &Auth, duration: Duration) {
    unsafe {
        pen.raw(br#"{"msg":"auth","duration_ms":"#);
        pen.ms(duration);
        pen.raw(br#","req_id":""#);
        pen.text(&i.req_id);
        pen.raw(br#"","method":""#);
        pen.text(&i.method);
        pen.raw(br#"","uri":""#);
        pen.text(&i.uri);
        pen.raw(br#"","ip":""#);
        pen.text(&i.ip);
        pen.raw(br#"","status":"#);
        pen.int(i.status.into());
        pen.raw(br#","user_id":"#);
        pen.int(i.user_id);
        pen.raw(br#","plan":""#);
        pen.text(&i.plan);
        pen.raw(br#"","cached":"#);
        pen.bool(i.cached);
        pen.raw(br#","retries":"#);
        pen.int(i.retries.into());
        pen.raw(br#","amount":"#);
        pen.float(i.amount);
        pen.raw(br#","db_ms":"#);
        pen.float(i.db_ms);
        pen.raw(br#","items":"#);
        pen.int(i.items as u64);
    }
}

macro_rules! wide_fields {
    (
        [$pen:ident $w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        $($pen.raw(concat!(",\"", $sn, "\":\"").as_bytes()); $pen.text(&$w.strs[$si]); $pen.raw(b"\"");)*
        $($pen.raw(concat!(",\"", $in, "\":").as_bytes()); $pen.int($w.ints[$ii] as u64);)*
        $($pen.raw(concat!(",\"", $fn, "\":").as_bytes()); $pen.float($w.flts[$fi]);)*
        $($pen.raw(concat!(",\"", $bn, "\":").as_bytes()); $pen.bool($w.flags[$bi]);)*
    };
}

/// The offsets of the fifty fragments of W3, each read when its fragment happens.
#[inline(always)]
fn fifty_times(start: Instant) -> [Duration; 50] {
    std::array::from_fn(|_| start.elapsed())
}

impl Peer for Floor {
    const NAME: &'static str = "**floor**";
    const FORMAT: Format = Format::Json;

    fn w1(i: &Auth) {
        if !enabled() {
            return;
        }
        let start = Instant::now();
        let duration = start.elapsed();
        // SAFETY: 13 keys and short values are far below 1 KiB.
        hand_over::<1024>(|pen| unsafe {
            auth_fields(pen, i, duration);
            pen.raw(b"}");
        });
    }

    fn w2(i: &Auth) {
        if !enabled() {
            return;
        }
        let start = Instant::now();
        let at0 = start.elapsed();
        let at1 = start.elapsed();
        let at2 = start.elapsed();
        let at3 = start.elapsed();
        let at4 = start.elapsed();
        let duration = start.elapsed();
        // SAFETY: 13 keys, five fragments and short values are below 1 KiB.
        hand_over::<1024>(|pen| unsafe {
            auth_fields(pen, i, duration);
            fragment!(pen, ",\"fragments\":[", at0, "auth header read");
            fragment!(pen, ",", at1, "got key from table: ", &i.key);
            fragment!(pen, ",", at2, "user loaded for tenant ", &i.tenant);
            fragment!(pen, ",", at3, "rate limit checked");
            fragment!(pen, ",", at4, "session stored in ", &i.store);
            pen.raw(b"]}");
        });
    }

    fn w3(w: &Wide) {
        if !enabled() {
            return;
        }
        let start = Instant::now();
        let at = fifty_times(start);
        let duration = start.elapsed();
        // SAFETY: 100 fields of at most 40 bytes and 50 fragments of at most 90 are below 16 KiB.
        hand_over::<16384>(|pen| unsafe {
            pen.raw(br#"{"msg":"wide","duration_ms":"#);
            pen.ms(duration);
            with_wide_keys!(wide_fields pen w);
            pen.raw(b",\"fragments\":[");
            for round in 0..10 {
                let (at, arg) = (&at[5 * round..5 * round + 5], &w.strs[round]);
                fragment!(pen, "", at[0], "auth header read");
                fragment!(pen, ",", at[1], "got key from table: ", arg);
                fragment!(pen, ",", at[2], "user loaded for tenant ", arg);
                fragment!(pen, ",", at[3], "rate limit checked");
                fragment!(pen, ",", at[4], "session stored in ", arg);
                pen.raw(b",");
            }
            pen.0 = pen.0.sub(1);
            pen.raw(b"]}");
        });
    }
}
