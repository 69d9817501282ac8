//! Why a unit panicked: message and place, which only the panic hook is told.

use std::panic;
use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::base::catch;
use crate::context::panic_note::{IN_USE, MAX_MISSED, MISSED, Note};
use crate::emit::{end_all, hand_over};
use crate::thread::stack;
use crate::value::eager;
use crate::value::outcome::Outcome;

/// Installs a panic hook that keeps message and place of a panic in the current
/// trace, as `panic` and `panic.location`, and calls the hook that was there.
///
/// To be called once, early in `main`, after hooks of other crates; further
/// calls do nothing. Built with `panic = "abort"`, where no destructor runs, the
/// hook also emits the records of all units that are current on the thread.
///
/// Panics that this crate catches itself, in a `Display` or a logger, are not
/// kept: the record shows `<panicked>` where the text would be.
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
            // First, as a logger may hang or panic: the message is out then.
            previous(info);
            if cfg!(panic = "abort") {
                emit_before_abort();
            }
        }));
    });
}

pub(crate) fn note(info: &PanicHookInfo<'_>) {
    if catch::depth() > 0 && !cfg!(panic = "abort") {
        return;
    }
    let message = match (
        info.payload().downcast_ref::<&str>(),
        info.payload().downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "a payload that is no text",
    };
    // On the stack, unless the path is a very long one.
    let place = eager::format(MAX_MISSED, |out| match info.location() {
        Some(place) => write!(out, "{place}"),
        None => Ok(()),
    });
    let place = place.as_str();
    let kept = stack::with(|entry| entry.set_panic(message, place)).is_some();
    let is_missed = !kept && IN_USE.get() > 0;
    let note = is_missed.then(|| Note::new(message, place)).flatten();
    MISSED.with(|cell| cell.set(note));
}

/// The logger may be what panicked, with its locks held: then it is left alone.
fn emit_before_abort() {
    if !hand_over::is_handing_over() {
        end_all::emit_after(|entry| entry.severity.set_outcome(Outcome::Panic));
    }
}
