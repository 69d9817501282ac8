//! Copies records from the stream into the database, and confirms them to the broker after the commit.

use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, Context, Message};
use futures_util::StreamExt;
use time::OffsetDateTime;
use tokio::time::sleep;

use crate::publisher::{STREAM, open_stream};
use crate::row::{Row, judge};
use crate::store::Store;

const PAUSE: Duration = Duration::from_millis(50);
const MOST_ID: usize = 256;

/// What a consumer reads, and where it writes.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub nats: String,
    /// `host=… user=… dbname=…`.
    pub postgres: String,
    /// At most this many messages per transaction.
    pub batch: usize,
    /// How long the broker waits before it delivers an unconfirmed message again.
    pub ack_wait: Duration,
    /// Ends the process between the commit and the confirmation of this batch, for tests.
    pub abort_at: Option<u64>,
}

/// Consumes forever. It waits for the broker and the database whenever they are not there.
pub async fn consume(options: &Consumer) -> Result<(), async_nats::ConnectError> {
    let connecting = ConnectOptions::new()
        .retry_on_initial_connect()
        .reconnect_delay_callback(|attempts| PAUSE * attempts.min(10) as u32);
    let client = connecting.connect(&options.nats).await?;
    let context = jetstream::new(client);
    let mut store = None;
    insert(&mut store, &options.postgres, Vec::new()).await; // early queries find tables
    let mut batches = 0;
    loop {
        let Some(consumer) = open(&context, options).await else {
            sleep(PAUSE).await;
            continue;
        };
        while let Some(messages) = fetch(&consumer, options.batch).await {
            if messages.is_empty() {
                continue;
            }
            let rows: Vec<Row> = messages.iter().map(row).collect();
            insert(&mut store, &options.postgres, rows).await;
            batches += 1;
            if options.abort_at == Some(batches) {
                std::process::abort();
            }
            for message in &messages {
                // If a confirmation is lost, the message comes again and is recognised.
                let _ = message.ack().await;
            }
        }
    }
}

async fn open(context: &Context, options: &Consumer) -> Option<PullConsumer> {
    open_stream(context, Duration::from_secs(120)).await;
    let stream = context.get_stream(STREAM).await.ok()?;
    let config = pull::Config {
        durable_name: Some("postgres".into()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: options.ack_wait,
        max_ack_pending: 10_000,
        ..pull::Config::default()
    };
    stream.get_or_create_consumer("postgres", config).await.ok()
}

/// The next messages, possibly zero; `None` if the broker does not answer.
async fn fetch(consumer: &PullConsumer, most: usize) -> Option<Vec<Message>> {
    let fetching = consumer
        .fetch()
        .max_messages(most)
        .expires(Duration::from_millis(500));
    let mut messages = fetching.messages().await.ok()?;
    let mut fetched = Vec::new();
    while let Some(message) = messages.next().await {
        match message {
            Ok(message) => fetched.push(message),
            Err(_) if fetched.is_empty() => return None,
            Err(_) => break,
        }
    }
    if fetched.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    Some(fetched)
}

/// Inserts rows, however long the database is away.
async fn insert(store: &mut Option<Store>, address: &str, rows: Vec<Row>) {
    loop {
        if store.is_none() {
            *store = Store::open(address).await.ok();
        }
        if let Some(open) = store
            && open.insert(rows.clone()).await.is_ok()
        {
            return;
        }
        *store = None;
        sleep(PAUSE).await;
    }
}

fn row(message: &Message) -> Row {
    judge(id(message), &message.payload, OffsetDateTime::now_utc())
}

/// The id from the publisher, else the place in the stream.
fn id(message: &Message) -> String {
    let headers = message.headers.as_ref();
    let given = headers.and_then(|headers| headers.get("Nats-Msg-Id"));
    let given = given
        .map(|id| id.as_str())
        .filter(|id| id.len() <= MOST_ID && !id.contains('\0'));
    match (given, message.info()) {
        (Some(id), _) => id.to_owned(),
        (None, Ok(info)) => format!("{STREAM}:{}", info.stream_sequence),
        (None, Err(_)) => String::new(),
    }
}
