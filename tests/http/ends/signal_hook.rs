use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::{consts, flag};

fn main() -> io::Result<()> {
    env_logger::Builder::from_env("RUST_LOG")
        .filter_level(log::LevelFilter::Info)
        .format(|buffer, record| writeln!(buffer, "{}", record.args()))
        .init();

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [consts::SIGTERM, consts::SIGINT, consts::SIGHUP] {
        // A second signal ends the process at once.
        flag::register_conditional_default(signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }

    let workers = ["north", "south"].map(|shard| {
        let stop = Arc::clone(&stop);
        thread::spawn(move || index(shard, &stop))
    });
    for worker in workers {
        let _ = worker.join();
    }
    Ok(()) // every unit has ended, and left its record
}

fn index(shard: &str, stop: &AtomicBool) {
    let mut trace = traceline::start!("index", shard = shard);
    println!("{shard} has begun");
    while !stop.load(Ordering::Relaxed) {
        trace.incr("files");
        thread::sleep(Duration::from_millis(1));
    }
    trace.warn("stopped by a signal");
}
