//! Copies records from NATS JetStream into PostgreSQL, until its standard input ends.
//!
//! `consumer --nats URL --postgres ADDRESS [--batch N] [--ack-wait-ms N] [--abort-at BATCH]`

use std::error::Error;
use std::time::Duration;
use std::{env, io, thread};

use traceline_pipeline::{Consumer, consume};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let options = Consumer {
        nats: option("--nats").ok_or("--nats URL")?.into(),
        postgres: option("--postgres").ok_or("--postgres ADDRESS")?.into(),
        batch: option("--batch").unwrap_or("500").parse()?,
        ack_wait: Duration::from_millis(option("--ack-wait-ms").unwrap_or("30000").parse()?),
        abort_at: option("--abort-at").map(str::parse).transpose()?,
    };
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0); // unconfirmed messages are delivered again
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(consume(&options))?)
}
