//! The panic hook, which records why a unit panicked: only a hook gets to see the
//! message and the place of a panic.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::base::catch;
use crate::context::panic_note;
use crate::emit::{end_all, hand_over};
use crate::thread::stack;
use crate::value::eager;
use crate::value::outcome::Outcome;

/// Installs a panic hook that stores the message and the location of a panic in the
/// current trace, as `panic` and `panic.location`, and then calls the previous hook.
///
/// Call it once, early in `main`, after other crates have installed their hooks;
/// further calls do nothing. With `panic = "abort"` no destructors run, so the
/// hook also emits the records of all units that are current on the thread.
///
/// Panics that this crate catches itself, such as those of a `Display` or of a
/// logger, are not stored. The text of a value that panics is `<panicked>`.
///
/// # Examples
///
/// ```
/// traceline::panic_hook();
/// let mut trace = traceline::start!("import");
/// let result = std::panic::catch_unwind(move || {
///     trace.scope(|| {
///         let rows: Vec<u8> = Vec::new();
///         let _ = rows[3];
///     })
/// }); // outcome=panic panic="index out of bounds: …" panic.location="src/main.rs:6:17"
/// assert!(result.is_err());
/// ```
pub fn panic_hook() {
    static ONCE: Once = Once::new();
    // A hook cannot be changed while its thread panics.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        catch::count_depth();
        panic::set_hook(Box::new(move |info| {
            note(info);
            // Before the records, since a logger may hang or panic.
            previous(info);
            if cfg!(panic = "abort") {
                emit_before_abort();
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    if catch::depth() > 0 && !cfg!(panic = "abort") {
        return;
    }
    let payload = info.payload();
    let literal = payload.downcast_ref::<&str>().copied();
    let text = literal.or_else(|| Some(payload.downcast_ref::<String>()?.as_str()));
    let message = text.unwrap_or("a payload that is not text");
    // This is formatted on the stack, unless the path is very long.
    let place = eager::format(panic_note::MAX_MESSAGE, |out| match info.location() {
        Some(place) => write!(out, "{place}"),
        None => Ok(()),
    });
    let place = place.as_str();
    match stack::with(|entry| entry.set_panic(message, place)) {
        Some(()) => panic_note::forget(),
        None => panic_note::leave(message, place),
    }
}

/// Emits the records, unless the panic may have begun in the logger: it may still
/// hold its locks.
fn emit_before_abort() {
    if !hand_over::is_handing_over() {
        end_all::emit_after(|entry| entry.severity.set_outcome(Outcome::Panic));
    }
}
