//! The demo: one practice with three practitioners of different professions, realistic weeks and several hundred bookings, made
//! through the same commands as any booking. Must not be here: shortcuts around the rules.

pub mod fill;
pub mod people;
pub mod practice;
