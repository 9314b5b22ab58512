//! The operators' page as it changes: server-sent events (HTML Living Standard section 9.2), each the whole picture, at most one a
//! second. A stream ends with its session, with the right to it, and with the server.
//!
//! Must not be here: what is in the picture (`desk`).

use super::desk::Desk;
use crate::edge::EdgeState;
use crate::edge::guard::operator::{OperatorWith, SeeOperations};
use crate::edge::guard::rights::Permission;
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, get};
use cabinet_actors::access::SessionId;
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::rights::Verdict;
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Streams that are open at once.
pub const STREAMS_MAX: usize = 32;
/// How often a stream looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Looks without news after which a comment is sent, so that a dead connection shows.
const QUIET_LOOKS: u32 = 15;

/// How many streams are open.
#[derive(Clone, Default)]
pub struct Streams(Arc<AtomicUsize>);

impl Streams {
    /// A place among them; none: all are taken.
    fn enter(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.0));
        (self.0.fetch_add(1, Ordering::SeqCst) < STREAMS_MAX).then_some(place)
    }
}

/// One open stream.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A look at the platform's state, on and on.
struct Looking {
    state: Data<EdgeState>,
    desk: Data<Desk>,
    session: SessionId,
    staff: StaffId,
    shown: String,
    quiet: u32,
    first: bool,
    ended: bool,
    _place: Place,
}

impl Looking {
    /// Whether they may look still.
    async fn may(&self) -> bool {
        let stands = self.state.access.stands(&self.session).await.unwrap_or(false);
        let team = self.state.directory.practice(PracticeId::PLATFORM);
        let now = self.state.clock.now();
        // The second factor is asked for by no look.
        let asked = |team: Arc<cabinet_domain::practice::Practice>| {
            team.permits(self.staff, SeeOperations::ACTION, None, (now, false)) == Verdict::Allow
        };
        stands && team.is_some_and(asked) && (self.state.ready)()
    }

    /// What is sent next; none: nothing more is.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            if !self.first {
                tokio::time::sleep(PAUSE).await;
            }
            self.first = false;
            if !self.may().await {
                self.ended = true;
                return Some((Ok(Bytes::from_static(b"event: ended\ndata: {}\n\n")), self));
            }
            let overview = self.desk.overview().await.ok();
            let text = overview.and_then(|overview| serde_json::to_string(overview.as_ref()).ok());
            // What cannot be read now is looked for again in a moment.
            let news = text.filter(|text| *text != self.shown);
            if let Some(text) = news {
                let frame = Bytes::from(format!("event: overview\ndata: {text}\n\n"));
                self.shown = text;
                self.quiet = 0;
                return Some((Ok(frame), self));
            }
            self.quiet += 1;
            if self.quiet >= QUIET_LOOKS {
                self.quiet = 0;
                return Some((Ok(Bytes::from_static(b": still here\n\n")), self));
            }
        }
    }
}

/// The platform's state, and every change of it.
#[get("/api/v1/ops/live")]
pub(crate) async fn get_live(
    state: Data<EdgeState>,
    desk: Data<Desk>,
    streams: Data<Streams>,
    operator: OperatorWith<SeeOperations>,
) -> Result<HttpResponse, Failure> {
    let place = streams.enter().ok_or(EdgeCode::Busy)?;
    let looking = Looking {
        session: operator.staff.id(),
        staff: operator.id(),
        state,
        desk,
        shown: String::new(),
        quiet: 0,
        first: true,
        ended: false,
        _place: place,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(stream::unfold(looking, Looking::next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let streams = Streams::default();
        let places: Vec<_> = (0..STREAMS_MAX).map(|_| streams.enter().unwrap()).collect();
        assert!(streams.enter().is_none(), "one too many");
        drop(places);
        assert!(streams.enter().is_some());
    }
}
