//! The layer on a tonic server and its client on a tonic channel, over loopback.
//!
//! `cargo test --manifest-path tests/tonic/Cargo.toml`

#![cfg(test)]

use std::sync::Mutex;
use std::time::Duration;

use log::{Level, Log, Metadata, Record};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower_layer::Layer;
use traceline::tower::{Propagate, PropagateLayer, TraceLayer};
use traceline::{
    Config, Trace,
    ids::{IdSource, SpanId, TraceId},
};

/// Keeps the level and the text of each record.
#[derive(Default)]
struct Capture(Mutex<Vec<(Level, String)>>);

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        self.0.lock().unwrap().push((record.level(), text));
    }

    fn flush(&self) {}
}

impl Capture {
    /// The only record, once it is there, without its times.
    async fn record(&self) -> (Level, String) {
        let there = async {
            while self.0.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), there)
            .await
            .unwrap();
        let mut records = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(records.len(), 1, "{records:#?}");
        let (level, text) = records.remove(0);
        let is_time =
            |pair: &&str| pair.starts_with("duration_ms=") || pair.starts_with("head_ms=");
        let pairs: Vec<&str> = text.split(' ').filter(|pair| !is_time(pair)).collect();
        (level, pairs.join(" "))
    }
}

struct Fixed;

impl IdSource for Fixed {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([7; 16])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([0x0A; 8])
    }
}

type Client = HealthClient<Propagate<Channel>>;

/// A server that refuses calls with a status, if one is given; also its records,
/// and a client of it.
async fn start(refuses: Option<Code>) -> (&'static Capture, Config, Client) {
    let log: &'static Capture = Box::leak(Box::default());
    let config = Config::builder().header(false).ids(&Fixed).logger(log);
    let config = config.build().unwrap();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("shop", tonic_health::ServingStatus::Serving)
        .await;
    let refuse = move |request: Request<()>| match refuses {
        Some(code) => Err(Status::new(code, "refused")),
        None => Ok(request),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(TraceLayer::new().target(module_path!()).config(&config))
        .add_service(InterceptedService::new(health, refuse));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.connect().await.unwrap();
    (
        log,
        config,
        HealthClient::new(PropagateLayer::new().layer(channel)),
    )
}

fn ask(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.into(),
    }
}

const IDS: &str = r#"trace_id="07070707070707070707070707070707" span_id=0a0a0a0a0a0a0a0a trace_flags="01" request_id="07070707070707070707070707070707""#;
const CHECK: &str = "method=POST path=/grpc.health.v1.Health/Check";

#[tokio::test]
async fn a_call_is_a_unit_with_the_status_of_its_trailers() {
    let (log, _, mut client) = start(None).await;
    let answer = client.check(ask("shop")).await.unwrap();
    assert_eq!(
        answer.metadata().get("x-request-id").unwrap(),
        "07070707070707070707070707070707"
    );
    let line = format!(
        "msg=request {IDS} outcome=ok {CHECK} status=200 grpc.status=0 response_bytes=7 request_bytes=11"
    );
    assert_eq!(log.record().await, (Level::Info, line));
}

#[tokio::test]
async fn a_status_that_the_client_caused_is_a_warning_and_one_of_the_servers_an_error() {
    let (log, _, mut client) = start(None).await;
    let status = client.check(ask("nowhere")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let line = format!(
        "msg=request {IDS} outcome=ok {CHECK} status=200 grpc.status=5 response_bytes=0 request_bytes=14"
    );
    assert_eq!(log.record().await, (Level::Warn, line));

    let (log, _, mut client) = start(Some(Code::Internal)).await;
    let status = client.check(ask("shop")).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let line = format!(
        "msg=request {IDS} outcome=error {CHECK} status=200 grpc.status=13 response_bytes=0 request_bytes=0"
    );
    assert_eq!(log.record().await, (Level::Error, line));
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_cancels_its_unit() {
    let (log, _, mut client) = start(None).await;
    let mut stream = client.watch(ask("shop")).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert!(log.0.lock().unwrap().is_empty());
    drop(stream);
    let line = format!(
        "msg=request {IDS} outcome=cancelled method=POST path=/grpc.health.v1.Health/Watch status=200 response_bytes=7 request_bytes=11"
    );
    assert_eq!(log.record().await, (Level::Warn, line));
}

#[tokio::test]
async fn a_call_of_a_unit_carries_its_ids() {
    use traceline::future::InTraceExt;

    let (log, config, mut client) = start(None).await;
    let mut order = Trace::builder("order").config(&config).start();
    order.set_request_id("order-4711");
    let call = async {
        client.check(ask("shop")).await.unwrap();
        let ids = r#"trace_id="07070707070707070707070707070707" span_id=0a0a0a0a0a0a0a0a parent_id=0a0a0a0a0a0a0a0a trace_flags="01" request_id=order-4711"#;
        let line = format!(
            "msg=request {ids} outcome=ok {CHECK} status=200 grpc.status=0 response_bytes=7 request_bytes=11"
        );
        assert_eq!(log.record().await, (Level::Info, line));
    };
    call.in_trace(order).await;
}
