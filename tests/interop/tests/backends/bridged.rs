//! The bridge in front of backends: ordinary log calls become fragments, and units stay as they are.

use crate::expect::{self, Want};
use crate::{AtExit, Backend, PLAIN, STRUCTURED, check, check_displays, check_exit_amid, check_limit};
use crate::{check_locals, check_threads, outcome, program, read};
use serde_json::json;

fn log_calls() -> Vec<Want> {
    let unit = |level, name, fragments| Want { level, name, outcome: None, fields: json!({}), fragments };
    // The warning that was passed on raised the level of its unit.
    vec![unit("info", "inner", &["absorbed too"]), unit("warn", "outer", &["absorbed 1"])]
}

#[track_caller]
fn bridged(backend: &Backend) {
    let (units, ordinary) = outcome(backend, "log_calls", 0);
    let wants: Vec<_> = log_calls().iter().map(|want| want.seen(backend.cast)).collect();
    assert_eq!(units, wants);
    assert_eq!(ordinary, ["before", "passed on", "after"]);
    check(backend, "", &expect::checkouts());
    check(backend, "odd", &expect::odd());
    check(backend, "panic", &expect::panics());
    check(backend, "unwinding", &expect::unwinding());
    check_displays(backend);
    check_threads(backend);
    check_limit(backend);
    check_locals(backend);
    check_exit_amid(backend);
}

macro_rules! bridged {
    ($($name:ident: $like:expr;)*) => {
        $(#[test]
        fn $name() {
            let environment = &[("BACKEND", stringify!($name))];
            bridged(&Backend { program: program!("bridged"), environment, ..$like });
        })*
    };
}

bridged! {
    env_logger: PLAIN;
    fern: PLAIN;
    flexi_logger: PLAIN;
    simplelog: PLAIN;
    tracing: Backend { read: read::tracing_json, ..PLAIN };
    opentelemetry: Backend {
        read: read::opentelemetry, cast: read::in_63_bits, exit: AtExit::Shutdown, ..STRUCTURED
    };
    structured_logger: STRUCTURED;
    logforth: Backend { read: read::logforth, ..STRUCTURED };
}
