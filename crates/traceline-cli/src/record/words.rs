//! The words for levels and outcomes.

/// A level, from the least to the most severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// None on the line, or an unknown word.
    #[default]
    Unknown,
    /// `trace`
    Trace,
    /// `debug`
    Debug,
    /// `info`
    Info,
    /// `warn`
    Warn,
    /// `error`
    Error,
}

/// How a unit ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The line has no outcome.
    #[default]
    None,
    /// `ok`
    Ok,
    /// `error`
    Error,
    /// `panic`
    Panic,
    /// `cancelled`
    Cancelled,
    /// An unknown word.
    Other,
}

impl Level {
    /// Reads a level in the words of many loggers, in upper or lower case, or the numbers of pino.
    pub fn parse(text: &[u8]) -> Level {
        let is = |words: &[&[u8]]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match text {
            b"info" => Level::Info,
            b"warn" => Level::Warn,
            b"error" => Level::Error,
            b"debug" => Level::Debug,
            b"trace" => Level::Trace,
            [b'1'..=b'6', b'0'] => Level::from_pino(text),
            _ if is(&[b"info", b"notice", b"information", b"inf"]) => Level::Info,
            _ if is(&[b"warn", b"warning", b"wrn"]) => Level::Warn,
            _ if is(&[b"error", b"err", b"critical", b"crit", b"fatal", b"alert"]) => Level::Error,
            _ if is(&[
                b"emergency",
                b"emerg",
                b"panic",
                b"dpanic",
                b"severe",
                b"ftl",
            ]) =>
            {
                Level::Error
            }
            _ if is(&[b"debug", b"verbose", b"dbg", b"fine"]) => Level::Debug,
            _ if is(&[b"trace", b"finest", b"silly", b"trc"]) => Level::Trace,
            _ => Level::Unknown,
        }
    }

    fn from_pino(text: &[u8]) -> Level {
        match text.first() {
            Some(b'1') => Level::Trace,
            Some(b'2') => Level::Debug,
            Some(b'3') => Level::Info,
            Some(b'4') => Level::Warn,
            _ => Level::Error,
        }
    }

    /// Reads a severity number of OpenTelemetry.
    pub(crate) fn of_severity(number: u8) -> Level {
        match number {
            1..=4 => Level::Trace,
            5..=8 => Level::Debug,
            9..=12 => Level::Info,
            13..=16 => Level::Warn,
            17..=24 => Level::Error,
            _ => Level::Unknown,
        }
    }

    /// Finds the first word for a level in the prefix of a logger.
    pub(crate) fn find(prefix: &[u8]) -> Level {
        let words = prefix.split(|byte| !byte.is_ascii_alphabetic());
        let levels = words.filter(|word| word.len() > 3).map(Level::parse);
        let mut known = levels.filter(|level| *level != Level::Unknown);
        known.next().unwrap_or_default()
    }

    /// The library's word for it; empty if there is no level.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Unknown => "",
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

impl Outcome {
    /// Reads an outcome in the words of the library's schemas and a few of others.
    pub fn parse(text: &[u8]) -> Outcome {
        match text {
            b"ok" | b"success" => Outcome::Ok,
            b"error" | b"failure" | b"failed" | b"timeout" => Outcome::Error,
            b"panic" => Outcome::Panic,
            b"cancelled" | b"canceled" => Outcome::Cancelled,
            b"" | b"unknown" => Outcome::None,
            _ => Outcome::Other,
        }
    }

    /// Takes the reason beside a word that stands for several outcomes.
    pub(crate) fn with_reason(self, reason: &[u8]) -> Outcome {
        match (self, reason) {
            (Outcome::Error, b"panic") => Outcome::Panic,
            (Outcome::None, b"cancelled") => Outcome::Cancelled,
            _ => self,
        }
    }

    /// The library's word for it; empty if there is no outcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::None => "",
            Outcome::Ok => "ok",
            Outcome::Error => "error",
            Outcome::Panic => "panic",
            Outcome::Cancelled => "cancelled",
            Outcome::Other => "other",
        }
    }

    /// Whether the unit failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Outcome::Error | Outcome::Panic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_each_schema_is_known() {
        for schema in traceline::config::schema_tables() {
            for (default, word, reason) in schema.outcomes {
                let outcome = Outcome::parse(word.as_bytes()).with_reason(reason.as_bytes());
                assert_eq!(outcome.as_str(), default, "{word} {reason}");
            }
        }
    }

    #[test]
    fn levels_of_other_loggers_are_known() {
        assert_eq!(Level::parse(b"WARNING"), Level::Warn);
        assert_eq!(Level::parse(b"Critical"), Level::Error);
        assert_eq!(Level::parse(b"30"), Level::Info);
        assert_eq!(Level::parse(b"60"), Level::Error);
        assert_eq!(Level::parse(b"loud"), Level::Unknown);
        assert_eq!(
            Level::find(b"[2026-11-21T08:46:00Z ERROR shop] "),
            Level::Error
        );
        assert_eq!(Level::find(b"app_1 | "), Level::Unknown);
    }
}
