//! What may stand in the log. `RUST_LOG` chooses, with one bound: libraries say no more than they do at `info`. What they say
//! below it is of use to their authors, and some of it is what people have sent us.
//!
//! Must not be here: what is logged where.

use std::io::IsTerminal as _;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// Beginning of the names of our own crates, and of nobody else's that we use.
const OWN_CRATES: &str = "cabinet";

/// Whether a line of this origin may be written at all.
fn may_be_written(level: Level, target: &str) -> bool {
    level <= Level::INFO || target.starts_with(OWN_CRATES)
}

fn metadata_may_be_written(metadata: &Metadata<'_>) -> bool {
    may_be_written(*metadata.level(), metadata.target())
}

/// Starts the log, on standard error; `usual` is what it says when `RUST_LOG` does not choose.
pub fn start(usual: &str) {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry()
        .with(lines)
        .with(filter_fn(metadata_may_be_written))
        .with(chosen)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_say_no_more_than_at_info_and_our_own_crates_what_is_chosen() {
        for (level, target, may) in [
            (Level::INFO, "actix_server::server", true),
            (Level::ERROR, "sled", true),
            (Level::DEBUG, "actix_http::h1::decoder", false),
            (Level::TRACE, "log", false),
            (Level::TRACE, "cabinet::edge", true),
            (Level::DEBUG, "cabinet_actors::mail", true),
        ] {
            assert_eq!(may_be_written(level, target), may, "{level} {target}");
        }
    }
}
