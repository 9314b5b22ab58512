//! The journal's tests: its promises one by one, power cuts at every point, faults, damage to every byte.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod basics;
mod crashes;
mod damage;
mod faults;
mod panics;
mod support;
