//! The injected clock. The only file of the product that reads the system's clock.

use cabinet_domain::time::UtcMillis;

/// Tells the time. One read per command (law L6).
pub trait Clock: Send + Sync + 'static {
    /// Now, UTC.
    fn now(&self) -> UtcMillis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> UtcMillis {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        UtcMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock for intervals: time since this call, never going back.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn stopwatch() -> impl Fn() -> std::time::Duration + Send + Sync + 'static {
    let start = std::time::Instant::now();
    move || start.elapsed()
}
