//! Where the fields of a unit are found, by the hashes of their keys.

use smallvec::SmallVec;

use crate::unit::store::arena::Arena;
use crate::unit::store::field::{Field, GivenKey};

/// A hash table with open addressing. It is built when it is first needed, and catches
/// up with the fields that were recognised without it.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// The place of a field plus one, 0 where empty.
    places: SmallVec<[u16; 256]>,
    /// How many fields, from the first, are in the index.
    indexed: usize,
}

impl Index {
    #[inline]
    pub(super) fn clear(&mut self) {
        if self.indexed > 0 {
            self.places.fill(0);
            self.indexed = 0;
        }
    }

    /// Makes room for this many fields.
    pub(super) fn widen(&mut self, len: usize) {
        let wanted = (len + 1).saturating_mul(2).next_power_of_two().max(64);
        if self.places.len() < wanted {
            self.places.clear();
            self.places.resize(wanted, 0);
            self.indexed = 0;
        }
    }

    /// Adds those of the first `len` fields that are missing.
    pub(super) fn catch_up(&mut self, fields: &[Field], len: usize) {
        self.widen(len);
        let mask = self.places.len() - 1;
        let fields = fields.iter().enumerate().take(len);
        for (at, field) in fields.skip(self.indexed) {
            let mut place = field.hash as usize & mask;
            while let Some(entry) = self.places.get_mut(place) {
                if *entry == 0 {
                    // `ConfigBuilder::build` keeps the limit below 65,535.
                    *entry = at as u16 + 1;
                    break;
                }
                place = (place + 1) & mask;
            }
        }
        self.indexed = len;
    }

    /// Searches for the earliest field of this key that `fits`.
    pub(super) fn search(
        &self,
        fields: &[Field],
        key: GivenKey<'_>,
        arena: &Arena,
        fits: impl Fn(&Field) -> bool,
    ) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = key.hash as usize & mask;
        loop {
            let at = usize::from(*self.places.get(place)?).checked_sub(1)?;
            let field = fields.get(at)?;
            if key.is_of(field, arena) && fits(field) {
                return Some(at);
            }
            place = (place + 1) & mask;
        }
    }
}
