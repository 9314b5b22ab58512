//! Changes of who belongs to a practice and who may look in: each is asked for with a right, decided on the practice as it
//! is, and durable before it is answered.
//!
//! Must not be here: the table of rights and what may be stored (`cabinet_domain`), mails, HTTP, sign-in.

use crate::access::Entropy;
use crate::directory::{Directory, DirectoryError, Sender};
use crate::mail::{Addressee, Outbox, Writes};
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{AgendaId, BreakGlassId, CommandId, InvitationId, PracticeId, StaffId, SupportGrantId};
use cabinet_domain::mail::Letter;
use cabinet_domain::practice::{
    Acceptance, AccessReview, BreakGlass, INVITATION_MINUTES_MAX, Invitation, Member, MembershipRefusal, Practice,
    PracticeEvent, SupportGrant,
};
use cabinet_domain::rights::{Action, Level, Rights, Role, Verdict};
use cabinet_domain::time::UtcMillis;

/// Who asks, of which practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Their practice.
    pub practice: PracticeId,
    /// Who.
    pub staff: StaffId,
    /// Whether they showed their second factor recently enough.
    pub second_factor_is_recent: bool,
}

/// Why membership was not changed.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// No such practice for them, or no such link.
    #[error("not found")]
    NotFound,
    /// They have no right to this.
    #[error("no right to this")]
    Forbidden,
    /// They have to show their second factor again first.
    #[error("the second factor has to be shown again")]
    StepUp,
    /// What they asked breaks a rule.
    #[error("membership refused: {}", .0.code())]
    Refused(MembershipRefusal),
    /// The change was not written.
    #[error("failed to change the practice")]
    Directory(#[source] DirectoryError),
}

impl From<DirectoryError> for MembershipError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Membership(refusal) => Self::Refused(refusal),
            DirectoryError::BadSlug(_)
            | DirectoryError::SlugTaken(_)
            | DirectoryError::TooManyPractitioners
            | DirectoryError::NoticeVersion { .. }
            | DirectoryError::NotAPractice(_)
            | DirectoryError::Append(_)
            | DirectoryError::Load(_) => Self::Directory(error),
        }
    }
}

/// What an invitation will give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Role.
    pub role: Role,
    /// Levels.
    pub rights: Rights,
    /// Agenda of their own.
    pub agenda: Option<AgendaId>,
    /// Start of the membership; none: when it is made.
    pub from: Option<UtcMillis>,
    /// End of the membership; required of replacements.
    pub until: Option<UtcMillis>,
}

/// Members, invitations, support's grants, broken glass. Cheap to clone.
#[derive(Clone)]
pub struct Membership {
    directory: Directory,
    entropy: Entropy,
    outbox: Outbox,
    /// From where.
    origin: LeafOrigin,
}

type Decided = Result<Vec<PracticeEvent>, MembershipError>;

impl Membership {
    /// Over a directory.
    #[must_use]
    pub fn new(directory: Directory, entropy: Entropy, outbox: Outbox) -> Self {
        Self {
            directory,
            entropy,
            outbox,
            origin: LeafOrigin::default(),
        }
    }

    /// The same, for somebody who acts from there.
    #[must_use]
    pub fn acting(&self, origin: LeafOrigin) -> Self {
        Self { origin, ..self.clone() }
    }

    fn sender(&self, staff: StaffId) -> Sender {
        Sender {
            principal: Principal::Staff(staff),
            origin: self.origin.clone(),
        }
    }

    /// Invites somebody: the invitation and the link's secret, 64 hexadecimal digits, which is stored nowhere but in the mail
    /// to `address`, until that is sent.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn invite(
        &self,
        asker: Asker,
        command_id: CommandId,
        offer: Offer,
        address: Option<&str>,
    ) -> Result<(InvitationId, String), MembershipError> {
        let secret = hex::encode((self.entropy)());
        let id = InvitationId(self.draw());
        let link_hash = hash(&secret);
        self.decide_together(asker, command_id, (Action::InviteMember, None), |_, now| {
            let until = now.plus_minutes(INVITATION_MINUTES_MAX);
            let letter = Letter::Invited {
                secret: secret.clone(),
                by: asker.staff,
                role: offer.role,
                until,
            };
            let to = address.map(|address| Addressee::Address(address.to_owned()));
            let event = PracticeEvent::InvitationMade(Invitation {
                id,
                link_hash,
                role: offer.role,
                rights: offer.rights,
                agenda: offer.agenda,
                member_from: offer.from.unwrap_or(now),
                member_until: offer.until,
                invited_by: asker.staff,
                expires_at: until,
            });
            Ok((vec![event], self.outbox.put_all(asker.practice, to, &letter)))
        })
        .await?;
        Ok((id, secret))
    }

    /// Accepts documents for the practice. What the same owner has accepted before is no news.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn accept(
        &self,
        asker: Asker,
        command_id: CommandId,
        evidence: Vec<Acceptance>,
    ) -> Result<(), MembershipError> {
        self.decide(asker, command_id, (Action::AcceptContract, None), |practice, now| {
            let known = |new: &Acceptance| {
                let mut known = practice.acceptances.iter();
                known.any(|one| (one.staff, one.document, one.version) == (new.staff, new.document, new.version))
            };
            let new = evidence.into_iter().filter(|new| !known(new));
            let stamped = new.map(|new| Acceptance {
                accepted_at: now,
                ..new
            });
            Ok(stamped.map(PracticeEvent::DocumentAccepted).collect())
        })
        .await
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn withdraw(
        &self,
        asker: Asker,
        command_id: CommandId,
        invitation: InvitationId,
    ) -> Result<(), MembershipError> {
        let event = PracticeEvent::InvitationWithdrawn(invitation);
        self.decide(asker, command_id, (Action::InviteMember, None), |_, _| Ok(vec![event]))
            .await
    }

    /// Uses a link, once: whoever holds it becomes the member that the owner wrote. Of two who race, one does.
    ///
    /// # Errors
    /// [`MembershipError::NotFound`] for a link that is unknown, used, withdrawn or too old, all alike.
    pub async fn join(
        &self,
        secret: &str,
        command_id: CommandId,
        name: &str,
    ) -> Result<(PracticeId, StaffId), MembershipError> {
        let link_hash = hash(secret);
        let holds = |practice: &Practice| practice.invitations.values().any(|known| known.link_hash == link_hash);
        let practices = self.directory.practices();
        let practice = practices.iter().find(|practice| holds(practice));
        let practice = practice.ok_or(MembershipError::NotFound)?.id;
        let staff = StaffId(self.draw());
        let decided = |known: &Practice, now| {
            let events = known.accept_invitation(link_hash, staff, name, now);
            events.map(Vec::from).map_err(|refusal| match refusal {
                MembershipRefusal::Unknown { .. } | MembershipRefusal::Expired => MembershipError::NotFound,
                MembershipRefusal::Invalid { .. }
                | MembershipRefusal::AlreadyThere { .. }
                | MembershipRefusal::TooMany { .. }
                | MembershipRefusal::LastOwner => MembershipError::Refused(refusal),
            })
        };
        self.directory
            .decide(practice, self.sender(staff), command_id, decided)
            .await?;
        Ok((practice, staff))
    }

    /// Changes a member's role, levels or dates. Who is no member is invited, not set.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn change(&self, asker: Asker, command_id: CommandId, member: Member) -> Result<(), MembershipError> {
        self.decide(asker, command_id, (Action::ChangeMember, None), |practice, _| {
            if practice.members.contains_key(&member.id) {
                Ok(vec![PracticeEvent::MemberSet(member)])
            } else {
                Err(MembershipError::NotFound)
            }
        })
        .await
    }

    /// Removes a member. Their open sockets close.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn remove(&self, asker: Asker, command_id: CommandId, staff: StaffId) -> Result<(), MembershipError> {
        let event = PracticeEvent::MemberRemoved(staff);
        self.decide(asker, command_id, (Action::RemoveMember, None), |_, _| Ok(vec![event]))
            .await
    }

    /// Lets one person of support look in for so many minutes. Nobody but the platform's own support can be let in so.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn grant_support(
        &self,
        asker: Asker,
        command_id: CommandId,
        (agent, level, minutes): (StaffId, Level, i64),
        reason: String,
    ) -> Result<SupportGrantId, MembershipError> {
        let id = SupportGrantId(self.draw());
        let team = self.directory.practice(PracticeId::PLATFORM);
        self.decide(asker, command_id, (Action::GrantSupport, None), |_, now| {
            if team.and_then(|team| team.role_now(agent, now)) != Some(Role::Support) {
                let must = "be one of the platform's support";
                let refusal = MembershipRefusal::Invalid { field: "support", must };
                return Err(MembershipError::Refused(refusal));
            }
            Ok(vec![PracticeEvent::SupportGranted(SupportGrant {
                id,
                agent,
                level,
                reason,
                granted_by: asker.staff,
                granted_at: now,
                expires_at: now.plus_minutes(minutes),
            })])
        })
        .await?;
        Ok(id)
    }

    /// Ends a grant before its time. Needs no second factor: shutting a door never waits.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn end_support(
        &self,
        asker: Asker,
        command_id: CommandId,
        grant: SupportGrantId,
    ) -> Result<(), MembershipError> {
        let event = PracticeEvent::SupportEnded(grant);
        let asker = Asker {
            second_factor_is_recent: true,
            ..asker
        };
        self.decide(asker, command_id, (Action::GrantSupport, None), |_, _| Ok(vec![event]))
            .await
    }

    /// Notes that an owner has reviewed who has access.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn review(&self, asker: Asker, command_id: CommandId) -> Result<(), MembershipError> {
        self.decide(asker, command_id, (Action::ReviewAccess, None), |_, at| {
            let by = asker.staff;
            Ok(vec![PracticeEvent::AccessReviewed(AccessReview { by, at })])
        })
        .await
    }

    /// Releases a member who was locked. Who is not locked is no news.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn release(&self, asker: Asker, command_id: CommandId, staff: StaffId) -> Result<(), MembershipError> {
        self.decide(asker, command_id, (Action::ChangeMember, None), |practice, _| {
            if !practice.members.contains_key(&staff) {
                return Err(MembershipError::NotFound);
            }
            let locked = practice.is_locked(staff);
            Ok(locked
                .then_some(PracticeEvent::MemberReleased(staff))
                .into_iter()
                .collect())
        })
        .await
    }

    /// Opens an agenda one has no right to, for so many minutes, with a reason.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn break_glass(
        &self,
        asker: Asker,
        command_id: CommandId,
        (agenda, minutes): (AgendaId, i64),
        reason: String,
    ) -> Result<BreakGlassId, MembershipError> {
        let id = BreakGlassId(self.draw());
        self.decide(asker, command_id, (Action::BreakGlass, Some(agenda)), |_, now| {
            Ok(vec![PracticeEvent::BreakGlassOpened(BreakGlass {
                id,
                staff: asker.staff,
                agenda,
                reason,
                opened_at: now,
                expires_at: now.plus_minutes(minutes),
            })])
        })
        .await?;
        Ok(id)
    }

    /// Closes a broken glass before its time: whoever broke it, or an owner.
    ///
    /// # Errors
    /// [`MembershipError`].
    pub async fn end_break_glass(
        &self,
        asker: Asker,
        command_id: CommandId,
        glass: BreakGlassId,
    ) -> Result<(), MembershipError> {
        let decide = |practice: &Practice, now| {
            let opened = practice.break_glasses.get(&glass).ok_or(MembershipError::NotFound)?;
            let role = practice.role_now(asker.staff, now).ok_or(MembershipError::NotFound)?;
            if opened.staff != asker.staff && role != Role::Owner {
                return Err(MembershipError::Forbidden);
            }
            Ok(vec![PracticeEvent::BreakGlassEnded(glass)])
        };
        self.directory
            .decide(asker.practice, self.sender(asker.staff), command_id, decide)
            .await?;
        Ok(())
    }

    /// Decides with the right asked for in the same turn, on the same practice.
    async fn decide(
        &self,
        asker: Asker,
        command_id: CommandId,
        right: (Action, Option<AgendaId>),
        decide: impl FnOnce(&Practice, UtcMillis) -> Decided,
    ) -> Result<(), MembershipError> {
        let decided = |practice: &Practice, now| Ok((decide(practice, now)?, Writes::new()));
        self.decide_together(asker, command_id, right, decided).await
    }

    async fn decide_together(
        &self,
        asker: Asker,
        command_id: CommandId,
        (action, agenda): (Action, Option<AgendaId>),
        decide: impl FnOnce(&Practice, UtcMillis) -> Result<(Vec<PracticeEvent>, Writes), MembershipError>,
    ) -> Result<(), MembershipError> {
        if self.directory.practice(asker.practice).is_none() {
            return Err(MembershipError::NotFound);
        }
        let decided = |practice: &Practice, now| {
            let second_factor = (now, asker.second_factor_is_recent);
            match practice.permits(asker.staff, action, agenda, second_factor) {
                Verdict::Allow => decide(practice, now),
                Verdict::StepUp => Err(MembershipError::StepUp),
                Verdict::Forbidden => Err(MembershipError::Forbidden),
                Verdict::NotFound => Err(MembershipError::NotFound),
            }
        };
        self.directory
            .decide_together(asker.practice, self.sender(asker.staff), command_id, decided)
            .await?;
        Ok(())
    }

    fn draw(&self) -> u128 {
        let drawn = (self.entropy)();
        let half = drawn.first_chunk().copied().unwrap_or_default();
        u128::from_be_bytes(half)
    }
}

fn hash(secret: &str) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(digest.as_ref()) {
        *slot = *byte;
    }
    hash
}
