//! `GET /live?practice=&practitioner=[&history=&seq=]`: who may open a board, the handshake, the seat.

use super::body::{BoardBody, LIMITS};
use super::hub::{HubMessage, Hubs};
use super::metrics::DropReason;
use super::outbox::Outbox;
use super::seats::NoSeat;
use super::topic::{Member, Waiter};
use crate::edge::listen::{Connection, FrameGuard};
use crate::edge::problem::{EdgeCode, Failure};
use actix_web::http::header;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use actix_web::web::{self, Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
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

async fn live(request: HttpRequest, payload: Payload, hubs: Data<Hubs>) -> HttpResponse {
    match open(&request, payload, &hubs) {
        Ok(response) => response,
        Err(refused) => refused.response(),
    }
}

fn open(request: &HttpRequest, payload: Payload, hubs: &Hubs) -> Result<HttpResponse, Refused> {
    let shared = &hubs.0;
    if !shared.origins.permits(request) {
        shared.metrics.dropped(DropReason::ForeignOrigin);
        return Err(Refused::ForeignOrigin);
    }
    actix_http::ws::verify_handshake(request.head()).map_err(|_| Refused::NoHandshake)?;
    let key = request.headers().get(SEC_WEBSOCKET_KEY).ok_or(Refused::NoHandshake)?;
    let accept = actix_http::ws::hash_key(key.as_bytes());
    let accept = header::HeaderValue::from_bytes(&accept).map_err(|_| Refused::NoHandshake)?;
    let join = Query::<Join>::from_query(request.query_string()).map_err(|_| Refused::Malformed)?;
    let topic = shared
        .source
        .find(&join.practice, &join.practitioner)
        .ok_or(Refused::NotFound)?;
    let connection = request.conn_data::<Connection>();
    let address = connection
        .and_then(Connection::address)
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let connection = connection.map(Connection::handle);
    let seat = shared.seats.take(address).map_err(|none| match none {
        NoSeat::Full => Refused::Full,
        NoSeat::AddressFull => Refused::AddressFull,
    });
    let seat = seat.inspect_err(|refused| shared.metrics.dropped(refused.dropped()))?;
    let link = hubs.link(topic).ok_or(Refused::Full)?;

    let now = Instant::now();
    let first_ping = now + spread(shared.options.ping_period, connection.as_ref().map_or(0, |c| c.id()));
    let outbox = Outbox::new(shared.options.outbox_bytes_max, now, first_ping);
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
    if link.mailbox.try_send(HubMessage::Join(topic, waiter)).is_err() {
        shared.metrics.dropped(DropReason::Full);
        return Err(Refused::Full);
    }
    shared.metrics.boards_open.inc();
    let body = BoardBody {
        payload: Some(payload),
        guard: FrameGuard::new(LIMITS),
        control: Vec::new(),
        outbox,
        topic,
        attention: link.attention.clone(),
        connection,
        metrics: shared.metrics.clone(),
        _seat: seat,
    };
    let mut response = HttpResponse::SwitchingProtocols();
    Ok(response
        .upgrade("websocket")
        .insert_header((SEC_WEBSOCKET_ACCEPT, accept))
        .streaming(body))
}

/// The first ping falls somewhere in the second half of the period, so that boards that came together (after a restart)
/// are not pinged together.
fn spread(period: Duration, number: u64) -> Duration {
    let step = u32::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or(0);
    period / 2 + period / 512 * step
}

/// Why no board was opened. Told as problem+json before any handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    ForeignOrigin,
    NoHandshake,
    Malformed,
    NotFound,
    Full,
    AddressFull,
}

impl Refused {
    const fn dropped(self) -> DropReason {
        match self {
            Self::ForeignOrigin => DropReason::ForeignOrigin,
            Self::NoHandshake | Self::Malformed | Self::NotFound => DropReason::Protocol,
            Self::Full => DropReason::Full,
            Self::AddressFull => DropReason::AddressFull,
        }
    }

    fn response(self) -> HttpResponse {
        let code = match self {
            Self::ForeignOrigin => EdgeCode::ForbiddenOrigin,
            Self::NoHandshake => EdgeCode::WebsocketRequired,
            Self::Malformed => EdgeCode::Malformed,
            Self::NotFound => EdgeCode::NotFound,
            Self::Full => EdgeCode::Busy,
            Self::AddressFull => EdgeCode::TooManySockets,
        };
        let mut response = Failure::from(code).error_response();
        let headers = response.headers_mut();
        match self {
            Self::Full | Self::AddressFull => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::NoHandshake => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            Self::ForeignOrigin | Self::Malformed | Self::NotFound => {}
        }
        response
    }
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
