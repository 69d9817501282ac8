async fn load(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = pollster::block_on(traceline::run!("load", load(3)));
}
