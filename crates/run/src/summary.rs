//! What came of a run, by arm: counted while it runs, or again from its log.

mod life;

use habitue_core::scenario::{Arm, Design, Scenario};
use habitue_core::{ActionScale, ArmId, SessionRecord, SimTime, Turn, WindowRows};
use habitue_store::RunReader;
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use life::Life;
pub use life::{RETENTION_DAYS, Retention};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// By arm, in the scenario's order.
    pub arms: Vec<ArmSummary>,
}

impl Summary {
    /// Where the manifest keeps it.
    pub(crate) const DETAIL: &str = "summary";
}

/// What came of an arm. Shares and means that have nothing to be taken over are `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmSummary {
    /// The arm.
    pub arm: String,
    /// Its policy's kind at the start.
    pub policy: String,
    /// Users assigned to it, those who never came included.
    pub users: u64,
    /// Sessions that ended, those cut by the horizon included.
    pub sessions: u64,
    /// Sessions per user.
    pub sessions_per_user: Option<f64>,
    /// Turns.
    pub turns: u64,
    /// Turns per session.
    pub turns_per_session: Option<f64>,
    /// Items shown.
    pub impressions: u64,
    /// Share of the items shown that were engaged with (action at or above the scenario's `engaged`).
    pub engagement: Option<f64>,
    /// Reward of turns and returns per user.
    pub reward_per_user: Option<f64>,
    /// Day-1 retention.
    pub retention_day_1: Option<f64>,
    /// Day-7 retention.
    pub retention_day_7: Option<f64>,
    /// Share of users who decided never to come back.
    pub churned: Option<f64>,
    /// Times the policy's parameters have changed; unknown when counted from the log of a run that is not finished.
    pub policy_updates: Option<u64>,
}

/// The summary of a run: as its manifest keeps it, or, if the run is not finished, counted from its log.
///
/// # Errors
/// If the run is damaged.
pub fn summary_of(run: &RunReader) -> Result<Summary, RunError> {
    let kept = run.manifest().and_then(|manifest| manifest.details.get(Summary::DETAIL));
    match kept.map(Summary::deserialize) {
        Some(Ok(summary)) => Ok(summary),
        Some(Err(_)) | None => Ok(Tally::read(run)?.summary(|_| None)),
    }
}

/// Counters behind a [`Summary`], fed with the rows of a run in the order of the log.
///
/// Sums are taken in that order, so counting while the run goes, across a resumption, or afterwards from the tables
/// gives the same numbers to the last bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    scale: ActionScale,
    horizon: SimTime,
    /// Name and kind of policy by arm.
    arms: Vec<(String, String)>,
    /// Number of users in the run if each lives in every arm.
    paired: Option<usize>,
    /// The arm of every life.
    arm_of: Vec<ArmId>,
    counts: Counts,
}

/// What a tally has counted: the part of it that goes into checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    arms: Vec<ArmCounts>,
    /// By user; in a paired design by (arm, user).
    lives: Vec<Life>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct ArmCounts {
    sessions: u64,
    turns: u64,
    impressions: u64,
    engagements: u64,
    turn_reward: f64,
    return_reward: f64,
    churned: u64,
}

impl Tally {
    /// Nothing counted yet. `arms` gives every user's arm in order of id, `None` where users live in every arm.
    pub fn new(scenario: &Scenario, arms: impl IntoIterator<Item = Option<ArmId>>) -> Self {
        let mut arm_of: Vec<ArmId> = arms.into_iter().map(|arm| arm.unwrap_or(ArmId(0))).collect();
        let paired = (scenario.design == Design::Paired).then_some(arm_of.len());
        if let Some(users) = paired {
            let arms = 0..scenario.arms.len() as u16;
            arm_of = arms.flat_map(|arm| std::iter::repeat_n(ArmId(arm), users)).collect();
        }
        let name = |arm: &Arm| (arm.name.clone(), arm.policy.config.kind().to_owned());
        Self {
            scale: scenario.slate.scale.clone(),
            horizon: SimTime::ZERO + scenario.horizon,
            arms: scenario.arms.iter().map(name).collect(),
            paired,
            counts: Counts {
                arms: vec![ArmCounts::default(); scenario.arms.len()],
                lives: vec![Life::default(); arm_of.len()],
            },
            arm_of,
        }
    }

    /// Counts the log of a run, as far as it has come.
    ///
    /// # Errors
    /// If a table is damaged or a row refers to an arm or user that is not in the run.
    pub fn read(run: &RunReader) -> Result<Self, RunError> {
        let arms = run.users().map(|user| Ok(user?.arm)).collect::<Result<Vec<_>, RunError>>()?;
        let mut tally = Self::new(run.scenario(), arms);
        for turn in run.turns() {
            tally.turn(&turn?)?;
        }
        for session in run.sessions() {
            tally.session(&session?)?;
        }
        Ok(tally)
    }

    /// Counts a window.
    ///
    /// # Errors
    /// If a row refers to an arm or user that is not in the run.
    pub fn window(&mut self, rows: &WindowRows) -> Result<(), RunError> {
        rows.turns.iter().try_for_each(|turn| self.turn(turn))?;
        rows.sessions.iter().try_for_each(|session| self.session(session))
    }

    fn turn(&mut self, turn: &Turn) -> Result<(), RunError> {
        let stranger = RunError::Stranger { arm: turn.arm, user: turn.user };
        let arm = self.counts.arms.get_mut(turn.arm.index()).ok_or(stranger)?;
        arm.turns += 1;
        arm.impressions += turn.impressions.len() as u64;
        let engaged = turn.impressions.iter().filter(|shown| self.scale.is_engaged(shown.action)).count();
        arm.engagements += engaged as u64;
        arm.turn_reward += f64::from(turn.reward);
        Ok(())
    }

    fn session(&mut self, session: &SessionRecord) -> Result<(), RunError> {
        let (arm, user) = (session.arm, session.user);
        let life = self.paired.map_or(0, |users| arm.index() * users) + user.index();
        let counts = &mut self.counts;
        let (Some(arm), Some(life)) = (counts.arms.get_mut(arm.index()), counts.lives.get_mut(life)) else {
            return Err(RunError::Stranger { arm, user });
        };
        arm.sessions += 1;
        arm.return_reward += f64::from(session.return_reward);
        arm.churned += u64::from(session.churned);
        life.visit(session.start);
        Ok(())
    }

    /// Turns and sessions counted so far.
    pub fn progress(&self) -> (u64, u64) {
        self.counts.arms.iter().fold((0, 0), |sum, arm| (sum.0 + arm.turns, sum.1 + arm.sessions))
    }

    /// Retention of an arm, in the order of [`RETENTION_DAYS`].
    pub fn retention(&self, arm: ArmId) -> [Retention; RETENTION_DAYS.len()] {
        let mut days = [Retention::default(); RETENTION_DAYS.len()];
        let lives = self.counts.lives.iter().zip(&self.arm_of).filter(|(_, of)| **of == arm);
        for (life, _) in lives {
            days.iter_mut().enumerate().for_each(|(at, day)| day.count(life, at, self.horizon));
        }
        days
    }

    /// The summary. `updates` gives the number of times the policy of an arm has changed its parameters, if known.
    pub fn summary(&self, updates: impl Fn(ArmId) -> Option<u64>) -> Summary {
        let arms = self.arms.iter().zip(&self.counts.arms).zip(0..);
        Summary {
            arms: arms
                .map(|(((name, policy), counts), arm)| {
                    let arm = ArmId(arm);
                    let users = self.arm_of.iter().filter(|of| **of == arm).count() as u64;
                    let [day_1, day_7] = self.retention(arm).map(Retention::share);
                    ArmSummary {
                        arm: name.clone(),
                        policy: policy.clone(),
                        users,
                        sessions: counts.sessions,
                        sessions_per_user: mean(counts.sessions as f64, users),
                        turns: counts.turns,
                        turns_per_session: mean(counts.turns as f64, counts.sessions),
                        impressions: counts.impressions,
                        engagement: mean(counts.engagements as f64, counts.impressions),
                        reward_per_user: mean(counts.turn_reward + counts.return_reward, users),
                        retention_day_1: day_1,
                        retention_day_7: day_7,
                        churned: mean(counts.churned as f64, users),
                        policy_updates: updates(arm),
                    }
                })
                .collect(),
        }
    }

    /// What has been counted.
    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Goes on from what had been counted; false if the counts are those of another run.
    #[must_use]
    pub(crate) fn restore(&mut self, counts: Counts) -> bool {
        let fits =
            counts.arms.len() == self.counts.arms.len() && counts.lives.len() == self.counts.lives.len();
        if fits {
            self.counts = counts;
        }
        fits
    }
}

fn mean(sum: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}
