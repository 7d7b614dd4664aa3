//! What a reader must know before believing a report.

use habitue_core::scenario::llm::ChoiceCalibration;
use habitue_core::scenario::{ModelConfig, Scenario};
use habitue_store::RunStatus;

use super::cost::ModelCost;
use super::number::{count, days, percent};
use super::turns::TurnTally;
use super::{ArmReport, RunFacts};
use crate::retention::Measure;

/// Users below which an arm says little.
const FEW: u64 = 30;

/// What warnings are drawn from.
pub(super) struct Facts<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) run: &'a RunFacts,
    pub(super) arms: &'a [ArmReport],
    pub(super) turns: &'a [TurnTally],
    pub(super) models: &'a [ModelCost],
}

/// The warnings, the gravest first.
pub(super) fn of(facts: &Facts<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    unfinished(facts, &mut warnings);
    models(facts, &mut warnings);
    propensities(facts, &mut warnings);
    users(facts, &mut warnings);
    censoring(facts, &mut warnings);
    warnings
}

fn unfinished(facts: &Facts<'_>, warnings: &mut Vec<String>) {
    let (seen, all) = (days(facts.run.observed_days), days(facts.run.horizon_days));
    match facts.run.status {
        RunStatus::Finished => {}
        RunStatus::Checkpointed => warnings.push(format!(
            "The run is not finished: what follows is what its last checkpoint holds, {seen} of {all}. Visits that were \
             under way then do not count as returns."
        )),
        RunStatus::Partial => warnings.push(format!(
            "The run is not finished and has no checkpoint: what follows is from the files that were sealed, up to {seen} \
             of {all}. The tables may end at different moments, so no number here should be relied on."
        )),
    }
}

fn models(facts: &Facts<'_>, warnings: &mut Vec<String>) {
    for population in &facts.scenario.populations {
        let ModelConfig::Llm(users) = &population.model else { continue };
        let calibration = &users.config.calibration;
        let choices = [&calibration.action, &calibration.next, &calibration.returning];
        if choices.into_iter().all(ChoiceCalibration::is_off) {
            warnings.push(format!(
                "The users of population \"{}\" are not calibrated: a language model decides for them as it is. Such users \
                 act too often and leave too rarely, so believe the order of arms rather than the rates.",
                population.name
            ));
        }
        let account = facts.models.iter().find(|model| model.population == population.name);
        let named = account.into_iter().flat_map(|account| &account.facts).map(|(_, value)| value.as_str());
        if named.chain([users.config.model.as_str()]).any(|name| name.contains("habitue-mini")) {
            warnings.push(format!(
                "The users of population \"{}\" are played by habitue-mini, a demonstration model. Use another model for \
                 studies.",
                population.name
            ));
        }
    }
}

fn propensities(facts: &Facts<'_>, warnings: &mut Vec<String>) {
    for (arm, turns) in facts.arms.iter().zip(facts.turns) {
        let found = turns.propensities;
        if found.missing > 0 {
            warnings.push(format!(
                "Arm \"{}\" has {} of {} items without a propensity (a number above 0, at most 1): no other policy can be \
                 estimated from its log.",
                arm.name,
                count(found.missing),
                count(found.shown)
            ));
        } else if found.shown > 0 && found.certain == found.shown {
            warnings.push(format!(
                "Arm \"{}\" showed every item with probability 1: it does not explore, so no other policy can be estimated \
                 from its log.",
                arm.name
            ));
        }
    }
}

fn users(facts: &Facts<'_>, warnings: &mut Vec<String>) {
    for arm in facts.arms {
        if arm.came == 0 {
            warnings.push(format!("Nobody came to arm \"{}\".", arm.name));
        } else if arm.came < FEW {
            let users = if arm.came == 1 { "user" } else { "users" };
            warnings.push(format!(
                "Only {} {users} came to arm \"{}\": intervals from so few are rough, and narrower than they should be.",
                arm.came, arm.name
            ));
        }
        let outages = arm.sessions.reasons.iter().find(|(reason, _)| *reason == "outage");
        if let Some((_, outages)) = outages.filter(|(_, outages)| *outages > 0) {
            warnings.push(format!(
                "{} of arm \"{}\" ended because the recommender was out of service.",
                if *outages == 1 { "1 session".to_owned() } else { format!("{} sessions", count(*outages)) },
                arm.name
            ));
        }
    }
}

/// Day N of users who came late, and returns after the end, were not observed.
fn censoring(facts: &Facts<'_>, warnings: &mut Vec<String>) {
    let came: u64 = facts.arms.iter().map(|arm| arm.came).sum();
    for day in [1, 7, 30] {
        let seen: u64 = facts.arms.iter().map(|arm| arm.measures.of(Measure::OnDay(day)).count).sum();
        if seen == 0 {
            warnings.push(format!(
                "Nobody's day {day} was observed wholly, nor what comes after: the run shows {}, and users come in the course \
                 of them.",
                days(facts.run.observed_days)
            ));
            break;
        }
        if seen * 10 < came * 9 {
            warnings.push(format!(
                "Day {day} was observed of {} of the users only, those who came early enough: numbers of that day are \
                 about them.",
                percent(seen as f64 / came as f64)
            ));
        }
    }
    let sessions: u64 = facts.arms.iter().map(|arm| arm.sessions.count).sum();
    let censored: u64 = facts.arms.iter().map(|arm| arm.sessions.censored).sum();
    if censored * 20 > sessions {
        warnings.push(format!(
            "After {} of the sessions the next arrival lies beyond what was observed. Observed return gaps are therefore \
             the shorter ones.",
            percent(censored as f64 / sessions as f64)
        ));
    }
}
