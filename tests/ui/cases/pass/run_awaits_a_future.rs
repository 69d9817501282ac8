async fn load(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    traceline::init();
    let loaded = pollster::block_on(traceline::run!("load", async || load(3).await));
    assert_eq!(loaded, Ok(3));
}
