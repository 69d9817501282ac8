use std::io::{self, Write};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use traceline::current;
use traceline::future::InTraceExt;

#[tokio::main]
async fn main() -> io::Result<()> {
    env_logger::Builder::from_env("RUST_LOG")
        .filter_level(log::LevelFilter::Info)
        .format(|buffer, record| writeln!(buffer, "{}", record.args()))
        .init();

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let mut tasks = JoinSet::new();
    for shard in ["north", "south"] {
        let trace = traceline::start!("index", shard = shard);
        tasks.spawn(index(shard).in_trace(trace));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = async { while tasks.join_next().await.is_some() {} } => {}
    }
    // Drops each task at its next `.await`, and waits for that: `outcome=cancelled`.
    tasks.shutdown().await;
    Ok(())
}

async fn index(shard: &str) {
    println!("{shard} has begun");
    loop {
        current::incr("files");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
