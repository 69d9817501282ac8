async fn load(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let _ = traceline::run!("load", || load(3));
}
