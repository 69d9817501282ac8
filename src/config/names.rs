//! The names that the library writes in a record, in one place.

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
        /// let config = traceline::Config::builder().name(traceline::config::Name::DurationMs, "took_ms").build()?;
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
    /// the id of the transaction, once there is one.
    TraceId = "trace_id",
    /// the id of this unit in it.
    SpanId = "span_id",
    /// the id of the unit that called this one.
    ParentId = "parent_id",
    /// the flags of the transaction, two hex digits.
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
    /// how many writes to new keys, and laps of timers, found no room.
    DroppedFields = "dropped_fields",
    /// how many fragments found no room.
    DroppedFragments = "dropped_fragments",
    /// how many parts were never joined.
    LostParts = "lost_parts",
    /// how many values were cut.
    Truncated = "truncated",
    /// of how many units this record is the one that was kept; 0 if others stand for it.
    SampleRate = "sample_rate",
    /// `true` in a record of a unit that still runs.
    Partial = "partial",
    /// the number of a partial record, from 1.
    Seq = "seq",
}

/// What a timer adds to its key, for the laps, their sum and the longest one.
pub(crate) const TIMER_SUFFIXES: [&str; 3] = [".count", ".ms", ".max_ms"];

/// The names of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    texts: [Cow<'static, str>; COUNT],
    /// For each name, separator, name and mark: `,"ts":` or ` ts=`.
    prefixes: [Vec<u8>; COUNT],
}

/// Separator and mark of a key that is written as it is.
pub(super) fn around(format: Format) -> (&'static [u8], &'static [u8]) {
    match format {
        Format::Json => (b",\"", b"\":"),
        Format::Logfmt | Format::Pretty => (b" ", b"="),
    }
}

/// The longest prefix of a field that is kept ready.
pub(crate) const PREFIX: usize = 16;

/// Separator, key and mark, and their length; zero where they are longer than [`PREFIX`].
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
        let prefix = |name: &Cow<'static, str>| {
            let (before, after) = around(format);
            [before, name.as_bytes(), after].concat()
        };
        Names {
            prefixes: texts.each_ref().map(prefix),
            texts,
        }
    }

    /// The names as they are written in a format.
    pub(super) fn for_format(self, format: Format) -> Names {
        Names::new(self.texts, format)
    }

    pub(super) fn set(&mut self, name: Name, text: String) {
        if let Some(slot) = self.texts.get_mut(name as usize) {
            *slot = Cow::Owned(text);
        }
    }

    /// The names of a schema, in place of all others.
    pub(super) fn set_all(&mut self, names: &[(Name, &'static str)]) {
        self.texts = DEFAULTS.map(Cow::Borrowed);
        for (name, text) in names {
            if let Some(slot) = self.texts.get_mut(*name as usize) {
                *slot = Cow::Borrowed(text);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }

    /// How much longer the names are, together, than the default ones.
    pub(crate) fn extra_bytes(&self) -> usize {
        let default: usize = DEFAULTS.iter().map(|name| name.len()).sum();
        let now: usize = self.iter().map(str::len).sum();
        now.saturating_sub(default)
    }

    /// Separator, name and mark.
    #[inline]
    pub(crate) fn prefix(&self, name: Name) -> &[u8] {
        self.prefixes
            .get(name as usize)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(crate) fn text(&self, name: Name) -> &str {
        self.texts
            .get(name as usize)
            .map(AsRef::as_ref)
            .unwrap_or_default()
    }

    /// Whether the library may ever write this name itself.
    pub(super) fn is_reserved(&self, key: &str) -> bool {
        self.iter().any(|name| name == key)
    }
}
