//! Version 1 of the wire.

pub mod board;
pub mod http;
pub mod model;
pub mod problem;
pub mod session;

/// The version, as frames and paths name it.
pub const VERSION: u32 = 1;
/// Largest text frame a server accepts, in bytes.
pub const CLIENT_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Largest JSON body a server accepts, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
