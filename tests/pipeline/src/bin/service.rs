//! One service of `examples/services`, whose records are sent on.
//!
//! `service NAME (--nats URL [--max-records N] | --otlp URL) [--purchasing URL | --inventory URL] [--copy-to FOLDER]`
//! prints its address to standard output. When its standard input ends, it stores its records and ends.

use std::error::Error;
use std::net::TcpListener;
use std::time::Duration;
use std::{env, io, thread};

use log::{LevelFilter, Log};
use opentelemetry_appender_log::OpenTelemetryLogBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use traceline::{Config, Format};
use traceline_pipeline::{NatsLogger, Options, otlp_provider, with_native_ids};

#[path = "../../../../examples/services/src/shop/mod.rs"]
mod shop;

use shop::{Inventory, Ordering, Purchasing, Service};

type Done<T> = Result<T, Box<dyn Error>>;

struct Arguments(Vec<String>);

impl Arguments {
    fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn name(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

fn main() -> Done<()> {
    let arguments = Arguments(env::args().skip(1).collect());
    let peer = |name: &'static str| arguments.get(name).ok_or(name);
    let service: Box<dyn Service> = match arguments.name() {
        "inventory" => Box::new(Inventory::new(1_000_000)),
        "purchasing" => Box::new(Purchasing::new(peer("--inventory")?)),
        "ordering" => Box::new(Ordering::new(peer("--purchasing")?)),
        name => return Err(format!("no service {name:?}").into()),
    };
    let end = match arguments.get("--otlp") {
        Some(url) => log_to_collector(&arguments, url)?,
        None => log_to_broker(&arguments, arguments.get("--nats").ok_or("--nats URL")?)?,
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!(
        r#"{{"msg":"listen","address":"{}"}}"#,
        listener.local_addr()?
    );
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(i32::from(!end.is_all_sent()));
    });
    shop::serve(&listener, &*service);
    Ok(())
}

/// The senders to wait for at the end.
enum End {
    Broker(&'static NatsLogger),
    Collector(SdkLoggerProvider),
}

impl End {
    fn is_all_sent(&self) -> bool {
        match self {
            End::Broker(logger) => logger.close(Duration::from_secs(10)).waiting == 0,
            End::Collector(provider) => provider.shutdown().is_ok(),
        }
    }
}

fn log_to_broker(arguments: &Arguments, url: &str) -> Done<End> {
    let mut options = Options::new(url, arguments.name());
    if let Some(most) = arguments.get("--max-records") {
        options.max_records = most.parse()?;
    }
    let logger: &NatsLogger = Box::leak(Box::new(NatsLogger::start(options)?));
    // Two loggers behind one if the records also go to a file.
    let mut both = fern::Dispatch::new()
        .level(LevelFilter::Info)
        .chain(logger as &dyn Log);
    if let Some(folder) = arguments.get("--copy-to") {
        both = both.chain(fern::log_file(format!(
            "{folder}/{}.jsonl",
            arguments.name()
        ))?);
    }
    both.apply()?;
    let config = Config::builder()
        .format(Format::Json)
        .field("service", arguments.name());
    config.install()?;
    Ok(End::Broker(logger))
}

fn log_to_collector(arguments: &Arguments, url: &str) -> Done<End> {
    let provider = otlp_provider(url, arguments.name())?;
    log::set_boxed_logger(Box::new(OpenTelemetryLogBridge::new(&provider)))?;
    log::set_max_level(LevelFilter::Info);
    with_native_ids(Config::builder().field("service", arguments.name())).install()?;
    Ok(End::Collector(provider))
}
