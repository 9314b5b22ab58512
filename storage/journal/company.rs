//! How long the journal's writer waits for company before it syncs a group.
//!
//! Each sync costs processor time that those who are still deciding need: after groups of several appends it pays to wait
//! until some more are there, for half of what a sync takes at most. An append that comes alone waits for nobody.
//! Must not be here: the queue, the waiting itself.

use std::time::Duration;

/// How the last groups came out.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// Appends of a group lately; an average that leans to the present.
    appends: usize,
    patience: Duration,
}

impl Company {
    /// A group of so many appends was written, and its write and sync took so long.
    pub(super) fn had(&mut self, appends: usize, sync: Duration, wait_max: Duration) {
        // Rounded down: after a crowd, lone appends soon wait for nobody again.
        self.appends = (self.appends + appends) / 2;
        self.patience = (sync / 2).min(wait_max);
    }

    /// How many appends to wait for; none when nobody is expected.
    pub(super) const fn expected(&self) -> Option<usize> {
        if self.appends < 2 {
            None
        } else {
            Some(self.appends.saturating_mul(2))
        }
    }

    /// How long to wait for them at most.
    pub(super) const fn patience(&self) -> Duration {
        self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_after_groups_of_several_is_company_waited_for() {
        let mut company = Company::default();
        let mut had = |appends| {
            company.had(appends, Duration::from_millis(1), Duration::from_micros(250));
            company.expected()
        };
        assert_eq!((0..5).find_map(|_| had(1)), None, "a patient alone never waits");
        assert_eq!((had(12), had(12)), (Some(12), Some(18)));
        let waited = (0..10).filter_map(|_| had(1)).count();
        assert!(waited <= 4, "a crowd is soon forgotten: {waited}");
        assert_eq!(company.patience(), Duration::from_micros(250));
    }
}
