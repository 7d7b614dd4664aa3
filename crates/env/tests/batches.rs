//! What an environment does depends neither on how many others there are nor on threads.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

use std::path::Path;

use habitue_core::UserId;
use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use habitue_env::{Autoreset, Duplicates, EnvError, Envs, Kind, ObservationArrays, Options, OutcomeArrays};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const ITEMS: i64 = 40;
const SLATE: usize = 3;

fn scenario() -> Scenario {
    let text = r#"
        seed = 7
        horizon = "20d"
        catalogue = { generate = { items = 40, categories = 4, published_later = 0.2 } }
        population = [{ name = "casual", size = 9, personas = {} }]
        slate = { size = 3, max_turns = 5, history = 6 }
        arm = [{ name = "none", policy = { kind = "random" } }]
    "#;
    let typed = Typed { file: Path::new("/town.toml"), sets: &[], seed: None, data: None };
    resolve(&typed, &MemorySources::new().with("/town.toml", text))
        .map_err(|problems| problems.render())
        .unwrap()
}

fn open(options: Options, envs: usize) -> (Envs, ObservationArrays, OutcomeArrays) {
    let envs = Envs::open(&scenario(), options, envs).unwrap();
    let shape = envs.shape();
    let (seen, came) = (shape.observations(), shape.outcomes(true, options.propensities));
    (envs, seen, came)
}

/// A slate that follows from the step and the environment, of items that are available from the start on.
fn slate(mask: &[bool], env: usize, step: usize) -> Vec<i64> {
    let allowed: Vec<i64> = (0..ITEMS).filter(|item| mask[*item as usize]).collect();
    (0..SLATE).map(|at| allowed[(env * 7 + step * 5 + at) % allowed.len()]).collect()
}

/// Everything that `envs` environments, the first of which has seed `seed`, say in `steps` steps, by environment and
/// step, written out.
fn told(options: Options, seed: u64, envs: usize, steps: usize) -> Vec<Vec<String>> {
    let (mut batch, mut seen, mut came) = open(options, envs);
    let mut finals = batch.shape().observations();
    let seeds: Vec<Option<u64>> = (0..envs as u64).map(|env| Some(seed + env)).collect();
    batch.reset(Some(&seeds), None, None, came.columns(), seen.columns()).unwrap();
    let mut told = vec![Vec::new(); envs];
    let mut mask = vec![false; envs * ITEMS as usize];
    for step in 0..steps {
        batch.masks(&mut mask).unwrap();
        let rows = mask.chunks(ITEMS as usize).enumerate();
        // Actions follow from the seed, not from the place in the batch.
        let slates: Vec<i64> = rows.flat_map(|(env, mask)| slate(mask, env + seed as usize, step)).collect();
        batch.step(&slates, came.columns(), seen.columns(), Some(finals.columns())).unwrap();
        for (env, told) in told.iter_mut().enumerate() {
            let over = batch.is_over(env);
            told.push(format!(
                "{:?} {:?} {:?} {over}",
                row(&seen, env, envs),
                row(&finals, env, envs),
                outcome(&came, env, envs)
            ));
        }
    }
    told
}

fn cut<T: Clone>(column: &[T], env: usize, envs: usize) -> Vec<T> {
    let width = column.len() / envs;
    column[env * width..(env + 1) * width].to_vec()
}

fn row(seen: &ObservationArrays, env: usize, envs: usize) -> ObservationArrays {
    ObservationArrays {
        user: cut(&seen.user, env, envs),
        context: cut(&seen.context, env, envs),
        profile: cut(&seen.profile, env, envs),
        history_items: cut(&seen.history_items, env, envs),
        history_actions: cut(&seen.history_actions, env, envs),
        history_ratings: cut(&seen.history_ratings, env, envs),
    }
}

fn outcome(came: &OutcomeArrays, env: usize, envs: usize) -> OutcomeArrays {
    OutcomeArrays {
        reward: cut(&came.reward, env, envs),
        terminated: cut(&came.terminated, env, envs),
        truncated: cut(&came.truncated, env, envs),
        slate: cut(&came.slate, env, envs),
        actions: cut(&came.actions, env, envs),
        dwell: cut(&came.dwell, env, envs),
        ratings: cut(&came.ratings, env, envs),
        moves: cut(&came.moves, env, envs),
        session_end: cut(&came.session_end, env, envs),
        gap_days: cut(&came.gap_days, env, envs),
        action_propensities: cut(&came.action_propensities, env, envs),
        move_propensities: cut(&came.move_propensities, env, envs),
        mindset: cut(&came.mindset, env, envs),
        need: cut(&came.need, env, envs),
        interests: cut(&came.interests, env, envs),
        examined: cut(&came.examined, env, envs),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_batch_is_so_many_singles_on_any_number_of_threads(
        seed in 0u64..1_000,
        envs in 2usize..24,
        threads in 1usize..5,
        retention: bool,
        same_step: bool,
    ) {
        let kind = if retention { Kind::Retention } else { Kind::Slate };
        let autoreset = if same_step { Autoreset::SameStep } else { Autoreset::NextStep };
        let options = Options { autoreset, propensities: true, threads: Some(threads), ..Options::new(kind) };
        let together = told(options, seed, envs, 25);
        for (env, together) in together.iter().enumerate() {
            prop_assert_eq!(together, &told(options, seed + env as u64, 1, 25)[0]);
        }
    }

    #[test]
    fn any_action_is_played_or_refused(action in prop::collection::vec(-3i64..45, 0..5), replace: bool) {
        let duplicates = if replace { Duplicates::Replace } else { Duplicates::Refuse };
        let (mut envs, mut seen, mut came) = open(Options { duplicates, ..Options::new(Kind::Slate) }, 1);
        envs.reset(None, None, None, came.columns(), seen.columns()).unwrap();
        let before = seen.clone();
        let mut shown = action.clone();
        shown.sort_unstable();
        shown.dedup();
        let mut mask = vec![false; ITEMS as usize];
        envs.masks(&mut mask).unwrap();
        let known = action.iter().all(|item| usize::try_from(*item).is_ok_and(|item| mask.get(item) == Some(&true)));
        let is_slate = action.len() == SLATE && known && (replace || shown.len() == SLATE);
        let played = envs.step(&action, came.columns(), seen.columns(), None);
        prop_assert_eq!(played.is_ok(), is_slate, "{:?}", played);
        if is_slate {
            let mut shown = came.slate.clone();
            shown.sort_unstable();
            shown.dedup();
            prop_assert_eq!(shown.len(), SLATE);
        } else {
            prop_assert_eq!(before, seen);
        }
    }
}

/// A slate for every environment.
fn slates(envs: &Envs) -> Vec<i64> {
    let mut mask = vec![false; envs.shape().envs * ITEMS as usize];
    envs.masks(&mut mask).unwrap();
    mask.chunks(ITEMS as usize).flat_map(|mask| slate(mask, 0, 0)).collect()
}

#[test]
fn an_episode_is_over_until_the_next_one_begins() {
    for (autoreset, after) in [(Autoreset::NextStep, false), (Autoreset::Disabled, true)] {
        let (mut envs, mut seen, mut came) = open(Options { autoreset, ..Options::new(Kind::Slate) }, 1);
        assert!(matches!(
            envs.step(&[0, 1, 2], came.columns(), seen.columns(), None),
            Err(EnvError::NotReset { env: 0 })
        ));
        envs.reset(None, None, None, came.columns(), seen.columns()).unwrap();
        let user = seen.user[0];
        while !envs.is_over(0) {
            envs.step(&slates(&envs), came.columns(), seen.columns(), None).unwrap();
        }
        assert!(came.terminated[0] != came.truncated[0] && came.session_end[0] >= 0);
        let next = envs.step(&[0, 0, -1], came.columns(), seen.columns(), None);
        if after {
            assert!(matches!(next, Err(EnvError::Ended { env: 0 })));
            continue;
        }
        next.unwrap();
        assert!(came.reward[0].abs() < f64::EPSILON && !came.terminated[0] && came.moves[0] == -1);
        assert_eq!(seen.context[1].to_bits(), 0.0f32.to_bits());
        let users: Vec<i64> = (0..12)
            .map(|_| {
                envs.reset(None, None, None, came.columns(), seen.columns()).unwrap();
                seen.user[0]
            })
            .collect();
        assert!(users.iter().any(|other| *other != user), "{users:?}");
    }
}

#[test]
fn only_the_chosen_environments_begin_an_episode() {
    let (mut envs, mut seen, mut came) = open(Options::new(Kind::Retention), 3);
    let users = [Some(UserId(4)), None, Some(UserId(8))];
    envs.reset(Some(&[Some(3); 3]), Some(&users), None, came.columns(), seen.columns()).unwrap();
    assert_eq!((seen.user[0], seen.user[2]), (4, 8));
    envs.step(&slates(&envs), came.columns(), seen.columns(), None).unwrap();
    let before = seen.clone();
    envs.reset(
        Some(&[Some(3); 3]),
        Some(&users),
        Some(&[true, false, false]),
        came.columns(),
        seen.columns(),
    )
    .unwrap();
    assert_eq!(row(&before, 1, 3), row(&seen, 1, 3));
    assert_eq!(row(&before, 2, 3), row(&seen, 2, 3));
    assert_ne!(row(&before, 0, 3), row(&seen, 0, 3));
}

#[test]
fn what_is_refused_says_what_was_expected() {
    let (mut envs, mut seen, mut came) = open(Options::new(Kind::Slate), 2);
    envs.reset(None, None, None, came.columns(), seen.columns()).unwrap();
    let mut mask = vec![false; 2 * ITEMS as usize];
    envs.masks(&mut mask).unwrap();
    let hidden = mask[ITEMS as usize..].iter().position(|allowed| !allowed).unwrap() as i64;
    let mut lines = Vec::new();
    let [a, b, c, ..] = *slates(&envs) else { panic!("a slate has three items") };
    for action in [
        &[a, b][..],
        &[a, b, c, a, 40, c],
        &[a, b, -2, a, b, c],
        &[a, b, c, b, b, c],
        &[a, b, c, b, hidden, c],
    ] {
        lines.push(envs.step(action, came.columns(), seen.columns(), None).unwrap_err().to_string());
    }
    let users = [Some(UserId(9)), None];
    lines.push(envs.reset(None, Some(&users), None, came.columns(), seen.columns()).unwrap_err().to_string());
    lines
        .push(envs.reset(Some(&[None]), None, None, came.columns(), seen.columns()).unwrap_err().to_string());
    came.reward.pop();
    lines.push(envs.step(&[0, 1, 2, 3, 4, 5], came.columns(), seen.columns(), None).unwrap_err().to_string());
    lines.push(envs.read_slate("0\n2) no such thing\n1").unwrap_err().to_string());
    lines.push(envs.read_slate("0\n\n1").unwrap_err().to_string());
    lines.push(envs.nearest(&[f32::NAN; 8], &mut [0; 6]).unwrap_err().to_string());
    lines.push("replac".parse::<Duplicates>().unwrap_err().to_string());
    lines.push(Envs::open(&scenario(), Options::new(Kind::Slate), 0).unwrap_err().to_string());
    let long = Options { history: Some(7), ..Options::new(Kind::Slate) };
    lines.push(Envs::open(&scenario(), long, 1).unwrap_err().to_string());
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_nearest_items_are_those_of_the_category() {
    let (mut envs, mut seen, mut came) = open(Options::new(Kind::Slate), 1);
    envs.reset(None, None, None, came.columns(), seen.columns()).unwrap();
    let width = envs.shape().features;
    for category in 0..width {
        let mut point = vec![0.0; width];
        point[category] = 1.0;
        let mut slate = [0; SLATE];
        envs.nearest(&point, &mut slate).unwrap();
        let features = envs.item_features();
        assert!(slate.iter().all(|item| features[*item as usize * width + category] > 0.0), "{slate:?}");
        envs.step(&slate, came.columns(), seen.columns(), None).map_or_else(
            |error| assert!(matches!(error, EnvError::Ended { .. })),
            |()| assert!(came.slate == slate || came.moves == [-1]),
        );
    }
}

#[test]
fn words_tell_what_numbers_tell() {
    let (mut envs, mut seen, mut came) = open(Options::new(Kind::Slate), 1);
    envs.reset(Some(&[Some(3)]), None, None, came.columns(), seen.columns()).unwrap();
    for step in 0..2 {
        envs.step(&[step, step + 10, step + 20], came.columns(), seen.columns(), None).unwrap();
    }
    insta::assert_snapshot!(envs.describe(0, 4).unwrap());
    assert_eq!(envs.read_slate("1. item-3\n- 7\n 12 ").unwrap(), [3, 7, 12]);
}

#[test]
fn a_reset_that_fails_changes_nothing() {
    let mut short = scenario();
    short.horizon = habitue_core::SimDuration(20 * habitue_core::HOUR);
    let (mut same, mut other) = (
        Envs::open(&short, Options::new(Kind::Slate), 1).unwrap(),
        Envs::open(&short, Options::new(Kind::Slate), 1).unwrap(),
    );
    let (mut seen, mut came) = (same.shape().observations(), same.shape().outcomes(true, false));
    let mut next = |envs: &mut Envs, seed: Option<u64>, user: Option<UserId>| {
        let begun = envs.reset(Some(&[seed]), Some(&[user]), None, came.columns(), seen.columns());
        begun.map(|()| seen.clone())
    };
    next(&mut same, Some(3), None).unwrap();
    next(&mut other, Some(3), None).unwrap();
    let refused: Vec<_> =
        (0..9).map(UserId).filter(|user| next(&mut same, Some(4), Some(*user)).is_err()).collect();
    assert!((1..9).contains(&refused.len()), "{refused:?}");
    next(&mut same, Some(3), None).unwrap();
    let user = refused.first().copied();
    assert!(matches!(next(&mut same, Some(4), user), Err(EnvError::NoVisit { seed: 4, .. })));
    assert_eq!(next(&mut same, None, None).unwrap(), next(&mut other, None, None).unwrap());
}
