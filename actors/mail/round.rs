//! One turn: mails that are due are composed, handed over, and done with. Whatever happens to a mail is in the store before the
//! next is looked at; what a crash leaves between handing over and noting it is sent once more, under the same id.
//!
//! Must not be here: what is in a mail, SMTP, the days' mails.

use super::compose::Composer;
use super::kept::{self, Addressee, Failure, MailId, MailRecord, Outcome, Receipt, Writes};
use super::outbox::Due;
use super::post::PostError;
use super::{INSTALLATION, MailError, MailSupervisor, Standing};
use crate::accounts::Holder;
use cabinet_domain::ids::{AgendaKey, PracticeId, StaffId};
use cabinet_domain::mail::{GIVE_UP_SECONDS, Letter, retry_after};
use cabinet_domain::time::UtcMillis;

/// Dead letters that are kept of one practice; the oldest go first.
pub const DEAD_MAX: usize = 200;
/// After the outside failed as a whole so many times in a row, nothing is tried for so many seconds.
const DOWN_SECONDS: [i64; 4] = [5, 15, 60, 300];

/// A practice that is being made is waited for, for so many seconds at a time.
const FOUNDED_SECONDS: i64 = 5;

/// A mail that was not sent, as operators are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Names it.
    pub id: String,
    /// Written down then.
    pub made: UtcMillis,
    /// Whether it was given up.
    pub dead: bool,
    /// Kind.
    pub letter: &'static str,
    /// Times that it was tried.
    pub tries: u32,
    /// What was said to the last.
    pub why: String,
}

/// What one mail has come to.
enum Fate {
    /// Done with.
    Done(Outcome, String),
    /// It stays, changed so.
    Stays(MailRecord),
    /// Nothing can be sent.
    Down(String),
}

impl MailSupervisor {
    /// One look at every practice in which mails may be due.
    pub(super) async fn send_due(&self) {
        let now = self.0.clock.now();
        for (practice, seen) in self.0.outbox.due(now) {
            if self.is_down(now) {
                return;
            }
            let _turn = self.0.turn.lock().await;
            match self.send_of(practice).await {
                Ok(next) => self.0.outbox.looked(practice, seen, next),
                Err(error) => {
                    self.tell(&error);
                    // The store is asked again in a moment, not in the same.
                    self.0.outbox.looked(practice, seen, Some(self.soon(seen)));
                }
            }
        }
    }

    fn soon(&self, seen: Due) -> UtcMillis {
        self.0.clock.now().plus_seconds(5).max(seen.next)
    }

    fn is_down(&self, now: UtcMillis) -> bool {
        let until = self.0.down.lock().until;
        // A clock that was set back must not keep mails waiting.
        now < until && until <= now.plus_seconds(DOWN_SECONDS.iter().copied().max().unwrap_or(0))
    }

    /// Sends what is due of a practice. Answers when something is due next.
    async fn send_of(&self, practice: PracticeId) -> Result<Option<UtcMillis>, MailError> {
        let mails = kept::read(self.0.records.as_ref(), practice).await?;
        let now = self.0.clock.now();
        let mut next: Option<UtcMillis> = None;
        let mut standing = Standing::default();
        for (id, record) in mails {
            if record.dead {
                standing.dead += 1;
                continue;
            }
            let due = record.next <= now || now < record.made;
            let stays = if due && !self.is_down(now) {
                self.send_one(practice, &id, record).await?
            } else {
                Some(record)
            };
            if let Some(record) = stays {
                standing.add(&record);
                if !record.dead {
                    let at = record.next.max(self.0.down.lock().until);
                    next = Some(next.map_or(at, |next| next.min(at)));
                }
            }
        }
        self.0.standing.lock().insert(practice, standing);
        if standing.dead > DEAD_MAX {
            self.drop_oldest_dead(practice).await?;
        }
        Ok(next)
    }

    /// Sends one mail, and writes down what became of it. Answers it if it stays.
    async fn send_one(
        &self,
        practice: PracticeId,
        id: &MailId,
        record: MailRecord,
    ) -> Result<Option<MailRecord>, MailError> {
        let fate = self.try_one(practice, id, &record).await?;
        let now = self.0.clock.now();
        match fate {
            Fate::Down(why) => {
                self.0.note_down(now, &why);
                Ok(Some(record))
            }
            Fate::Stays(changed) => {
                let writes = vec![kept::write(practice, id, &changed)?];
                self.0.records.commit(Vec::new(), writes).await?;
                Ok(Some(changed))
            }
            Fate::Done(outcome, said) => {
                if outcome == Outcome::Sent {
                    // Until this is durable, it is known here that the mail has gone.
                    self.0.gone.lock().insert(*id, said.clone());
                }
                let (checks, writes) = if record.letter.is_to_patient() {
                    self.patient_done((practice, id), &record, (now, outcome)).await?
                } else {
                    let receipt = kept::receipt(&record, now, outcome, &said);
                    let receipt = kept::write_receipt(practice, id, &receipt)?;
                    (Vec::new(), vec![kept::remove(practice, id), receipt])
                };
                self.0.records.commit(checks, writes).await?;
                self.0.gone.lock().remove(id);
                self.0.count(record.letter.name(), outcome);
                Ok(None)
            }
        }
    }

    async fn try_one(&self, practice: PracticeId, id: &MailId, record: &MailRecord) -> Result<Fate, MailError> {
        let now = self.0.clock.now();
        if let Some(said) = self.0.gone.lock().get(id).cloned() {
            return Ok(Fate::Done(Outcome::Sent, said));
        }
        let worth = record.letter.worth_seconds();
        if worth < GIVE_UP_SECONDS && now >= record.made.plus_seconds(worth) {
            return Ok(Fate::Done(Outcome::Lapsed, String::new()));
        }
        let (to, staff, patient) = if record.letter.is_to_patient() {
            match self.for_patient(practice, record).await? {
                Ok((to, patient)) => (to, None, Some(patient)),
                Err(outcome) => return Ok(Fate::Done(outcome, String::new())),
            }
        } else {
            match self.address_of(practice, &record.to).await? {
                Some((to, staff)) => (to, staff, None),
                None => return Ok(Fate::Done(Outcome::NoAddress, String::new())),
            }
        };
        let known = self.0.directory.practice(practice);
        if known.is_none() && practice != INSTALLATION {
            // Its owner's account comes a moment before a practice.
            let next = now.plus_seconds(FOUNDED_SECONDS);
            let founded = now < record.made.plus_seconds(10 * FOUNDED_SECONDS);
            return Ok(if founded {
                Fate::Stays(MailRecord { next, ..record.clone() })
            } else {
                Fate::Done(Outcome::Lapsed, String::new())
            });
        }
        let team = self.0.directory.practice(PracticeId::PLATFORM);
        let composer = Composer {
            practice: known.as_deref(),
            team: team.as_deref(),
            base: &self.0.base,
            public_key: &self.0.audit.public_key(),
            documents: &self.0.documents,
            patient: patient.as_ref(),
        };
        let envelope = composer.compose(id, (to, staff), &record.letter);
        let sent = self.0.post.send(envelope).await;
        match sent {
            Ok(said) => {
                self.0.note_up();
                Ok(Fate::Done(Outcome::Sent, said))
            }
            Err(error) => Ok(self.failed(record, &error)),
        }
    }

    /// What becomes of a mail that was not taken.
    fn failed(&self, record: &MailRecord, error: &PostError) -> Fate {
        let now = self.0.clock.now();
        *self.0.failures.lock().entry(error.name()).or_default() += 1;
        // What the other side says may name an address: it is kept with the mail, not in the log.
        tracing::warn!(why = error.name(), kind = record.letter.name(), "a mail was not sent");
        let (why, next) = match error {
            PostError::Down(why) if now < record.made.plus_seconds(GIVE_UP_SECONDS) => return Fate::Down(why.clone()),
            PostError::Down(why) | PostError::Refused(why) => (why, None),
            PostError::Later(why) => (why, retry_after(record.tries.saturating_add(1))),
        };
        if !matches!(error, PostError::Down(_)) {
            self.0.note_up();
        }
        let kept_dead = !carries_secret(&record.letter) && !record.letter.is_to_patient();
        if next.is_none() && !kept_dead {
            return Fate::Done(Outcome::Refused, why.clone());
        }
        Fate::Stays(MailRecord {
            tries: record.tries.saturating_add(1),
            next: next.map_or(record.next, |seconds| now.plus_seconds(seconds)),
            failed: Some(Failure {
                at: now,
                why: kept::cut(why),
            }),
            dead: next.is_none(),
            ..record.clone()
        })
    }

    /// Where a mail goes, and whose name it bears.
    async fn address_of(
        &self,
        practice: PracticeId,
        to: &Addressee,
    ) -> Result<Option<(String, Option<StaffId>)>, MailError> {
        match to {
            Addressee::Address(address) => Ok(Some((address.clone(), None))),
            Addressee::Patient { agenda, booking } => {
                let (key, booking) = (
                    AgendaKey {
                        practice,
                        agenda: *agenda,
                    },
                    *booking,
                );
                let look = self.0.agendas.read_named(key, move |read| {
                    let details = read.agenda.bookings.get(&booking)?.details;
                    read.people.get(details)?.email.clone()
                });
                Ok(look.await?.map(|address| (address, None)))
            }
            Addressee::Member(staff) => {
                let holder = Holder {
                    practice,
                    staff: *staff,
                };
                let address = self.0.accounts.address(holder).await?;
                Ok(address.map(|address| (address, Some(*staff))))
            }
        }
    }

    async fn drop_oldest_dead(&self, practice: PracticeId) -> Result<(), MailError> {
        let mails = kept::read(self.0.records.as_ref(), practice).await?;
        let dead: Vec<MailId> = mails.iter().filter(|(_, one)| one.dead).map(|(id, _)| *id).collect();
        let over = dead.len().saturating_sub(DEAD_MAX);
        let writes: Writes = dead.iter().take(over).map(|id| kept::remove(practice, id)).collect();
        self.0.records.commit(Vec::new(), writes).await?;
        Ok(())
    }

    /// Mails that were given up and, unless those alone are asked for, that wait, practice by practice; at most `most`.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn listed(&self, most: usize, dead_alone: bool) -> Result<Vec<Listed>, MailError> {
        let mut all = Vec::new();
        for practice in self.practices() {
            for (id, record) in kept::read(self.0.records.as_ref(), practice).await? {
                if all.len() >= most {
                    return Ok(all);
                }
                if dead_alone && !record.dead {
                    continue;
                }
                all.push(Listed {
                    id: id.text(practice),
                    made: record.made,
                    dead: record.dead,
                    letter: record.letter.name(),
                    tries: record.tries,
                    why: record.failed.map_or_else(String::new, |failed| failed.why),
                });
            }
        }
        Ok(all)
    }

    /// Has dead letters be tried again: the one named, or all. Answers how many.
    ///
    /// # Errors
    /// When storage could not be read or written.
    pub async fn send_again(&self, which: Option<&str>) -> Result<usize, MailError> {
        let _turn = self.0.turn.lock().await;
        let now = self.0.clock.now();
        let mut revived = 0;
        for practice in self.practices() {
            let mut writes = Writes::new();
            for (id, record) in kept::read(self.0.records.as_ref(), practice).await? {
                if record.dead && which.is_none_or(|which| which == id.text(practice)) {
                    // It is as old as it is, but gets a life of its own again.
                    let record = MailRecord::new(record.to, record.letter, now);
                    writes.push(kept::write(practice, &id, &record)?);
                }
            }
            if !writes.is_empty() {
                revived += writes.len();
                self.0.records.commit(Vec::new(), writes).await?;
                self.0.outbox.look_once(practice);
            }
        }
        Ok(revived)
    }

    /// Receipts of a practice, newest first.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn receipts(&self, practice: PracticeId, most: usize) -> Result<Vec<Receipt>, MailError> {
        let receipts = kept::read_receipts(self.0.records.as_ref(), practice, most).await?;
        Ok(receipts.into_iter().map(|(_, receipt)| receipt).collect())
    }
}

/// Whether a letter holds what opens something: not kept once it cannot be sent.
const fn carries_secret(letter: &Letter) -> bool {
    matches!(
        letter,
        Letter::ResetAsked { .. } | Letter::Invited { .. } | Letter::PatientCode { .. } | Letter::EmailCode { .. }
    )
}

impl super::Inner {
    fn note_down(&self, now: UtcMillis, why: &str) {
        let mut down = self.down.lock();
        let place = down.times.min(DOWN_SECONDS.len() - 1);
        down.times += 1;
        down.until = now.plus_seconds(DOWN_SECONDS.get(place).copied().unwrap_or(0));
        why.clone_into(&mut down.why);
    }

    fn note_up(&self) {
        *self.down.lock() = super::Down::default();
    }

    fn count(&self, kind: &'static str, outcome: Outcome) {
        *self.done.lock().entry((kind, outcome)).or_default() += 1;
    }
}
