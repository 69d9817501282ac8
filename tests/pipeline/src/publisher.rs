//! The thread that publishes in batches; a line leaves the queue once the broker has confirmed it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, HeaderMap};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::queue::{Line, Queue};

/// The stream that holds records until they are consumed.
pub const STREAM: &str = "RECORDS";
/// The subjects of the stream; each ends in the name of a service.
pub const SUBJECT: &str = "records";

const BATCH: usize = 256;
/// Counts towards the broker's limit like the text: more than the only header here takes.
const HEADERS: usize = 256;
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a publisher sends, and under which name.
#[derive(Clone, Debug)]
pub struct Route {
    pub url: String,
    pub subject: String,
    /// The part of message ids that is unique to this publisher.
    pub instance: String,
    pub duplicate_window: Duration,
}

/// Publishes until the queue is closed.
pub async fn publish(queue: Arc<Queue>, route: Route, report: impl Fn(u64) -> String) {
    let Some(client) = connect(&queue, &route.url).await else {
        return;
    };
    let mut context = jetstream::new(client.clone());
    context.set_timeout(PATIENCE);
    let mut ready = false;
    while queue.has_work().await {
        // While the broker is away, the client gets nothing: it would keep it beside the queue.
        ready = ready && is_connected(&client);
        if !ready {
            ready = is_connected(&client) && open_stream(&context, route.duplicate_window).await;
        }
        if !ready || !publish_some(&queue, &context, &route, &report).await {
            ready = false;
            sleep(PAUSE).await;
        }
    }
}

fn is_connected(client: &Client) -> bool {
    client.connection_state() == State::Connected
}

/// A client that keeps trying to connect; `None` if the address is invalid.
async fn connect(queue: &Queue, url: &str) -> Option<Client> {
    let options = ConnectOptions::new()
        .retry_on_initial_connect()
        .connection_timeout(PATIENCE)
        .reconnect_delay_callback(|attempts| PAUSE * attempts.min(10) as u32);
    match options.connect(url).await {
        Ok(client) => Some(client),
        Err(_) => {
            queue.close(Duration::ZERO);
            None
        }
    }
}

/// Older records would be rejected in any case.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The stream, created if necessary. When full, it rejects messages instead of dropping stored ones, and it forgets
/// consumed ones; the age limit removes those that NATS 2.9 still keeps after being killed.
pub async fn open_stream(context: &Context, duplicate_window: Duration) -> bool {
    let config = Config {
        name: STREAM.into(),
        subjects: vec![format!("{SUBJECT}.>")],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        max_bytes: 1 << 30,
        max_age: MAX_AGE,
        duplicate_window,
        ..Config::default()
    };
    let opened = timeout(PATIENCE, context.get_or_create_stream(config)).await;
    matches!(opened, Ok(Ok(_)))
}

/// Publishes the oldest lines; false if not all of them were confirmed.
async fn publish_some(
    queue: &Queue,
    context: &Context,
    route: &Route,
    report: &impl Fn(u64) -> String,
) -> bool {
    queue.report(report);
    let most = context
        .client()
        .server_info()
        .max_payload
        .saturating_sub(HEADERS);
    let fits = |line: &Line| line.text.len() <= most;
    let (lines, too_long): (Vec<_>, Vec<_>) = queue.oldest(BATCH).into_iter().partition(fits);
    // They would be retried forever, and hold up everything behind them.
    queue.refused(&too_long);
    let count = lines.len();
    let stored = join_all(
        lines
            .into_iter()
            .map(|line| publish_one(context, route, line)),
    )
    .await;
    let stored: Vec<u64> = stored.into_iter().flatten().collect();
    queue.stored(&stored);
    stored.len() == count
}

/// Publishes a line; returns its number if it is stored. By the id, broker and database later recognise a line
/// whose confirmation was lost.
async fn publish_one(context: &Context, route: &Route, line: Line) -> Option<u64> {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", format!("{}-{}", route.instance, line.number));
    let text = line.text.as_bytes().to_vec();
    let sent = context.publish_with_headers(route.subject.clone(), headers, text.into());
    let confirmed = timeout(PATIENCE, async { sent.await.ok()?.await.ok() }).await;
    confirmed.ok().flatten().map(|_| line.number)
}
