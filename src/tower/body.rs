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
    /// The body of a response of a [`TraceService`](super::TraceService): it
    /// counts its bytes, and ends the unit when it ends.
    ///
    /// The trace is current while the body is polled. Dropped before its end, the
    /// body leaves a record with `outcome=cancelled`: the client went away.
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
        unit: CancelGuard,
        sent: u64,
        // What the head promised: a server stops asking once it has that much.
        promised: Option<u64>,
    }

    impl<B> PinnedDrop for TraceBody<B> {
        fn drop(this: Pin<&mut Self>) {
            if !this.unit.is_over() {
                this.dropped();
            }
        }
    }
}

impl<B: Body> TraceBody<B> {
    /// A body that is still to come.
    pub(super) fn open(body: B, unit: CancelGuard, headers: &HeaderMap) -> TraceBody<B> {
        // hyper takes a size that is known for the length.
        let size = body.size_hint().exact();
        let promised = size.or_else(|| content_length(headers));
        TraceBody {
            body: Some(body),
            unit,
            sent: 0,
            promised,
        }
    }

    /// A body of which nothing will be sent; it may be asked for its size.
    pub(super) fn ended(body: B, mut unit: CancelGuard) -> TraceBody<B> {
        end(&mut unit, 0);
        TraceBody {
            body: Some(body),
            unit,
            sent: 0,
            promised: None,
        }
    }
}

impl<B> TraceBody<B> {
    /// Ends the unit of a body that is dropped before it said that it is over.
    #[cold]
    fn dropped(self: Pin<&mut Self>) {
        let mut this = self.project();
        let body = &mut this.body;
        let after = Bytes(this.unit, *this.sent);
        after.0.poll(|| body.set(None));
        drop(after);
        if this.promised.is_some_and(|promised| *this.sent >= promised) {
            end(this.unit, *this.sent);
        }
    }
}

/// Says how much was sent when it is dropped: behind what the destructor of the
/// body says, which may panic.
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

/// Polls, and says whether that was the last frame. Then the body is dropped in
/// the same scope: what its destructor says belongs to the unit.
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
        // A server does not poll again after trailers, or where the body knows its end.
        Some(Ok(frame)) => {
            frame.is_trailers()
                || body
                    .as_ref()
                    .as_pin_ref()
                    .is_none_or(|body| body.is_end_stream())
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
        let mut body = this.body;
        if this.unit.is_over() {
            let body = body.as_mut().as_pin_mut();
            return body.map_or(Poll::Ready(None), |body| body.poll_frame(context));
        }
        let (frame, is_last) = ready!(this.unit.poll(|| poll_inside(body, context)));
        match &frame {
            None => {}
            Some(Err(error)) => record(error, this.unit.trace()),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Buf::remaining);
                *this.sent = this.sent.saturating_add(bytes as u64);
                if let Some(trailers) = frame.trailers_ref() {
                    grpc_status(trailers, this.unit.trace());
                }
            }
        }
        if is_last {
            end(this.unit, *this.sent);
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
