//! The items of a list value, as bytes in the arena.
//!
//! A list is a run of items: a tag byte, then the value. Nested lists are an
//! open and a close mark round their items, so that encoding one needs no
//! recursion and no allocation. A list that outgrows the value limit is cut
//! between two items; one that is nested too deeply is cut there.

use crate::base::clock::Stamp;
use crate::unit::store::arena::Writer;
use crate::unit::store::text;
use crate::value::json_text::MAX_NESTED;
use crate::value::kind::{Kind, Value};
use crate::value::to_value::ToValue;

const OPEN: u8 = 0;

const CLOSE: u8 = 1;

const NULL: u8 = 2;

const BOOL: u8 = 3;

const U64: u8 = 4;

const I64: u8 = 5;

const F64: u8 = 6;

const F32: u8 = 7;

const MICROS: u8 = 8;

const U128: u8 = 9;

const I128: u8 = 10;

const STAMP: u8 = 11;

const TEXT: u8 = 12;

const JSON: u8 = 13;

/// One item of a stored list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Item<'a> {
    Open,
    Close,
    Null,
    Bool(bool),
    U64(u64),
    I64(i64),
    F64(f64),
    F32(f32),
    Micros(u64),
    U128(u128),
    I128(i128),
    Stamp(Stamp),
    Text(&'a [u8]),
    /// JSON text.
    Json(&'a [u8]),
}

/// Stores one value of a list that is itself `depth` lists deep; `false` when a
/// limit is reached.
pub(crate) fn push(out: &mut Writer<'_>, value: Value<'_>, depth: usize) -> bool {
    match value.0 {
        // An array has no gaps: `None` keeps its place.
        Kind::Absent | Kind::Null => out.push_bytes(&[NULL]),
        Kind::Bool(value) => out.push_bytes(&[BOOL, value.into()]),
        Kind::U64(n) => fixed(out, U64, n.to_le_bytes()),
        Kind::I64(n) => fixed(out, I64, n.to_le_bytes()),
        Kind::F64(x) => fixed(out, F64, x.to_le_bytes()),
        Kind::F32(x) => fixed(out, F32, x.to_le_bytes()),
        Kind::Micros(n) => fixed(out, MICROS, n.to_le_bytes()),
        Kind::U128(n) => fixed(out, U128, n.to_le_bytes()),
        Kind::I128(n) => fixed(out, I128, n.to_le_bytes()),
        Kind::Stamp(stamp) => fixed(out, STAMP, stamp.to_bytes()),
        Kind::Str(text) => push_text(out, TEXT, text.as_bytes()),
        Kind::Json(text) => {
            let pushed = push_text(out, JSON, text.as_str().as_bytes());
            if text.is_cut() {
                out.mark_cut();
            }
            pushed && !text.is_cut()
        }
        Kind::Structured(value) => {
            let (made, cut) = value.made(out.room());
            let pushed = push(out, made.to_value(), depth);
            if cut {
                out.mark_cut();
            }
            pushed && !cut
        }
        Kind::List(_) if depth >= MAX_NESTED => {
            out.mark_cut();
            false
        }
        Kind::List(list) => {
            let mut open = out.push_bytes(&[OPEN]);
            if open {
                list.each(&mut |value| {
                    open = push(out, value, depth + 1);
                    open
                });
            }
            open && out.push_bytes(&[CLOSE])
        }
        Kind::Char(_)
        | Kind::Lossy(_)
        | Kind::Mask(..)
        | Kind::Args(_)
        | Kind::Display(_)
        | Kind::Debug(_) => {
            let text = text::to_string(value.0, out.room());
            push_text(out, TEXT, text.as_bytes())
        }
    }
}

fn fixed<const N: usize>(out: &mut Writer<'_>, tag: u8, bytes: [u8; N]) -> bool {
    let mut item = [tag; 17];
    if let Some(rest) = item.get_mut(1..=N) {
        rest.copy_from_slice(&bytes);
    }
    out.push_bytes(item.get(..=N).unwrap_or_default())
}

fn push_text(out: &mut Writer<'_>, tag: u8, text: &[u8]) -> bool {
    let Ok(len) = u32::try_from(text.len()) else {
        out.mark_cut();
        return false;
    };
    if !out.has_room(text.len().saturating_add(5)) {
        out.mark_cut();
        return false;
    }
    fixed(out, tag, len.to_le_bytes()) && out.push_bytes(text)
}

/// Reads the items of a list back.
#[derive(Clone, Debug)]
pub(crate) struct Items<'a> {
    bytes: &'a [u8],
}

impl<'a> Items<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Items<'a> {
        Items { bytes }
    }

    /// The longest run of whole items from the first that `most` bytes hold.
    #[cold]
    pub(crate) fn whole(bytes: &'a [u8], most: usize) -> &'a [u8] {
        let mut items = Items::new(bytes);
        let mut end = 0;
        while items.next().is_some() {
            let read = bytes.len() - items.bytes.len();
            if read > most {
                break;
            }
            end = read;
        }
        bytes.get(..end).unwrap_or_default()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*head)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let [tag] = self.take()?;
        Some(match tag {
            OPEN => Item::Open,
            CLOSE => Item::Close,
            NULL => Item::Null,
            BOOL => Item::Bool(self.take::<1>()? != [0]),
            U64 => Item::U64(u64::from_le_bytes(self.take()?)),
            I64 => Item::I64(i64::from_le_bytes(self.take()?)),
            F64 => Item::F64(f64::from_le_bytes(self.take()?)),
            F32 => Item::F32(f32::from_le_bytes(self.take()?)),
            MICROS => Item::Micros(u64::from_le_bytes(self.take()?)),
            U128 => Item::U128(u128::from_le_bytes(self.take()?)),
            I128 => Item::I128(i128::from_le_bytes(self.take()?)),
            STAMP => Item::Stamp(Stamp::from_bytes(self.take()?)),
            TEXT | JSON => {
                let len = u32::from_le_bytes(self.take()?) as usize;
                let (text, rest) = self.bytes.split_at_checked(len)?;
                self.bytes = rest;
                if tag == JSON {
                    Item::Json(text)
                } else {
                    Item::Text(text)
                }
            }
            _ => return None,
        })
    }
}
