//! Names and services.

use std::collections::HashMap;

use crate::text::Text;

/// Names and services, each once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) all: Vec<Box<str>>,
    numbers: HashMap<Box<[u8]>, u32>,
}

impl Texts {
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
        let number = self.all.len() as u32;
        self.all.push(String::from_utf8_lossy(text).into());
        self.numbers.insert(text.into(), number);
        number
    }
}
