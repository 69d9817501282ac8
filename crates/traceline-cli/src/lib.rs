//! Reads canonical log lines and shows them on a time axis.
//!
//! The parts of the program `traceline`, split so that each can be tested and fuzzed, [`parse`]
//! above all. In data-flow order: [`source`] yields lines, [`record`] parses each with [`fields`]
//! and the keys of [`names`], [`index`] keeps a few numbers per unit, [`filter`] and [`query`]
//! select units, [`stats`] and [`tree`] count and arrange them, [`detail`] rereads the lines of
//! units on display, [`term`], [`html`] and [`export`] make text of them, [`output`] writes it.

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]

pub mod app;
pub mod args;
pub mod detail;
pub mod duration;
pub mod export;
pub mod fields;
pub mod filter;
pub mod follow;
pub mod html;
pub mod index;
mod json;
pub mod names;
pub mod output;
pub mod progress;
pub mod query;
pub mod record;
mod scan;
pub mod source;
pub mod stats;
pub mod term;
pub mod text;
pub mod time;
pub mod tree;
pub mod tui;
pub mod world;
pub use names::Names;
pub use record::{Record, Reject, parse};
