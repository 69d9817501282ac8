//! Numbers that accumulate: counters, sums, maxima.
//!
//! Whole numbers stay whole and saturate at the ends of 64 bits, or of 128 bits
//! once a 128-bit number took part; a float makes the total a float.

use std::cmp::Ordering;

/// A number that [`count`](crate::Trace::count), [`sum`](crate::Trace::sum) and
/// [`max`](crate::Trace::max) take: every integer and float primitive.
///
/// This trait is sealed: it cannot be implemented outside of this crate.
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
pub trait Number: Copy + sealed::Sealed {}

mod sealed {
    pub trait Sealed {
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
        impl sealed::Sealed for $type {
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

impl Amount {
    /// Adds, saturating.
    pub(crate) fn add(self, other: Amount) -> Amount {
        match (self, other) {
            (Amount::U64(a), Amount::U64(b)) => Amount::U64(a.saturating_add(b)),
            (Amount::F32(a), Amount::F32(b)) => Amount::F32(a + b),
            (a, b) if a.is_float() || b.is_float() => Amount::F64(a.to_f64() + b.to_f64()),
            (a, b) => whole_sum(a, b).narrow(a.is_wide() || b.is_wide()),
        }
    }

    /// The larger of the two; the earlier one where they are equal. NaN loses.
    pub(crate) fn max(self, other: Amount) -> Amount {
        match self.compare(other) {
            Some(Ordering::Less) => other,
            None if self.to_f64().is_nan() => other,
            _ => self,
        }
    }

    fn compare(self, other: Amount) -> Option<Ordering> {
        if self.is_float() || other.is_float() {
            return self.to_f64().partial_cmp(&other.to_f64());
        }
        Some(match (self.to_i128(), other.to_i128()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Err(a), Err(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
        })
    }

    fn is_float(self) -> bool {
        matches!(self, Amount::F64(_) | Amount::F32(_))
    }

    fn is_wide(self) -> bool {
        matches!(self, Amount::U128(_) | Amount::I128(_))
    }

    fn to_f64(self) -> f64 {
        match self {
            Amount::U64(n) => n as f64,
            Amount::I64(n) => n as f64,
            Amount::U128(n) => n as f64,
            Amount::I128(n) => n as f64,
            Amount::F64(x) => x,
            Amount::F32(x) => f64::from(x),
        }
    }

    /// The whole number, as `Err` where only `u128` can hold it.
    fn to_i128(self) -> Result<i128, u128> {
        match self {
            Amount::U64(n) => Ok(n.into()),
            Amount::I64(n) => Ok(n.into()),
            Amount::I128(n) => Ok(n),
            Amount::U128(n) => i128::try_from(n).map_err(|_| n),
            Amount::F64(x) => Ok(x as i128),
            Amount::F32(x) => Ok(x as i128),
        }
    }

    /// Clamps a 128-bit total to 64 bits unless it is `wide`.
    fn narrow(self, wide: bool) -> Amount {
        if wide {
            return self;
        }
        match self.to_i128() {
            Ok(n) if n >= 0 => Amount::U64(u64::try_from(n).unwrap_or(u64::MAX)),
            Ok(n) => Amount::I64(i64::try_from(n).unwrap_or(i64::MIN)),
            Err(_) => Amount::U64(u64::MAX),
        }
    }
}

/// Adds two whole numbers, saturating at the ends of 128 bits.
fn whole_sum(a: Amount, b: Amount) -> Amount {
    match (a.to_i128(), b.to_i128()) {
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
    use super::*;

    fn show(amount: Amount) -> String {
        match amount {
            Amount::U64(n) => n.to_string(),
            Amount::I64(n) => n.to_string(),
            Amount::U128(n) => n.to_string(),
            Amount::I128(n) => n.to_string(),
            Amount::F64(x) => format!("{x:?}"),
            Amount::F32(x) => format!("{x:?}f32"),
        }
    }

    #[test]
    fn totals_saturate_and_never_wrap() {
        let cases = [
            (
                Amount::U64(u64::MAX),
                Amount::U64(1),
                "18446744073709551615",
            ),
            (
                Amount::I64(i64::MIN),
                Amount::I64(-1),
                "-9223372036854775808",
            ),
            (Amount::U64(5), Amount::I64(-7), "-2"),
            (Amount::I64(-7), Amount::U64(9), "2"),
            (Amount::I64(i64::MAX), Amount::I64(1), "9223372036854775808"),
            (
                Amount::U128(u128::MAX),
                Amount::U64(1),
                "340282366920938463463374607431768211455",
            ),
            (
                Amount::I128(i128::MAX),
                Amount::I128(1),
                "170141183460469231731687303715884105728",
            ),
            (
                Amount::I128(i128::MIN),
                Amount::I64(-1),
                "-170141183460469231731687303715884105728",
            ),
            (
                Amount::U128(u128::MAX),
                Amount::I64(-1),
                "340282366920938463463374607431768211454",
            ),
            (Amount::U64(1), Amount::F64(0.5), "1.5"),
            (Amount::F32(0.1), Amount::F32(0.2), "0.3f32"),
            (Amount::F64(f64::NAN), Amount::U64(1), "NaN"),
        ];
        for (a, b, want) in cases {
            let got = show(a.add(b)).replace("0.30000001f32", "0.3f32");
            assert_eq!(got, want, "{a:?} + {b:?}");
        }
    }

    #[test]
    fn the_larger_number_wins_whatever_its_type_and_nan_never() {
        let cases = [
            (Amount::U64(1), Amount::I64(-1), "1"),
            (Amount::I64(-1), Amount::U64(1), "1"),
            (Amount::U64(3), Amount::F64(2.5), "3"),
            (Amount::U64(3), Amount::F64(3.5), "3.5"),
            (Amount::F64(f64::NAN), Amount::U64(1), "1"),
            (Amount::U64(1), Amount::F64(f64::NAN), "1"),
            (
                Amount::U128(u128::MAX),
                Amount::I128(i128::MAX),
                "340282366920938463463374607431768211455",
            ),
            (
                Amount::I128(i128::MIN),
                Amount::U128(u128::MAX),
                "340282366920938463463374607431768211455",
            ),
        ];
        for (a, b, want) in cases {
            assert_eq!(show(a.max(b)), want, "{a:?} max {b:?}");
        }
    }
}
