//! The body of a response, which ends the unit.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use pin_project_lite::pin_project;

use crate::context::cancel::CancelGuard;
use crate::tower::http::{content_length, grpc_status, record};

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
    #[derive(Debug)]
    pub struct TraceBody<B> {
        #[pin]
        body: Option<B>,
        // `None` once the record is written.
        unit: Option<CancelGuard>,
        sent: u64,
        // The length that the head promised: a server stops polling once it has
        // that many bytes.
        promised: Option<u64>,
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
    /// Makes the body of a response whose body has yet to be sent.
    pub(super) fn open(body: B, unit: CancelGuard, headers: &HeaderMap) -> TraceBody<B> {
        // hyper sends an exact size hint as the length.
        let size = body.size_hint().exact();
        let promised = size.or_else(|| content_length(headers));
        TraceBody::new(body, Some(unit), promised)
    }

    /// Makes the body of a response whose body will not be sent. It is kept for its
    /// size hint.
    pub(super) fn ended(body: B, mut unit: CancelGuard) -> TraceBody<B> {
        end(&mut unit, 0);
        TraceBody::new(body, None, None)
    }
}

impl<B> TraceBody<B> {
    fn new(body: B, unit: Option<CancelGuard>, promised: Option<u64>) -> TraceBody<B> {
        TraceBody {
            body: Some(body),
            unit,
            sent: 0,
            promised,
        }
    }

    /// Ends the unit of a body that is dropped before it reported its end.
    #[cold]
    fn dropped(self: Pin<&mut Self>) {
        let mut this = self.project();
        let Some(unit) = this.unit else { return };
        let after = Bytes(unit, *this.sent);
        after.0.poll(|| this.body.set(None));
        drop(after);
        if this.promised.is_some_and(|promised| *this.sent >= promised) {
            end(unit, *this.sent);
        }
    }
}

/// When it is dropped, records how much was sent: after the destructor of the body
/// has run or panicked.
struct Bytes<'a>(&'a mut CancelGuard, u64);

impl Drop for Bytes<'_> {
    fn drop(&mut self) {
        self.0.trace().set("response_bytes", self.1);
    }
}

/// Ends a unit whose response is complete.
fn end(unit: &mut CancelGuard, sent: u64) {
    unit.trace().set("response_bytes", sent).ok_unless_said();
    unit.end();
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
                *this.sent = this.sent.saturating_add(bytes as u64);
                if let Some(trailers) = frame.trailers_ref() {
                    grpc_status(trailers, unit.trace());
                }
            }
        }
        if is_last {
            end(unit, *this.sent);
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
