//! Numbers that accumulate in a field: counters, sums and maxima.
//!
//! Whole numbers stay whole and saturate at the ends of 64 bits, or of 128 bits
//! once a 128-bit number takes part; a float makes the total a float.

/// A number that [`sum`](crate::Trace::sum) and [`max`](crate::Trace::max) accept:
/// every primitive integer and float.
///
/// This trait is sealed: it cannot be implemented outside this crate.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// let mut trace = traceline::start!("import");
/// trace.sum("bytes", 200_u8).sum("bytes", 4_000_usize).sum("ratio", 1).sum("ratio", 0.5);
/// assert!(trace.render().ends_with(" bytes=4200 ratio=1.5"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`sum` and `max` take a number, not `{Self}`",
    label = "expected an integer or a float",
    note = "write `*n` for a reference, `wait.as_millis()` for a `Duration`"
)]
pub trait Number: Copy + sealed::ToAmount {}

mod sealed {
    pub trait ToAmount {
        #[doc(hidden)]
        fn amount(self) -> super::Amount;
    }
}

/// A number of any primitive type.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    U64(u64),
    I64(i64),
    U128(u128),
    I128(i128),
    F64(f64),
    F32(f32),
}

macro_rules! number {
    ($($variant:ident: $($type:ty)+;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl Number for $type {}
        impl sealed::ToAmount for $type {
            #[inline]
            fn amount(self) -> Amount {
                Amount::$variant(self as _)
            }
        }
    )+)*};
}

number! {
    U64: u8 u16 u32 u64 usize;
    I64: i8 i16 i32 i64 isize;
    U128: u128;
    I128: i128;
    F64: f64;
    F32: f32;
}

/// A whole number; `Err` holds those that only `u128` can hold, so that `Ok < Err`.
type Whole = Result<i128, u128>;

impl Amount {
    /// Adds two numbers, saturating.
    pub(crate) fn add(self, other: Amount) -> Amount {
        match (self, other) {
            (Amount::U64(a), Amount::U64(b)) => return Amount::U64(a.saturating_add(b)),
            (Amount::F32(a), Amount::F32(b)) => return Amount::F32(a + b),
            _ => {}
        }
        let is_wide = self.is_wide() || other.is_wide();
        match (self.whole(), other.whole()) {
            (Some(Ok(a)), Some(Ok(b))) if !is_wide => narrow(a + b),
            (Some(a), Some(b)) => wide_sum(a, b),
            _ => Amount::F64(self.to_f64() + other.to_f64()),
        }
    }

    /// Returns the larger number, the earlier one if they are equal. NaN loses.
    pub(crate) fn max(self, other: Amount) -> Amount {
        let is_less = match (self.whole(), other.whole()) {
            (Some(a), Some(b)) => a < b,
            _ => self.to_f64().is_nan() || self.to_f64() < other.to_f64(),
        };
        if is_less { other } else { self }
    }

    fn is_wide(self) -> bool {
        matches!(self, Amount::U128(_) | Amount::I128(_))
    }

    pub(super) fn to_f64(self) -> f64 {
        match self {
            Amount::U64(n) => n as f64,
            Amount::I64(n) => n as f64,
            Amount::U128(n) => n as f64,
            Amount::I128(n) => n as f64,
            Amount::F64(x) => x,
            Amount::F32(x) => f64::from(x),
        }
    }

    /// Returns the number unless it is a float.
    pub(super) fn whole(self) -> Option<Whole> {
        Some(match self {
            Amount::U64(n) => Ok(n.into()),
            Amount::I64(n) => Ok(n.into()),
            Amount::I128(n) => Ok(n),
            Amount::U128(n) => i128::try_from(n).map_err(|_| n),
            Amount::F64(_) | Amount::F32(_) => return None,
        })
    }
}

/// Clamps a sum to 64 bits.
fn narrow(sum: i128) -> Amount {
    match sum < 0 {
        true => Amount::I64(i64::try_from(sum).unwrap_or(i64::MIN)),
        false => Amount::U64(u64::try_from(sum).unwrap_or(u64::MAX)),
    }
}

/// Adds two whole numbers, saturating at the ends of 128 bits.
fn wide_sum(a: Whole, b: Whole) -> Amount {
    match (a, b) {
        (Ok(a), Ok(b)) => match a.checked_add(b) {
            Some(sum) => Amount::I128(sum),
            None if a > 0 => Amount::U128(a.unsigned_abs() + b.unsigned_abs()),
            None => Amount::I128(i128::MIN),
        },
        (Err(a), Err(b)) => Amount::U128(a.saturating_add(b)),
        (Err(big), Ok(n)) | (Ok(n), Err(big)) => Amount::U128(big.saturating_add_signed(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::Amount::{self, *};

    /// The kind counts too, and NaN equals itself.
    #[track_caller]
    fn same(got: Amount, want: Amount) {
        assert_eq!(format!("{got:?}"), format!("{want:?}"));
    }

    #[test]
    fn totals_saturate_and_never_wrap() {
        for (a, b, want) in [
            (U64(u64::MAX), U64(1), U64(u64::MAX)),
            (I64(i64::MIN), I64(-1), I64(i64::MIN)),
            (U64(5), I64(-7), I64(-2)),
            (I64(-7), U64(9), U64(2)),
            (I64(i64::MAX), I64(1), U64(1 << 63)),
            (U128(u128::MAX), U64(1), U128(u128::MAX)),
            (I128(i128::MAX), I128(1), U128(1 << 127)),
            (I128(i128::MIN), I64(-1), I128(i128::MIN)),
            (U128(u128::MAX), I64(-1), U128(u128::MAX - 1)),
            (U64(1), F64(0.5), F64(1.5)),
            (F32(0.1), F32(0.2), F32(0.1 + 0.2)),
            (F64(f64::NAN), U64(1), F64(f64::NAN)),
        ] {
            same(a.add(b), want);
        }
    }

    #[test]
    fn the_larger_number_wins_whatever_its_type_and_nan_never() {
        for (a, b, want) in [
            (U64(1), I64(-1), U64(1)),
            (I64(-1), U64(1), U64(1)),
            (U64(3), F64(2.5), U64(3)),
            (U64(3), F64(3.5), F64(3.5)),
            (F64(f64::NAN), U64(1), U64(1)),
            (U64(1), F64(f64::NAN), U64(1)),
            (U128(u128::MAX), I128(i128::MAX), U128(u128::MAX)),
            (I128(i128::MIN), U128(u128::MAX), U128(u128::MAX)),
        ] {
            same(a.max(b), want);
        }
    }
}
