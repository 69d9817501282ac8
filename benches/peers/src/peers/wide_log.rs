//! wide-log: the code is in the crates `wide-log-auth` and `wide-log-wide`, because it needs one crate per schema.

use crate::peer::{Format, Peer};
use units::{Auth, Wide};

pub struct WideLog;

impl Peer for WideLog {
    const NAME: &'static str = "wide-log";
    const FORMAT: Format = Format::Json;
    const DURATION: &'static str = "total_ms";
    const OFF: Option<&'static str> = Some("no switch");
    const WARN: Option<&'static str> = Some("no levels for a record");

    fn w1(input: &Auth) {
        wide_log_auth::w1(input);
    }

    fn w2(input: &Auth) {
        wide_log_auth::w2(input);
    }

    fn w3(input: &Wide) {
        wide_log_wide::w3(input);
    }
}
