//! Units that travel. What tasks, threads and pools collect lands in the unit that they work for, and laps of
//! asynchronous code end when their future does.

#![forbid(unsafe_code)]

#[path = "../util/tags.rs"]
mod tags;
mod bench;

mod flows;
mod handles;
mod laps;
mod pools;
mod run;
mod runtimes;
mod tasks;
mod threads;
mod timed;
