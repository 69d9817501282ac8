//! The body of a request, and the unit that it belongs to.
//!
//! A handler may pass the body to another task, so the unit and the body share a
//! small state behind a lock, and the unit reads it when it ends. A request without
//! a body has no such state.

use std::error::Error;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use pin_project_lite::pin_project;

use crate::context::cancel::CancelGuard;
use crate::tower::http::{content_length, has_error};
use crate::trace::Trace;
use crate::unit::add;
use crate::value::failure::{Cause, ErrorTexts, describe};

type BoxError = Box<dyn Error + Send + Sync>;

/// The body of a request, as its unit sees it.
#[derive(Debug)]
struct Upload {
    /// The value of `Content-Length`.
    promised: Option<u64>,
    /// The limit for the texts of an error.
    limit: usize,
    received: Mutex<Received>,
}

/// What has come of the body.
#[derive(Debug)]
struct Received {
    /// `None` once the body has been taken out of its wrapper.
    bytes: Option<u64>,
    /// Whether the body ended before all of it had come.
    is_cut: bool,
    /// The error with which it ended, with its sources.
    error: Option<Box<ErrorTexts>>,
}

// No user code runs under the lock, so a panic cannot leave it half changed.
impl UnwindSafe for Upload {}

impl RefUnwindSafe for Upload {}

/// The unit of a request. If it is dropped before [`end`](Self::end), the outcome is
/// `cancelled`; either way, it records what has come of the request's body.
#[derive(Debug)]
pub(super) struct Exchange {
    unit: CancelGuard,
    upload: Option<Arc<Upload>>,
}

impl Exchange {
    pub(super) fn new(trace: Trace) -> Exchange {
        Exchange {
            unit: CancelGuard::new(trace),
            upload: None,
        }
    }

    /// Wraps the request's body, so that the unit learns what comes of it.
    #[inline]
    pub(super) fn watch<B: Body>(&mut self, request: Request<B>) -> Request<RequestBody<B>> {
        let trace = self.unit.trace();
        if let Some(limit) = trace.look(|entry| entry.limits.value) {
            let promised = content_length(request.headers());
            if promised > Some(0) || !request.body().is_end_stream() {
                // Until the end, only the promise is known.
                trace.set("request_bytes_promised", promised);
                let received = Mutex::new(Received {
                    bytes: Some(0),
                    is_cut: false,
                    error: None,
                });
                self.upload = Some(Arc::new(Upload {
                    promised,
                    limit,
                    received,
                }));
            } else {
                trace.set("request_bytes", promised);
            }
        }
        request.map(|body| RequestBody {
            body,
            upload: self.upload.clone(),
        })
    }

    #[inline]
    pub(super) fn trace(&mut self) -> &mut Trace {
        self.unit.trace()
    }

    /// Runs a poll with the trace as the current one.
    #[inline]
    pub(super) fn poll<R>(&mut self, work: impl FnOnce() -> R) -> R {
        self.unit.poll(work)
    }

    /// Moves the unit out, and leaves a disabled one behind.
    #[inline]
    pub(super) fn take(&mut self) -> Exchange {
        Exchange {
            unit: CancelGuard::new(std::mem::take(self.trace())),
            upload: self.upload.take(),
        }
    }

    /// Emits the record.
    #[inline]
    pub(super) fn end(&mut self) {
        self.settle();
        self.unit.end();
    }

    #[inline]
    fn settle(&mut self) {
        if let Some(upload) = self.upload.take() {
            upload.record(self.unit.trace());
        }
    }
}

impl Drop for Exchange {
    /// Runs before the guard is dropped, which cancels the unit.
    fn drop(&mut self) {
        self.settle();
    }
}

impl Upload {
    /// Counts a frame, or notes the end of the body.
    fn add(&self, bytes: u64, is_end: bool) {
        let received = &mut *self.received.lock();
        if let Some(read) = &mut received.bytes {
            *read = read.saturating_add(bytes);
            received.is_cut |= is_end && self.promised.is_some_and(|promised| *read < promised);
        }
    }

    /// Keeps an error of the body. Its code does not run under the lock.
    #[cold]
    fn fail(&self, error: &(dyn Error + Send + Sync + 'static)) {
        let texts = Box::new(describe(Cause::Error(error), self.limit));
        let mut received = self.received.lock();
        received.is_cut = true;
        received.error = Some(texts);
    }

    fn record(&self, trace: &mut Trace) {
        let received = self.received.lock();
        let Some(read) = received.bytes else { return };
        if self.promised == Some(read) {
            trace.unset("request_bytes_promised");
        }
        trace.set("request_bytes", read);
        if !received.is_cut {
            return;
        }
        // An error that the handler recorded tells more than the body's own.
        if let Some(texts) = &received.error
            && !has_error(trace)
        {
            trace.with_entry(|entry| add::record_texts(entry, texts));
        }
        trace.cancel();
    }
}

pin_project! {
    /// The body of a request to a service inside a [`TraceLayer`](super::TraceLayer).
    /// It counts its bytes, and notices if the client goes away during its upload.
    ///
    /// | service or layer inside | |
    /// |---|---|
    /// | a router of axum or tonic, or any layer that was added to the router before | takes any body |
    /// | a service on hyper | names this type, or is generic over the body |
    /// | a layer that names axum's body, such as `from_fn`, in one `ServiceBuilder` with `TraceLayer` | needs tower-http's `MapRequestBodyLayer::new(axum::body::Body::new)` between the two |
    /// | a service that insists on the server's own body | gets it with [`into_inner`](Self::into_inner) |
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// use http_body_util::BodyExt;
    /// use hyper::body::Incoming;
    /// use traceline::tower::RequestBody;
    ///
    /// async fn len(request: http::Request<RequestBody<Incoming>>) -> usize {
    ///     let body = request.into_body().collect().await;
    ///     body.map_or(0, |body| body.to_bytes().len()) // request_bytes=…
    /// }
    /// # }
    /// ```
    #[derive(Debug, Default)]
    pub struct RequestBody<B> {
        #[pin]
        body: B,
        // `None` if there is no body, or no unit.
        upload: Option<Arc<Upload>>,
    }
}

impl<B> RequestBody<B> {
    /// Returns the server's own body. From then on its bytes are not counted, and the
    /// record has no `request_bytes`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// use hyper::body::Incoming;
    /// use tower::ServiceBuilder;
    /// use traceline::tower::{RequestBody, TraceLayer};
    /// # async fn proxy(_: http::Request<Incoming>) -> std::io::Result<http::Response<String>> {
    /// #     Ok(http::Response::default())
    /// # }
    ///
    /// let service = ServiceBuilder::new()
    ///     .layer(TraceLayer::new().target(module_path!()))
    ///     .map_request(|request: http::Request<RequestBody<Incoming>>| request.map(RequestBody::into_inner))
    ///     .service_fn(proxy);
    /// # }
    /// ```
    pub fn into_inner(self) -> B {
        if let Some(upload) = &self.upload {
            upload.received.lock().bytes = None;
        }
        self.body
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(context));
        let frame = frame.map(|frame| frame.map_err(Into::into));
        if let Some(upload) = this.upload {
            match &frame {
                Some(Err(error)) => upload.fail(&**error),
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Buf::remaining);
                    // A reader need not poll again after either of these.
                    let is_end = frame.is_trailers() || this.body.is_end_stream();
                    upload.add(bytes as u64, is_end);
                }
                None => upload.add(0, true),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
