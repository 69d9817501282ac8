//! Starts the three services, places an order, and prints what was logged.

use std::env;
use std::io;
use std::process::Command;

use serde_json::json;

use crate::Done;
use crate::process::Process;
use crate::tree;

/// One order across three processes.
pub fn run() -> Done {
    let inventory = start(&["inventory"])?;
    let purchasing = start(&["purchasing", "--inventory", inventory.url()])?;
    let ordering = start(&["ordering", "--purchasing", purchasing.url()])?;

    println!("{}\n", buy(&ordering, 1_000)?);

    let units = [
        (&ordering, "order"),
        (&purchasing, "purchase"),
        (&inventory, "reserve"),
    ];
    let mut records = Vec::new();
    for (process, unit) in units {
        let (line, record) = process.record(unit)?;
        println!("{line}");
        records.push(record);
    }
    print!("\n{}", tree::draw(&records));
    for process in [ordering, purchasing, inventory] {
        process.stop()?;
    }
    Ok(())
} // a return by `?` or a panic kills the processes too

fn start(arguments: &[&str]) -> io::Result<Process> {
    Process::start(
        Command::new(env::current_exe()?)
            .args(arguments)
            .arg("--with-parent"),
    )
}

fn buy(ordering: &Process, widgets: u64) -> Done<String> {
    let order = json!({ "sku": "widget", "quantity": widgets, "buyer": "paul" });
    let answer = minreq::post(format!("{}/orders", ordering.url()))
        .with_timeout(8)
        .with_body(order.to_string())
        .send()?;
    Ok(format!("{} {}", answer.status_code, answer.as_str()?))
}
