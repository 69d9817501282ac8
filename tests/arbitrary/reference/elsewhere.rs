//! A file in which no unit starts.

use super::places::{Hand, say};
use super::program::Text;

pub const FILE: &str = file!();

pub const ADD: u32 = line!() + 2;
pub fn add(hand: &mut Hand<'_>, text: &Text) {
    say!(hand, text, add);
}
