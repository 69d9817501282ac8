use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use traceline::current;

fn main() -> io::Result<()> {
    env_logger::Builder::from_env("RUST_LOG")
        .filter_level(log::LevelFilter::Info)
        .format(|buffer, record| writeln!(buffer, "{}", record.args()))
        .init();

    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;

    let mut night = traceline::start!("nightly");
    night.scope(|| {
        let mut import = traceline::start!("import");
        import.scope(|| rows(&stop));
    });
    Ok(())
}

fn rows(stop: &AtomicBool) {
    println!("import has begun");
    loop {
        current::incr("rows");
        thread::sleep(Duration::from_millis(1));
        if stop.load(Ordering::Relaxed) {
            current::fail("stopped by a signal");
            current::emit(); // the records of `import` and of `nightly`
            std::process::exit(128 + SIGTERM);
        }
    }
}
