use std::future::Future;
use traceline::{SharedTrace, Trace, current};

async fn query() -> i32 {
    3
}

fn generic<T>(f: impl FnOnce() -> T) -> T {
    current::time("g", f)
}

fn generic_bound<T: Clone + Iterator>(f: impl FnOnce() -> T) -> T {
    current::time("g", f)
}

fn boxed<T: ?Sized>(f: impl FnOnce() -> Box<T>) -> Box<T> {
    current::time("g", f)
}

fn generic_trace<T, E: std::error::Error>(
    trace: &mut Trace,
    f: impl FnOnce(&mut Trace) -> Result<T, E>,
) -> Result<T, E> {
    let result = trace.time("g", f);
    trace.check(result)
}

fn opaque() -> impl Iterator<Item = i32> {
    current::time("o", || [1, 2].into_iter())
}

fn never() -> i32 {
    current::time("n", || -> i32 {
        if false {
            panic!()
        }
        3
    })
}

fn question_mark(trace: &mut Trace) -> Result<i32, std::num::ParseIntError> {
    let n = current::time("q", || "3".parse::<i32>())?;
    let m: i32 = trace.time("q", |_| "3".parse())?;
    Ok(n + m)
}

fn inner_question_mark(trace: &mut Trace) -> Result<i32, Box<dyn std::error::Error>> {
    trace.time("q", |trace| {
        let n: i32 = trace.time("inner", |_| "3".parse())?;
        Ok(n)
    })
}

fn collect() -> Vec<u8> {
    current::time("c", || (0..3).collect())
}

fn sum() -> u64 {
    current::time("s", || [1, 2].iter().sum())
}

fn default() -> String {
    current::time("d", Default::default)
}

fn into(shared: &SharedTrace) -> String {
    shared.time("i", || "text".into())
}

fn borrowed(text: &str) -> &str {
    current::time("b", || text.trim())
}

fn dynamic(make: &dyn Fn() -> i32) -> i32 {
    current::time("d", make)
}

fn unit() {
    current::time("u", || ());
    current::time("u", || {
        if true {
            return;
        }
        panic!()
    });
    current::time("u", drop_nothing);
}

fn drop_nothing() {}

fn number() -> u64 {
    let mut x = 0;
    x += current::time("i", || 7);
    let y = current::time("i", || 8);
    let z: u8 = current::time("i", || 9);
    x + y + u64::from(z)
}

fn diverges(trace: &mut Trace) {
    let result = std::panic::catch_unwind(|| current::time("p", || panic!("x")));
    assert!(result.is_err());
    trace.time("r", |_| if true { 1u8 } else { unreachable!() });
    trace.time("w", |_| todo());
}

fn todo() {}

fn closures() -> i32 {
    let make = current::time("f", || |x: i32| x + 1);
    let boxed: Box<dyn Fn(i32) -> i32> = current::time("f", || Box::new(|x| x + 1) as _);
    make(1) + boxed(2)
}

fn options(trace: &mut Trace) -> Option<i32> {
    let first = trace.time("o", |_| [1].first().copied())?;
    let none: Option<i32> = trace.time("o", |_| None);
    Some(first + none.unwrap_or_default())
}

/// What gets through: only the making of these futures is timed.
async fn futures_in_something_else() -> i32 {
    let (tuple,) = current::time("t", || (query(),));
    let result = current::time("r", || Ok::<_, ()>(query()));
    let unseen = generic(query);
    tuple.await + result.unwrap().await + unseen.await
}

fn main() {
    let mut trace = traceline::start!("x");
    assert_eq!(generic(|| 3), 3);
    generic_bound(|| 0..3);
    boxed::<dyn std::fmt::Debug>(|| Box::new(1));
    generic_trace(&mut trace, |_| "3".parse::<i32>()).unwrap();
    opaque().count();
    never();
    question_mark(&mut trace).unwrap();
    inner_question_mark(&mut trace).unwrap();
    (collect(), sum(), default(), borrowed(" x "), number());
    dynamic(&|| 3);
    unit();
    diverges(&mut trace);
    closures();
    options(&mut trace);
    into(&traceline::Trace::default().into_shared());
    let mut future = std::pin::pin!(futures_in_something_else());
    let waker = std::task::Waker::noop();
    let _ = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
}
