//! `GET /live?practice=&practitioner=[&history=&seq=]`: who may open a board, the handshake, the seat.

use super::connection::{Board, LIMITS, Place, Threshold};
use super::hub::{HubMessage, Hubs};
use super::metrics::DropReason;
use super::outbox::{Outbox, Written};
use super::seats::NoSeat;
use super::topic::{Member, Waiter};
use crate::edge::listen::{Connection, ConnectionHandle, FrameGuard, Handover};
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::header::{
    CONTENT_LENGTH, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, TRANSFER_ENCODING, UPGRADE,
};
use actix_web::web::{self, Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use cabinet_actors::delta::TopicPosition;
use cabinet_domain::ids::{HistoryId, Seq};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::time::Instant;

/// Adds `/live`.
pub fn configure_live(cfg: &mut web::ServiceConfig, hubs: Hubs) {
    cfg.service(
        web::resource("/live")
            .app_data(Data::new(hubs))
            .route(web::get().to(live)),
    );
}

#[derive(Debug, Deserialize)]
struct Join {
    practice: String,
    practitioner: String,
    history: Option<String>,
    seq: Option<Seq>,
}

impl Join {
    /// Where the client stood. Half a position, or one that cannot be, is none: the client gets a snapshot.
    fn position(&self) -> Option<TopicPosition> {
        let history: HistoryId = self.history.as_deref()?.parse().ok()?;
        Some(TopicPosition {
            history,
            seq: self.seq?,
        })
    }
}

async fn live(request: HttpRequest, payload: Payload, hubs: Data<Hubs>) -> Result<HttpResponse, Failure> {
    open(&request, payload, &hubs).map_err(|(code, reason)| {
        if let Some(reason) = reason {
            hubs.0.metrics.dropped(reason);
        }
        code.into()
    })
}

/// What a refused request is answered, and under which reason it is counted.
type Refused = (EdgeCode, Option<DropReason>);

fn open(request: &HttpRequest, payload: Payload, hubs: &Hubs) -> Result<HttpResponse, Refused> {
    let shared = &hubs.0;
    if !shared.origins.permits(request) {
        return Err((EdgeCode::ForbiddenOrigin, Some(DropReason::ForeignOrigin)));
    }
    let accept = accept_key(request).ok_or((EdgeCode::WebsocketRequired, None))?;
    let join = Query::<Join>::from_query(request.query_string()).map_err(|_| (EdgeCode::Malformed, None))?;
    let topic = shared
        .source
        .find(&join.practice, &join.practitioner)
        .ok_or((EdgeCode::NotFound, None))?;
    let handover = request.conn_data::<Handover>().cloned();
    let handover = handover.ok_or((EdgeCode::Internal, None))?;
    let connection = request.conn_data::<Connection>();
    let address = connection
        .and_then(Connection::address)
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let connection = connection.map(Connection::handle);
    let full = (EdgeCode::Busy, Some(DropReason::Full));
    let seat = shared.seats.take(address).map_err(|none| match none {
        NoSeat::Full => full,
        NoSeat::AddressFull => (EdgeCode::TooManySockets, Some(DropReason::AddressFull)),
    })?;
    let link = hubs.link(topic).ok_or(full)?;

    let now = Instant::now();
    let number = connection.as_ref().map_or(0, ConnectionHandle::id);
    let outbox = Outbox::new(
        shared.options.outbox_bytes_max,
        now,
        now + spread(shared.options.ping_period, number),
        Written {
            writes: shared.metrics.writes.clone(),
            bytes: shared.metrics.bytes_sent.clone(),
        },
    );
    let member = Member {
        outbox: outbox.clone(),
        connection: connection.clone(),
        seq: 0,
        behind: false,
        doomed: None,
    };
    let waiter = Waiter {
        member,
        from: join.position(),
        until: now + shared.options.join_deadline,
    };
    link.mailbox
        .try_send(HubMessage::Join(topic, waiter))
        .map_err(|_| full)?;
    shared.metrics.boards_open.inc();
    let board = Board {
        place: Place {
            outbox,
            connection,
            metrics: shared.metrics.clone(),
            _seat: seat,
        },
        guard: FrameGuard::new(LIMITS),
        topic,
        attention: link.attention.clone(),
    };
    let mut response = HttpResponse::SwitchingProtocols();
    Ok(response
        .upgrade("websocket")
        .insert_header((SEC_WEBSOCKET_ACCEPT, accept))
        .streaming(Threshold::new(payload, handover, board)))
}

/// The server's half of the handshake; none when the request is no proper one. What follows its head must be taken for
/// frames by the library as well: it does so for exactly this upgrade, and a body it would read otherwise is refused.
fn accept_key(request: &HttpRequest) -> Option<HeaderValue> {
    actix_http::ws::verify_handshake(request.head()).ok()?;
    let headers = request.headers();
    let upgrade = headers.get(UPGRADE)?.to_str().ok()?.trim();
    let with_body = headers.contains_key(TRANSFER_ENCODING) || headers.contains_key(CONTENT_LENGTH);
    if with_body || !upgrade.eq_ignore_ascii_case("websocket") {
        return None;
    }
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    HeaderValue::from_bytes(&actix_http::ws::hash_key(key.as_bytes())).ok()
}

/// The first ping falls somewhere in the second half of the period, so that boards that came together (after a restart)
/// are not pinged together.
fn spread(period: Duration, number: u64) -> Duration {
    let step = u32::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or(0);
    period / 2 + period / 512 * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_pings_are_spread_over_the_second_half_of_the_period() {
        let period = Duration::from_secs(25);
        let pings: Vec<Duration> = (0..1_000).map(|number| spread(period, number)).collect();
        assert!(pings.iter().all(|ping| *ping >= period / 2 && *ping <= period));
        let early = pings.iter().filter(|ping| **ping < period * 3 / 4).count();
        assert!((400..600).contains(&early), "{early} of 1000 in the first half");
    }

    #[test]
    fn half_a_position_is_none() {
        for (query, known) in [
            ("practice=a&practitioner=b", false),
            ("practice=a&practitioner=b&seq=4", false),
            (
                "practice=a&practitioner=b&history=00000000000000000000000000000abc",
                false,
            ),
            ("practice=a&practitioner=b&history=x&seq=4", false),
            (
                "practice=a&practitioner=b&history=00000000000000000000000000000abc&seq=4",
                true,
            ),
        ] {
            let join = Query::<Join>::from_query(query).unwrap().into_inner();
            assert_eq!(join.position().is_some(), known, "{query}");
        }
    }
}
