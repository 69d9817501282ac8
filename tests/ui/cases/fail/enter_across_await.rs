fn spawn<F: Future + Send>(_: F) {}

async fn query() {}

fn main() {
    spawn(async {
        let mut trace = traceline::start!("x");
        let _entered = trace.enter();
        query().await
    })
}
