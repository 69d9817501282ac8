//! What the messages say to write instead.

use std::collections::BTreeMap;

use traceline::{debug, display, json, key};

#[derive(Debug, serde::Serialize)]
struct Plan {
    id: u32,
}

#[derive(Debug)]
enum ImportError {
    DiskFull,
}

fn rows(trace: &mut traceline::Trace, name: &str) {
    trace.set(key(name), 7);
}

fn main() {
    traceline::init();
    let plans = vec![Plan { id: 1 }];
    let mut trace = traceline::start!("x");
    trace.set("debug", debug(&plans[0]));
    trace.set("json", json(&plans));
    trace.set("map", json(&BTreeMap::from([("a", 1)])));
    trace.set("display", display(&1.5));
    traceline::set!(trace, plans:?);
    trace.set("options", vec![Some(1), None]);
    rows(&mut trace, "rows");
    let wait = std::time::Duration::from_millis(2);
    trace.sum("wait_ms", wait.as_millis());
    traceline::add!(trace, level: Warn, "bad {}", 3);
    let _ = trace.check(Err::<(), _>(ImportError::DiskFull).map_err(|e| format!("{e:?}")));
    let record = trace.render();
    let fields = r#" debug="Plan { id: 1 }" json="[{\"id\":1}]" map="{\"a\":1}" display="1.5" plans="[Plan { id: 1 }]" options="[1,null]" rows=7 wait_ms=2"#;
    assert!(record.contains(fields), "{record}");
    assert!(record.contains("warn] bad 3"), "{record}");
    assert!(record.contains(" error=DiskFull"), "{record}");
}
