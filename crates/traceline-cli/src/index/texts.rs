//! Names, services and errors.

use std::collections::HashMap;

use crate::record::Record;
use crate::text::Text;

/// How many different texts are kept; a file of nothing but different errors may have more.
const MOST: usize = 1_000_000;

/// How much of an error is kept.
const LONGEST: usize = 160;

/// Names, services and errors, each once. The first is empty.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) all: Vec<Box<str>>,
    numbers: HashMap<Box<[u8]>, u32>,
    /// Where a name of two parts is put together.
    room: Vec<u8>,
}

impl Default for Texts {
    fn default() -> Texts {
        let mut texts = Texts {
            all: Vec::new(),
            numbers: HashMap::new(),
            room: Vec::new(),
        };
        texts.add(b"");
        texts
    }
}

impl Texts {
    /// Returns the number of a record's name.
    #[inline(always)]
    pub(super) fn name(&mut self, record: &Record<'_>) -> u32 {
        let [method, text] = record.label;
        if method.raw.is_empty() {
            return self.number(text);
        }
        let mut room = std::mem::take(&mut self.room);
        room.clear();
        room.extend_from_slice(method.decode().as_bytes());
        room.push(b' ');
        room.extend_from_slice(text.decode().as_bytes());
        let number = self.number_of(&room);
        self.room = room;
        number
    }

    /// Returns the number of what is known about a failure.
    pub(super) fn error(&mut self, record: &Record<'_>) -> u32 {
        let texts = [record.error_type, record.error];
        match texts.into_iter().find(|text| !text.raw.is_empty()) {
            Some(text) => {
                let text = text.decode();
                let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
                let kept = text.get(..end.unwrap_or(0)).unwrap_or(&text);
                self.number_of(kept.as_bytes())
            }
            None if record.status >= 500 => {
                self.number_of(format!("status {}", record.status).as_bytes())
            }
            None => 0,
        }
    }

    #[inline(always)]
    pub(super) fn number(&mut self, text: Text<'_>) -> u32 {
        if text.escaped {
            return self.number_of(text.decode().as_bytes());
        }
        self.number_of(text.raw)
    }

    #[inline(always)]
    fn number_of(&mut self, text: &[u8]) -> u32 {
        match self.numbers.get(text) {
            Some(number) => *number,
            None => self.add(text),
        }
    }

    #[cold]
    fn add(&mut self, text: &[u8]) -> u32 {
        if self.all.len() > MOST {
            return self.number_of(b"(more than a million texts)");
        }
        let number = self.all.len() as u32;
        self.all.push(String::from_utf8_lossy(text).into());
        self.numbers.insert(text.into(), number);
        number
    }
}
