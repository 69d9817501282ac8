//! Every call, with every shape of argument that code has at hand: all of it compiles, and the program at the end
//! leaves the records it must. `explicit.rs` and `context.rs` test the contents of records.

#![forbid(unsafe_code)]
#![allow(dead_code, unused)]
#![allow(clippy::needless_borrows_for_generic_args, clippy::too_many_arguments)] // as users may write it

#[path = "../../util/mod.rs"]
mod util;

use std::{borrow::Cow, error::Error, sync::Arc, time::Duration};
use traceline::*;
type BoxErr = Box<dyn Error + Send + Sync>;
struct Request {
    token: String,
}
#[derive(Debug)]
struct User {
    id: u64,
    plan: String,
    name: String,
    age: Option<u8>,
}
#[derive(Debug)]
struct AuthError;
impl std::fmt::Display for AuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("auth")
    }
}
impl Error for AuthError {}
fn find_user(_: &str) -> Result<User, AuthError> {
    Ok(User {
        id: 7,
        plan: "pro".into(),
        name: "paul".into(),
        age: None,
    })
}
// The first example of the design.
fn authenticate(req: &Request) -> Result<User, AuthError> {
    let mut trace = traceline::start!("auth");
    trace.set("method", "POST").set("attempt", 2);
    trace.add("auth header read");
    trace.set("token", traceline::mask(&req.token, 4));
    let user = trace.time("db", |_| find_user(&req.token));
    let user = trace.check(user)?;
    traceline::add!(trace, "got key from token table: {}", user.name);
    let cached = true;
    traceline::set!(trace, user_id = user.id, plan = user.plan, cached);
    trace.incr("cache.hits");
    trace.ok();
    Ok(user)
}
fn io() -> std::io::Result<String> {
    std::fs::read_to_string("/nope")
}
fn q(t: &mut Trace) -> Result<i32, BoxErr> {
    let s = t.check(io())?;
    let n: i32 = t.check(s.parse::<i32>())?;
    Err(t.check(Err::<(), BoxErr>("x".into())).unwrap_err())
}
fn any(t: &mut Trace) -> anyhow::Result<i32> {
    let r: anyhow::Result<i32> = Err(anyhow::anyhow!("x"));
    let n = t.check(r)?;
    let s = t.check(io())?;
    Ok(n)
}
fn strerr(t: &mut Trace) -> Result<(), String> {
    t.check(Err("x".to_string()))?;
    t.check(Err::<(), _>("static")).map_err(String::from)?;
    Ok(())
}
fn localbox(t: &mut Trace) -> Result<(), Box<dyn Error>> {
    let r: Result<(), Box<dyn Error>> = Ok(());
    t.check(r)?;
    Ok(())
}
fn generic<E: Error>(t: &mut Trace, r: Result<u8, E>) -> Result<u8, E> {
    t.check(r)
}
fn generic2<T, E: Error + Send + Sync + 'static>(t: &mut Trace, r: Result<T, E>) -> Result<T, E> {
    if let Err(e) = &r {
        t.error(e);
    }
    r
}
fn run1() -> Result<u8, BoxErr> {
    traceline::run!("checkout", |trace| {
        let s = io()?;
        trace.set("n", s.len());
        Ok(3)
    })
}
fn run2() -> Result<u8, BoxErr> {
    let x = traceline::run!("checkout", |trace| -> Result<u8, BoxErr> {
        let s = io()?;
        Ok(3)
    })?;
    Ok(x)
}
fn run3() -> anyhow::Result<u8> {
    traceline::run!("checkout", |trace: &mut Trace| {
        let s = io()?;
        helper(trace);
        Ok(3)
    })
}
fn helper(t: &mut Trace) {
    t.set("a", 1);
    set!(t, b = 2, c = "x");
    add!(t, "hi {}", 3);
}
async fn ahelper(t: &mut Trace) -> Result<u8, BoxErr> {
    t.add("before");
    tokio::time::sleep(Duration::from_millis(1)).await;
    add!(t, "x {} {}", 1, async { 2 }.await);
    Ok(1)
}
async fn arun() -> anyhow::Result<u8> {
    let v = run!("a", async |trace| {
        let x = ahelper(trace).await;
        let x = trace.check(x).map_err(|e| anyhow::anyhow!(e))?;
        anyhow::Ok(x)
    })
    .await?;
    Ok(v)
}
fn nested(t: &mut Trace) -> Result<i32, std::num::ParseIntError> {
    let r = t.time("db", |t| {
        t.set("rows", 3);
        let n = t.time("db.inner", |t| "4".parse::<i32>())?;
        t.incr("ok");
        Ok(n)
    });
    t.check(r)
}
fn values(
    t: &mut Trace,
    key: String,
    o: Option<&str>,
    u: &User,
    a: Arc<str>,
    n: &u64,
    s: &&str,
    c: Cow<'_, str>,
) {
    t.set(key.clone(), 1)
        .set(format!("x.{key}"), &key)
        .set("o", o)
        .set("age", u.age)
        .set("name", &u.name)
        .set("a", &a)
        .set("a2", a.clone())
        .set("n", n)
        .set("nn", &&n)
        .set("s", s)
        .set("c", &c)
        .set("c2", c)
        .set("arr", [1, 2, 3])
        .set("arr2", &["a", "b"][..])
        .set("v", vec![1.5])
        .set("d", Duration::from_secs(1))
        .set("dbg", debug(u))
        .set("dis", display(&key))
        .set("ip", std::net::IpAddr::from([1, 2, 3, 4]))
        .set("big", u128::MAX)
        .set("ch", 'x')
        .set("none", None::<&str>)
        .set("fa", format_args!("{key}-{n}"))
        .set("null", null())
        .set("oo", u.name.strip_prefix("p"))
        .set("os", Some(String::new()))
        .set("ro", &Some(4u8));
    let plan = String::new();
    let cached = true;
    let type_ = 1;
    set!(t, user_id = u.id, plan, cached, u:?, key:% , z:? = u.age, type = 3, "a.b" = 4, age = u.age,);
    drop(plan);
    t.sum("items", [1].len())
        .sum("bytes", 5usize)
        .max("m", 2.5)
        .incr("x");
}
struct Svc {
    trace: Trace,
    db: Vec<u8>,
}
impl Svc {
    fn f(&mut self) {
        let n = self.trace.time("db", |t| self.db.len());
        self.trace.set("n", n);
        let tm = self.trace.start_timer("x");
        self.load();
        self.trace.stop(tm);
        let mut t = std::mem::take(&mut self.trace);
        t.time("db", |t| self.load());
        self.trace = t;
    }
    fn load(&mut self) {}
}
struct Down<'a> {
    trace: &'a mut Trace,
}
impl Down<'_> {
    fn go(&mut self) {
        self.trace.set("x", 1);
        set!(self.trace, y = 2);
    }
}
fn flows(t: &mut Trace, x: Option<u8>) {
    if let Some(x) = x {
        t.set("x", x);
    } else {
        t.add("none");
    }
    let r = io();
    if let Err(e) = &r {
        t.error(e);
    }
    match io() {
        Ok(s) => {
            t.set("s", s);
        }
        Err(e) => {
            t.error(&e);
        }
    }
    let e = t.elapsed();
    t.set("e", t.elapsed());
    let Some(v) = x else {
        t.warn("no");
        return;
    };
}
fn threads(mut t: Trace) {
    let mut parts: Vec<Part> = (0..4).map(|_| t.part()).collect();
    std::thread::scope(|s| {
        for p in &mut parts {
            s.spawn(move || {
                p.set("x", 1);
                helper(p);
                p.scope(|| current::incr("n"));
            });
        }
    });
    for p in parts {
        t.join(p);
    }
    std::thread::scope(|s| {
        let h: Vec<_> = (0..2)
            .map(|_| {
                let mut p = t.part();
                s.spawn(move || {
                    p.incr("n");
                    p
                })
            })
            .collect();
        for h in h {
            if let Ok(p) = h.join() {
                t.join(p);
            }
        }
    });
    use rayon::prelude::*;
    let tr = &t;
    let ps: Vec<Part> = (0..100)
        .into_par_iter()
        .fold(
            || tr.part(),
            |mut p, _| {
                p.incr("n");
                p
            },
        )
        .collect();
    for p in ps {
        t.join(p);
    }
    std::thread::spawn(move || {
        t.add("moved");
    })
    .join()
    .unwrap();
}
fn shared(t: Trace) {
    let s = t.into_shared();
    let s2 = s.clone();
    std::thread::spawn(move || {
        s2.incr("x");
    })
    .join()
    .unwrap();
    s.set("a", 1).set("b", 2);
}
fn ctx(mut t: Trace) {
    let v = t.scope(|| {
        current::set("a", 1);
        current::add!("x {}", 1);
        let q = 3;
        current::set!(b = 2, q);
        current::with(|t| {
            t.set("in", 1);
            assert!(current::with(|_| ()).is_none());
        });
        current::time("db", || {
            current::set("z", 1);
            5
        })
    });
    t.set("v", v);
    {
        let _g = t.enter();
        current::set("g", 1);
    }
    t.set("after", 1);
    let mut a = start!("a");
    let mut b = start!("b");
    let ga = a.enter();
    let gb = b.enter();
    drop(ga);
    current::set("in_b", 1);
    drop(gb);
    a.set("done", 1);
}
async fn fut(t: Trace) -> u8 {
    async {
        current::set("a", 1);
        tokio::task::yield_now().await;
        current::add("x");
        3
    }
    .in_trace(t)
    .await
}
struct Bad;
impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("half")?;
        panic!("boom")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_unit_leaves_one_record() {
    let bench = util::Bench::new(Config::builder().header(false));
    bench.config.install().expect("nobody did before");
    let _ = authenticate(&Request {
        token: "2c59aaaa".into(),
    });
    ctx(start!("ctx"));
    threads(start!("thr"));
    shared(start!("sh"));
    tokio::spawn(async move {
        let mut t = start!("task");
        let _ = ahelper(&mut t).await;
        fut(t).await
    })
    .await
    .unwrap();
    tokio::spawn(arun()).await.unwrap().unwrap();
    let f = fut(start!("cancel"));
    let _ = tokio::time::timeout(Duration::from_millis(0), async {
        f.await;
        std::future::pending::<()>().await
    })
    .await;
    let mut t = start!("bad");
    t.set("b", display(&Bad));
    add!(t, "x {}", Bad);
    let r = std::panic::catch_unwind(move || {
        let mut t = t;
        t.set("c", 1);
        panic!("p")
    });
    assert!(r.is_err());
    let mut ends: Vec<String> = bench
        .log
        .records()
        .iter()
        .map(|record| end(&record.args))
        .collect();
    ends.sort();
    let want = [
        "a",
        "a ok",
        "auth ok",
        "b",
        "bad panic",
        "cancel",
        "ctx",
        "sh",
        "task",
        "thr",
    ];
    assert_eq!(ends, want);
}

/// The name and the outcome of a record. The future of `cancel` may or may not be ready before its time is over.
fn end(line: &str) -> String {
    let words = line.split(' ');
    let words =
        words.filter_map(|word| word.strip_prefix("msg=").or(word.strip_prefix("outcome=")));
    words
        .collect::<Vec<_>>()
        .join(" ")
        .replace("cancel cancelled", "cancel")
}
