//! Lines of other loggers, servers and log stores, as they are, without options.

mod common;

use common::{members, run};

/// The units in a file of the folder `foreign`: name, service, level and outcome, error type and
/// error, the time of the end, the duration in milliseconds, the status, the transaction.
#[track_caller]
fn shows(file: &str, units: &[&str], err: &str) {
    let path = format!("{}/tests/foreign/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let said = run(200, &text, &["--json"]);
    let keys = [
        "name",
        "service",
        "level",
        "outcome",
        "error_type",
        "error",
        "ended",
        "duration_ms",
        "status",
        "trace_id",
    ];
    let lines = said.out.lines();
    let found: Vec<String> = lines
        .map(|line| members(&serde_json::from_str(line).unwrap(), &keys))
        .map(|line| line.replace("2026-11-21T08:46:", ""))
        .collect();
    assert_eq!(found.join("\n"), units.join("\n"), "{file}\n{}", said.err);
    assert_eq!(said.err, err, "{file}");
    assert_eq!(said.status, 0);
}

#[test]
fn caddy() {
    shows(
        "caddy.log",
        &[
            "GET /carts/7 | - | info | - | - | - | 00.327080Z | 4.2 | 200 | -",
            "POST /orders | - | error | error | - | - | 01.900000Z | 1250 | 502 | -",
        ],
        "2 units with a duration without a unit, read as written by Caddy: s\n",
    );
}

#[test]
fn traefik() {
    shows(
        "traefik.log",
        &["GET /carts/7 | - | info | - | - | - | 00.511987Z | 8.184 | 207 | -"],
        "1 unit with a duration without a unit, read as written by Traefik: ns\n",
    );
}

#[test]
fn heroku() {
    shows(
        "heroku.log",
        &[
            "GET / | - | info | - | - | - | 10.000000Z | 61 | 200 | -",
            "GET /slow | - | error | error | H12 | Request timeout | 41.000000Z | 30000 | 503 | -",
        ],
        "1 line of other kinds\n  in:3  2026-11-21T08:46:42+00:00 app[web.4]: listening on port 4567\n",
    );
}

#[test]
fn tracing() {
    shows(
        "tracing.log",
        &[
            "checkout | - | info | - | - | - | 05.959069Z | 1.036 | - | -",
            "GET /carts/7 | - | error | error | - | - | 06.000000Z | 12 | 503 | -",
        ],
        "1 line of other kinds\n  in:3  {\"timestamp\":\"2026-11-21T08:46:07.000000Z\",\"level\":\"INFO\",\"fields\":{\"message\":\"listening\"},\"target\":\"shop\"}\n",
    );
}

#[test]
fn slog() {
    shows(
        "slog.log",
        &[
            "GET / | - | info | - | - | - | 19.444521Z | 1.5 | 200 | -",
            "GET /b | - | info | - | - | - | 20.444000Z | 1.5 | 200 | -",
            "sweep | - | error | error | - | disk full | 21.000000Z | 2000 | - | -",
        ],
        "2 units with a duration without a unit, read as written by slog: ns\n",
    );
}

#[test]
fn zap() {
    shows(
        "zap.log",
        &[
            "checkout | - | info | - | - | - | 00.631000Z | 250 | - | 0af7651916cd43dd8448eb211c80319c",
            "apply took too long | - | warn | - | - | deadline exceeded | 03.213763Z | 3000.6 | - | -",
            "a number that may be anything | - | info | - | - | - | 03.213763Z | - | - | -",
        ],
        "1 unit with a duration that cannot be read, or without a unit: shown without\n\
         1 unit with a duration without a unit, read as written by zap: s\n",
    );
}

#[test]
fn zerolog() {
    shows(
        "zerolog.log",
        &[
            "request | - | info | - | - | - | 41.000000Z | 1000.3 | 200 | -",
            "checkout | - | error | error | - | no such cart | 02.000000Z | 2.5 | - | -",
        ],
        "2 units with a duration without a unit, read as written by zerolog: ms\n",
    );
}

#[test]
fn pino() {
    shows(
        "pino.log",
        &[
            "GET / | - | info | - | - | - | 00.631000Z | 10 | 200 | -",
            "GET /x | shop | error | error | TypeError | cart is undefined | 01.631000Z | 1010 | 500 | -",
        ],
        "",
    );
}

#[test]
fn bunyan() {
    shows(
        "bunyan.log",
        &[
            "GET /carts/7 | shop | info | - | - | - | 00.000000Z | 12.5 | 200 | -",
            "sweep | shop | error | error | - | - | 00.000000Z | - | - | -",
        ],
        "1 unit with a duration that cannot be read, or without a unit: shown without\n",
    );
}

#[test]
fn logrus() {
    shows(
        "logrus.log",
        &[
            "order placed | - | info | - | - | - | 00.000000Z | 250.5 | - | -",
            "order placed | - | error | error | - | no stock | 01.000000Z | 1.5 | - | -",
        ],
        "1 unit with a duration without a unit, read as written by logrus: ns\n",
    );
}

#[test]
fn google_log_entries() {
    shows(
        "google.log",
        &[
            "POST /book | shop | error | error | - | - | 51.018142Z | 60369 | 502 | projects/x/traces/4bf92f3577b34da6a3ce929d0e0e4736",
            "checkout | shop | info | ok | - | - | 52.000000Z | 16.4 | - | -",
        ],
        "",
    );
}

#[test]
fn lambda_reports() {
    shows(
        "lambda.log",
        &[
            "invocation | lambda | - | - | - | - | - | 102.25 | - | -",
            "invocation | lambda | - | error | - | timeout | 03.000000Z | 3000 | - | -",
            "platform.report | - | - | ok | - | - | 04.000000Z | 101.51 | - | -",
        ],
        "",
    );
}

#[test]
fn canonical_log_lines_of_others() {
    shows(
        "stripe.log",
        &["POST /v1/charges | - | - | - | - | - | 2026-11-21T08:48:32.999000Z | 9 | 200 | -"],
        "1 unit with a time without an offset: read as UTC\n\
         1 unit with a duration without a unit, read as written by canonical-log-line: s\n",
    );
    shows(
        "lograge.log",
        &["GET /carts/7 | - | info | - | - | - | 00.123456Z | 58.33 | 200 | -"],
        "1 unit with a time without an offset: read as UTC\n\
         1 unit with a duration without a unit, read as written by lograge: ms\n",
    );
    shows(
        "wide_event.log",
        &[
            "POST /checkout | shop | error | error | CardError | declined | 45.612000Z | 234 | 500 | -",
        ],
        "",
    );
    shows(
        "loki.log",
        &[
            "querier | - | info | - | - | - | 06.919965Z | 0.111 | 200 | 0b216e7d014c5f87",
            "querier | - | info | - | - | - | 17.033764Z | 10711.848 | 200 | 1c216e7d014c5f88",
        ],
        "",
    );
}

#[test]
fn elasticsearch() {
    shows(
        "elastic.log",
        &[
            "pay | shop | error | error | Timeout | no answer | 00.000000Z | 250 | 502 | 0af7651916cd43dd8448eb211c80319c",
        ],
        "",
    );
}

#[test]
fn container_runtimes() {
    shows(
        "docker.log",
        &[
            "checkout | - | info | ok | - | - | 00.687788Z | 16.4 | 201 | -",
            "checkout | - | - | error | - | a \"b\" | 01.000000Z | 3.5 | - | -",
        ],
        "1 line of other kinds\n  in:3  {\"log\":\"listening\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T08:46:01.000Z\"}\n",
    );
    shows(
        "cri.log",
        &[
            "checkout | - | - | ok | - | - | 00.687788Z | 5 | - | -",
            "checkout | - | error | error | - | - | 01.687788Z | 7 | - | -",
        ],
        "",
    );
}

#[test]
fn the_journal() {
    shows(
        "journal.log",
        &[
            "checkout | - | error | error | - | payment failed | 00.631000Z | 3.1 | 402 | -",
            "a | - | warn | - | - | - | 01.631000Z | 1 | - | -",
        ],
        "",
    );
}

#[test]
fn loki() {
    shows(
        "loki_query.json",
        &[
            "checkout | - | info | - | - | - | 00.000000Z | 5 | - | -",
            "pay | - | error | error | - | - | 01.000000Z | 7.5 | - | -",
        ],
        "",
    );
    shows(
        "logcli.log",
        &["checkout | - | info | - | - | - | 00.000000Z | 5 | - | -"],
        "",
    );
}

#[test]
fn json_documents() {
    shows(
        "array.json",
        &[
            "checkout | - | - | ok | - | - | 00.000000Z | 5 | - | -",
            "pay | - | error | error | - | no answer | 01.000000Z | 7.5 | - | -",
        ],
        "",
    );
    shows(
        "array_in_a_line.json",
        &[
            "a | - | - | - | - | - | 00.000000Z | 5 | - | -",
            "b | - | - | - | - | - | 01.000000Z | 6 | - | -",
        ],
        "",
    );
    shows(
        "pretty.json",
        &[
            "checkout | - | - | - | - | - | 00.000000Z | 5 | - | -",
            "pay | - | - | - | - | - | 01.000000Z | 6 | - | -",
        ],
        "",
    );
}

#[test]
fn prefixes_of_loggers() {
    shows(
        "prefixes.log",
        &[
            "a | - | info | - | - | - | 00.000000Z | 5 | - | -",
            "b | - | warn | - | - | - | 00.687000Z | 5 | - | -",
            "c | - | info | - | - | - | 00.687788Z | 5 | - | -",
            "d | - | error | error | - | - | 00.000000Z | 5 | - | -",
            "e | - | info | - | - | - | 00.687000Z | 5 | - | -",
        ],
        "2 units with a time without an offset: read as UTC\n",
    );
}

#[test]
fn serilog() {
    shows(
        "serilog.log",
        &["GET /carts/7 | - | warn | - | - | - | 00.123456Z | 35.123 | 404 | -"],
        "1 unit with a duration without a unit, read as written by Serilog: ms\n",
    );
}

#[test]
fn nginx() {
    shows(
        "nginx.log",
        &["GET /carts/7 | - | - | error | - | - | 00.000000Z | 123 | 502 | -"],
        "1 unit with a duration without a unit, read as written by nginx: s\n",
    );
}
