//! Shows a record to the test that wants it.

use crate::base::clock::Stamp;
use crate::config::finished::FinishedUnit;
use crate::emit::finished::Ended;
use crate::encode;
use crate::encode::job::Moment;
use crate::unit::Entry;
use crate::unit::store::scratch::Scratch;

/// Keeps the record for a test.
pub(crate) fn tap(entry: &Entry, moment: &Moment<'_>, text: &str) {
    if let Some(tap) = &entry.settings.tap {
        tap(
            &FinishedUnit::new(&Ended { entry, moment }),
            text,
            normalized(entry, moment),
        );
    }
}

/// The text of a record without what changes from run to run.
fn normalized(entry: &Entry, moment: &Moment<'_>) -> String {
    let mut copy = entry.clone();
    copy.normalize();
    let moment = Moment {
        stamp: moment.stamp.map(|_| Stamp { secs: 0, nanos: 0 }),
        duration_nanos: 0,
        ..*moment
    };
    let mut scratch = Scratch::default();
    let len = encode::encode(&copy, &moment, &mut scratch);
    String::from_utf8_lossy(scratch.line.get(..len).unwrap_or_default()).into_owned()
}
