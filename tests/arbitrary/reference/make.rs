//! Makes programs from bytes: any bytes form a program.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use log::{Level, LevelFilter};

use super::program::{
    Bridge, End, Integers, Logged, Op, PartEnd, Plan, Program, Sampling, Schema, Settings, Share,
    Tag, Val, Wall,
};
use super::values::{advance, cause, key, message, number, scalar, text, value};

type Bytes<'a, 'b> = &'b mut Unstructured<'a>;

/// The maximum depth of nested blocks of calls.
const DEPTH: usize = 3;

const TARGETS: [&str; 3] = ["jobs", "app::web", "traceline"];

/// Callers' headers: sampled or not, random or not, of a higher version, and invalid.
pub const PARENTS: [&str; 6] = [
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    "00-12345678901234567890123456789012-1234567890123456-03",
    "00-000000000000000000000000000000ab-00000000000000e1-02",
    "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-more",
    "00-00000000000000000000000000000001-ffffffffffffffff-01",
];

const STATES: [&str; 2] = ["rojo=1,congo=2", "es=00f067aa0ba902b7"];

const REQUESTS: [&str; 7] = [
    "order-4711",
    "1",
    "",
    "a b",
    "null",
    "ok/._:@/+=-Z",
    "an-id-of-a-request-that-is-so-long-that-it-has-to-be-cut-where-a-record-is-full-0123456789",
];

const LEVELS: [Level; 5] = [
    Level::Info,
    Level::Error,
    Level::Warn,
    Level::Debug,
    Level::Trace,
];

/// Decodes a program; if the bytes end early, so does the program.
pub fn program(bytes: &[u8]) -> Program {
    let u = &mut Unstructured::new(bytes);
    let settings = settings(u).unwrap_or_default();
    let mut units = Vec::new();
    loop {
        units.push(plan(u, 0).unwrap_or_else(|_| empty_plan()));
        if u.is_empty() || units.len() == 4 {
            return Program { settings, units };
        }
    }
}

fn empty_plan() -> Plan {
    Plan {
        name: "unit".to_owned(),
        level: None,
        target: None,
        fields: Vec::new(),
        ops: Vec::new(),
        end: End::Drop,
    }
}

// ----- settings

fn settings(u: Bytes) -> Result<Settings> {
    let mut settings = Settings {
        json: u.arbitrary()?,
        ..Settings::default()
    };
    if u.ratio(1, 2)? {
        looks(u, &mut settings)?;
    }
    if u.ratio(1, 2)? {
        limits(u, &mut settings)?;
    }
    if u.ratio(1, 3)? {
        names(u, &mut settings)?;
    }
    if u.ratio(1, 4)? {
        settings.logger = *u.choose(&[
            LevelFilter::Off,
            LevelFilter::Error,
            LevelFilter::Warn,
            LevelFilter::Info,
            LevelFilter::Debug,
        ])?;
    }
    if u.ratio(1, 4)? {
        settings.sampling = Some(sampling(u)?);
    }
    settings.hook = u.ratio(1, 3)?;
    if u.ratio(1, 2)? {
        settings.bridge = bridge(u, settings.max_fragments.is_none())?;
    }
    Ok(settings)
}

fn looks(u: Bytes, settings: &mut Settings) -> Result<()> {
    settings.header = u.arbitrary()?;
    settings.digits = *u.choose(&[3, 6, 9])?;
    settings.non_finite_as_text = u.arbitrary()?;
    settings.integers = *u.choose(&[Integers::Bits64, Integers::Bits53, Integers::Number])?;
    settings.tag = *u.choose(&[Tag::Line, Tag::FileLine, Tag::PathLine])?;
    settings.unicode_keys = u.arbitrary()?;
    settings.target = some(u, |u| u.choose(&TARGETS).copied())?;
    settings.wall = *u.choose(&[
        Wall::Now,
        Wall::Before1970,
        Wall::LastOfRfc3339,
        Wall::Beyond,
    ])?;
    Ok(())
}

fn limits(u: Bytes, settings: &mut Settings) -> Result<()> {
    settings.max_fields = some(u, |u| u.int_in_range(0..=6))?;
    settings.max_fragments = some(u, |u| u.int_in_range(0..=5))?;
    settings.max_record = some(u, |u| u.int_in_range(512..=1_400))?;
    settings.max_value = some(u, |u| u.int_in_range(16..=60))?;
    Ok(())
}

fn names(u: Bytes, settings: &mut Settings) -> Result<()> {
    let fixed: [(&str, &[&str]); 3] = [
        ("service", &["shop", "my shop", "7"]),
        ("db.ms", &["x"]),
        ("pin", &["1234"]),
    ];
    for (key, values) in fixed {
        if u.ratio(1, 3)? {
            let value = Val::Text((*u.choose(values)?).to_owned());
            settings.fixed.push((key, value));
        }
    }
    if u.ratio(1, 3)? {
        settings
            .fixed
            .push(("list", Val::List(vec![scalar(u)?, scalar(u)?])));
    }
    for key in [
        "pin",
        "card no",
        "db",
        "error",
        "status",
        "a key of more than sixteen bytes",
    ] {
        if u.ratio(1, 4)? {
            settings.redact.push(key);
        }
    }
    if u.ratio(1, 3)? {
        settings.schema = match settings.json {
            true => *u.choose(&[
                Schema::Ecs,
                Schema::GoogleCloud,
                Schema::OpenTelemetry,
                Schema::Datadog,
            ])?,
            false => *u.choose(&[Schema::OpenTelemetry, Schema::Datadog])?,
        };
    }
    for (name, text) in [
        ("msg", "unit"),
        ("error", "err"),
        ("duration_ms", "took"),
        ("seq", "n.r"),
    ] {
        if u.ratio(1, 6)? {
            settings.renamed.push((name, text));
        }
    }
    Ok(())
}

fn sampling(u: Bytes) -> Result<Sampling> {
    Ok(Sampling {
        one_in: *u.choose(&[1, 2, 3, 1_000, u32::MAX])?,
        slower_than: some(u, |u| Ok(Duration::from_micros(u.int_in_range(0..=5_000)?)))?,
        warnings: u.arbitrary()?,
        sampled_callers: u.arbitrary()?,
        keep_if: u.arbitrary()?,
    })
}

/// Held fragments only where all fit: it is not documented which of them stay.
fn bridge(u: Bytes, has_room: bool) -> Result<Bridge> {
    Ok(Bridge {
        absorb: some(u, |u| u.choose(&LEVELS).copied())?,
        absorb_filtered: u.arbitrary()?,
        keeps_level: u.arbitrary()?,
        only_on_failure: u.arbitrary::<bool>()? && has_room,
        without_unit: u.ratio(1, 4)?,
    })
}

fn logged(u: Bytes) -> Result<Logged> {
    let mut logged = Logged {
        level: *u.choose(&LEVELS)?,
        target: u.choose(&TARGETS)?,
        file: some(u, |u| u.choose(&["src/wait.rs", "wait.rs", ""]).copied())?,
        line: some(u, |u| u.arbitrary())?,
        text: text(u)?,
        pairs: Vec::new(),
    };
    for _ in 0..u.int_in_range(0..=2)? {
        let key = u.choose(&["a", "unit", "two words", ""])?;
        logged.pairs.push((key, text(u)?));
    }
    Ok(logged)
}

/// `None` half of the time.
fn some<'a, T>(
    u: Bytes<'a, '_>,
    make: impl FnOnce(Bytes<'a, '_>) -> Result<T>,
) -> Result<Option<T>> {
    match u.arbitrary()? {
        true => make(u).map(Some),
        false => Ok(None),
    }
}

// ----- units

fn plan(u: Bytes, depth: usize) -> Result<Plan> {
    let mut plan = Plan {
        name: match u.int_in_range(0..=3)? {
            0 => text(u)?,
            _ => "unit".to_owned(),
        },
        level: match u.int_in_range(0..=2)? {
            0 => Some(*u.choose(&LEVELS)?),
            _ => None,
        },
        target: match u.int_in_range(0..=3)? {
            0 => Some(*u.choose(&TARGETS)?),
            _ => None,
        },
        ..empty_plan()
    };
    for _ in 0..u.int_in_range(0..=5)?.max(3) - 3 {
        plan.fields.push((key(u)?, value(u)?));
    }
    plan.end = *u.choose(&[
        End::Drop,
        End::Emit,
        End::Drop,
        End::Emit,
        End::Panic,
        End::Discard,
    ])?;
    plan.ops = ops(u, depth)?;
    Ok(plan)
}

/// The outermost block is long, nested ones are short.
fn ops(u: Bytes, depth: usize) -> Result<Vec<Op>> {
    let most = if depth == 0 { 60 } else { 5 };
    let mut ops = Vec::new();
    while !u.is_empty()
        && ops.len() < most
        && u.ratio(
            if depth == 0 { 40 } else { 3 },
            if depth == 0 { 41 } else { 4 },
        )?
    {
        ops.push(op(u, depth)?);
    }
    Ok(ops)
}

fn op(u: Bytes, depth: usize) -> Result<Op> {
    Ok(match u.int_in_range(0..=9)? {
        0..=2 => Op::Set(key(u)?, value(u)?),
        3 | 4 => accumulate(u)?,
        5 => fragment(u)?,
        6 if u.ratio(1, 24)? => end(u)?,
        6 | 7 => said(u)?,
        8 => read(u)?,
        _ if depth < DEPTH => block(u, depth + 1)?,
        _ => Op::Advance(advance(u)?),
    })
}

fn accumulate(u: Bytes) -> Result<Op> {
    Ok(match u.int_in_range(0..=6)? {
        0 => Op::Unset(key(u)?),
        1 => Op::Incr(key(u)?),
        2 => Op::Count(key(u)?, number(u)?),
        3 => Op::Sum(key(u)?, number(u)?),
        4 => Op::Max(key(u)?, number(u)?),
        5 => Op::StartTimer(key(u)?),
        _ => Op::Stop(u.int_in_range(0..=3)?),
    })
}

fn fragment(u: Bytes) -> Result<Op> {
    Ok(match u.int_in_range(0..=7)? {
        6 | 7 => Op::Log(logged(u)?),
        0..=2 => Op::Add(message(u)?),
        3 => Op::Warn(message(u)?),
        4 => Op::Fail(message(u)?),
        _ => Op::AddElsewhere(message(u)?),
    })
}

/// Rare, because the calls after it show little.
fn end(u: Bytes) -> Result<Op> {
    Ok(match u.int_in_range(0..=3)? {
        0 | 1 => Op::EmitAll,
        2 => Op::TakeAndDrop,
        _ => Op::Panic,
    })
}

fn said(u: Bytes) -> Result<Op> {
    Ok(match u.int_in_range(0..=9)? {
        0 => Op::Error(cause(u)?),
        1 => Op::Check(match u.arbitrary()? {
            true => Ok(7),
            false => Err(cause(u)?),
        }),
        2 | 3 => Op::Ok,
        7 => Op::Recovered,
        4 => Op::Status(*u.choose(&[200, 302, 399, 400, 404, 499, 500, 503, 65_535])?),
        5 => Op::Raise(*u.choose(&LEVELS)?),
        6 => Op::SetLevel(*u.choose(&LEVELS)?),
        _ => Op::Advance(advance(u)?),
    })
}

fn read(u: Bytes) -> Result<Op> {
    Ok(match u.int_in_range(0..=8)? {
        0 | 1 => Op::Get(key(u)?),
        2 | 3 => Op::Look,
        4 => Op::Render,
        5 => Op::Checkpoint,
        6 | 7 => ids(u)?,
        _ => Op::TakeAndPut,
    })
}

fn block(u: Bytes, depth: usize) -> Result<Op> {
    Ok(match u.int_in_range(0..=13)? {
        0 | 1 => Op::Time(key(u)?, ops(u, depth)?),
        2 | 3 => Op::Scope(ops(u, depth)?),
        4 => Op::Enter(ops(u, depth)?),
        5 => Op::Shared(ops(u, depth)?),
        6 | 7 => Op::Part(Share {
            end: *u.choose(&[
                PartEnd::Joined,
                PartEnd::Dropped,
                PartEnd::Joined,
                PartEnd::Dropped,
                PartEnd::Joined,
                PartEnd::Forgotten,
            ])?,
            thread: u.ratio(1, 8)?,
            ops: ops(u, depth)?,
        }),
        8 | 9 => Op::Unit(Box::new(plan(u, depth)?)),
        10 => Op::With(ops(u, depth)?),
        11 => Op::Catch(ops(u, depth)?),
        12 => Op::Crossed(Box::new(plan(u, depth)?), ops(u, depth)?),
        _ => Op::Child(Box::new(plan(u, depth)?)),
    })
}

fn ids(u: Bytes) -> Result<Op> {
    Ok(match u.int_in_range(0..=6)? {
        5 | 6 => Op::Headers(super::headers::make(u)?),
        0 | 1 => Op::AskIds,
        2 => Op::ContinueFrom(u.choose(&PARENTS)?),
        3 => Op::RequestId((*u.choose(&REQUESTS)?).to_owned()),
        _ => Op::SetState(u.choose(&STATES)?),
    })
}
