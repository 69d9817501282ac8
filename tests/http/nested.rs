//! Requests inside requests: layers inside layers, and calls of a service in the same process.
//!
//! Ids come from a source that counts: transactions and request ids are a1…, a2…, units b1…, b2…, in the order in
//! which they are made.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use bytes::Bytes;
use futures_executor::block_on;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Empty;
use log::LevelFilter;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;
use traceline::future::InTraceExt;
use traceline::ids::{IdSource, SpanId, TraceId};
use traceline::tower::{PropagateLayer, RequestBody, TraceBody, TraceLayer};
use traceline::{Config, Trace, current};

use crate::util::{Bench, Capture};

const A1: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const A2: &str = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2";
const A3: &str = "a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3";
const A4: &str = "a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4";
const B1: &str = "b1b1b1b1b1b1b1b1";
const B2: &str = "b2b2b2b2b2b2b2b2";
const B3: &str = "b3b3b3b3b3b3b3b3";
const FAR: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const IN: &[(&str, &str)] = &[
    (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    ("tracestate", "rojo=1"),
    ("x-request-id", "order-4711"),
];

#[derive(Default)]
struct Counting(AtomicU8, AtomicU8);

impl IdSource for Counting {
    fn trace_id(&self) -> Option<TraceId> {
        TraceId::from_bytes([0xa1 + self.0.fetch_add(1, Relaxed); 16])
    }

    fn span_id(&self) -> Option<SpanId> {
        SpanId::from_bytes([0xb1 + self.1.fetch_add(1, Relaxed); 8])
    }
}

fn bench() -> Bench {
    let ids: &'static Counting = Box::leak(Box::default());
    Bench::new(Config::builder().header(false).ids(ids))
}

type Asked = Request<Empty<Bytes>>;
type Handled = Request<RequestBody<Empty<Bytes>>>;
type Answer = Response<TraceBody<Empty<Bytes>>>;
type Service = BoxCloneSyncService<Asked, Answer, Infallible>;

fn layer(bench: &Bench, name: &'static str) -> TraceLayer {
    TraceLayer::new().config(&bench.config).name(name)
}

/// A layer whose units are disabled.
fn layer_off() -> TraceLayer {
    let off = Capture::up_to(LevelFilter::Off).config(Config::builder());
    TraceLayer::new().config(&off).name("off")
}

fn answer() -> Response<Empty<Bytes>> {
    Response::new(Empty::new())
}

/// A service that answers at once, and says what a call from it would carry.
fn echo(layer: TraceLayer) -> Service {
    let handler = service_fn(async |request: Handled| {
        let mut response = answer();
        let headers = response.headers_mut();
        traceline::tower::inject_current(headers);
        let sent = headers.remove("traceparent").unwrap();
        headers.remove("x-request-id");
        headers.insert("sent", sent);
        for (name, value) in request.headers() {
            headers.insert(
                format!("got-{name}").parse::<HeaderName>().unwrap(),
                value.clone(),
            );
        }
        Ok::<_, Infallible>(response)
    });
    BoxCloneSyncService::new(layer.layer(handler))
}

/// A service whose handler makes the calls of `handle`.
fn service<F>(
    layer: TraceLayer,
    handle: impl Fn(HeaderMap) -> F + Clone + Send + Sync + 'static,
) -> Service
where
    F: Future<Output = ()> + Send + 'static,
{
    let handler = service_fn(move |request: Handled| {
        let handle = handle.clone();
        async move {
            handle(request.headers().clone()).await;
            Ok::<_, Infallible>(answer())
        }
    });
    BoxCloneSyncService::new(layer.layer(handler))
}

fn asked(headers: &[(&'static str, &'static str)]) -> Asked {
    let mut request = Request::new(Empty::new());
    for (name, value) in headers {
        request
            .headers_mut()
            .append(*name, HeaderValue::from_static(value));
    }
    request
}

/// Sends a request; returns the headers of the response.
fn send(service: &Service, headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let response = block_on(service.clone().oneshot(asked(headers))).unwrap();
    assert!(!current::is_active());
    response.headers().clone()
}

/// The ids of the lines so far, each after the name of its unit.
fn ids(bench: &Bench) -> Vec<String> {
    let lines = bench.log.take_lines();
    let ids = lines.iter().map(|line| {
        let line = line.strip_prefix("msg=").unwrap();
        line.split(" outcome=")
            .next()
            .unwrap()
            .replace(" trace_flags=\"01\"", "")
    });
    ids.collect()
}

fn unit(name: &str, trace: &str, span: &str, parent: &str, request_id: &str) -> String {
    let parent = match parent {
        "" => String::new(),
        parent => format!(" parent_id={parent}"),
    };
    format!("{name} trace_id={trace} span_id={span}{parent} request_id={request_id}")
}

#[track_caller]
fn is_told(headers: &HeaderMap, trace: &str, span: &str, request_id: &str) {
    let all = |name: &str| {
        let values = headers.get_all(name).into_iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(all("traceparent"), [format!("00-{trace}-{span}-01")]);
    assert_eq!(all("x-request-id"), [request_id]);
}

mod layers {
    use super::*;

    /// A layer inside another, with the same request.
    fn both(
        outer: TraceLayer,
        inner: TraceLayer,
    ) -> BoxCloneSyncService<Asked, Response<TraceBody<TraceBody<Empty<Bytes>>>>, Infallible> {
        let handler = service_fn(async |_: Request<RequestBody<RequestBody<Empty<Bytes>>>>| {
            Ok::<_, Infallible>(answer())
        });
        BoxCloneSyncService::new(outer.layer(inner.layer(handler)))
    }

    fn send_both(
        outer: TraceLayer,
        inner: TraceLayer,
        headers: &[(&'static str, &'static str)],
    ) -> HeaderMap {
        let response = block_on(both(outer, inner).oneshot(asked(headers))).unwrap();
        response.headers().clone()
    }

    #[test]
    fn the_inner_one_is_called_by_the_outer_one_although_the_headers_name_the_caller() {
        let bench = bench();
        let told = send_both(layer(&bench, "outer"), layer(&bench, "inner"), IN);
        is_told(&told, FAR, B1, "order-4711");
        assert_eq!(
            ids(&bench),
            [
                unit("inner", FAR, B2, B1, "order-4711"),
                unit("outer", FAR, B1, CALLER, "order-4711"),
            ]
        );
    }

    #[test]
    fn the_inner_one_makes_no_ids_if_no_headers_came() {
        for headers in [
            &[][..],
            &[("traceparent", "malformed"), ("x-request-id", "not valid")],
        ] {
            let bench = bench();
            let told = send_both(layer(&bench, "outer"), layer(&bench, "inner"), headers);
            is_told(&told, A1, B1, A2);
            assert_eq!(
                ids(&bench),
                [unit("inner", A1, B2, B1, A2), unit("outer", A1, B1, "", A2)]
            );
        }
    }

    #[test]
    fn with_fresh_ids_outside_the_headers_reach_nothing_further_in() {
        let bench = bench();
        let outer = layer(&bench, "outer").fresh_ids(true);
        let told = send_both(outer, layer(&bench, "inner"), IN);
        is_told(&told, A1, B1, A2);
        assert_eq!(
            ids(&bench),
            [unit("inner", A1, B2, B1, A2), unit("outer", A1, B1, "", A2)]
        );
        // The hook still sees what came, and the handler does not.
        let edge = layer(&bench, "edge")
            .fresh_ids(true)
            .on_request(|request, trace| {
                let claimed = request.headers["traceparent"].to_str().unwrap();
                trace.set("claimed", claimed);
            });
        let headers = send(&echo(edge), IN);
        assert!(
            !headers.keys().any(|name| name.as_str().starts_with("got-")),
            "{headers:?}"
        );
        let line = bench.log.only().args;
        assert!(
            line.contains(&format!(" claimed=00-{FAR}-{CALLER}-01 ")),
            "{line}"
        );
    }

    #[test]
    fn with_fresh_ids_inside_the_caller_is_told_the_ids_of_the_outer_one() {
        let bench = bench();
        let inner = layer(&bench, "inner").fresh_ids(true);
        let told = send_both(layer(&bench, "outer"), inner, IN);
        is_told(&told, FAR, B1, "order-4711");
        assert_eq!(
            ids(&bench),
            [
                unit("inner", A1, B2, "", A2),
                unit("outer", FAR, B1, CALLER, "order-4711"),
            ]
        );
    }

    #[test]
    fn an_outer_one_that_keeps_its_traceparent_keeps_those_further_in() {
        let bench = bench();
        let outer = layer(&bench, "outer").respond_with_traceparent(false);
        let told = send_both(outer, layer(&bench, "inner"), IN);
        assert_eq!(told.len(), 1);
        assert_eq!(told["x-request-id"], "order-4711");
    }

    #[test]
    fn a_disabled_one_outside_or_inside_passes_on_what_it_is_in() {
        let bench = bench();
        let told = send_both(layer_off(), layer(&bench, "inner"), IN);
        is_told(&told, FAR, CALLER, "order-4711");
        assert_eq!(ids(&bench), [unit("inner", FAR, B1, CALLER, "order-4711")]);
        let told = send_both(layer(&bench, "outer"), layer_off(), IN);
        is_told(&told, FAR, B2, "order-4711");
        assert_eq!(ids(&bench), [unit("outer", FAR, B2, CALLER, "order-4711")]);
    }
}

mod calls_in_process {
    use super::*;

    /// How a handler calls a service in its process.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Way {
        Bare,
        Copied,
        Propagated,
        CopiedAndPropagated,
    }

    const WAYS: [Way; 4] = [
        Way::Bare,
        Way::Copied,
        Way::Propagated,
        Way::CopiedAndPropagated,
    ];

    async fn call(way: Way, inner: Service, came: HeaderMap) -> HeaderMap {
        let mut request = asked(&[]);
        if let Way::Copied | Way::CopiedAndPropagated = way {
            *request.headers_mut() = came;
        }
        let response = match way {
            Way::Bare | Way::Copied => inner.oneshot(request).await,
            _ => PropagateLayer::new().layer(inner).oneshot(request).await,
        };
        response.unwrap().headers().clone()
    }

    #[test]
    fn the_unit_of_the_handler_is_the_caller() {
        for way in WAYS {
            for headers in [IN, &[]] {
                let bench = bench();
                let inner = echo(layer(&bench, "inner"));
                let outer = service(layer(&bench, "outer"), move |came| {
                    let inner = inner.clone();
                    async move { _ = call(way, inner, came).await }
                });
                let told = send(&outer, headers);
                let (trace, parent, id) = match headers.is_empty() {
                    false => (FAR, CALLER, "order-4711"),
                    true => (A1, "", A2),
                };
                is_told(&told, trace, B1, id);
                let want = [
                    unit("inner", trace, B2, B1, id),
                    unit("outer", trace, B1, parent, id),
                ];
                assert_eq!(ids(&bench), want, "{way:?}");
            }
        }
    }

    #[test]
    fn a_call_that_is_a_unit_is_the_caller() {
        for way in WAYS {
            let bench = bench();
            let inner = echo(layer(&bench, "inner"));
            let config = bench.config.clone();
            let outer = service(layer(&bench, "outer"), move |came| {
                let (inner, config) = (inner.clone(), config.clone());
                async move {
                    let unit = Trace::builder("call").config(&config).start();
                    call(way, inner, came).in_trace(unit).await;
                }
            });
            send(&outer, IN);
            let line = bench.log.take_lines();
            let call = line
                .iter()
                .find(|line| line.starts_with("msg=call "))
                .unwrap();
            let span = if call.contains(&format!("span_id={B2}")) {
                (B2, B3)
            } else {
                (B3, B2)
            };
            assert!(
                call.contains(&format!(
                    " trace_id={FAR} span_id={} parent_id={B1} ",
                    span.0
                )),
                "{call}"
            );
            let inner = line
                .iter()
                .find(|line| line.starts_with("msg=inner "))
                .unwrap();
            assert!(
                inner.contains(&format!(
                    " trace_id={FAR} span_id={} parent_id={} ",
                    span.1, span.0
                )),
                "{way:?}: {inner}"
            );
        }
    }

    #[test]
    fn a_child_whose_ids_a_request_carries_is_the_caller() {
        let bench = bench();
        let inner = echo(layer(&bench, "inner"));
        let outer = service(layer(&bench, "outer"), move |_| {
            let inner = inner.clone();
            async move {
                let mut child = current::child("child");
                let mut request = asked(&[]);
                traceline::tower::inject(&mut child, request.headers_mut());
                drop(inner.oneshot(request).await.unwrap());
            }
        });
        send(&outer, IN);
        assert_eq!(
            ids(&bench),
            [
                unit("inner", FAR, B3, B2, "order-4711"),
                unit("child", FAR, B2, B1, "order-4711") + " duration_ms=0.0",
                unit("outer", FAR, B1, CALLER, "order-4711"),
            ]
        );
    }

    #[test]
    fn what_a_disabled_service_calls_is_called_by_the_unit_of_the_handler() {
        for way in WAYS {
            let bench = bench();
            let outer = service(layer(&bench, "outer"), move |came| async move {
                let told = call(way, echo(layer_off()), came).await;
                assert_eq!(told["sent"], format!("00-{FAR}-{B1}-01"), "{way:?}");
            });
            send(&outer, IN);
        }
    }

    #[test]
    fn a_response_that_is_passed_on_as_a_whole_has_the_ids_of_the_outer_one() {
        let bench = bench();
        let inner = echo(layer(&bench, "inner").fresh_ids(true));
        let handler = service_fn(move |_: Handled| inner.clone().oneshot(asked(&[])));
        let outer = layer(&bench, "outer").layer(handler);
        let response = block_on(outer.oneshot(asked(IN))).unwrap();
        is_told(response.headers(), FAR, B1, "order-4711");
        assert_ne!(response.headers()["sent"], format!("00-{FAR}-{B1}-01"));
    }
}

mod other_transactions {
    use super::*;

    #[test]
    fn requests_of_a_connection_that_is_a_unit_belong_to_their_callers() {
        let bench = bench();
        let mut connection = Trace::builder("connection").config(&bench.config).start();
        let service = echo(layer(&bench, "request"));
        let told = connection.scope(|| {
            let response = block_on(service.clone().oneshot(asked(IN))).unwrap();
            response.headers().clone()
        });
        is_told(&told, FAR, B1, "order-4711");
        drop(connection);
        assert_eq!(
            ids(&bench),
            [
                unit("request", FAR, B1, CALLER, "order-4711"),
                "connection duration_ms=0.0".to_owned(),
            ]
        );
    }

    #[test]
    fn a_request_id_of_its_own_stays() {
        let bench = bench();
        let inner = echo(layer(&bench, "inner"));
        let outer = service(layer(&bench, "outer"), move |_| {
            let inner = inner.clone();
            async move {
                drop(
                    inner
                        .oneshot(asked(&[("x-request-id", "job-7")]))
                        .await
                        .unwrap(),
                )
            }
        });
        let told = send(&outer, IN);
        is_told(&told, FAR, B1, "order-4711");
        assert_eq!(
            ids(&bench),
            [
                unit("inner", FAR, B2, B1, "job-7"),
                unit("outer", FAR, B1, CALLER, "order-4711"),
            ]
        );
    }

    #[test]
    fn a_service_with_fresh_ids_is_no_part_of_the_unit_that_calls_it() {
        let bench = bench();
        let inner = echo(layer(&bench, "inner").fresh_ids(true));
        let outer = service(layer(&bench, "outer"), move |came| {
            let inner = inner.clone();
            async move {
                let mut request = asked(&[]);
                *request.headers_mut() = came;
                let client = PropagateLayer::new().layer(inner);
                let response = client.oneshot(request).await.unwrap();
                is_told(response.headers(), A3, B2, A4);
            }
        });
        send(&outer, &[]);
        assert_eq!(
            ids(&bench),
            [unit("inner", A3, B2, "", A4), unit("outer", A1, B1, "", A2)]
        );
    }
}
