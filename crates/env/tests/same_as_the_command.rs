//! A life that is shown the slates of a run of the same seed is, turn for turn, the one that the run logged.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use habitue_core::{ArmId, SessionRecord, Slate, Turn, UserId};
use habitue_env::{Autoreset, Envs, Kind, LifeReward, Options};
use habitue_run::{Control, Unobserved, start};
use habitue_sim::Lives;
use habitue_store::RunReader;

const TOWN: &str = r#"
name = "town"
seed = 11
horizon = "9d"
window = "2h"

[catalogue]
generate = { items = 60, categories = 6, category_skew = 0.7, published_later = 0.3 }

[[population]]
name = "casual"
size = 12
personas = {}

[slate]
size = 4
max_turns = 6

[reward]
click = 1.0
like = 2.0
return_within = { days = 1, value = 0.5 }

[[arm]]
name = "random"
policy = { kind = "random" }
"#;

fn scenario(sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let typed = Typed { file: Path::new("/town.toml"), sets: &sets, seed: None, data: None };
    resolve(&typed, &MemorySources::new().with("/town.toml", TOWN))
        .map_err(|problems| problems.render())
        .unwrap()
}

/// What a run logged, by user.
fn logged(scenario: &Scenario) -> BTreeMap<UserId, (Vec<Turn>, Vec<SessionRecord>)> {
    let runs = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mut control = Control { threads: Some(1), stop: &stop, observer: &mut Unobserved };
    let outcome = start(scenario, runs.path(), &mut control).unwrap();
    let reader = RunReader::open(outcome.folder.unwrap()).unwrap();
    let mut lives: BTreeMap<UserId, (Vec<Turn>, Vec<SessionRecord>)> = BTreeMap::new();
    for turn in reader.turns() {
        let turn = turn.unwrap();
        lives.entry(turn.user).or_default().0.push(turn);
    }
    for session in reader.sessions() {
        let session = session.unwrap();
        lives.entry(session.user).or_default().1.push(session);
    }
    lives
}

/// The turn without what only the policy of the run knew.
fn unweighed(mut turn: Turn) -> Turn {
    turn.arm = ArmId(0);
    turn.log_propensity = 0.0;
    turn.impressions.iter_mut().for_each(|shown| shown.propensity = 1.0);
    turn
}

fn slate(turn: &Turn) -> impl Iterator<Item = habitue_core::ItemId> {
    turn.impressions.iter().map(|shown| shown.item)
}

fn same_lives(scenario: &Scenario) {
    let lives = Lives::new(scenario.clone(), habitue_run::parts(scenario).unwrap()).unwrap();
    let logged = logged(scenario);
    assert!(logged.values().map(|(turns, _)| turns.len()).sum::<usize>() > 20);
    for (user, (turns, sessions)) in logged {
        let mut life = lives.begin(scenario.seed, user).unwrap();
        let (mut turns, mut ended) = (turns.into_iter(), Vec::new());
        while lives.arrive(&mut life) {
            while life.is_open() {
                let expected = turns.next().unwrap();
                lives.show(&mut life, Slate::certain(slate(&expected))).unwrap();
                let answer = lives.answer(&mut life).unwrap();
                assert_eq!(unweighed(answer.turn.clone()), unweighed(expected));
                ended.extend(answer.session);
            }
        }
        assert_eq!(turns.next(), None);
        assert_eq!(ended, sessions);
    }
}

#[test]
fn one_user_lives_as_in_the_run() {
    same_lives(&scenario(&["population.0.size=1", "horizon=40d"]));
    same_lives(&scenario(&["population.0.size=1", "horizon=20d", "window=turn", "seed=5"]));
}

#[test]
fn users_whom_others_do_not_reach_live_as_in_the_run() {
    same_lives(&scenario(&["population.0.choice.affinity.popularity=0", "log.distributions=true"]));
}

#[test]
fn environments_give_the_rewards_of_the_run() {
    let scenario = scenario(&["population.0.choice.affinity.popularity=0"]);
    let logged = logged(&scenario);
    let options = Options {
        reward: LifeReward::Scenario,
        autoreset: Autoreset::Disabled,
        ..Options::new(Kind::Retention)
    };
    let mut envs = Envs::open(&scenario, options, 1).unwrap();
    let (mut seen, mut came) = (envs.shape().observations(), envs.shape().outcomes(true, false));
    for (user, (turns, sessions)) in logged {
        let (seeds, users) = ([Some(scenario.seed)], [Some(user)]);
        envs.reset(Some(&seeds), Some(&users), None, came.columns(), seen.columns()).unwrap();
        let mut rewards = 0.0;
        let last = turns.len() - 1;
        for (at, turn) in turns.iter().enumerate() {
            assert_eq!(seen.context[..2], [turn.session as f32, turn.turn as f32]);
            let items: Vec<i64> = slate(turn).map(|item| i64::from(item.0)).collect();
            envs.step(&items, came.columns(), seen.columns(), None).unwrap();
            rewards += came.reward[0];
            assert_eq!(came.terminated[0] || came.truncated[0], at == last);
            assert_eq!(came.moves[0], turn.next.code() as i8);
        }
        let expected: f64 = sessions
            .iter()
            .map(|session| f64::from(session.turn_reward) + f64::from(session.return_reward))
            .sum();
        assert!((rewards - expected).abs() < 1e-4, "{user}: {rewards} for {expected}");
        assert_eq!(came.terminated[0], sessions.last().unwrap().churned);
    }
}
