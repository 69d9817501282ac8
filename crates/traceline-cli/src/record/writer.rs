//! Writers that put durations into lines as numbers without a unit.

use super::gather::Gathered;
use crate::duration::Unit;
use crate::names::{Mark, Role};

/// A logger or a server that writes durations as numbers, and is known by its other fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// The schema of Datadog.
    Datadog,
    /// Caddy's access log.
    Caddy,
    /// Traefik's access log.
    Traefik,
    /// A canonical log line as Stripe has them.
    Canonical,
    /// Rails with lograge.
    Lograge,
    /// Go's `log/slog`.
    Slog,
    /// logrus.
    Logrus,
    /// zap.
    Zap,
    /// zerolog.
    Zerolog,
    /// Serilog.
    Serilog,
    /// nginx.
    Nginx,
}

impl Writer {
    /// Returns the writer of a line whose duration is the number `raw`.
    pub(super) fn of(gathered: &Gathered<'_>, is_json: bool, raw: &[u8]) -> Option<Writer> {
        let marks = gathered.marks;
        let known = [
            (is_datadog(gathered), Writer::Datadog),
            (marks.has(Mark::TRAEFIK), Writer::Traefik),
            (marks.has(Mark::CADDY), Writer::Caddy),
            (marks.has(Mark::CANONICAL), Writer::Canonical),
            (marks.has(Mark::RAILS), Writer::Lograge),
            (marks.has(Mark::SERILOG), Writer::Serilog),
            (marks.has(Mark::NGINX), Writer::Nginx),
        ];
        match known.into_iter().find(|(is_it, _)| *is_it) {
            Some((_, writer)) => Some(writer),
            None if is_json => go_logger(gathered, raw),
            None => None,
        }
    }

    /// The unit of its durations.
    pub fn unit(self) -> Unit {
        match self {
            Writer::Datadog | Writer::Traefik | Writer::Slog | Writer::Logrus => Unit::Nanos,
            Writer::Caddy | Writer::Canonical | Writer::Zap | Writer::Nginx => Unit::Seconds,
            Writer::Lograge | Writer::Zerolog | Writer::Serilog => Unit::Millis,
        }
    }

    /// Its name for people, with the unit.
    pub fn as_str(self) -> &'static str {
        match self {
            Writer::Datadog => "Datadog: ns",
            Writer::Caddy => "Caddy: s",
            Writer::Traefik => "Traefik: ns",
            Writer::Canonical => "canonical-log-line: s",
            Writer::Lograge => "lograge: ms",
            Writer::Slog => "slog: ns",
            Writer::Logrus => "logrus: ns",
            Writer::Zap => "zap: s",
            Writer::Zerolog => "zerolog: ms",
            Writer::Serilog => "Serilog: ms",
            Writer::Nginx => "nginx: s",
        }
    }
}

/// Whether a line has the names that only Datadog's schema has, or the level in `status`.
pub(super) fn is_datadog(gathered: &Gathered<'_>) -> bool {
    gathered.marks.has(Mark::DATADOG) || gathered.marks.has(Mark::LEVEL_IN_STATUS)
}

/// Go's loggers differ in the names of time and message, the case of the level, and whether a
/// duration is a whole number.
fn go_logger(gathered: &Gathered<'_>, raw: &[u8]) -> Option<Writer> {
    let level = gathered.text(Role::Level).raw;
    let has = |mark| gathered.marks.has(mark);
    let (ts, time) = (has(Mark::TS), has(Mark::TIME));
    let (msg, message) = (has(Mark::MSG), has(Mark::MESSAGE));
    // With two times or two messages, or the fields of pino and bunyan, it is none of these.
    let is_other = ts == time || msg == message || has(Mark::NUMBERED);
    if !is_word_of_level(level) || is_other {
        return None;
    }
    let is_whole = raw.iter().all(u8::is_ascii_digit);
    let is_upper = level.iter().all(u8::is_ascii_uppercase);
    let clock = gathered.text(Role::Time).raw;
    let is_epoch = clock
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    match (time, msg) {
        (true, true) if is_upper && is_whole && !is_epoch => Some(Writer::Slog),
        (true, true) if !is_upper && is_whole && !is_epoch => Some(Writer::Logrus),
        (true, false) if !is_upper => Some(Writer::Zerolog),
        // Its configuration for production writes both times and durations in seconds.
        (false, true) if is_epoch || (has(Mark::ZAP) && !is_whole) => Some(Writer::Zap),
        _ => None,
    }
}

fn is_word_of_level(level: &[u8]) -> bool {
    !level.is_empty() && level.iter().all(u8::is_ascii_alphabetic)
}
