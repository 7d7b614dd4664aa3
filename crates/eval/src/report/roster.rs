//! Who lives in which arm.

use habitue_core::scenario::Design;
use habitue_core::{ArmId, UserId};
use habitue_store::{RunReader, UserRow};

use super::error::ReportError;

/// The lives of a run: a user in an arm is a life.
pub(crate) struct Roster {
    /// The arm of every user; `None` if each lives in every arm.
    arms: Option<Vec<ArmId>>,
    users: usize,
    arm_count: usize,
}

impl Roster {
    pub(crate) fn read(run: &RunReader) -> Result<Self, ReportError> {
        Self::read_each(run, |_| ())
    }

    /// Reads it and tells of every user.
    pub(crate) fn read_each(run: &RunReader, mut tell: impl FnMut(&UserRow)) -> Result<Self, ReportError> {
        let arm_count = run.scenario().arms.len();
        let mut arms = Vec::new();
        for user in run.users() {
            let user = user?;
            let arm = user.arm.unwrap_or(ArmId(0));
            if arm.index() >= arm_count || user.user.index() != arms.len() {
                return Err(ReportError::Stranger { arm, user: user.user });
            }
            arms.push(arm);
            tell(&user);
        }
        let users = arms.len();
        let split = run.scenario().design == Design::Split;
        Ok(Self { arms: split.then_some(arms), users, arm_count })
    }

    pub(crate) fn is_paired(&self) -> bool {
        self.arms.is_none()
    }

    /// Number of lives.
    pub(crate) fn lives(&self) -> usize {
        if self.is_paired() { self.users * self.arm_count } else { self.users }
    }

    /// The life of a row.
    pub(crate) fn life(&self, arm: ArmId, user: UserId) -> Result<usize, ReportError> {
        let known = arm.index() < self.arm_count && user.index() < self.users;
        if !known || self.arms.as_ref().is_some_and(|arms| arms[user.index()] != arm) {
            return Err(ReportError::Stranger { arm, user });
        }
        Ok(if self.is_paired() { arm.index() * self.users + user.index() } else { user.index() })
    }

    /// The arm and the user of a life.
    pub(crate) fn of(&self, life: usize) -> (ArmId, UserId) {
        match &self.arms {
            Some(arms) => (arms[life], UserId(life as u32)),
            None => (ArmId((life / self.users) as u16), UserId((life % self.users) as u32)),
        }
    }
}
