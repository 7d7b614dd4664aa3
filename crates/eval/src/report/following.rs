//! Whether recommenders do what users tell them.

use std::collections::BTreeMap;

use habitue_core::instruction::{Condition, Instruction, Lexicon};
use habitue_core::{ArmId, Catalogue, ItemId, Move, Turn, UserId};
use habitue_store::RunReader;
use serde::Serialize;

use super::error::ReportError;
use crate::jackknife::{Groups, Share};

/// Share of a slate from which a condition counts as satisfied: half for what asks for something among other things, most for
/// what bars or asks for nothing else.
const SOME: f64 = 0.5;
const MOST: f64 = 0.8;

/// How an arm follows instructions that have a condition which can be checked on the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Following {
    /// Share of the instructions of which a condition is understood (by keywords).
    pub understood: Option<Share>,
    /// Share of the items that satisfy the condition on the slate that it was given on.
    pub before: Option<Share>,
    /// Share of the items that satisfy it on the next slate of the session.
    pub after: Option<Share>,
    /// Share of the conditions that some later slate of the session satisfies, of those with a later slate: at least half of
    /// its items do, or 80% for "less", "only" and caps.
    pub satisfied: Option<Share>,
    /// Mean number of turns until then, of those that were satisfied; 1 is the next slate.
    pub turns: Option<Share>,
    /// False alarms: share of the conditions that the slate on which they were given already satisfied.
    pub false_alarms: Option<Share>,
}

/// A condition that waits for a slate.
#[derive(Debug, Clone)]
struct Waiting {
    wish: Instruction,
    session: u32,
    turn: u32,
    given_on: Vec<ItemId>,
    /// Whether a later slate has come.
    looked: bool,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    understood: Groups,
    before: Groups,
    after: Groups,
    satisfied: Groups,
    turns: Groups,
    false_alarms: Groups,
}

/// Counters of a run.
pub(super) struct FollowingTally {
    arms: Vec<Tally>,
    /// By life: conditions that are not satisfied yet.
    waiting: BTreeMap<usize, Vec<Waiting>>,
    /// Read with the first instruction.
    known: Option<(Catalogue, Lexicon)>,
}

impl FollowingTally {
    pub(super) fn new(arms: usize) -> Self {
        Self { arms: vec![Tally::default(); arms], waiting: BTreeMap::new(), known: None }
    }

    pub(super) fn see(&mut self, run: &RunReader, life: usize, turn: &Turn) -> Result<(), ReportError> {
        let instructs = matches!(turn.next, Move::Instruct(_));
        if !instructs && !self.waiting.contains_key(&life) {
            return Ok(());
        }
        if self.known.is_none() {
            let catalogue = run.catalogue()?;
            let lexicon = Lexicon::new(&catalogue);
            self.known = Some((catalogue, lexicon));
        }
        let Some((catalogue, lexicon)) = &self.known else { return Ok(()) };
        let tally = &mut self.arms[turn.arm.index()];
        let slate: Vec<ItemId> = turn.impressions.iter().map(|shown| shown.item).collect();
        let waiting = self.waiting.entry(life).or_default();
        waiting.retain_mut(|wait| tally.look(wait, turn, &slate, catalogue));
        if let Move::Instruct(text) = &turn.next {
            let wishes = lexicon.read(text).wishes;
            tally.understood.add(turn.user, f64::from(u8::from(!wishes.is_empty())), 1);
            for wish in wishes {
                let share = wish.share(&slate, catalogue, &slate);
                tally.before.add(turn.user, share, 1);
                tally.false_alarms.add(turn.user, f64::from(u8::from(is_enough(&wish, share))), 1);
                let (session, turn, given_on) = (turn.session, turn.turn, slate.clone());
                waiting.push(Waiting { wish, session, turn, given_on, looked: false });
            }
        }
        if waiting.is_empty() {
            self.waiting.remove(&life);
        }
        Ok(())
    }

    /// By arm; `of` gives the arm and the user of a life.
    pub(super) fn finish(mut self, of: impl Fn(usize) -> (ArmId, UserId)) -> Vec<Following> {
        for (life, waiting) in std::mem::take(&mut self.waiting) {
            let (arm, user) = of(life);
            let looked = waiting.iter().filter(|wait| wait.looked);
            looked.for_each(|_| self.arms[arm.index()].satisfied.add(user, 0.0, 1));
        }
        let following = |tally: &Tally| Following {
            understood: tally.understood.mean(),
            before: tally.before.mean(),
            after: tally.after.mean(),
            satisfied: tally.satisfied.mean(),
            turns: tally.turns.mean(),
            false_alarms: tally.false_alarms.mean(),
        };
        self.arms.iter().map(following).collect()
    }
}

impl Tally {
    /// Looks whether a slate is what a condition waits for; whether it still waits.
    fn look(&mut self, wait: &mut Waiting, turn: &Turn, slate: &[ItemId], catalogue: &Catalogue) -> bool {
        if wait.session != turn.session {
            if wait.looked {
                self.satisfied.add(turn.user, 0.0, 1);
            }
            return false;
        }
        let share = wait.wish.share(slate, catalogue, &wait.given_on);
        if !wait.looked {
            self.after.add(turn.user, share, 1);
            wait.looked = true;
        }
        let enough = is_enough(&wait.wish, share);
        if enough {
            self.satisfied.add(turn.user, 1.0, 1);
            self.turns.add(turn.user, f64::from(turn.turn - wait.turn), 1);
        }
        !enough
    }
}

fn is_enough(wish: &Instruction, share: f64) -> bool {
    let least = match wish.condition {
        Condition::More(_) | Condition::New => SOME,
        Condition::Less(_) | Condition::Only(_) | Condition::PriceCap(_) | Condition::DurationCap(_) => MOST,
    };
    share >= least
}
