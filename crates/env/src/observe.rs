//! What is written of an environment into the rows of its columns.

use std::f64::consts::TAU;

use habitue_core::{Catalogue, DAY, HistoryEntry, SessionRecord, Turn};
use habitue_sim::Lives;

use crate::columns::{CONTEXT, Observations, Outcomes};
use crate::lane::{Ended, Lane, Moment};
use crate::options::days;

/// Writes the observation of an environment, whose rows these are.
#[allow(clippy::needless_pass_by_value, reason = "rows are lent for one observation")]
pub(crate) fn observation(lives: &Lives, lane: &Lane, row: Observations<'_>) {
    let Some(life) = &lane.life else { return };
    row.user[0] = i64::from(life.user().0);
    context(lane.moment, row.context);
    let history = life.history();
    profile(lives, history.iter(), row.profile);
    let wanted = row.history_items.len();
    let known = history.len().min(wanted);
    let first = wanted - known;
    row.history_items[..first].fill(-1);
    row.history_actions[..first].fill(-1);
    row.history_ratings[..first].fill(0);
    for (at, entry) in (first..).zip(history.iter().skip(history.len() - known)) {
        row.history_items[at] = entry.item.0 as i32;
        row.history_actions[at] = entry.action.0 as i8;
        row.history_ratings[at] = entry.rating as i8;
    }
}

fn context(moment: Moment, row: &mut [f32]) {
    let day = moment.time.0 as f64 / DAY as f64;
    let angle = TAU * day.rem_euclid(1.0);
    let values: [f64; CONTEXT.len()] = [
        f64::from(moment.session),
        f64::from(moment.turn),
        day,
        angle.sin(),
        angle.cos(),
        moment.away.map_or(0.0, days),
    ];
    for (to, value) in row.iter_mut().zip(values) {
        *to = value as f32;
    }
}

/// The mean level of reactions by category.
fn profile<'a>(lives: &Lives, history: impl Iterator<Item = &'a HistoryEntry>, row: &mut [f32]) {
    let scale = &lives.rules().scale;
    let catalogue: &Catalogue = lives.catalogue();
    let most = scale.actions().map(|action| scale.level(action).abs()).max().unwrap_or(1).max(1) as f32;
    row.fill(0.0);
    let mut count = 0.0;
    for entry in history {
        let level = scale.level(entry.action) as f32;
        for category in &catalogue.item(entry.item).categories {
            row[category.index()] += level;
        }
        count += 1.0;
    }
    if count > 0.0 {
        for value in row {
            *value /= most * count;
        }
    }
}

/// Writes the turn of a step; columns of length 0 are left alone.
pub(crate) fn turn(turn: &Turn, session: Option<&SessionRecord>, row: &mut Outcomes<'_>) {
    let impressions = &turn.impressions;
    for (to, shown) in row.slate.iter_mut().zip(impressions) {
        *to = i64::from(shown.item.0);
    }
    for (to, shown) in row.actions.iter_mut().zip(impressions) {
        *to = shown.action.0 as i8;
    }
    for (to, shown) in row.dwell.iter_mut().zip(impressions) {
        *to = shown.dwell_seconds;
    }
    for (to, shown) in row.ratings.iter_mut().zip(impressions) {
        *to = shown.rating as i8;
    }
    for (to, shown) in row.examined.iter_mut().zip(impressions) {
        *to = shown.examined;
    }
    if let Some(to) = row.moves.first_mut() {
        *to = turn.next.code() as i8;
    }
    if let Some(to) = row.session_end.first_mut() {
        *to = session.map_or(-1, |session| session.reason as i8);
    }
    if let Some(to) = row.gap_days.first_mut() {
        *to = session.and_then(|session| session.gap).map_or(f64::NAN, days);
    }
    if let Some(distributions) = &turn.distributions {
        copy(&distributions.actions, row.action_propensities);
        copy(&distributions.moves, row.move_propensities);
    }
}

/// Writes that nothing was shown.
pub(crate) fn no_turn(row: &mut Outcomes<'_>) {
    row.slate.fill(-1);
    row.actions.fill(-1);
    row.dwell.fill(0.0);
    row.ratings.fill(0);
    row.examined.fill(false);
    row.moves.fill(-1);
    row.session_end.fill(-1);
    row.gap_days.fill(f64::NAN);
    row.action_propensities.fill(0.0);
    row.move_propensities.fill(0.0);
}

/// Writes what came of a step.
pub(crate) fn ended(ended: Ended, row: &mut Outcomes<'_>) {
    row.reward[0] = ended.reward;
    row.terminated[0] = ended.terminated;
    row.truncated[0] = ended.truncated;
}

/// Writes the user's hidden state.
pub(crate) fn state(lane: &Lane, row: &mut Outcomes<'_>) {
    let Some(life) = &lane.life else { return };
    let state = life.state();
    copy(&state.mindset.values(), row.mindset);
    copy(&state.interests, row.interests);
    if let Some(to) = row.need.first_mut() {
        *to = state.mindset.need.map_or(-1, |need| i32::from(need.0));
    }
}

fn copy(from: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
