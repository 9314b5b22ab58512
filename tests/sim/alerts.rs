//! The trial of the watch over suspicious access: seeded practices of ninety days, fifteen attacks and for each its benign twin,
//! the nearest legitimate act. The same watch judges them that judges the product's logs.
//!
//! `cabinet judge-alerts` runs it; ADR 0014. Tuned on seeds below 30,000, judged on those from there on. Must not be here: the rules.

mod attacks;
mod judge;
mod practice;
mod scene;
mod twins;

pub use judge::{Outcome, Report, judge};
