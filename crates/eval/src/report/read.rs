//! From the tables of a run to its report: sessions, then turns, then the programs of language models.

use habitue_core::scenario::Scenario;
use habitue_core::{ArmId, Decider, Move, SimTime, Streams, UserId};
use habitue_store::{RunReader, RunStatus, Table};

use super::cost::Cost;
use super::error::ReportError;
use super::following::{Following, FollowingTally};
use super::instructions::InstructionCounts;
use super::life::{Stories, USERS};
use super::recommended::{self, World};
use super::roster::Roster;
use super::sessions::SessionTally;
use super::turns::TurnTally;
use super::warnings::{self, Facts};
use super::{ArmReport, Comparison, Report, RunFacts};
use crate::quality::{Quality, Tally};
use crate::retention::{
    Clock, Cohorts, KaplanMeier, Life, Lifetime, churn_hazard, holm, log_rank, measure, return_curve,
};

pub(super) fn report(run: &RunReader) -> Result<Report, ReportError> {
    let scenario = run.scenario();
    let mut world = World::read(run)?;
    let roster = Roster::read_each(run, |user| world.enter(user))?;
    let clock = clock(run)?;
    let (mut lives, sessions) = read_sessions(run, &roster, clock)?;
    let mut stories = Stories::of(choose(&roster, &lives, scenario.arms.len()));
    let mut instructions = InstructionCounts::default();
    let mut turns = vec![TurnTally::new(&scenario.slate.scale); scenario.arms.len()];
    let held_out = recommended::held_out(run)?;
    let mut following = FollowingTally::new(scenario.arms.len());
    let of_lives = (0..roster.lives()).map(|life| roster.of(life));
    let mut quality =
        Tally::new(world.setting(run, held_out.as_ref()), clock.end(), &world.histories, of_lives);
    for turn in run.turns() {
        let turn = turn?;
        world.check(&turn)?;
        let life = roster.life(turn.arm, turn.user)?;
        let engaged = turns[turn.arm.index()].add(&turn, &scenario.slate.scale);
        lives[life].show(turn.impressions.len() as u64, engaged);
        if let Move::Instruct(text) = &turn.next {
            instructions.add(text);
        }
        stories.see(&turn);
        quality.see(life, &turn);
        following.see(run, life, &turn)?;
    }
    let by_arm = by_arm(&roster, lives, scenario.arms.len());
    let decisions = turns.iter().fold([0; Decider::NAMES.len()], |mut all, arm| {
        all.iter_mut().zip(arm.decisions).for_each(|(sum, count)| *sum += count);
        all
    });
    let tests = tests(scenario, &by_arm, clock)?;
    let counted = Counted {
        sessions,
        turns: &turns,
        quality: quality.finish(),
        following: following.finish(|life| roster.of(life)),
    };
    let arms = arms(scenario, &roster, &by_arm, counted, clock)?;
    let run_facts = run_facts(run, clock, roster.is_paired())?;
    let cost = Cost::read(run, decisions)?;
    let warnings =
        warnings::of(&Facts { scenario, run: &run_facts, arms: &arms, turns: &turns, models: &cost.models });
    Ok(Report {
        warnings,
        run: run_facts,
        arms,
        tests,
        instructions: instructions.finish(),
        stories: stories.tell(run)?,
        cost,
    })
}

/// To the horizon, or as far as sessions ended.
pub(crate) fn clock(run: &RunReader) -> Result<Clock, ReportError> {
    if run.status() == RunStatus::Finished {
        return Ok(Clock::new(SimTime::ZERO + run.scenario().horizon));
    }
    let mut end = SimTime::ZERO;
    for session in run.sessions() {
        end = end.max(session?.end);
    }
    Ok(Clock::new(end))
}

fn read_sessions(
    run: &RunReader,
    roster: &Roster,
    clock: Clock,
) -> Result<(Vec<Life>, Vec<SessionTally>), ReportError> {
    let mut lives = vec![Life::default(); roster.lives()];
    let mut arms = vec![SessionTally::default(); run.scenario().arms.len()];
    for session in run.sessions() {
        let session = session?;
        lives[roster.life(session.arm, session.user)?].visit(&(&session).into(), clock);
        arms[session.arm.index()].add(&session, clock);
    }
    Ok((lives, arms))
}

/// Whom to tell of: in every arm the user whose number of sessions is nearest the median of those who came; with paired
/// arms the user of the first arm in all of them.
fn choose(roster: &Roster, lives: &[Life], arms: usize) -> Vec<(ArmId, UserId, u32)> {
    let mut chosen: Vec<(ArmId, UserId, u32)> = Vec::new();
    for arm in (0..arms as u16).map(ArmId).take(USERS) {
        let same = chosen.first().filter(|_| roster.is_paired()).map(|(_, user, _)| *user);
        let came = (0..lives.len()).filter(|life| lives[*life].came() && roster.of(*life).0 == arm);
        let typical = if let Some(user) = same {
            came.clone().find(|life| roster.of(*life).1 == user)
        } else {
            let mut counts: Vec<u32> = came.clone().map(|life| lives[life].sessions()).collect();
            counts.sort_unstable();
            let median = counts.get(counts.len() / 2).copied().unwrap_or(0);
            came.min_by_key(|life| lives[*life].sessions().abs_diff(median))
        };
        chosen.extend(typical.map(|life| (arm, roster.of(life).1, lives[life].sessions())));
    }
    chosen
}

fn by_arm(roster: &Roster, lives: Vec<Life>, arms: usize) -> Vec<Vec<Life>> {
    let mut by_arm = vec![Vec::new(); arms];
    for (at, life) in lives.into_iter().enumerate() {
        by_arm[roster.of(at).0.index()].push(life);
    }
    by_arm
}

fn lifetimes(lives: &[Life], clock: Clock) -> Vec<Lifetime> {
    lives.iter().filter_map(|life| life.lifetime(clock)).collect()
}

fn tests(scenario: &Scenario, lives: &[Vec<Life>], clock: Clock) -> Result<Vec<Comparison>, ReportError> {
    let groups: Vec<Vec<Lifetime>> = lives.iter().map(|lives| lifetimes(lives, clock)).collect();
    let compare = |arms: &[usize]| -> Result<Comparison, ReportError> {
        let of: Vec<Vec<Lifetime>> = arms.iter().map(|arm| groups[*arm].clone()).collect();
        let names = arms.iter().map(|arm| scenario.arms[*arm].name.clone()).collect::<Vec<_>>();
        let whole = of.iter().all(|group| !group.is_empty());
        let test = log_rank(&of).map_err(|source| ReportError::Lifetime { arm: names.join(", "), source })?;
        Ok(Comparison { arms: names, test: test.filter(|_| whole), adjusted: None })
    };
    let count = lives.len();
    let mut tests = Vec::new();
    if count > 1 {
        tests.push(compare(&(0..count).collect::<Vec<_>>())?);
    }
    if count > 2 {
        for arm in 1..count {
            tests.push(compare(&[0, arm])?);
        }
    }
    // The test of all arms stands for itself; those of pairs are adjusted together.
    let pairs: Vec<usize> = (1..tests.len()).filter(|at| tests[*at].test.is_some()).collect();
    let p_values: Vec<f64> = pairs.iter().filter_map(|at| tests[*at].test).map(|test| test.p_value).collect();
    for (at, adjusted) in pairs.into_iter().zip(holm(&p_values)) {
        tests[at].adjusted = Some(adjusted);
    }
    if let Some(first) = tests.first_mut() {
        first.adjusted = first.test.map(|test| test.p_value);
    }
    Ok(tests)
}

/// What was counted by arm.
struct Counted<'a> {
    sessions: Vec<SessionTally>,
    turns: &'a [TurnTally],
    quality: Vec<Quality>,
    following: Vec<Following>,
}

fn arms(
    scenario: &Scenario,
    roster: &Roster,
    lives: &[Vec<Life>],
    counted: Counted<'_>,
    clock: Clock,
) -> Result<Vec<ArmReport>, ReportError> {
    let measures = measure(lives, clock, roster.is_paired(), Streams::new(scenario.seed));
    let counted = lives
        .iter()
        .zip(measures)
        .zip(counted.sessions)
        .zip(counted.turns)
        .zip(counted.quality)
        .zip(counted.following);
    let arms = scenario.arms.iter().zip(counted);
    arms.map(|(arm, (((((lives, measures), sessions), turns), quality), following))| {
        let survival = KaplanMeier::new(&lifetimes(lives, clock))
            .map_err(|source| ReportError::Lifetime { arm: arm.name.clone(), source })?;
        Ok(ArmReport {
            name: arm.name.clone(),
            policy: arm.policy.config.kind().to_owned(),
            users: lives.len() as u64,
            came: survival.users,
            measures,
            survival,
            retention: return_curve(lives, clock),
            hazard: churn_hazard(lives, clock),
            cohorts: Cohorts::new(lives, clock),
            sessions: sessions.finish(),
            funnel: turns.funnel(&scenario.slate.scale),
            satisfaction: turns.satisfaction(),
            moves: turns.moves(),
            quality,
            following,
        })
    })
    .collect()
}

fn run_facts(run: &RunReader, clock: Clock, paired: bool) -> Result<RunFacts, ReportError> {
    let scenario = run.scenario();
    let interventions = run.interventions().map(|record| {
        let record = record?;
        Ok((record.time.to_string(), record.kind, record.effect))
    });
    let tables = Table::ALL.into_iter().map(|table| Ok((table.name(), run.rows(table)?)));
    Ok(RunFacts {
        name: scenario.name.clone(),
        seed: scenario.seed,
        status: run.status(),
        horizon_days: scenario.horizon.days(),
        observed_days: clock.end().days(),
        paired,
        interventions: interventions.collect::<Result<_, ReportError>>()?,
        manifest: run.manifest().map(|manifest| (manifest.habitue.clone(), manifest.scenario_hash.clone())),
        tables: tables.collect::<Result<_, ReportError>>()?,
        // A resolved scenario was read from JSON, so it can be written as such.
        scenario: serde_json::to_string_pretty(scenario).unwrap_or_default(),
    })
}
