//! What the target said of each logged turn, whatever thread it said it on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use habitue_core::scenario::PolicySpec;
use habitue_core::{ArmId, Catalogue, ItemId, Request, Reward};
use habitue_eval::ope::Support;
use habitue_eval::ope::from_log::{FeatureMap, LoggedSession, LoggedTurns};
use habitue_sim::SimError;
use habitue_store::RunReader;

use super::{is_cut, shown_items};
use crate::error::RunError;
use crate::replay::script::{Place, Script};

/// What the target said of one turn.
pub(super) struct Entry {
    row: usize,
    /// By position.
    logs: Vec<f64>,
    pub(super) features: Vec<f32>,
    pub(super) target_features: Vec<f32>,
    /// Items that the target drew.
    drawn: u32,
    /// Those of them that were never shown.
    unseen: u32,
}

impl Entry {
    pub(super) fn new(row: usize, logs: Vec<f64>, width: usize) -> Self {
        let (features, target_features) = (vec![0.0; width], vec![0.0; width]);
        Self { row, logs, features, target_features, drawn: 0, unseen: 0 }
    }

    /// Takes down how many items of a drawn slate were never shown.
    pub(super) fn note(&mut self, slate: &[ItemId], was_shown: impl Fn(ItemId) -> bool) {
        self.drawn += slate.len() as u32;
        self.unseen += slate.iter().filter(|item| !was_shown(**item)).count() as u32;
    }
}

/// How much of what the target drew was never shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Drawn {
    turns: usize,
    /// Turns in which something was drawn that was never shown.
    unseen_turns: usize,
    /// Sum over turns of the share of what was drawn that was never shown.
    unseen: f64,
}

impl Drawn {
    pub(super) fn add(&mut self, other: Self) {
        self.turns += other.turns;
        self.unseen_turns += other.unseen_turns;
        self.unseen += other.unseen;
    }

    pub(super) fn never_logged(self) -> Support {
        Support { rounds: self.unseen_turns, mass: self.unseen / self.turns.max(1) as f64 }
    }
}

/// Where entries are written. Everything has its own place, so that the order of writing does not matter.
pub(super) struct Ledger {
    arms: Vec<ArmId>,
    map: FeatureMap,
    /// By item: whether the log of these arms ever shows it.
    shown: Vec<bool>,
    /// By row of the script: the place of the entry, counted through the rows of these arms.
    places: Vec<u32>,
    pages: Mutex<Pages>,
}

const NOWHERE: u32 = u32::MAX;

#[derive(Default)]
struct Pages {
    logs: Vec<Option<Box<[f64]>>>,
    features: Vec<f32>,
    target_features: Vec<f32>,
    /// Share of what was drawn that was never shown.
    unseen: Vec<f32>,
    mute: bool,
    lost: Option<Place>,
}

impl Ledger {
    pub(super) fn new(script: &Script, arms: &[ArmId], map: FeatureMap, catalogue: &Catalogue) -> Self {
        let rows: Vec<usize> = script.in_order().filter(|row| arms.contains(&script.arm(*row))).collect();
        let mut places = vec![NOWHERE; script.turns()];
        for (place, row) in (0..).zip(&rows) {
            places[*row] = place;
        }
        let pages = Pages {
            logs: vec![None; rows.len()],
            features: vec![0.0; rows.len() * map.width()],
            target_features: vec![0.0; rows.len() * map.width()],
            unseen: vec![0.0; rows.len()],
            ..Pages::default()
        };
        let shown = shown_items(script, &rows, catalogue);
        Self { arms: arms.to_vec(), map, shown, places, pages: Mutex::new(pages) }
    }

    /// Whether the arm is evaluated.
    pub(super) fn wants(&self, arm: ArmId) -> bool {
        self.arms.contains(&arm)
    }

    pub(super) const fn map(&self) -> FeatureMap {
        self.map
    }

    pub(super) const fn width(&self) -> usize {
        self.map.width()
    }

    pub(super) fn was_shown(&self, item: ItemId) -> bool {
        self.shown.get(item.index()).copied().unwrap_or(false)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self, entries: Vec<Entry>) {
        let width = self.width();
        let mut pages = self.pages();
        for entry in entries {
            let place = self.places[entry.row] as usize;
            pages.logs[place] = Some(entry.logs.into_boxed_slice());
            pages.features[place * width..][..width].copy_from_slice(&entry.features);
            pages.target_features[place * width..][..width].copy_from_slice(&entry.target_features);
            pages.unseen[place] = entry.unseen as f32 / entry.drawn.max(1) as f32;
        }
    }

    /// The target cannot say how likely a slate is.
    pub(super) fn target_is_mute(&self) {
        self.pages().mute = true;
    }

    /// The engine asked for a turn that is not in the log.
    pub(super) fn lost_at(&self, request: &Request<'_>) {
        self.pages().lost = Some((request.user, request.session, request.turn));
    }

    /// Why the drive stopped.
    pub(super) fn reason(&self, run: &RunReader, policy: &PolicySpec, error: SimError) -> RunError {
        let pages = self.pages();
        let folder = run.folder().to_path_buf();
        match pages.lost {
            _ if pages.mute => RunError::CannotSay { policy: policy.config.kind() },
            Some((user, session, turn)) => RunError::AnotherWay { folder, user, session, turn },
            None => error.into(),
        }
    }

    /// Enters the turns of these arms, session by session.
    pub(super) fn enter(
        &self,
        script: &Script,
        reward: &Reward,
        log: &mut LoggedTurns,
    ) -> Result<Drawn, RunError> {
        let pages = self.pages();
        let mut drawn = Drawn::default();
        for row in script.in_order() {
            let (at, place) = (script.place(row), self.places[row]);
            if place == NOWHERE {
                continue;
            }
            let Some(session) = script.find_session(at.0, at.1).map(|found| script.session(found)) else {
                return Err(RunError::Stranger { arm: script.arm(row), user: at.0 });
            };
            if at.2 == 0 {
                log.sessions.push(LoggedSession {
                    user: at.0.0,
                    number: at.1,
                    first: log.len(),
                    turns: 0,
                    end: session.end,
                    gap: session.gap,
                    cut: is_cut(session.reason),
                });
            }
            if let Some(last) = log.sessions.last_mut() {
                last.turns += 1;
            }
            let logs = pages.logs[place as usize].as_deref();
            enter_turn(script, row, logs, reward, log);
            let width = self.width();
            log.features.extend_from_slice(&pages.features[place as usize * width..][..width]);
            log.target_features.extend_from_slice(&pages.target_features[place as usize * width..][..width]);
            if logs.is_some() {
                let unseen = f64::from(pages.unseen[place as usize]);
                drawn.turns += 1;
                drawn.unseen_turns += usize::from(unseen > 0.0);
                drawn.unseen += unseen;
            }
        }
        Ok(drawn)
    }
}

/// Without logarithms the slate was empty, for whatever policy: it weighs 1.
fn enter_turn(script: &Script, row: usize, logs: Option<&[f64]>, reward: &Reward, log: &mut LoggedTurns) {
    let slate = script.slate(row);
    log.rewards.push(f64::from(script.turn(row).reward));
    log.behaviour.push(if logs.is_some() { slate.log_propensity } else { 0.0 });
    log.target.push(logs.map_or(0.0, |logs| logs.iter().sum()));
    let rewards: Vec<f64> = script.position_rewards(row, reward).collect();
    for position in 0..log.slate_size {
        let constant = if position == 0 { f64::from(reward.turn) } else { 0.0 };
        let shown = slate.items.get(position);
        log.position_rewards.push(constant + rewards.get(position).copied().unwrap_or(0.0));
        log.position_behaviour.push(shown.map_or(0.0, |shown| f64::from(shown.propensity).ln()));
        let target = logs.filter(|_| shown.is_some()).and_then(|logs| logs.get(position));
        log.position_target.push(target.copied().unwrap_or(0.0));
    }
}
