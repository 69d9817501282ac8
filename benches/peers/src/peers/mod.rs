//! One module per crate. Each cites the page of the docs it follows and lists what is done by hand.

pub mod emit;
pub mod metrique;
pub mod naive;
#[cfg(feature = "ours")]
pub mod ours;
pub mod serde;
pub mod slog;
pub mod tracing;
pub mod wide_event;
pub mod wide_log;

use crate::{floor::Floor, peer::Row};

/// All rows, in the order of printing. The floor comes first, since the ratios need it.
pub fn rows() -> Vec<Row> {
    vec![
        Row::of::<Floor>(),
        #[cfg(feature = "ours")]
        Row::of::<ours::Json>(),
        #[cfg(feature = "ours")]
        Row::of::<ours::JsonPerTrace>(),
        #[cfg(feature = "ours")]
        Row::of::<ours::LogfmtPerTrace>(),
        Row::of::<naive::Naive>(),
        Row::of::<metrique::Metrique>(),
        Row::of::<serde::Struct>(),
        Row::of::<serde::Map>(),
        Row::of::<slog::Json>(),
        Row::of::<slog::JsonChildren>(),
        Row::of::<slog::Logfmt>(),
        Row::of::<wide_log::WideLog>(),
        Row::of::<wide_event::WideEvent>(),
        Row::of::<emit::Emit>(),
        Row::of::<tracing::Logfmt>(),
        Row::of::<tracing::Json>(),
    ]
}
