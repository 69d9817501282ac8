//! A buyer's order crosses three services, each a process: one record per service, one transaction.
//!
//! ```text
//! cargo run -p example-services       # starts all three, buys 1,000 widgets, ends
//! ```
//!
//! It prints the answer, the three records as the services wrote them, and the tree from their ids:
//!
//! ```text
//! 201 {"order_id":7001,"cents":249000}
//!
//! {"ts":"2026-11-21T17:43:52.341156Z","level":"info","msg":"order","service":"ordering","trace_id":"50a65afb4edc1e267772d7177cea3f51","span_id":"8aabd2c167cd86fc","trace_flags":"03","request_id":"9f70f55092b7f2baeaf88fb7d08da4e6","outcome":"ok","duration_ms":4.512,"sku":"widget","quantity":1000,"buyer":"paul","purchasing.count":1,"purchasing.ms":4.361,"purchasing.max_ms":4.361,"order_id":7001,"cents":249000,"status":201}
//! {"ts":"2026-11-21T17:43:52.338557Z","level":"info","msg":"purchase","service":"purchasing","trace_id":"50a65afb4edc1e267772d7177cea3f51","span_id":"b86cb456fd3660ab","parent_id":"8aabd2c167cd86fc","trace_flags":"03","request_id":"9f70f55092b7f2baeaf88fb7d08da4e6","outcome":"ok","duration_ms":1.316,"sku":"widget","quantity":1000,"cents":249000,"inventory.count":1,"inventory.ms":1.147,"inventory.max_ms":1.147,"status":201,"fragments":[{"at_ms":1.275,"line":28,"msg":"reserved, 4000 left"}]}
//! {"ts":"2026-11-21T17:43:52.338204Z","level":"info","msg":"reserve","service":"inventory","trace_id":"50a65afb4edc1e267772d7177cea3f51","span_id":"5bcdcba0ae05dbc5","parent_id":"b86cb456fd3660ab","trace_flags":"03","request_id":"9f70f55092b7f2baeaf88fb7d08da4e6","outcome":"ok","duration_ms":0.234,"sku":"widget","quantity":1000,"lock.count":1,"lock.ms":0.001,"lock.max_ms":0.001,"left":4000,"status":201,"fragments":[{"at_ms":0.22,"line":23,"msg":"5000 in stock"}]}
//!
//! trace_id 50a65afb4edc1e267772d7177cea3f51
//! order                ordering        4.512 ms  ok 201
//! └─ purchase          purchasing      1.316 ms  ok 201
//!    └─ reserve        inventory       0.234 ms  ok 201
//! ```
//!
//! The services are in `shop/`; they use `traceline` as any others would. To run them by hand, each
//! in its own terminal, with records on standard output or appended to a file:
//!
//! ```text
//! services inventory  --port 7001 [--widgets 5000]
//! services purchasing --port 7002 --inventory http://127.0.0.1:7001
//! services ordering   --port 7003 --purchasing http://127.0.0.1:7002 [--log orders.jsonl]
//! curl -d '{"sku":"widget","quantity":1000}' http://127.0.0.1:7003/orders
//! ```

mod demo;
mod process;
mod shop;
mod tree;

use std::env;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;

use env_logger::Target;
use traceline::{Config, Format};

use shop::{Inventory, Ordering, Purchasing, Service};

type Done<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        None => demo::run(),
        Some((service, options)) => run(service, options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("services: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one service until its process is terminated.
fn run(name: &str, options: &[String]) -> Done {
    let option = |name: &str| value_of(options, name);
    let service: Box<dyn Service> = match name {
        "inventory" => Box::new(Inventory::new(
            option("--widgets").unwrap_or("5000").parse()?,
        )),
        "purchasing" => Box::new(Purchasing::new(
            option("--inventory").ok_or("--inventory URL")?,
        )),
        "ordering" => Box::new(Ordering::new(
            option("--purchasing").ok_or("--purchasing URL")?,
        )),
        _ => return Err(format!("no service {name:?}; inventory, purchasing or ordering").into()),
    };
    start_logging(name, option("--log"))?;
    let port = option("--port").unwrap_or("0").parse()?;
    let listener = listen(port)?;
    if options.iter().any(|option| option == "--with-parent") {
        thread::spawn(end_with_parent);
    }
    shop::serve(&listener, &*service);
    Ok(())
}

fn value_of<'a>(options: &'a [String], name: &str) -> Option<&'a str> {
    let at = options.iter().position(|option| option == name)?;
    options.get(at + 1).map(String::as_str)
}

/// JSON lines through an ordinary logger that prints only the message.
fn start_logging(service: &str, file: Option<&str>) -> Done {
    let target = match file {
        Some(file) => Target::Pipe(Box::new(
            OpenOptions::new().create(true).append(true).open(file)?,
        )),
        None => Target::Stdout,
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .format(|buffer, record| writeln!(buffer, "{}", record.args()))
        .target(target)
        .init();
    let config = Config::builder()
        .format(Format::Json)
        .field("service", service);
    Ok(config.install()?)
}

/// Listening is a unit too: its record has the address.
fn listen(port: u16) -> io::Result<TcpListener> {
    traceline::run!("listen", |trace| {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        trace.set("address", listener.local_addr()?);
        Ok(listener)
    })
}

/// Ends the process at the end of standard input, which comes however the parent ended.
fn end_with_parent() {
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(0);
}
