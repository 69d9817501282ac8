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
//! ts=2026-11-21T18:08:42.714655Z level=info msg=stock trace_id=c45f85f5e8491172cdba7eedc7600332 span_id=04543b30e48ae8cf parent_id=88077c2b43492666 trace_flags="03" request_id=a23a8b520e1ce1c05d348c42a1f30f20 outcome=ok duration_ms=0.12 method=GET path=/shelves/7 route="/shelves/{id}" status=200 head_ms=0.084 response_bytes=6
//! ts=2026-11-21T18:08:42.714975Z level=info msg=shop trace_id=c45f85f5e8491172cdba7eedc7600332 span_id=88077c2b43492666 trace_flags="03" request_id=a23a8b520e1ce1c05d348c42a1f30f20 outcome=ok duration_ms=0.835 method=GET path=/carts/7 route="/carts/{id}" cart_id=7 status=200 head_ms=0.805 response_bytes=14 fragments="[78, 0.117ms] asking for stock"
//! /carts/7?token=secret: 200 OK cart 7: 3 left
//! ts=2026-11-21T18:08:42.716027Z level=warn msg=stock trace_id=ee1c33667c2761ea46ab41f06108b2cf span_id=aacbeb4b6f7128d3 parent_id=21259c8a0ec46f26 trace_flags="03" request_id=73d114ef263aa87ef7fa89c6f9acd6d6 outcome=ok duration_ms=0.095 method=GET path=/shelves/8 route="/shelves/{id}" status=404 head_ms=0.08 response_bytes=0
//! ts=2026-11-21T18:08:42.716324Z level=error msg=shop trace_id=ee1c33667c2761ea46ab41f06108b2cf span_id=21259c8a0ec46f26 trace_flags="03" request_id=73d114ef263aa87ef7fa89c6f9acd6d6 outcome=error duration_ms=0.734 method=GET path=/carts/8 route="/carts/{id}" cart_id=8 status=502 head_ms=0.72 response_bytes=0 fragments="[78, 0.075ms] asking for stock; [83, 0.706ms, warn] stock says 404 Not Found"
//! /carts/8: 502 Bad Gateway
//! ts=2026-11-21T18:08:42.716876Z level=warn msg=shop trace_id=28ae320b661fc69582f0a743af6b9a7b span_id=3e551de0da889ec3 trace_flags="03" request_id=d4faeb3ab8d872a06bb3be878d116776 outcome=ok duration_ms=0.033 method=GET path=/cats/7 status=404 head_ms=0.025 response_bytes=0
//! /cats/7: 404 Not Found
//! ts=2026-11-21T18:08:42.768263Z level=warn msg=shop trace_id=a0e867914dd384b091f243ee57677f95 span_id=26398fde47ca17dd trace_flags="03" request_id=48e0d0e8790fcfedf66625f40775ed33 outcome=cancelled duration_ms=50.859 method=GET path=/carts/9 route="/carts/{id}" cart_id=9 fragments="[78, 0.021ms] asking for stock"
//! ts=2026-11-21T18:08:42.768560Z level=warn msg=stock trace_id=a0e867914dd384b091f243ee57677f95 span_id=25e0a8f2aaec8c3d parent_id=26398fde47ca17dd trace_flags="03" request_id=48e0d0e8790fcfedf66625f40775ed33 outcome=cancelled duration_ms=50.895 method=GET path=/shelves/9 route="/shelves/{id}"
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
    current::add("asking for stock");
    let answer = current::check(fetch(stock, &format!("/shelves/{id}")).await);
    match answer {
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
