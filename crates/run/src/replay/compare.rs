//! Replayed rows against logged ones.

use std::collections::BTreeMap;
use std::fmt::Debug;

use habitue_core::{ArmId, SessionRecord, Turn, UserId, WindowRows};
use serde::Serialize;

use super::script::Script;

/// Differences kept for the report.
const KEPT: usize = 20;

/// Where a replay and its log do not agree.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Differences {
    /// Number of fields that differ.
    pub count: u64,
    /// The same by field.
    pub by_field: BTreeMap<&'static str, u64>,
    /// The first ones by (arm, user, session, turn, field).
    pub first: Vec<Difference>,
}

/// A field that the replay computed differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The arm.
    pub arm: ArmId,
    /// The user.
    pub user: UserId,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Turn of the session, counted from 0; `None` for the session as a whole.
    pub turn: Option<u32>,
    /// The field; `turn` or `session` where the whole row is missing on one side.
    pub field: &'static str,
    /// What the log says.
    pub logged: String,
    /// What the replay gives.
    pub replayed: String,
}

impl Differences {
    fn add(&mut self, difference: Difference) {
        self.count += 1;
        *self.by_field.entry(difference.field).or_default() += 1;
        // The turns of a session stand before the session as a whole.
        let key = |of: &Difference| (of.arm, of.user, of.session, of.turn.unwrap_or(u32::MAX), of.field);
        let at = self.first.partition_point(|known| key(known) <= key(&difference));
        if at < KEPT {
            self.first.insert(at, difference);
            self.first.truncate(KEPT);
        }
    }
}

/// One row of a replay, whose fields are compared one by one.
struct Row<'a> {
    found: &'a mut Differences,
    arm: ArmId,
    user: UserId,
    session: u32,
    turn: Option<u32>,
}

impl Row<'_> {
    /// Compares a field; numbers exactly.
    fn field<T: PartialEq + Debug>(&mut self, field: &'static str, logged: &T, replayed: &T) {
        if logged != replayed {
            self.differ(field, format!("{logged:?}"), format!("{replayed:?}"));
        }
    }

    /// The whole row is missing on one side.
    fn missing(&mut self, field: &'static str, in_log: bool) {
        let [there, missing] = ["there", "missing"].map(str::to_owned);
        if in_log { self.differ(field, missing, there) } else { self.differ(field, there, missing) }
    }

    fn differ(&mut self, field: &'static str, logged: String, replayed: String) {
        let (arm, user, session, turn) = (self.arm, self.user, self.session, self.turn);
        self.found.add(Difference { arm, user, session, turn, field, logged, replayed });
    }
}

/// Compares the rows of a replayed world, in whatever order they come, with the log.
pub(super) struct Comparison<'a> {
    script: &'a Script,
    /// The arm, where the world is that of one arm.
    arm: Option<ArmId>,
    found: &'a mut Differences,
    seen_turns: Vec<bool>,
    seen_sessions: Vec<bool>,
    turns: u64,
    sessions: u64,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(script: &'a Script, arm: Option<ArmId>, found: &'a mut Differences) -> Self {
        let (seen_turns, seen_sessions) = (vec![false; script.turns()], vec![false; script.sessions()]);
        Self { script, arm, found, seen_turns, seen_sessions, turns: 0, sessions: 0 }
    }

    /// Turns and sessions compared so far.
    pub(super) const fn progress(&self) -> (u64, u64) {
        (self.turns, self.sessions)
    }

    pub(super) fn window(&mut self, rows: &WindowRows) {
        rows.turns.iter().for_each(|turn| self.turn(turn));
        rows.sessions.iter().for_each(|session| self.session(session));
        self.turns += rows.turns.len() as u64;
        self.sessions += rows.sessions.len() as u64;
    }

    /// Reports what the log has and the replay did not give.
    pub(super) fn finish(mut self) {
        let unseen = |seen: &[bool]| (0..seen.len()).filter(|at| !seen[*at]).collect::<Vec<_>>();
        for row in unseen(&self.seen_turns) {
            let (user, session, turn) = self.script.place(row);
            self.row(self.script.turn(row).arm, user, session, Some(turn)).missing("turn", false);
        }
        for at in unseen(&self.seen_sessions) {
            let logged = self.script.session(at);
            self.row(logged.arm, logged.user, logged.session, None).missing("session", false);
        }
    }

    fn row(&mut self, arm: ArmId, user: UserId, session: u32, turn: Option<u32>) -> Row<'_> {
        Row { found: self.found, arm, user, session, turn }
    }

    fn turn(&mut self, replayed: &Turn) {
        let arm = self.arm.unwrap_or(replayed.arm);
        let found = self.script.find((replayed.user, replayed.session, replayed.turn));
        let script = self.script;
        if let Some(row) = found {
            self.seen_turns[row] = true;
        }
        let mut row = self.row(arm, replayed.user, replayed.session, Some(replayed.turn));
        let Some(logged) = found.map(|row| script.turn(row)) else {
            return row.missing("turn", true);
        };
        let items = replayed.impressions.iter().map(|shown| shown.item.0).collect();
        let propensities = replayed.impressions.iter().map(|shown| shown.propensity).collect();
        row.field("arm", &logged.arm.0, &arm.0);
        row.field("time_ms", &logged.time.0, &replayed.time.0);
        row.field("elapsed_ms", &logged.elapsed.0, &replayed.elapsed.0);
        row.field("request", &logged.request, &replayed.request.as_ref());
        row.field("items", &logged.items, &items);
        row.field("propensities", &logged.propensities, &propensities);
        row.field("log_propensity", &logged.log_propensity, &replayed.log_propensity);
        row.field("reply", &logged.reply, &replayed.reply.as_deref());
        row.field("reward", &logged.reward, &replayed.reward);
    }

    fn session(&mut self, replayed: &SessionRecord) {
        let arm = self.arm.unwrap_or(replayed.arm);
        let found = self.script.find_session(replayed.user, replayed.session);
        let script = self.script;
        if let Some(at) = found {
            self.seen_sessions[at] = true;
        }
        let mut row = self.row(arm, replayed.user, replayed.session, None);
        let Some(logged) = found.map(|at| script.session(at)) else {
            return row.missing("session", true);
        };
        row.field("arm", &logged.arm.0, &arm.0);
        row.field("start_ms", &logged.start.0, &replayed.start.0);
        row.field("end_ms", &logged.end.0, &replayed.end.0);
        row.field("turns", &logged.turns, &replayed.turns);
        row.field("turn_reward", &logged.turn_reward, &replayed.turn_reward);
        row.field("return_reward", &logged.return_reward, &replayed.return_reward);
        row.field("reason", &logged.reason, &replayed.reason);
        row.field("gap_ms", &logged.gap.map(|gap| gap.0), &replayed.gap.map(|gap| gap.0));
        row.field("churned", &logged.churned, &replayed.churned);
        row.field("censored", &logged.censored, &replayed.censored);
    }
}
