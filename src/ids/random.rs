//! Random bits for ids, without a system call per id.

use std::cell::Cell;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::OnceLock;
use std::time::Instant;

/// A moment as bits, which differs between parent and child after a `fork`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Salt(u64);

impl Salt {
    pub(crate) fn new(at: Instant) -> Salt {
        static BASE: OnceLock<Instant> = OnceLock::new();
        let since = at.saturating_duration_since(*BASE.get_or_init(|| at));
        let nanos = since.as_secs().wrapping_mul(1_000_000_000);
        Salt(nanos.wrapping_add(since.subsec_nanos().into()))
    }
}

thread_local! {
    /// The state of the two generators, zero until seeded. It has no destructor, so
    /// ids can be made while the thread ends.
    static STATE: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// Returns 128 random bits from two SplitMix64 generators (Steele), which each
/// thread seeds from the randomness of the operating system through `RandomState`.
///
/// The time goes in too, because parent and child share a state after a `fork`.
pub(super) fn random(Salt(salt): Salt) -> u128 {
    let (a, b) = match STATE.get() {
        (0, 0) => seed(),
        state => state,
    };
    let a = a.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let b = b.wrapping_add(0xD1B5_4A32_D192_ED03);
    STATE.set((a, b));
    u128::from(mix(a ^ salt)) << 64 | u128::from(mix(b ^ salt))
}

#[cold]
fn seed() -> (u64, u64) {
    let (a, b) = (RandomState::new(), RandomState::new());
    (a.hash_one(1_u8), b.hash_one(2_u8))
}

/// Applies the finaliser of SplitMix64, which [`Sampling`](crate::config::Sampling)
/// documents as its hash.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Copies the state of a generator as `fork` does.
    #[test]
    fn the_same_state_at_another_time_makes_other_ids() {
        let now = Instant::now();
        let _ = random(Salt::new(now));
        let state = STATE.get();
        let mut seen = std::collections::HashSet::new();
        for nanos in 0..1_000 {
            STATE.set(state);
            assert!(seen.insert(random(Salt::new(now + Duration::from_nanos(nanos)))));
        }
    }
}
