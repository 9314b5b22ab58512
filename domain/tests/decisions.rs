//! What `decide` answers, in tables: every refusal in its order, every bound at the bound.
#![cfg(test)]

#[path = "decisions/desk.rs"]
mod desk;
#[path = "decisions/refusals.rs"]
mod refusals;
#[path = "decisions/release.rs"]
mod release;
#[path = "decisions/schedule_and_memory.rs"]
mod schedule_and_memory;
#[path = "decisions/several.rs"]
mod several;
#[path = "decisions/waiting.rs"]
mod waiting;
#[path = "decisions/wishes.rs"]
mod wishes;
