//! The platform's own team: made and removed by whoever has the machine, through the command line. Its members are those of a
//! practice without owners ([`PracticeId::PLATFORM`]), so that their accounts, sessions and log of accesses are what everybody's are;
//! they come by the operators' listener alone.
//!
//! Must not be here: what a role may see (`cabinet_domain::rights`), HTTP.

use crate::access::{Access, AccessError, Entropy};
use crate::accounts::{AccountError, Accounts, Holder};
use crate::directory::{Directory, DirectoryError};
use cabinet_domain::audit::{Actor, LeafOrigin};
use cabinet_domain::command::Principal;
use cabinet_domain::ids::{CommandId, PracticeId, StaffId};
use cabinet_domain::practice::{Member, Practice, PracticeEvent};
use cabinet_domain::rights::{Level, Rights, Role};

/// Members of the team; beyond, one has to be removed first.
pub const OPERATORS_MAX: usize = 50;

/// Why the team was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Names tell people apart on the command line.
    #[error("there is a {0:?} in the team already")]
    NameTaken(String),
    /// Nobody has this name.
    #[error("there is no {0:?} in the team")]
    Unknown(String),
    /// The role is a practice's.
    #[error("{} is no role of the platform: ops, dpo or support", .0.name())]
    NotAPlatformRole(Role),
    /// The team is full.
    #[error("the team has {OPERATORS_MAX} members, which is the most")]
    TooMany,
    /// The change was not written.
    #[error("failed to change the team")]
    Directory(#[from] DirectoryError),
    /// A link was not made.
    #[error("failed to make a link")]
    Access(#[from] AccessError),
    /// An account could not be read or deleted.
    #[error("failed to read or delete an account")]
    Account(#[from] AccountError),
}

/// A member of the team, as the team is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Their id.
    pub id: StaffId,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Whether they have made their account; and then whether it is closed because nobody used it.
    pub account: Option<bool>,
}

/// The team's handle. Cheap to clone.
#[derive(Clone)]
pub struct Operators {
    directory: Directory,
    access: Access,
    accounts: Accounts,
    entropy: Entropy,
}

impl Operators {
    /// Over the directory that holds the team.
    #[must_use]
    pub fn new(directory: Directory, access: Access, accounts: Accounts, entropy: Entropy) -> Self {
        Self {
            directory,
            access,
            accounts,
            entropy,
        }
    }

    fn draw(&self) -> u128 {
        let bytes = (self.entropy)();
        u128::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default())
    }

    /// Adds somebody; answers the secret of the link by which they make their account.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn add(&self, name: &str, role: Role) -> Result<String, OperatorError> {
        if !role.is_platform() {
            return Err(OperatorError::NotAPlatformRole(role));
        }
        let name = name.trim();
        let id = StaffId(self.draw());
        let decided = |team: &Practice, now| {
            if team.members.values().any(|known| known.name == name) {
                return Err(OperatorError::NameTaken(name.to_owned()));
            }
            if team.members.len() >= OPERATORS_MAX {
                return Err(OperatorError::TooMany);
            }
            Ok(vec![PracticeEvent::MemberSet(Member {
                id,
                name: name.to_owned(),
                role,
                rights: Rights::everywhere(Level::None),
                agenda: None,
                valid_from: now,
                valid_until: None,
            })])
        };
        self.decide(decided).await?;
        self.issue(id).await
    }

    /// Makes another link for somebody: for an account that was not made yet, or another password.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn link(&self, name: &str) -> Result<String, OperatorError> {
        self.issue(self.named(name)?).await
    }

    /// Removes somebody with their account. Answers the ids of the sessions that ended.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub async fn remove(&self, name: &str) -> Result<Vec<crate::access::SessionId>, OperatorError> {
        let staff = self.named(name)?;
        self.decide(|_, _| Ok(vec![PracticeEvent::MemberRemoved(staff)]))
            .await?;
        let holder = Holder {
            practice: PracticeId::PLATFORM,
            staff,
        };
        Ok(self.accounts.delete(holder).await?)
    }

    /// The first by name; needs no account to be read, which right after a start may not be possible yet.
    #[must_use]
    pub fn first(&self) -> Option<String> {
        let team = self.directory.practice(PracticeId::PLATFORM)?;
        team.members.values().map(|one| one.name.clone()).min()
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// When accounts could not be read.
    pub async fn list(&self) -> Result<Vec<Operator>, OperatorError> {
        let Some(team) = self.directory.practice(PracticeId::PLATFORM) else {
            return Ok(Vec::new());
        };
        let accounts = self.accounts.states_in(PracticeId::PLATFORM).await?;
        let one = |member: &Member| Operator {
            id: member.id,
            name: member.name.clone(),
            role: member.role,
            account: accounts.get(&member.id).map(|account| account.disabled),
        };
        let mut all: Vec<Operator> = team.members.values().map(one).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn named(&self, name: &str) -> Result<StaffId, OperatorError> {
        let team = self.directory.practice(PracticeId::PLATFORM);
        let found = team.and_then(|team| team.members.values().find(|known| known.name == name).map(|one| one.id));
        found.ok_or_else(|| OperatorError::Unknown(name.to_owned()))
    }

    async fn decide(
        &self,
        decide: impl FnOnce(&Practice, cabinet_domain::time::UtcMillis) -> Result<Vec<PracticeEvent>, OperatorError>,
    ) -> Result<(), OperatorError> {
        let command = CommandId(self.draw());
        let decided = self
            .directory
            .decide(PracticeId::PLATFORM, Principal::System, command, decide);
        decided.await.map(|_| ())
    }

    async fn issue(&self, staff: StaffId) -> Result<String, OperatorError> {
        let by = (Actor::Server, LeafOrigin::default());
        Ok(self.access.issue_link(PracticeId::PLATFORM, staff, by).await?)
    }
}
