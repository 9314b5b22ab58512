//! Version 1 of the wire.

pub mod account;
pub mod alerts;
pub mod audit;
pub mod board;
pub mod close;
pub mod convert;
pub mod feed;
pub mod http;
pub mod members;
pub mod messages;
pub mod model;
pub mod operators;
pub mod people;
pub mod planning;
pub mod problem;
pub mod review;
pub mod session;
pub mod support;
pub mod typescript;
pub mod visit;
pub mod waiting;

/// The version, as frames and paths name it.
pub const VERSION: u32 = 1;
/// Largest text frame a server accepts, in bytes.
pub const CLIENT_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Largest JSON body a server accepts, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// The protocol of sessions, as the handshake names it (RFC 6455 section 1.9).
pub const SESSION_PROTOCOL: &str = "cabinet.1";
/// Beside it the handshake names this and a ticket.
pub const TICKET_PREFIX: &str = "ticket.";
/// Most topics that one session may have joined.
pub const SESSION_TOPICS_MAX: usize = 64;
/// Most frames a session may send within [`SESSION_FRAMES_WINDOW_SECONDS`].
pub const SESSION_FRAMES_MAX: u32 = 100;
/// The window in which [`SESSION_FRAMES_MAX`] counts, in seconds.
pub const SESSION_FRAMES_WINDOW_SECONDS: u64 = 10;
/// The server pings a session this often, in seconds.
pub const PING_PERIOD_SECONDS: u64 = 25;
/// A peer that has not answered a ping after this many seconds is closed.
pub const PONG_DEADLINE_SECONDS: u64 = 10;
/// Longest stretch of bookings that may be asked for, in days.
pub const VIEW_DAYS_MAX: i64 = 400;
