//! Passes each record on to the test that captures it.

use crate::base::clock::Stamp;
use crate::emit::finished::finished;
use crate::encode;
use crate::encode::job::Moment;
use crate::unit::Entry;

/// Passes the record on, if a test captures it.
pub(super) fn tap(entry: &Entry, moment: &Moment<'_>, text: &str) {
    if let Some(tap) = &entry.settings.tap {
        tap(&finished(entry, moment), text, normalized(entry, moment));
    }
}

/// Returns the text of a record without the parts that change from run to run.
fn normalized(entry: &Entry, moment: &Moment<'_>) -> String {
    let mut copy = entry.clone();
    copy.normalize();
    let moment = Moment {
        stamp: moment.stamp.map(|_| Stamp { secs: 0, nanos: 0 }),
        duration_nanos: 0,
        ..*moment
    };
    encode::to_string(&copy, &moment)
}
