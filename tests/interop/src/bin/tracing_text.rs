use std::error::Error;
use std::fmt;

use traceline::{Config, Format};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::LogTracer;
use tracing_subscriber::fmt::format::{FormatEvent, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatFields};
use tracing_subscriber::registry::LookupSpan;

fn main() -> Result<(), Box<dyn Error>> {
    LogTracer::builder().with_max_level(log::LevelFilter::Info).init()?;
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).event_format(Message).finish();
    tracing::subscriber::set_global_default(subscriber)?;
    Config::builder().format(Format::Json).install()?;

    shop::run();
    Ok(())
}

/// Prints the message of an event and nothing else.
struct Message;

impl<S, N> FormatEvent<S, N> for Message
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut text = Text { out, result: Ok(()) };
        event.record(&mut text);
        text.result?;
        writeln!(text.out)
    }
}

struct Text<'a> {
    out: Writer<'a>,
    result: fmt::Result,
}

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.result = write!(self.out, "{value:?}");
        }
    }
}
