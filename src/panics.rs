//! Why a unit panicked: message and place, which only the panic hook is told.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::bytes;
use crate::current;
use crate::emit;
use crate::guard;
use crate::outcome::Outcome;
use crate::settle;
use crate::slot;
use crate::trace::Trace;

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
        guard::count_depth();
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

/// Of a message that is kept for a trace in use.
const MOST_MISSED: usize = 8 * 1024;

thread_local! {
    /// How many calls of `current::with` this thread is in.
    static IN_USE: Cell<u32> = const { Cell::new(0) };
}

/// Says that a trace is in use, or no longer.
pub(crate) fn count_in_use(by: i32) {
    IN_USE.set(IN_USE.get().saturating_add_signed(by));
}

/// Message and place.
struct Note(String, String);

impl Note {
    /// `None` where there is no memory for it: a panic hook must not fail.
    fn new(message: &str, place: &str) -> Option<Note> {
        let end = bytes::char_floor(message.as_bytes(), MOST_MISSED);
        let copy = |text: &str| {
            let mut copy = String::new();
            copy.try_reserve_exact(text.len()).ok()?;
            copy.push_str(text);
            Some(copy)
        };
        let message = message.get(..end).unwrap_or_default();
        Some(Note(copy(message)?, copy(place)?))
    }
}

thread_local! {
    /// The last panic while `current::with` had the trace. No destructor, as the hook may run after them.
    static MISSED: ManuallyDrop<Cell<Option<Note>>> =
        const { ManuallyDrop::new(Cell::new(None)) };
}

fn note(info: &PanicHookInfo<'_>) {
    if guard::depth() > 0 && !cfg!(panic = "abort") {
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
    let place = settle::format(MOST_MISSED, |out| match info.location() {
        Some(place) => write!(out, "{place}"),
        None => Ok(()),
    });
    let place = place.as_str();
    let kept = slot::with(|entry| entry.set_panic(message, place)).is_some();
    let is_missed = !kept && IN_USE.get() > 0;
    let note = is_missed.then(|| Note::new(message, place)).flatten();
    MISSED.with(|cell| cell.set(note));
}

/// Forgets a panic that is over.
pub(crate) fn forget_missed() {
    if guard::counts() {
        MISSED.with(|cell| cell.take());
    }
}

/// Gives a trace that was in use the panic that began meanwhile.
pub(crate) fn note_missed(trace: &mut Trace) {
    if std::thread::panicking()
        && let Some(note) = MISSED.with(|cell| cell.take())
        && let Some(entry) = trace.entry_mut()
    {
        entry.set_panic(&note.0, &note.1);
    }
}

/// The logger may be what panicked, with its locks held: then it is left alone.
fn emit_before_abort() {
    if !emit::is_handing_over() {
        current::emit_after(|entry| entry.severity.set_outcome(Outcome::Panic));
    }
}
