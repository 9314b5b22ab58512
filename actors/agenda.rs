//! One agenda: the cell decides and orders, the feed tells, the shell carries out.

pub mod cell;
pub mod feed;
pub mod publication;
pub mod shell;
