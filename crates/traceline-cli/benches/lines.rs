//! How fast lines of each kind are read, and how that compares with `wc -l` in the same run.
//!
//! ```text
//! cargo bench -p traceline-cli            # 200 MB of each kind
//! cargo bench -p traceline-cli -- 1000    # another number of megabytes
//! ```
//!
//! The best of three runs counts, on one core. The program reads from a file, as `traceline` does.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use traceline_cli::Names;
use traceline_cli::filter::Filter;
use traceline_cli::index::Index;
use traceline_cli::query::Query;
use traceline_cli::source::Source;

/// A line of each kind. `@` is replaced by a number that differs from line to line.
const KINDS: [(&str, &str); 8] = [
    (
        "logfmt",
        r#"ts=2026-11-21T08:46:00.@Z level=info msg="GET /carts/{id}" service=gateway trace_id=0af7651916cd43dd8448eb2110@ span_id=b7ad6b7169@ outcome=ok duration_ms=2.345 method=GET path=/carts/@?page=3 user_agent="Mozilla/5.0 (X11; Linux x86_64) \"quoted\"" user_id=@ plan=pro cached=true ratio=0.25 cache.hits=1 db.count=1 db.ms=1.5 db.max_ms=1.5 status=200 fragments="[203, 0.1ms] header read; [206, 1.7ms] got key from token table: paul""#,
    ),
    (
        "JSON",
        r#"{"ts":"2026-11-21T08:46:00.@Z","level":"info","msg":"GET /carts/{id}","service":"gateway","trace_id":"0af7651916cd43dd8448eb2110@","span_id":"b7ad6b7169@","outcome":"ok","duration_ms":2.345,"method":"GET","path":"/carts/@?page=3","user_agent":"Mozilla/5.0 (X11; Linux x86_64) \"quoted\"","user_id":@,"plan":"pro","cached":true,"ratio":0.25,"cache.hits":1,"db.count":1,"db.ms":1.5,"db.max_ms":1.5,"status":200,"fragments":[{"at_ms":0.1,"line":203,"msg":"header read"},{"at_ms":1.7,"line":206,"msg":"got key from token table: paul"}]}"#,
    ),
    (
        "ECS",
        r#"{"@timestamp":"2026-11-21T08:46:00.123456Z","log.level":"info","message":"GET /carts/{id}","ecs.version":"8.11.0","service":"gateway","trace.id":"0af7651916cd43dd8448eb2110@","span.id":"b7ad6b7169@","event.outcome":"success","event.duration":2345000,"method":"GET","path":"/carts/@?page=3","user_id":@,"plan":"pro","http.response.status_code":200}"#,
    ),
    (
        "with a prefix",
        r#"[2026-11-21T08:46:00Z INFO  shop::cart] level=info msg="GET /carts/{id}" service=gateway outcome=ok duration_ms=2.345 method=GET path=/carts/@?page=3 user_id=@ plan=pro cached=true ratio=0.25 status=200"#,
    ),
    (
        "slog",
        r#"{"time":"2026-11-21T11:46:19.@+03:00","level":"INFO","msg":"request finished","method":"GET","path":"/carts","user_id":@,"plan":"pro","status":200,"duration":1500000}"#,
    ),
    (
        "Caddy",
        r#"{"level":"info","ts":1795250760.@,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/carts"},"bytes_read":@,"duration":0.0042,"size":512,"status":200}"#,
    ),
    (
        "Docker",
        r#"{"log":"ts=2026-11-21T08:46:00.@Z level=info msg=\"GET /carts\" outcome=ok duration_ms=16.4 path=/carts/@ status=201\n","stream":"stderr","time":"2026-11-21T08:46:00.688Z"}"#,
    ),
    (
        "other lines",
        "2026-11-21T08:46:00Z INFO hyper::proto: incoming body of @ bytes completed, connection kept",
    ),
];

fn main() {
    let megabytes = std::env::args().filter_map(|text| text.parse().ok()).next();
    let bytes = megabytes.unwrap_or(200_usize) * 1_000_000;
    let file = std::env::temp_dir().join(format!("traceline-bench-{}.log", std::process::id()));
    println!("{:<28} {:>8} {:>10}", "", "MB/s", "to wc -l");
    for (kind, line) in KINDS {
        fs::write(&file, lines(line, bytes)).expect("room for the lines");
        report(kind, bytes, &file, &Filter::default());
        if kind == "JSON" {
            let query = Query::parse("status>=500 and not path~^/health").expect("a query");
            let filter = Filter {
                query,
                ..Filter::default()
            };
            report("JSON, with --where", bytes, &file, &filter);
        }
    }
    fs::remove_file(&file).expect("it is there");
}

fn lines(line: &str, bytes: usize) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes + 1_000);
    let mut n = 0_u32;
    while lines.len() < bytes {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let number = format!("{:06}", n % 900_000 + 100_000);
        lines.extend_from_slice(line.replace('@', &number).as_bytes());
        lines.push(b'\n');
    }
    lines
}

fn report(kind: &str, bytes: usize, file: &PathBuf, filter: &Filter) {
    let wc = best(|| {
        let output = Command::new("wc").arg("-l").arg(file).output();
        assert!(output.is_ok_and(|output| output.status.success()));
    });
    let names = Names::default();
    let stop = AtomicBool::new(false);
    let own = best(|| {
        let mut sources = [Source::open(file).expect("it is there")];
        let index = Index::read(&mut sources, &names, filter, &stop, |_| ());
        assert!(index.units.len() as u64 + index.other.count > 0);
    });
    let speed = bytes as f64 / 1e6 / own.as_secs_f64();
    let ratio = own.as_secs_f64() / wc.as_secs_f64();
    println!("{kind:<28} {speed:>8.0} {ratio:>10.1}");
}

/// The shortest of three times.
fn best(mut work: impl FnMut()) -> Duration {
    let mut time = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    time().min(time()).min(time())
}
