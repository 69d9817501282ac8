//! Parts of a unit on the threads of rayon.

use rayon::prelude::*;
use traceline::{Config, Part, Trace};

use crate::util::{Bench, same_line};

#[test]
fn rayon_folds_into_as_many_parts_as_it_likes() {
    let bench = Bench::new(Config::builder().header(false));
    let mut trace = bench.start();
    let shared: &Trace = &trace;
    let parts: Vec<Part> = (1..=10_000u64)
        .into_par_iter()
        .fold(
            || shared.part(),
            |mut part, n| {
                part.incr("n").sum("sum", n).max("max", n);
                part
            },
        )
        .collect();
    for part in parts {
        trace.join(part);
    }
    trace.emit();
    same_line(
        &bench.log.only().args,
        "msg=unit duration_ms=0.0 n=10000 sum=50005000 max=10000",
    );
}
