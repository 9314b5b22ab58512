//! The wire: versioned types of frames and HTTP bodies, and conversions from the domain. `README.md` beside this file is
//! the protocol document.
//!
//! Deliberately absent: sockets, HTTP, actix, storage. Times on the wire are UTC milliseconds since 1970 (`*_ms`), civil
//! dates `YYYY-MM-DD`, ids 32 hexadecimal digits, colours `#rrggbb`.

pub mod v1;
