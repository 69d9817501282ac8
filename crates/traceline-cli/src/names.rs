//! The names of the fields that the program itself reads.

use std::fmt;

/// A field that the program reads itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Name {
    /// When the record was emitted.
    Ts,
    /// The level.
    Level,
    /// The name of the unit.
    Msg,
    /// The program that wrote the line: a fixed field of the configuration.
    Service,
    /// The id of the transaction.
    TraceId,
    /// The id of the unit.
    SpanId,
    /// The id of the unit that called it.
    ParentId,
    /// How the unit ended.
    Outcome,
    /// How long it took.
    DurationMs,
    /// The fragments.
    Fragments,
    /// How many units the record stands for, itself included.
    SampleRate,
    /// Whether the unit went on after this record.
    Partial,
}

use Name::*;

/// All of them, with the library's default names.
const DEFAULTS: [(Name, &str); 12] = [
    (Ts, "ts"),
    (Level, "level"),
    (Msg, "msg"),
    (Service, "service"),
    (TraceId, "trace_id"),
    (SpanId, "span_id"),
    (ParentId, "parent_id"),
    (Outcome, "outcome"),
    (DurationMs, "duration_ms"),
    (Fragments, "fragments"),
    (SampleRate, "sample_rate"),
    (Partial, "partial"),
];

/// The names of those fields in the lines to be read.
///
/// # Examples
///
/// ```
/// use traceline_cli::{Names, parse};
///
/// let names = Names::parse("ts=time,msg=message")?;
/// let record = parse(br#"{"time":"2026-11-21T08:46:00Z","message":"auth","duration_ms":1.5}"#, &names).unwrap();
/// assert_eq!(record.name.decode(), "auth");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone)]
pub struct Names {
    texts: [Vec<u8>; DEFAULTS.len()],
    /// For each value of [`slot`], a bit for each name there. Most keys of a line find no bit set.
    slots: [u16; 64],
}

impl Default for Names {
    fn default() -> Names {
        Names::of(DEFAULTS.map(|(_, text)| text.into()))
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts.iter().map(|text| String::from_utf8_lossy(text));
        let pairs = DEFAULTS.iter().map(|(_, default)| default).zip(texts);
        f.debug_map().entries(pairs).finish()
    }
}

impl Names {
    fn of(texts: [Vec<u8>; DEFAULTS.len()]) -> Names {
        let mut slots = [0; 64];
        for (at, text) in texts.iter().enumerate() {
            slots[slot(text)] |= 1 << at;
        }
        Names { texts, slots }
    }

    /// Reads `ts=@timestamp,msg=message`: names of the library, and the names to read instead.
    ///
    /// # Errors
    ///
    /// If the program does not read such a name, or two of them would be the same.
    pub fn parse(list: &str) -> Result<Names, String> {
        let mut texts = DEFAULTS.map(|(_, text)| text.as_bytes().to_vec());
        for pair in list.split(',') {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            if text.is_empty() {
                return Err(format!("`{pair}` is not of the form name=other"));
            }
            let at = DEFAULTS.iter().position(|(_, default)| *default == name);
            let known = || DEFAULTS.map(|(_, text)| text).join(" ");
            let at = at.ok_or_else(|| format!("`{name}` is not one of {}", known()))?;
            texts[at] = text.into();
        }
        let mut sorted = texts.clone();
        sorted.sort();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!(
                "`{}` is there twice",
                String::from_utf8_lossy(&pair[0])
            )),
            None => Ok(Names::of(texts)),
        }
    }

    /// Returns which name a key stands for, if any.
    #[inline(always)]
    pub fn find(&self, key: &[u8]) -> Option<Name> {
        let mut bits = self.slots[slot(key)];
        while bits != 0 {
            let at = bits.trailing_zeros() as usize;
            if self.texts.get(at).is_some_and(|text| text == key) {
                return DEFAULTS.get(at).map(|(name, _)| *name);
            }
            bits &= bits - 1;
        }
        None
    }

    /// Returns the name of a field in the lines.
    pub fn text(&self, name: Name) -> &[u8] {
        &self.texts[name as usize]
    }
}

/// Below 64. Length, first and last byte tell the default names and most others apart.
#[inline(always)]
fn slot(key: &[u8]) -> usize {
    let (Some(first), Some(last)) = (key.first(), key.last()) else {
        return 0;
    };
    let mixed = usize::from(*first) * 5 + usize::from(*last) * 11 + key.len();
    mixed % 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_found_and_nothing_else() {
        let names = Names::default();
        for (name, text) in DEFAULTS {
            assert_eq!(names.find(text.as_bytes()), Some(name));
            assert_eq!(names.text(name), text.as_bytes());
            assert_eq!(DEFAULTS[name as usize].0, name);
        }
        for key in ["", "t", "tS", "level_2", "duration", "msgs"] {
            assert_eq!(names.find(key.as_bytes()), None, "{key}");
        }
    }

    #[test]
    fn a_renamed_field_is_not_found_by_its_old_name() {
        let names = Names::parse("ts=@timestamp,level=log.level").unwrap();
        assert_eq!(names.find(b"@timestamp"), Some(Ts));
        assert_eq!(names.find(b"log.level"), Some(Level));
        assert_eq!(names.find(b"ts"), None);
        assert_eq!(names.find(b"msg"), Some(Msg));
    }

    #[test]
    fn names_that_make_no_sense_are_refused() {
        let error = |list| Names::parse(list).unwrap_err();
        assert_eq!(error("ts"), "`ts` is not of the form name=other");
        assert_eq!(error("ts="), "`ts=` is not of the form name=other");
        assert_eq!(error("ts=msg"), "`msg` is there twice");
        assert_eq!(
            error("time=t"),
            "`time` is not one of ts level msg service trace_id span_id parent_id outcome duration_ms fragments sample_rate partial"
        );
    }
}
