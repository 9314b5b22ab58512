//! What the server does by itself about an alert, as the table of rules says.
//!
//! Must not be here: which rule has which effect (`cabinet_domain::anomaly`), telling anybody.

use super::{AnomalySupervisor, EFFECT_SECONDS, THROTTLE_SECONDS};
use crate::access::SessionId;
use crate::accounts::{AccountError, Accounts, Holder};
use crate::directory::DirectoryError;
use cabinet_domain::anomaly::{Alert, Effect};
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{CommandId, PracticeId};
use cabinet_domain::practice::{Lock, PracticeEvent};

/// Why an effect failed.
#[derive(Debug, thiserror::Error)]
enum EffectError {
    #[error("the account was not changed")]
    Account(#[from] AccountError),
    #[error("the practice was not changed")]
    Directory(#[from] DirectoryError),
}

impl AnomalySupervisor {
    /// What the server does about alerts, from the gravity on that the effect has.
    pub(super) async fn act(
        &self,
        (accounts, ended): (&Accounts, &impl Fn(&[SessionId])),
        practice: PracticeId,
        risen: Vec<Alert>,
    ) {
        let now = self.0.clock.now();
        for alert in risen {
            if now >= alert.last.plus_seconds(EFFECT_SECONDS) {
                continue;
            }
            let effects = alert.rule.effects().iter();
            for effect in effects.filter(|effect| effect.least() <= alert.gravity) {
                if let Err(error) = self.act_on((accounts, ended), (practice, &alert), *effect).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "an alert's effect failed");
                }
            }
        }
    }

    async fn act_on(
        &self,
        (accounts, ended): (&Accounts, &impl Fn(&[SessionId])),
        (practice, alert): (PracticeId, &Alert),
        effect: Effect,
    ) -> Result<(), EffectError> {
        let now = self.0.clock.now();
        let holder = Holder {
            practice,
            staff: alert.staff,
        };
        match effect {
            Effect::StepUp => accounts.forget_second_factor(self.account_of(holder)).await?,
            Effect::EndSession => ended(&accounts.end_session_of(self.account_of(holder), alert.session).await?),
            Effect::Throttle => {
                let mut throttled = self.0.throttled.lock();
                throttled.retain(|_, until| now < *until);
                throttled.insert(holder, now.plus_seconds(THROTTLE_SECONDS));
            }
            // Done when the attempt was judged.
            Effect::BlockNetwork => {}
            Effect::SoftLock => {
                if self.lock(accounts, holder, alert).await? {
                    ended(&accounts.end_sessions(holder, SessionId::default(), None).await?);
                }
            }
        }
        Ok(())
    }

    /// Locks a member. Answers whether they are now: not who has no account here, as nobody could show what releases them. Those
    /// are the demo's members, whom a link alone lets in, and whoever looks in as the platform's support, whom owners shut out.
    async fn lock(&self, accounts: &Accounts, holder: Holder, alert: &Alert) -> Result<bool, EffectError> {
        if holder.practice.is_platform() || !accounts.exists(holder).await? {
            return Ok(false);
        }
        let number = u128::from(alert.last.0.unsigned_abs()) << 64 | u128::from(alert.rule.number());
        let locked = self.0.directory.decide(
            holder.practice,
            Principal::System,
            CommandId(number),
            |practice, now| {
                let stands = practice.members.contains_key(&holder.staff) && !practice.is_locked(holder.staff);
                let event = stands.then_some(PracticeEvent::MemberLocked(Lock {
                    staff: holder.staff,
                    rule: alert.rule,
                    at: now,
                }));
                Ok::<_, DirectoryError>(event.into_iter().collect())
            },
        );
        locked.await?;
        let practice = self.0.directory.practice(holder.practice);
        Ok(practice.is_some_and(|practice| practice.is_locked(holder.staff)))
    }

    /// Whose account a practice's alert is about: who is no member there looks in as one of the platform's support.
    fn account_of(&self, holder: Holder) -> Holder {
        let is_member = |practice| {
            let practice = self.0.directory.practice(practice);
            practice.is_some_and(|practice| practice.members.contains_key(&holder.staff))
        };
        if !is_member(holder.practice) && is_member(PracticeId::PLATFORM) {
            let practice = PracticeId::PLATFORM;
            return Holder { practice, ..holder };
        }
        holder
    }
}
