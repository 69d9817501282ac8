use std::collections::BTreeMap;
use std::sync::Mutex;

use log::{Log, Metadata, Record};
use serde_json::Value as Json;
use traceline::{Config, Format, Trace};
use traceline_pipeline::{NatsLogger, Options};

use super::Database;

/// Units of work in this process, whose records go to a broker and are also kept for comparison.
pub struct Load {
    pub logger: &'static NatsLogger,
    kept: &'static Kept,
    config: Config,
    units: u64,
}

struct Kept {
    logger: &'static NatsLogger,
    lines: Mutex<Vec<String>>,
}

impl Log for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata)
    }
    fn log(&self, record: &Record<'_>) {
        self.lines.lock().unwrap().push(record.args().to_string());
        self.logger.log(record);
    }
    fn flush(&self) {}
}

impl Load {
    pub fn new(options: Options) -> Load {
        let logger: &NatsLogger = Box::leak(Box::new(NatsLogger::start(options).unwrap()));
        let kept: &Kept = Box::leak(Box::new(Kept {
            logger,
            lines: Mutex::default(),
        }));
        let config = Config::builder()
            .format(Format::Json)
            .field("service", "load")
            .logger(kept);
        Load {
            logger,
            kept,
            config: config.build().unwrap(),
            units: 0,
        }
    }

    /// Runs units, each with its number.
    pub fn run(&mut self, units: u64) {
        for _ in 0..units {
            let mut trace = Trace::builder("load").config(&self.config).start();
            trace
                .set("n", self.units)
                .set("text", "naïve \"quoted\"\n\u{1f980}\u{1b}[31m");
            trace
                .set("big", u128::MAX)
                .set("small", 5e-324)
                .set("tenth", 0.1)
                .set("whole", 1e21);
            trace
                .set("list", [1, 2, 3])
                .set("nothing", traceline::null());
            trace.add("a fragment").set_request_id("").ok();
            trace.traceparent(); // makes ids
            self.units += 1;
        }
    }

    /// The lines by the number of their unit.
    pub fn lines(&self) -> BTreeMap<u64, Json> {
        let lines = self.kept.lines.lock().unwrap();
        let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
        lines
            .map(|line: Json| (line["n"].as_u64().unwrap(), line))
            .collect()
    }

    /// The units in the database, each of which must be there only once.
    #[track_caller]
    pub fn rows(&self, database: &Database) -> BTreeMap<u64, Json> {
        let rows = database.query(
            "select doc::text from records where doc ->> 'msg' = 'load'",
            &[],
        );
        let count = rows.len();
        let docs = rows
            .iter()
            .map(|row| serde_json::from_str(row.get(0)).unwrap());
        let docs: BTreeMap<u64, Json> = docs
            .map(|doc: Json| (doc["n"].as_u64().unwrap(), doc))
            .collect();
        assert_eq!(docs.len(), count, "rows that are there twice");
        docs
    }

    /// Compares all lines with all rows.
    #[track_caller]
    pub fn assert_stored(&self, database: &Database) {
        let (lines, rows) = (self.lines(), self.rows(database));
        assert_eq!(lines.len(), rows.len());
        for (number, line) in lines {
            assert_eq!(rows[&number], line);
        }
    }
}
