//! Rules 1 and 2 for networks: who tries many accounts or passwords from one place, whichever practice they belong to.
//!
//! Lives in memory alone: its windows are a quarter of an hour and a day, and a flood of attempts must not be a flood of writes.
//! Must not be here: holding anybody back (the ladder of accounts does).

use super::{Attempt, Gravity, Limits, Rule};
use crate::time::UtcMillis;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Networks watched at once; beyond, those that failed longest ago are forgotten.
const NETWORKS_MAX: usize = 20_000;
/// Failures remembered of one network.
const FAILURES_MAX: usize = 256;
/// Window of rule 2, in seconds.
const SPRAY_SECONDS: i64 = 15 * 60;
/// Window of rule 1, and the pause between two alerts about a network.
const DAY_SECONDS: i64 = 24 * 3_600;
/// Accounts that have to fail before a network's failures are not one person's: below, rule 1 of the account speaks.
const ACCOUNTS_MIN: usize = 2;

/// A network that somebody should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkAlert {
    /// Which rule.
    pub rule: Rule,
    /// How grave.
    pub gravity: Gravity,
    /// Which network, as the attempt named it.
    pub network: u64,
    /// When.
    pub at: UtcMillis,
}

#[derive(Debug, Clone, Default)]
struct Network {
    failures: VecDeque<Attempt>,
    /// When each rule was last told.
    told: BTreeMap<Rule, UtcMillis>,
}

/// All networks.
#[derive(Debug, Clone)]
pub struct NetworkWatch {
    limits: Limits,
    networks: BTreeMap<u64, Network>,
}

impl NetworkWatch {
    /// Of which nothing is known yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            networks: BTreeMap::new(),
        }
    }

    /// Judges an attempt. Answers alerts that are new within a day.
    pub fn observe(&mut self, attempt: &Attempt) -> Vec<NetworkAlert> {
        if !attempt.failed {
            // An account that gets in after all was not a guess: typing errors of a whole practice behind one address.
            if let Some(network) = self.networks.get_mut(&attempt.network) {
                network.failures.retain(|failure| failure.account != attempt.account);
            }
            return Vec::new();
        }
        self.make_room();
        let network = self.networks.entry(attempt.network).or_default();
        network.failures.push_back(*attempt);
        while network.failures.len() > FAILURES_MAX {
            network.failures.pop_front();
        }
        let recent = |failure: &Attempt, seconds| attempt.at < failure.at.plus_seconds(seconds);
        network.failures.retain(|failure| recent(failure, DAY_SECONDS));
        let short = network.failures.iter().filter(|failure| recent(failure, SPRAY_SECONDS));
        let accounts: BTreeSet<u64> = short.clone().map(|failure| failure.account).collect();
        let pairs: BTreeSet<(u64, u64)> = short.map(|failure| (failure.account, failure.password)).collect();
        let mut found = Vec::new();
        if accounts.len() >= self.limits.spray_accounts as usize || pairs.len() >= self.limits.spray_pairs as usize {
            found.push(Rule::PasswordSpray);
        }
        let day: BTreeSet<u64> = network.failures.iter().map(|failure| failure.account).collect();
        let most = self.limits.failed_sign_ins.last().copied().unwrap_or(u32::MAX);
        if day.len() >= ACCOUNTS_MIN && network.failures.len() >= most as usize {
            found.push(Rule::FailedSignIns);
        }
        let mut alerts = Vec::new();
        for rule in found {
            let told = network.told.get(&rule);
            let quiet = told.is_some_and(|at| attempt.at < at.plus_seconds(DAY_SECONDS));
            if !quiet {
                network.told.insert(rule, attempt.at);
                alerts.push(NetworkAlert {
                    rule,
                    gravity: Gravity::Warning,
                    network: attempt.network,
                    at: attempt.at,
                });
            }
        }
        alerts
    }

    fn make_room(&mut self) {
        while self.networks.len() >= NETWORKS_MAX {
            let last = |network: &Network| {
                network
                    .failures
                    .back()
                    .map_or(UtcMillis(i64::MIN), |failure| failure.at)
            };
            let oldest = self.networks.iter().min_by_key(|(_, network)| last(network));
            let Some(oldest) = oldest.map(|(network, _)| *network) else {
                return;
            };
            self.networks.remove(&oldest);
        }
    }
}
