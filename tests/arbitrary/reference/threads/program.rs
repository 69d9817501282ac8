//! Calls on several threads, one after the other.

use super::super::program::{Sampling, Settings};

/// How many threads there are.
pub const THREADS: usize = 3;

/// Keys of fields that are set, counted, compared and timed.
pub const KEYS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
pub struct Program {
    pub settings: Settings,
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub thread: usize,
    pub op: Op,
}

/// Whom a call is for: what is current, or one of the traces that lie around, a part or a
/// handle of `run!` among them. A number counts those of a kind, modulo their count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Whom {
    Current,
    Trace(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A unit begins inside what is current.
    Start,
    /// A disabled trace.
    Disabled,
    /// The calls from here to `Close` are in a scope of a trace.
    Scope(usize),
    /// The same in a new unit, with `run!`. Its handle is taken and lies around.
    Run,
    /// A new unit that is a future, made by `run!` with `async`.
    Future,
    /// The calls from here to `Close` or `Ready` are in a poll of a future.
    Poll(usize),
    /// Ends the innermost scope or poll of the thread.
    Close,
    /// The same, and the future is ready.
    Ready,
    UnitRef(Whom),
    RefScope(usize),
    RefEnter(usize),
    /// Drops a guard of the thread.
    Leave(usize),
    PartOfRef(usize),
    Part(Whom),
    /// A part joins a trace, if that belongs to the same unit.
    Join(usize, usize),
    Drop(usize),
    DropFuture(usize),
    Emit(usize),
    Discard(Whom),
    Lap(Whom, usize),
    DropLap(usize),
    StartTimer(Whom, usize),
    Stop(Whom, usize),
    Set(Whom, usize, u8),
    Incr(Whom, usize),
    Max(Whom, usize, u8),
    Add(Whom),
    Warn(Whom),
    Error(Whom),
    Ok(Whom),
    Look(Whom, usize),
    Ids(Whom),
    Checkpoint(Whom),
    Advance(u8),
}

/// Makes a program from bytes: two for the settings, three for each step.
pub fn decode(bytes: &[u8]) -> Program {
    let mut settings = Settings {
        header: false,
        ..Settings::default()
    };
    let (head, steps) = bytes.split_at(bytes.len().min(2));
    if let [first, second] = head {
        settings.json = first & 1 != 0;
        settings.max_fields = (first & 6 == 6).then_some(4);
        settings.max_fragments = (first & 24 == 24).then_some(3);
        settings.sampling = (second & 3 == 3).then_some(Sampling {
            one_in: 2,
            slower_than: None,
            warnings: true,
            sampled_callers: false,
            keep_if: false,
        });
    }
    let step = |bytes: &[u8]| Step {
        thread: usize::from(bytes[0] >> 6) % THREADS,
        op: op(bytes[0] & 63, usize::from(bytes[1]), bytes[2]),
    };
    Program {
        settings,
        steps: steps.chunks_exact(3).map(step).collect(),
    }
}

fn op(kind: u8, n: usize, more: u8) -> Op {
    let key = usize::from(more) % KEYS.len();
    let whom = match n % 2 {
        0 => Whom::Current,
        _ => Whom::Trace(n / 2),
    };
    match kind {
        0..4 => Op::Start,
        4 => Op::Disabled,
        5..9 => Op::Scope(n),
        9..12 => Op::Run,
        12 | 13 => Op::Future,
        14..18 => Op::Poll(n),
        18..22 => Op::Close,
        22 => Op::Ready,
        23 | 24 => Op::UnitRef(whom),
        25..28 => Op::RefScope(n),
        28..30 => Op::RefEnter(n),
        30 | 31 => Op::Leave(n),
        32 => Op::PartOfRef(n),
        33 | 34 => Op::Part(whom),
        35 | 36 => Op::Join(n, usize::from(more)),
        37 | 38 => Op::Drop(n),
        39 => match more % 3 {
            0 => Op::DropFuture(n),
            1 => Op::Discard(whom),
            _ => Op::Emit(n),
        },
        40 => Op::Lap(whom, key),
        41 => Op::DropLap(n),
        42 | 43 => Op::StartTimer(whom, key),
        44 | 45 => Op::Stop(whom, usize::from(more)),
        46..49 => Op::Set(whom, key, more / 3),
        49..52 => Op::Incr(whom, key),
        52 => Op::Max(whom, key, more / 3),
        53 | 54 => Op::Add(whom),
        55 => Op::Warn(whom),
        56 => Op::Error(whom),
        57 => Op::Ok(whom),
        58 | 59 => Op::Look(whom, key),
        60 => Op::Ids(whom),
        61 => Op::Checkpoint(whom),
        _ => Op::Advance(more),
    }
}
