//! The server: configuration, command line, wiring (`app`), the edge and the demo.

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod edge;
pub mod metrics;
pub mod run;
