//! The body of a request, and the unit that it belongs to.
//!
//! A handler may pass the body to another task, so the unit and the body share a
//! small state behind a lock, and the unit reads it when it ends. A request without
//! a body has no such state.

use std::error::Error;
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

/// What has come of a request's body.
#[derive(Debug, Default)]
struct Upload {
    /// The value of `Content-Length`.
    promised: Option<u64>,
    /// `None` once the body has been taken out of its wrapper.
    read: Option<u64>,
    /// Whether the body ended before all of it had come.
    is_cut: bool,
    /// The error with which it ended, with its sources.
    error: Option<Box<ErrorTexts>>,
    /// The limit of these texts.
    limit: usize,
}

/// The unit of a request. If it is dropped before [`end`](Self::end), the outcome is
/// `cancelled`; either way, it records what has come of the request's body.
#[derive(Debug)]
pub(super) struct Exchange {
    unit: CancelGuard,
    upload: Option<Arc<Mutex<Upload>>>,
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
                self.upload = Some(Arc::new(Mutex::new(Upload {
                    promised,
                    read: Some(0),
                    limit,
                    ..Upload::default()
                })));
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
            upload.lock().record(self.unit.trace());
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
    fn add(&mut self, bytes: u64, is_end: bool) {
        if let Some(read) = &mut self.read {
            *read = read.saturating_add(bytes);
            self.is_cut |= is_end && self.promised.is_some_and(|promised| *read < promised);
        }
    }

    fn record(&self, trace: &mut Trace) {
        let Some(read) = self.read else { return };
        if self.promised == Some(read) {
            trace.unset("request_bytes_promised");
        }
        trace.set("request_bytes", read);
        if !self.is_cut {
            return;
        }
        // An error that the handler recorded tells more than the body's own.
        if let Some(texts) = &self.error
            && !has_error(trace)
            && let Some(entry) = trace.entry_mut()
        {
            add::record_texts(entry, texts);
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
        upload: Option<Arc<Mutex<Upload>>>,
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
            upload.lock().read = None;
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
                Some(Err(error)) => fail(upload, &**error),
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Buf::remaining);
                    // A reader need not poll again after either of these.
                    let is_end = frame.is_trailers() || this.body.is_end_stream();
                    upload.lock().add(bytes as u64, is_end);
                }
                None => upload.lock().add(0, true),
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

/// Keeps the error of a body. The lock is not held while the error formats itself.
#[cold]
fn fail(upload: &Mutex<Upload>, error: &(dyn Error + Send + Sync + 'static)) {
    let limit = upload.lock().limit;
    let texts = Box::new(describe(Cause::Error(error), limit));
    let mut upload = upload.lock();
    upload.is_cut = true;
    upload.error = Some(texts);
}
