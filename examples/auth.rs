use logtrace::*;
#[derive(Debug)]
struct E;
impl std::fmt::Display for E {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no\nuser")
    }
}
impl std::error::Error for E {}
fn auth(fail: bool) -> Result<u64, E> {
    let mut trace = logtrace::start!("auth");
    trace.set("method", "POST").set("attempt", 2);
    trace.add("auth header read");
    trace.set("token", logtrace::mask("2c59aaaa", 4));
    let user = trace.time("db", |_| if fail { Err(E) } else { Ok(7u64) });
    let user = trace.check(user)?;
    logtrace::add!(trace, "got key from token table: {}", "paul; [");
    let cached = true;
    logtrace::set!(trace, user_id = user, cached, x:? = E, arr = [1,2], sp = "007", error="x", "a b" = 1, f = 1.5, u = u128::MAX);
    trace.incr("cache.hits").incr("cache.hits");
    trace.ok();
    Ok(user)
}
fn main() {
    env_logger::Builder::from_default_env()
        .filter_level(log::LevelFilter::Info)
        .format(|b, r| {
            use std::io::Write;
            writeln!(b, "{}", r.args())
        })
        .init();
    auth(false);
    auth(true);
    auth(false);
    for f in [Format::Json, Format::Pretty] {
        let c = Config::builder()
            .format(f)
            .field("service", "x y")
            .color(Color::Always)
            .build()
            .unwrap();
        let mut t = logtrace::builder!("auth").config(&c).start();
        t.set("method", "POST").set("attempt", 2);
        t.add("auth header read");
        t.set("token", logtrace::mask("2c59aaaa", 4));
        t.set("a\"b", [Some("a"), None]);
        t.set("ms", "q\"");
        t.set("nan", f64::NAN);
        t.set("ts", 1);
        t.time("db", |_| ());
        t.error(&E);
        t.warn("careful \u{1b}[31m é");
    }
}
