//! Code as users write it: it must compile, and do what it appears to do.
//!
//! The shapes are common in services: `?` on every kind of error, helpers that take
//! `&mut Trace`, a trace in a struct, nested timers, values of every type at hand.
//! The traces are explicit; traces that are current, shared or asynchronous have
//! their own tests.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use traceline::{Config, Trace, add, debug, display, mask, null, set, value::OwnedValue};

use crate::util;
use crate::util::Bench;

type BoxError = Box<dyn Error + Send + Sync>;

#[derive(Clone, Debug)]
struct User {
    id: u64,
    plan: String,
    name: String,
    age: Option<u8>,
}

fn paul() -> User {
    User {
        id: 7,
        plan: "pro".into(),
        name: "paul".into(),
        age: None,
    }
}

#[derive(Debug)]
struct AuthError;

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("auth")
    }
}

impl Error for AuthError {}

/// Always fails.
fn read_nothing() -> std::io::Result<String> {
    std::fs::read_to_string("/nonexistent/file")
}

const NOT_FOUND: &str = r#"error="No such file or directory (os error 2)""#;

fn bench() -> Bench {
    Bench::new(Config::builder().header(false))
}

/// The record of a unit, from its name on.
#[track_caller]
fn record_of(work: impl FnOnce(&mut Trace)) -> String {
    util::record(Config::builder().header(false), work)
}

#[track_caller]
fn ends_with(line: &str, end: &str) {
    assert!(line.ends_with(end), "\n line: {line}\nwants: …{end}");
}

// ----- one unit, from its start to its end

/// The example on the first page of the design.
fn authenticate(
    bench: &Bench,
    token: &str,
    find_user: fn(&str) -> Result<User, AuthError>,
) -> Result<User, AuthError> {
    let mut trace = traceline::builder!("auth").config(&bench.config).start();
    trace.set("method", "POST").set("attempt", 2);
    trace.add("auth header read");
    trace.set("token", mask(token, 4));
    let user = trace.time("db", |_| {
        bench.clock.advance(Duration::from_micros(104_700));
        find_user(token)
    });
    let user = trace.check(user)?;
    traceline::add!(trace, "got key from token table: {}", user.name);
    let cached = true;
    traceline::set!(trace, user_id = user.id, plan = user.plan, cached);
    trace.incr("cache.hits");
    trace.ok();
    Ok(user)
}

#[test]
fn a_unit_that_succeeds_tells_what_it_did() {
    let bench = bench();
    let user = authenticate(&bench, "2c59aaaa", |_| Ok(paul())).expect("a user");
    assert_eq!(user.id, 7);
    let record = bench.log.only();
    assert_eq!(
        (record.level, &*record.target),
        (log::Level::Info, module_path!())
    );
    let (fields, fragments) = record.args.split_once(" fragments=").expect("fragments");
    let want = concat!(
        "msg=auth outcome=ok duration_ms=104.7 method=POST attempt=2 token=\"2c59******\" ",
        "db.count=1 db.ms=104.7 db.max_ms=104.7 user_id=7 plan=pro cached=true cache.hits=1"
    );
    assert_eq!(fields, want);
    ends_with(fragments, "104.7ms] got key from token table: paul\"");
}

#[test]
fn a_question_mark_ends_the_unit_with_its_error() {
    let bench = bench();
    assert!(authenticate(&bench, "x", |_| Err(AuthError)).is_err());
    let record = bench.log.only();
    assert_eq!(record.level, log::Level::Error);
    let start = "msg=auth outcome=error duration_ms=104.7 method=POST attempt=2 token=\"******\" ";
    assert!(record.args.starts_with(start), "{}", record.args);
    assert!(
        record
            .args
            .contains(" db.max_ms=104.7 error=auth fragments=")
    );
}

// ----- errors of every kind through `check` and `?`

fn boxed(trace: &mut Trace) -> Result<i32, BoxError> {
    let text = trace.check(read_nothing())?;
    let number: i32 = trace.check(text.parse::<i32>())?;
    Ok(number)
}

fn boxed_by_hand(trace: &mut Trace) -> Result<(), BoxError> {
    trace.check(Err::<(), BoxError>("by hand".into()))
}

fn boxed_locally(trace: &mut Trace) -> Result<(), Box<dyn Error>> {
    let result: Result<(), Box<dyn Error>> = Err("local".into());
    trace.check(result)?;
    Ok(())
}

fn with_anyhow(trace: &mut Trace) -> anyhow::Result<i32> {
    use anyhow::Context;
    trace.check(
        read_nothing()
            .context("loading")
            .map(|text| text.len() as i32),
    )
}

fn owned_text(trace: &mut Trace) -> Result<(), String> {
    trace.check(Err("owned".to_string()))
}

fn static_text(trace: &mut Trace) -> Result<(), String> {
    trace.check(Err::<(), _>("static")).map_err(String::from)
}

fn generic<E: Error>(trace: &mut Trace, result: Result<u8, E>) -> Result<u8, E> {
    trace.check(result)
}

fn generic_by_hand<T, E: Error + Send + Sync + 'static>(
    trace: &mut Trace,
    result: Result<T, E>,
) -> Result<T, E> {
    if let Err(error) = &result {
        trace.error(error);
    }
    result
}

#[test]
fn every_kind_of_error_is_recorded() {
    let failed = " outcome=error duration_ms=0.0 ";
    let of = |work: fn(&mut Trace)| record_of(work).replace("msg=unit", "");
    assert_eq!(of(|t| drop(boxed(t))), format!("{failed}{NOT_FOUND}"));
    assert_eq!(
        of(|t| drop(boxed_by_hand(t))),
        format!("{failed}error=\"by hand\"")
    );
    assert_eq!(
        of(|t| drop(boxed_locally(t))),
        format!("{failed}error=local")
    );
    assert_eq!(of(|t| drop(owned_text(t))), format!("{failed}error=owned"));
    assert_eq!(
        of(|t| drop(static_text(t))),
        format!("{failed}error=static")
    );
    assert_eq!(
        of(|t| drop(generic(t, Err(AuthError)))),
        format!("{failed}error=auth")
    );
    assert_eq!(
        of(|t| drop(generic_by_hand(t, Err::<(), _>(AuthError)))),
        format!("{failed}error=auth")
    );
    assert_eq!(
        of(|t| drop(with_anyhow(t))),
        format!(
            "{failed}error=loading {}",
            NOT_FOUND.replace("error=", "error.chain=")
        )
    );
}

#[test]
fn a_later_error_replaces_an_earlier_one_and_ok_may_follow() {
    let line = record_of(|trace| {
        let _ = with_anyhow(trace);
        let _ = owned_text(trace);
        trace.ok();
    });
    assert_eq!(line, "msg=unit outcome=ok duration_ms=0.0 error=owned");
}

#[test]
fn check_hands_the_result_on_as_it_is() {
    let mut trace = bench().start();
    assert_eq!(trace.check("4".parse::<i32>()), Ok(4));
    assert_eq!(trace.outcome(), None);
    assert_eq!(trace.check(Err::<u8, _>("no")), Err("no"));
    assert_eq!(trace.outcome(), Some(traceline::Outcome::Error));
    trace.discard();
}

// ----- whole units with `run!`
//
// No logger is installed here, so these traces are disabled: the code must compile
// and return its results. The records of `run!` are tested in `emit.rs`.

fn last_expression() -> Result<u8, BoxError> {
    traceline::run!("checkout", |trace| {
        let text = read_nothing()?;
        trace.set("n", text.len());
        Ok(3)
    })
}

fn named_result() -> Result<u8, BoxError> {
    let n = traceline::run!("checkout", |trace| -> Result<u8, BoxError> {
        trace.add("counting");
        Ok(3)
    })?;
    Ok(n)
}

fn named_argument() -> anyhow::Result<u8> {
    traceline::run!("checkout", |trace: &mut Trace| {
        helper(trace);
        read_nothing()?;
        Ok(3)
    })
}

#[test]
fn run_returns_what_the_closure_returned() {
    assert!(last_expression().is_err_and(|error| error.is::<std::io::Error>()));
    assert_eq!(named_result().ok(), Some(3));
    assert!(named_argument().is_err_and(|error| error.is::<std::io::Error>()));
}

// ----- helpers, structs, macros

fn helper(trace: &mut Trace) {
    trace.set("a", 1);
    set!(trace, b = 2, c = "x");
    add!(trace, "hi {}", 3);
}

#[test]
fn helpers_take_the_trace_by_reference() {
    let line = record_of(helper);
    assert!(
        line.starts_with("msg=unit duration_ms=0.0 a=1 b=2 c=x fragments="),
        "{line}"
    );
    ends_with(&line, "] hi 3\"");
}

struct Service {
    trace: Trace,
    rows: Vec<u8>,
}

impl Service {
    fn work(&mut self) {
        // Borrows two fields at the same time.
        let rows = self.trace.time("count", |_| self.rows.len());
        self.trace.set("rows", rows);
        set!(self.trace, first = self.rows[0]);
        // A call on `self` between start and stop.
        let timer = self.trace.start_timer("load");
        self.load();
        self.trace.stop(timer);
        // Or takes the trace out for the duration of the call.
        let mut trace = std::mem::take(&mut self.trace);
        trace.time("load", |_| self.load());
        self.trace = trace;
    }

    fn load(&mut self) {
        self.rows.push(1);
        add!(self.trace, "loaded {}", self.rows.len());
    }
}

#[test]
fn a_trace_lives_in_a_struct() {
    let bench = bench();
    let trace = bench.start();
    let mut service = Service {
        trace,
        rows: vec![9],
    };
    service.work();
    drop(service);
    let line = bench.log.only().args;
    let want = concat!(
        "msg=unit duration_ms=0.0 count.count=1 count.ms=0.0 count.max_ms=0.0 rows=1 first=9 ",
        "load.count=2 load.ms=0.0 load.max_ms=0.0 fragments="
    );
    assert!(line.starts_with(want), "{line}");
    // The trace was elsewhere during the second load, which is not an error.
    ends_with(&line, "] loaded 2\"");
}

struct Handler<'a> {
    trace: &'a mut Trace,
}

impl Handler<'_> {
    fn go(&mut self) {
        self.trace.set("x", 1);
        set!(self.trace, y = 2);
        add!(self.trace, "gone");
    }
}

#[test]
fn a_struct_may_borrow_the_trace() {
    let line = record_of(|trace| Handler { trace }.go());
    assert!(
        line.starts_with("msg=unit duration_ms=0.0 x=1 y=2 fragments="),
        "{line}"
    );
}

#[test]
fn timers_nest_and_a_question_mark_inside_ends_the_lap() {
    fn nested(trace: &mut Trace, text: &str) -> Result<i32, std::num::ParseIntError> {
        let result = trace.time("db", |trace| {
            trace.set("rows", 3);
            let number = trace.time("db.inner", |_| text.parse::<i32>())?;
            trace.incr("parsed");
            Ok(number)
        });
        trace.check(result)
    }
    let line = record_of(|trace| {
        assert_eq!(nested(trace, "4"), Ok(4));
        assert!(nested(trace, "four").is_err());
    });
    let want = concat!(
        "msg=unit outcome=error duration_ms=0.0 db.count=2 db.ms=0.0 db.max_ms=0.0 rows=3 ",
        "db.inner.count=2 db.inner.ms=0.0 db.inner.max_ms=0.0 parsed=1 ",
        "error=\"invalid digit found in string\""
    );
    assert_eq!(line, want);
}

#[test]
fn set_takes_fields_of_every_form() {
    let user = paul();
    let (plan, cached) = (String::from("free"), true);
    let r#type = 3;
    let line = record_of(|trace| {
        set!(trace, user_id = user.id, plan, cached, user:?, plan:%, r#type,);
        set!(trace, age:? = user.age, "a.b" = 4, "shown":% = user.id, "seen":? = user.plan);
        set!(trace, type = 5, none = user.age);
    });
    // The fields are only borrowed, so all are still here.
    drop((user, plan));
    let want = concat!(
        r#"msg=unit duration_ms=0.0 user_id=7 plan=free cached=true "#,
        r#"user="User { id: 7, plan: \"pro\", name: \"paul\", age: None }" type=5 "#,
        r#"age=None a.b=4 shown="7" seen="\"pro\"""#
    );
    assert_eq!(line, want.replace("age=None", "age=\"None\""));
}

#[test]
fn arguments_of_the_macros_are_not_evaluated_when_disabled() {
    fn never() -> u8 {
        panic!("evaluated")
    }
    let mut trace = Trace::default();
    set!(trace, a = never(), b:? = never());
    add!(trace, "{}", never());
    assert!(!trace.is_enabled());
    assert_eq!(
        (trace.render(), trace.elapsed()),
        (String::new(), Duration::ZERO)
    );
}

// ----- values

#[test]
#[allow(clippy::needless_borrows_for_generic_args)] // they are the point
fn values_of_every_type_at_hand_are_taken() {
    let (key, user, n) = (String::from("k"), paul(), &7u64);
    let (arc, cow): (Arc<str>, Cow<'_, str>) = ("arc".into(), "cow".into());
    let option: Option<&str> = Some("o");
    let line = record_of(|trace| {
        trace
            .set(key.clone(), 1)
            .set(format!("x.{key}"), &key)
            .set("o", option)
            .set("age", user.age)
            .set("name", &user.name)
            .set("a", &arc)
            .set("a2", arc.clone())
            .set("n", n)
            .set("nn", &&n)
            .set("s", &&"s")
            .set("c", &cow)
            .set("c2", cow.clone())
            .set("arr", [1, 2, 3])
            .set("arr2", &["a", "b"][..])
            .set("v", vec![1.5])
            .set("d", Duration::from_secs(1))
            .set("dbg", debug(&user.age))
            .set("dis", display(&key))
            .set("ip", std::net::IpAddr::from([1, 2, 3, 4]))
            .set("big", u128::MAX)
            .set("ch", 'x')
            .set("none", None::<&str>)
            .set("fa", format_args!("{key}-{n}"))
            .set("null", null())
            .set("oo", user.name.strip_prefix("p"))
            .set("os", Some(String::new()))
            .set("ro", &Some(4u8));
        trace
            .sum("items", [1].len())
            .sum("bytes", 5usize)
            .max("m", 2.5)
            .incr("x");
    });
    let want = concat!(
        r#"msg=unit duration_ms=0.0 k=1 x.k=k o=o name=paul a=arc a2=arc n=7 nn=7 s=s c=cow c2=cow "#,
        r#"arr="[1,2,3]" arr2="[\"a\",\"b\"]" v="[1.5]" d=1000.0 dbg="None" dis=k ip=1.2.3.4 "#,
        r#"big=340282366920938463463374607431768211455 ch=x fa=k-7 null=null oo=aul os="" ro=4 "#,
        r#"items=1 bytes=5 m=2.5 x=1"#
    );
    assert_eq!(line, want);
}

#[test]
fn values_are_read_back() {
    let mut trace = bench().start();
    trace
        .set("n", 7u8)
        .set("text", "x")
        .set("list", [1, 2])
        .incr("hits");
    trace.set(String::from("owned"), -0.5f32);
    assert_eq!(trace.get("n"), Some(OwnedValue::U64(7)));
    assert_eq!(trace.get("hits").and_then(|hits| hits.as_u64()), Some(1));
    assert_eq!(trace.get("text"), Some(OwnedValue::Text("x".into())));
    assert_eq!(
        trace.get(traceline::key("owned")),
        Some(OwnedValue::F32(-0.5))
    );
    let list = vec![OwnedValue::I64(1), OwnedValue::I64(2)];
    assert_eq!(trace.get("list"), Some(OwnedValue::List(list)));
    assert_eq!(trace.get("absent"), None);
    trace.discard();
}

// ----- control flow, threads, panics

#[test]
fn calls_stand_in_any_branch() {
    fn branches(trace: &mut Trace, x: Option<u8>) {
        if let Some(x) = x {
            trace.set("x", x);
        } else {
            trace.add("none");
        }
        match read_nothing() {
            Ok(text) => {
                trace.set("text", text);
            }
            Err(error) => {
                trace.error(&error);
            }
        }
        trace.set("elapsed", trace.elapsed());
        let Some(_) = x else {
            trace.warn("no x");
            return;
        };
    }
    let line = record_of(|trace| branches(trace, Some(1)));
    let want = format!("msg=unit outcome=error duration_ms=0.0 x=1 elapsed=0.0 {NOT_FOUND}");
    assert_eq!(line, want);
    ends_with(&record_of(|trace| branches(trace, None)), ", warn] no x\"");
}

#[test]
fn a_trace_moves_to_another_thread_and_ends_there() {
    let bench = bench();
    let mut trace = bench.start();
    trace.set("here", 1);
    let moved = std::thread::spawn(move || {
        trace.set("there", 2).ok();
    });
    moved.join().expect("no panic");
    assert_eq!(
        bench.log.only().args,
        "msg=unit outcome=ok duration_ms=0.0 here=1 there=2"
    );
}

/// A `Display` that stops halfway, by unwinding without a message.
struct Bad;

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        std::panic::resume_unwind(Box::new("boom"))
    }
}

#[test]
fn a_panic_in_a_display_costs_one_value_and_one_in_the_unit_is_its_outcome() {
    let bench = bench();
    let mut trace = bench.start();
    trace.set("bad", display(&Bad));
    add!(trace, "x {}", Bad);
    let unwound = std::panic::catch_unwind(move || {
        let mut trace = trace;
        trace.set("c", 1);
        std::panic::resume_unwind(Box::new("silent"));
    });
    assert!(unwound.is_err());
    let line = bench.log.only().args;
    let want = "msg=unit outcome=panic duration_ms=0.0 bad=\"<panicked>\" c=1 fragments=";
    assert!(line.starts_with(want), "{line}");
    ends_with(&line, "] <panicked>\"");
}

/// A builder's fields follow the rules of `set`: nothing panics on the way.
#[test]
fn a_panic_in_a_display_of_a_builders_field_costs_that_value() {
    let bench = bench();
    let started = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let config = bench.config.clone();
        traceline::builder!("unit")
            .config(&config)
            .field("bad", display(&Bad))
            .start()
            .emit();
    }));
    assert!(started.is_ok(), "it got out");
    assert_eq!(
        bench.log.only().args,
        "msg=unit duration_ms=0.0 bad=\"<panicked>\""
    );
}

#[test]
fn shared_and_borrowed_errors_are_errors_too() {
    type Shared = Arc<dyn Error + Send + Sync>;
    let line = record_of(|trace| {
        let error: Shared = Arc::new(AuthError);
        let result = trace.check(Err::<(), Shared>(error.clone()));
        assert!(result.is_err());
        let borrowed: &(dyn Error + 'static) = &AuthError;
        assert!(trace.check(Err::<(), _>(borrowed)).is_err());
    });
    ends_with(&line, "outcome=error duration_ms=0.0 error=auth");
}
