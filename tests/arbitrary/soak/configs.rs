//! The configurations of the units.

use std::sync::LazyLock;

use log::Level;
use traceline::{
    Config, Format,
    bridge::{Bridge, bridge},
    config::{LineTag, Sampling},
};

use super::sink::Sink;

/// The index of the configuration that samples.
pub const SAMPLING: usize = 3;

pub const COUNT: usize = 5;

static CONFIGS: LazyLock<[Config; COUNT]> = LazyLock::new(|| {
    [
        Config::builder(),
        Config::builder()
            .format(Format::Json)
            .field("service", "soak")
            .redact(["password", "f7"])
            .line_tag(LineTag::FileLine),
        // Tight limits: most units lose something and report it.
        Config::builder()
            .format(Format::Json)
            .max_fields(12)
            .max_fragments(6)
            .max_record(1_024)
            .max_value(100),
        Config::builder().sampling(Sampling::one_in(4)),
        Config::builder().header(false).max_record(64 * 1024),
    ]
    .map(|builder| builder.logger(&Sink).build().expect("settings make sense"))
});

pub static BRIDGE: LazyLock<Bridge<Sink>> = LazyLock::new(|| bridge(Sink).absorb(Level::Info));

pub fn all() -> &'static [Config; COUNT] {
    &CONFIGS
}
