//! The response body of a session: hands what the actor has encoded to the connection in slices, so that the connection's
//! write buffer, which keeps whatever it is given, stays small whatever the actor says at once.
//!
//! Must not be here: the socket library, frames.

use actix_web::web::Bytes;
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// A slice is at most this long.
const SLICE_BYTES_MAX: usize = 16 * 1024;

/// Bytes that a session has said since its actor was last asked for more: what lies in memory at once.
pub(super) type SaidBytes = Rc<Cell<usize>>;

/// Slices of what `inner` gives; `inner` is asked for more once all of it has been handed out.
pub(super) struct Sliced<S> {
    inner: Pin<Box<S>>,
    rest: Bytes,
    said: SaidBytes,
}

impl<S> Sliced<S> {
    /// `said` is set to zero each time `inner` is asked.
    pub(super) fn new(inner: S, said: SaidBytes) -> Self {
        Self {
            inner: Box::pin(inner),
            rest: Bytes::new(),
            said,
        }
    }
}

impl<S, E> Stream for Sliced<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rest.is_empty() {
            self.said.set(0);
            match ready!(self.inner.as_mut().poll_next(cx)) {
                Some(Ok(bytes)) => self.rest = bytes,
                other => return Poll::Ready(other),
            }
        }
        let length = self.rest.len().min(SLICE_BYTES_MAX);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt, stream};
    use std::convert::Infallible;

    #[actix_web::test]
    async fn what_is_long_comes_in_slices_and_in_order() {
        let long: Vec<u8> = (0..40_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let given = [Bytes::from(long.clone()), Bytes::from_static(b"short")];
        let inner = stream::iter(given.map(Ok::<_, Infallible>));
        let said = SaidBytes::default();
        said.set(40_005);
        let slices: Vec<Bytes> = Sliced::new(inner, said.clone()).map(Result::unwrap).collect().await;
        let lengths: Vec<usize> = slices.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [16_384, 16_384, 7_232, 5]);
        assert_eq!(slices.concat(), [long, b"short".to_vec()].concat());
        assert_eq!(said.get(), 0);
    }
}
