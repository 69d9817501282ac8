use std::io::Write;

use env_logger::Env;

fn main() {
    env_logger::Builder::from_env(Env::default().default_filter_or("info"))
        .format(|buffer, record| writeln!(buffer, "{}", record.args()))
        .init();

    shop::run();
}
