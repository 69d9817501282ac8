//! Where records go when one machine is not enough: from a `log` backend through NATS JetStream into PostgreSQL.
//!
//! `traceline` has no transport of its own. This crate shows that an ordinary logger is enough, and that nothing is lost or
//! duplicated on the way: [`NatsLogger`] publishes, [`consume`] copies, [`TRANSACTION`] rebuilds a transaction's tree.

#![forbid(unsafe_code)]

mod consumer;
mod kinesis;
mod logger;
mod otlp;
mod publisher;
mod queue;
mod row;
mod store;

pub use consumer::{Consumer, consume};
pub use kinesis::Kinesis;
pub use logger::{NatsLogger, Options};
pub use otlp::{otlp_provider, with_native_ids};
pub use publisher::{STREAM, SUBJECT};
pub use queue::Stats;
pub use row::{Row, judge};
pub use store::{SCHEMA, Store};

/// The query for one transaction, as a tree; `$1` is its `trace_id`.
pub const TRANSACTION: &str = include_str!("transaction.sql");

/// The same query for DuckDB; `$files` is where the lines are, such as `logs/*.jsonl`.
pub const TRANSACTION_DUCKDB: &str = include_str!("transaction.duckdb.sql");
