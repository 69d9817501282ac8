//! The body of a response, which ends the unit.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use pin_project_lite::pin_project;

use crate::tower::http::{grpc_status, has_error, record};
use crate::tower::request::Exchange;
use crate::trace::Trace;

pin_project! {
    /// The body of a response from a [`TraceService`](super::TraceService). It
    /// counts its bytes, and the unit ends when the body does.
    ///
    /// The trace is current while the body is polled. If the client goes away and
    /// the body is dropped before its end, the record has `outcome=cancelled`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(traceline_docs)] {
    /// use http_body_util::Full;
    /// use traceline::tower::TraceBody;
    ///
    /// fn cache(response: http::Response<TraceBody<Full<&'static [u8]>>>) {}
    /// # }
    /// ```
    #[derive(Debug, Default)]
    pub struct TraceBody<B> {
        #[pin]
        body: Option<B>,
        // `None` once the record is written.
        unit: Option<Exchange>,
        sent: Sent,
    }

    impl<B> PinnedDrop for TraceBody<B> {
        fn drop(this: Pin<&mut Self>) {
            if this.unit.is_some() {
                this.dropped();
            }
        }
    }
}

impl<B: Body> TraceBody<B> {
    /// Makes the body of a response whose body has yet to be sent. `promised` is the
    /// value of `Content-Length`.
    pub(super) fn open(body: B, unit: Exchange, promised: Option<u64>) -> TraceBody<B> {
        // Without the header, servers send an exact size hint as the length.
        let promised = promised.or_else(|| body.size_hint().exact());
        TraceBody {
            body: Some(body),
            unit: Some(unit),
            sent: Sent { bytes: 0, promised },
        }
    }

    /// Makes the body of a response whose body will not be sent. It is kept for its
    /// size hint.
    pub(super) fn ended(body: B, mut unit: Exchange, promised: Option<u64>) -> TraceBody<B> {
        let sent = Sent { bytes: 0, promised };
        sent.end(&mut unit);
        TraceBody {
            body: Some(body),
            unit: None,
            sent,
        }
    }
}

impl<B> TraceBody<B> {
    /// Ends the unit of a body that is dropped before it reported its end.
    #[cold]
    fn dropped(self: Pin<&mut Self>) {
        let mut this = self.project();
        let Some(unit) = this.unit else { return };
        let after = AfterBody(unit, *this.sent);
        after.0.poll(|| this.body.set(None));
        drop(after);
        // A server stops polling once it has all the bytes that the head promised.
        let sent = this.sent;
        if sent.promised.is_some_and(|promised| sent.bytes >= promised) {
            sent.end(unit);
        }
    }
}

/// When it is dropped, records how much was sent: after the destructor of the body
/// has run or panicked.
struct AfterBody<'a>(&'a mut Exchange, Sent);

impl Drop for AfterBody<'_> {
    fn drop(&mut self) {
        self.1.record(self.0.trace());
    }
}

/// How much of a body was sent, and how much the head promised.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    bytes: u64,
    promised: Option<u64>,
}

impl Sent {
    fn record(self, trace: &mut Trace) {
        trace.set("response_bytes", self.bytes);
        if let Some(promised) = self.promised.filter(|promised| *promised != self.bytes) {
            trace.set("response_bytes_promised", promised);
        }
    }

    /// Ends the unit of a body that was not cut off.
    fn end(self, unit: &mut Exchange) {
        let trace = unit.trace();
        self.record(trace);
        match self.promised {
            Some(promised) if promised != self.bytes => {
                if !has_error(trace) {
                    trace.error(match self.bytes < promised {
                        true => "response body shorter than its Content-Length",
                        false => "response body longer than its Content-Length",
                    });
                }
            }
            _ => trace.ok_unless_said(),
        }
        unit.end();
    }
}

type Polled<B> = Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>;

/// Polls, and returns whether that was the last frame. In that case the body is
/// dropped here, so that anything its destructor logs belongs to the unit.
fn poll_inside<B: Body>(
    mut body: Pin<&mut Option<B>>,
    context: &mut Context<'_>,
) -> Poll<(Polled<B>, bool)> {
    let Some(running) = body.as_mut().as_pin_mut() else {
        return Poll::Ready((None, true));
    };
    let frame = ready!(running.poll_frame(context));
    let is_last = match &frame {
        None | Some(Err(_)) => true,
        // A server does not poll again after trailers, or if the body knows its end.
        Some(Ok(frame)) => {
            let body = body.as_ref().as_pin_ref();
            frame.is_trailers() || body.is_none_or(|body| body.is_end_stream())
        }
    };
    if is_last {
        body.set(None);
    }
    Poll::Ready((frame, is_last))
}

impl<B> Body for TraceBody<B>
where
    B: Body,
    B::Error: Display + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Polled<B>> {
        let this = self.project();
        let Some(unit) = this.unit else {
            let body = this.body.as_pin_mut();
            return body.map_or(Poll::Ready(None), |body| body.poll_frame(context));
        };
        let (frame, is_last) = ready!(unit.poll(|| poll_inside(this.body, context)));
        match &frame {
            None => {}
            Some(Err(error)) => record(error, unit.trace()),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Buf::remaining);
                this.sent.bytes = this.sent.bytes.saturating_add(bytes as u64);
                if let Some(trailers) = frame.trailers_ref() {
                    grpc_status(trailers, unit.trace());
                }
            }
        }
        if is_last {
            this.sent.end(unit);
            *this.unit = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
