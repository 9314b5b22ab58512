//! Accounts over HTTP: made with a link, signed in to with two factors, cared for, and what ends with them.

mod care;
mod doors;
mod members;
mod person;
mod sign_up;
