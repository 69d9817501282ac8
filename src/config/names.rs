//! The names that the library writes in a record, in one table.
//!
//! Each name is kept with the marks around it, as it stands in a record, so that a
//! field is written by copying that and then its value.

use std::borrow::Cow;

use crate::config::choices::Format;

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A name that the library writes in a record; see [`ConfigBuilder::name`](super::ConfigBuilder::name).
        ///
        /// # Examples
        ///
        /// ```
        /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
        /// use traceline::{Config, config::Name};
        ///
        /// let config = Config::builder().name(Name::DurationMs, "took_ms").build()?;
        /// let trace = traceline::builder!("job").config(&config).start();
        /// assert!(trace.render().contains(" msg=job took_ms="));
        /// # Ok::<(), traceline::config::ConfigError>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Name {
            $(#[doc = concat!("`", $text, "`: ")] $(#[$doc])* $variant,)*
        }

        const DEFAULTS: [&str; COUNT] = [$($text),*];
        const COUNT: usize = [$($text),*].len();
    };
}

names! {
    /// when the record was emitted.
    Ts = "ts",
    /// the level.
    Level = "level",
    /// the message, which is the name of the unit.
    Msg = "msg",
    /// the id of the transaction, if there is one.
    TraceId = "trace_id",
    /// the id of this unit in the transaction.
    SpanId = "span_id",
    /// the id of the unit that called this one.
    ParentId = "parent_id",
    /// the flags of the transaction, as two hex digits.
    TraceFlags = "trace_flags",
    /// the id of the request.
    RequestId = "request_id",
    /// how the unit ended.
    Outcome = "outcome",
    /// how long it took, in milliseconds.
    DurationMs = "duration_ms",
    /// the text of the error.
    Error = "error",
    /// the texts of the error's sources.
    ErrorChain = "error.chain",
    /// the message of a panic, with [`panic_hook`](crate::panic_hook).
    Panic = "panic",
    /// where the panic began: file, line and column.
    PanicLocation = "panic.location",
    /// the fragments.
    Fragments = "fragments",
    /// how many writes to new keys, and laps of timers, exceeded a limit.
    DroppedFields = "dropped_fields",
    /// how many fragments exceeded the limit.
    DroppedFragments = "dropped_fragments",
    /// how many parts were still out when the unit ended.
    LostParts = "lost_parts",
    /// how many fields, fragments and other texts were cut.
    Truncated = "truncated",
    /// how many units this record stands for; 0 if others stand for it already.
    SampleRate = "sample_rate",
    /// `true` in the record of a unit that is still running.
    Partial = "partial",
    /// the number of a partial record, from 1.
    Seq = "seq",
}

/// The suffixes that a timer adds to its key, for the number of laps, their sum, the
/// longest one, and the time in which at least one ran.
pub(crate) const TIMER_SUFFIXES: [&str; 4] = [".count", ".ms", ".max_ms", ".wall_ms"];

/// The names of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    texts: [Cow<'static, str>; COUNT],
    /// Each name between its marks: `,"ts":` or ` ts=`.
    prefixes: [Vec<u8>; COUNT],
}

/// Returns a name between its marks.
pub(super) fn marked(name: &str, format: Format) -> Vec<u8> {
    let (before, after) = around(format);
    [before, name.as_bytes(), after].concat()
}

/// Returns the marks around a key that is written as it is.
fn around(format: Format) -> (&'static [u8], &'static [u8]) {
    match format {
        Format::Json => (b",\"", b"\":"),
        Format::Logfmt | Format::Pretty => (b" ", b"="),
    }
}

/// The length of the longest prefix that a field keeps ready.
pub(crate) const PREFIX: usize = 16;

/// Returns a key between its marks, and their total length, or zero if it is more
/// than [`PREFIX`].
pub(super) fn key_prefix(key: &str, format: Format) -> ([u8; PREFIX], u8) {
    let (before, after) = around(format);
    let mut prefix = [0; PREFIX];
    let mut rest = prefix.as_mut_slice();
    for part in [before, key.as_bytes(), after] {
        match rest.split_at_mut_checked(part.len()) {
            Some((to, room)) => {
                to.copy_from_slice(part);
                rest = room;
            }
            None => return (prefix, 0),
        }
    }
    let len = PREFIX - rest.len();
    (prefix, len as u8)
}

impl Default for Names {
    fn default() -> Names {
        Names::new(DEFAULTS.map(Cow::Borrowed), Format::default())
    }
}

impl Names {
    fn new(texts: [Cow<'static, str>; COUNT], format: Format) -> Names {
        Names {
            prefixes: texts.each_ref().map(|name| marked(name, format)),
            texts,
        }
    }

    /// Returns the names as a format writes them.
    pub(super) fn for_format(self, format: Format) -> Names {
        Names::new(self.texts, format)
    }

    pub(super) fn set(&mut self, name: Name, new: impl Into<Cow<'static, str>>) {
        if let Some(text) = self.texts.get_mut(name as usize) {
            *text = new.into();
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }

    /// Returns how much longer the names are, together, than the default ones.
    pub(crate) fn extra_bytes(&self) -> usize {
        let default: usize = DEFAULTS.iter().map(|name| name.len()).sum();
        let now: usize = self.iter().map(str::len).sum();
        now.saturating_sub(default)
    }

    /// Returns a name between its marks.
    #[inline]
    pub(crate) fn prefix(&self, name: Name) -> &[u8] {
        self.prefixes.get(name as usize).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn text(&self, name: Name) -> &str {
        self.texts.get(name as usize).map_or("", AsRef::as_ref)
    }
}
