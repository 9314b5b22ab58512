//! The server: configuration, command line, wiring (`app`), the edge and the demo.

pub mod app;
pub(crate) mod asked;
pub mod audit_files;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod edge;
pub mod logging;
pub(crate) mod mails;
pub mod metrics;
pub mod run;
pub(crate) mod team;
