//! A shop on axum that calls a stock service, also on axum: one record per
//! request, and one transaction across both.
//!
//! The server prints a record when the body of its response ends, however that
//! happens: the client gives up on the last request here.
//!
//! ```text
//! cargo run -p example-axum
//! ```
//!
//! ```text
//! ts=2026-11-30T19:45:40.840137Z level=info msg=stock trace_id=2791ad61036a6171c4a6188723d7c46e span_id=10a1291c07d82b25 parent_id=a193947c5ee75964 trace_flags="03" request_id=1d8cf11ed1090e556a7464c934644d33 outcome=ok duration_ms=0.793 method=GET path=/shelves/7 route="/shelves/{id}" status=200 head_ms=0.745 response_bytes=6
//! ts=2026-11-30T19:45:40.840443Z level=info msg=shop trace_id=2791ad61036a6171c4a6188723d7c46e span_id=a193947c5ee75964 trace_flags="03" request_id=1d8cf11ed1090e556a7464c934644d33 outcome=ok duration_ms=1.549 method=GET path=/carts/7 route="/carts/{id}" cart_id=7 stock.count=1 stock.ms=1.312 stock.max_ms=1.312 status=200 head_ms=1.513 response_bytes=14
//! /carts/7?token=secret: 200 OK cart 7: 3 left
//! ts=2026-11-30T19:45:40.848942Z level=warn msg=stock trace_id=ef780e13fa44d184cf228fb7fe62118d span_id=25933721d09589de parent_id=2c31234beb1fbb22 trace_flags="03" request_id=2d3982242172c73e598dad503e8c1978 outcome=ok duration_ms=0.077 method=GET path=/shelves/8 route="/shelves/{id}" status=404 head_ms=0.057 response_bytes=0
//! ts=2026-11-30T19:45:40.849245Z level=error msg=shop trace_id=ef780e13fa44d184cf228fb7fe62118d span_id=2c31234beb1fbb22 trace_flags="03" request_id=2d3982242172c73e598dad503e8c1978 outcome=error duration_ms=0.923 method=GET path=/carts/8 route="/carts/{id}" cart_id=8 stock.count=1 stock.ms=0.729 stock.max_ms=0.729 status=502 head_ms=0.904 response_bytes=0 fragments="[84, 0.893ms, warn] stock says 404 Not Found"
//! /carts/8: 502 Bad Gateway
//! ts=2026-11-30T19:45:40.851682Z level=warn msg=shop trace_id=ff586aac02a80a25147e8db30423beee span_id=25d0e5368dfb9f18 trace_flags="03" request_id=006638fabab1e7b8c83ba83fbdfe351f outcome=ok duration_ms=0.059 method=GET path=/cats/7 status=404 head_ms=0.044 response_bytes=0
//! /cats/7: 404 Not Found
//! ts=2026-11-30T19:45:40.903334Z level=warn msg=shop trace_id=2b3f50b645ed3dbeec609f80ff2a12ec span_id=4592d9908daeaa84 trace_flags="03" request_id=20b9d9ad7f8e14bdf651ff948e83b53e outcome=cancelled duration_ms=51.083 method=GET path=/carts/9 route="/carts/{id}" cart_id=9 stock.count=1 stock.ms=50.953 stock.max_ms=50.953
//! ts=2026-11-30T19:45:40.903710Z level=warn msg=stock trace_id=2b3f50b645ed3dbeec609f80ff2a12ec span_id=2b8e58a5cbc24931 parent_id=4592d9908daeaa84 trace_flags="03" request_id=20b9d9ad7f8e14bdf651ff948e83b53e outcome=cancelled duration_ms=51.149 method=GET path=/shelves/9 route="/shelves/{id}"
//! ```

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Path, State};
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use traceline::current;
use traceline::future::InTraceExt;
use traceline::tower::{TraceLayer, inject_current};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    traceline::init();

    let stock = serve(Router::new().route("/shelves/{id}", get(shelf)), "stock").await?;
    let shop = Router::new()
        .route("/carts/{id}", get(cart))
        .with_state(stock);
    let shop = serve(shop, "shop").await?;

    for path in ["/carts/7?token=secret", "/carts/8", "/cats/7"] {
        let (status, text) = fetch(shop, path).await?;
        println!("{path}: {status} {text}");
    }
    // The answer would take a second, which is too long for this client.
    let _ = timeout(Duration::from_millis(50), fetch(shop, "/carts/9")).await;
    // Gives the server time to notice.
    sleep(Duration::from_millis(100)).await;
    Ok(())
}

/// Runs a server in the background; returns its port.
async fn serve(app: Router, name: &'static str) -> Result<u16, Error> {
    let layer = TraceLayer::new().target(module_path!()).name(name);
    let layer = layer.on_request(|request, trace| {
        // The layer is on the router, so axum has found the route by now.
        let route = request.extensions.get::<MatchedPath>();
        trace.set("route", route.map(MatchedPath::as_str));
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app.layer(layer)).await });
    Ok(port)
}

async fn cart(State(stock): State<u16>, Path(id): Path<u64>) -> Result<String, StatusCode> {
    current::set("cart_id", id);
    let path = format!("/shelves/{id}");
    let answer = fetch(stock, &path).timed("stock").await;
    match current::check(answer) {
        Ok((StatusCode::OK, text)) => Ok(format!("cart {id}: {text}")),
        Ok((status, _)) => {
            current::warn(format_args!("stock says {status}"));
            Err(StatusCode::BAD_GATEWAY)
        }
        Err(_) => Err(StatusCode::BAD_GATEWAY),
    }
}

async fn shelf(Path(id): Path<u64>) -> Result<String, StatusCode> {
    match id {
        7 => Ok("3 left".to_owned()),
        9 => {
            sleep(Duration::from_secs(1)).await;
            Ok("0 left".to_owned())
        }
        _ => Err(StatusCode::NOT_FOUND),
    }
}

/// Sends a request to a server on this machine, with the ids of the current unit, if any.
async fn fetch(port: u16, path: &str) -> Result<(StatusCode, String), Error> {
    let mut request = Request::get(path)
        .header("host", "localhost")
        .body(Empty::<Bytes>::new())?;
    inject_current(request.headers_mut());
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut client, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let response = client.send_request(request).await?.map(Body::new);
    let status = response.status();
    let text = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}
