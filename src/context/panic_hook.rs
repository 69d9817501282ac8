//! The panic hook, which records why a unit panicked: only a hook gets to see the
//! message and the place of a panic.

use std::panic::{self, Location, PanicHookInfo};
use std::sync::Once;
use std::thread;

use crate::base::{catch, unwinding};
use crate::context::panic_note::{self, Note};
use crate::emit::{end_all, hand_over};
use crate::thread::stack;
use crate::value::eager;
use crate::value::outcome::Outcome;

/// Installs a panic hook that stores the message and the location of a panic in the
/// current trace, as `panic` and `panic.location`, and then calls the previous hook.
///
/// Call it once, early in `main`, after other crates have installed their hooks;
/// further calls do nothing. If the panic will not unwind, no destructors run, so the
/// hook also emits the records of all units that are current on the thread. Such are
/// all panics with `panic = "abort"`, those that reach a function which cannot unwind,
/// and those of a destructor during another panic. If the previous hook never returns,
/// use [`panic_hook_final`].
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
    if !thread::panicking() {
        ONCE.call_once(|| install(false));
    }
}

/// Installs the panic hook for a program in which the previous hook ends the process: it
/// emits the records of all units that are current on the thread, and only then calls the
/// previous hook.
///
/// Install it last, since it can only come before the hooks that were there already.
/// `panic_hook` may have been called before; calling it afterwards does nothing. See
/// [How programs end](crate::_guide::how_programs_end) for what each order of hooks gives.
///
/// Each panic ends the units, even one that is caught later: they have left their records,
/// with `outcome=panic`, and whatever is added to them afterwards is lost. So use this
/// function only if no panic of your program is meant to be survived.
///
/// # Examples
///
/// ```no_run
/// std::panic::set_hook(Box::new(|info| {
///     eprintln!("{info}");
///     std::process::exit(70);
/// }));
/// traceline::panic_hook_final();
/// traceline::start!("import").scope(|| {
///     panic!("no disk"); // outcome=panic panic="no disk" panic.location="src/main.rs:8:5"
/// });
/// ```
pub fn panic_hook_final() {
    static FINAL: Once = Once::new();
    if !thread::panicking() {
        FINAL.call_once(|| install(true));
        ONCE.call_once(|| ());
    }
}

static ONCE: Once = Once::new();

/// Puts a hook in front of the previous one. This is impossible while the thread panics.
fn install(is_final: bool) {
    let previous = panic::take_hook();
    catch::count_depth();
    panic::set_hook(Box::new(move |info| {
        let ends_process = is_final || cfg!(panic = "abort") || cannot_unwind(info).is_some();
        note(info, ends_process);
        if is_final {
            emit_before_end();
        }
        // Otherwise before the records, since a logger may hang or panic.
        previous(info);
        if ends_process && !is_final {
            emit_before_end();
        }
    }));
}

/// The reason why the standard library calls the hook a second time, after which it
/// aborts the process.
#[derive(Clone, Copy)]
enum CannotUnwind {
    /// The panic reached a function such as one that is `extern "C"`.
    Function,
    /// A destructor panicked while an earlier panic unwound the stack.
    Cleanup,
}

/// Recognises those calls by their texts and by their place, which is in the standard
/// library: `PanicHookInfo::can_unwind` is unstable.
fn cannot_unwind(info: &PanicHookInfo<'_>) -> Option<CannotUnwind> {
    let why = match *info.payload().downcast_ref::<&str>()? {
        "panic in a function that cannot unwind" => CannotUnwind::Function,
        "panic in a destructor during cleanup" => CannotUnwind::Cleanup,
        _ => return None,
    };
    let is_std = |place: &Location<'_>| place.file().ends_with("panicking.rs");
    info.location().is_some_and(is_std).then_some(why)
}

/// Records the panic in the current trace, unless the library itself catches it.
fn note(info: &PanicHookInfo<'_>, ends_process: bool) {
    // The library catches the panics of foreign code that it calls.
    let is_caught = catch::depth() > 0 && !ends_process;
    let is_first = unwinding::last_noticed() == 0;
    if !is_caught {
        unwinding::notice();
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
    if let Some(why) = cannot_unwind(info)
        && panic_note::with(|notes| record_first(notes, why)) == Some(true)
    {
        return;
    }
    let is_recorded = is_caught || record(message, place);
    panic_note::leave(message, place, is_first, is_recorded);
}

/// Records the panic that came before the one that cannot unwind.
fn record_first(notes: &[Option<Note>; 2], why: CannotUnwind) -> bool {
    let [last, previous] = notes;
    let first = match why {
        CannotUnwind::Function => last.as_ref(),
        // The last one is that of the destructor.
        CannotUnwind::Cleanup => previous.as_ref().or(last.as_ref()),
    };
    first.is_some_and(|first| {
        record(&first.message, &first.place);
        true
    })
}

/// Returns `false` if no trace is current.
fn record(message: &str, place: &str) -> bool {
    stack::with(|entry| entry.set_panic(message, place)).is_some()
}

/// Emits the records, unless the panic may have begun in the logger: it may still
/// hold its locks.
fn emit_before_end() {
    if !hand_over::is_handing_over() {
        end_all::emit_after(|entry| entry.severity.set_outcome(Outcome::Panic));
    }
}
