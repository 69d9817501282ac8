async fn handle() -> Result<u64, String> {
    traceline::run!("x", |trace| {
        trace.set("a", 1);
        Ok(7)
    })
    .await
}

fn main() {
    let _ = pollster::block_on(handle());
}
