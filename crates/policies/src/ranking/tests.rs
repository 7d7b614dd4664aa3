#![allow(clippy::float_cmp, reason = "certainty and impossibility are exact numbers")]

use std::collections::{BTreeMap, VecDeque};

use habitue_core::{Action, ActionScale, Catalogue, HistoryEntry, ItemStats, SimTime, UserId};
use proptest::prelude::*;

use super::*;

/// Everything a request is made of.
struct Scene {
    catalogue: Catalogue,
    stats: ItemStats,
    scale: ActionScale,
    pool: Pool,
    shown: Vec<ItemId>,
    history: VecDeque<HistoryEntry>,
}

impl Scene {
    fn new(available: Vec<u32>, shown: Vec<u32>, engaged: Vec<u32>) -> Self {
        let entry =
            |item| HistoryEntry { item: ItemId(item), action: Action(1), rating: 0, time: SimTime::ZERO };
        Self {
            catalogue: Catalogue::new(),
            stats: ItemStats::default(),
            scale: ActionScale::new(&["skip", "click"], "click").unwrap(),
            pool: Pool::new(available.into_iter().map(ItemId).collect()),
            shown: shown.into_iter().map(ItemId).collect(),
            history: engaged.into_iter().map(entry).collect(),
        }
    }

    fn world(&self) -> World<'_> {
        World {
            catalogue: &self.catalogue,
            available: self.pool.items(),
            stats: &self.stats,
            scale: &self.scale,
            now: SimTime::ZERO,
        }
    }

    fn request(&self, user: u32, size: usize) -> Request<'_> {
        Request {
            user: UserId(user),
            session: 0,
            turn: 0,
            time: SimTime::ZERO,
            size,
            history: &self.history,
            shown: &self.shown,
            text: None,
            said: &[],
        }
    }

    fn slate(&self, ranking: Ranking, scores: Candidates<'_>, user: u32, size: usize) -> Slate {
        let mut taken = Marks::new(self.pool.items().len());
        let (world, request) = (self.world(), self.request(user, size));
        let task = Task { world: &world, pool: &self.pool, scores, request: &request, barred: &[] };
        let slate = ranking.slate(task, Streams::new(3), &mut taken);
        assert!((0..self.pool.items().len() as u32).all(|at| !taken.get(at)), "marks are given back empty");
        slate
    }

    fn logs(&self, ranking: Ranking, scores: Candidates<'_>, size: usize, slate: &[ItemId]) -> Vec<f64> {
        let (world, request) = (self.world(), self.request(0, size));
        ranking.log_propensity(
            Task { world: &world, pool: &self.pool, scores, request: &request, barred: &[] },
            slate,
        )
    }
}

/// All ordered choices of `size` of the items.
fn slates(items: &[ItemId], size: usize) -> Vec<Vec<ItemId>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for item in items {
        let rest: Vec<ItemId> = items.iter().copied().filter(|other| other != item).collect();
        for mut tail in slates(&rest, size - 1) {
            tail.insert(0, *item);
            all.push(tail);
        }
    }
    all
}

fn draws() -> impl Strategy<Value = Draw> {
    prop_oneof![
        Just(Draw::Top),
        Just(Draw::Uniform),
        (0.0..=1.0_f64).prop_map(Draw::Epsilon),
        (0.01..10.0_f64, prop::option::of(1_usize..6))
            .prop_map(|(temperature, top)| Draw::PlackettLuce { temperature, top }),
    ]
}

fn exclusions() -> impl Strategy<Value = Exclude> {
    prop_oneof![Just(Exclude::None), Just(Exclude::Shown), Just(Exclude::Consumed)]
}

/// The conditional probabilities of a slate as the documentation states them, computed the slow way.
fn by_definition(draw: Draw, scores: &[f32], excluded: &[bool], size: usize, path: &[usize]) -> Vec<f64> {
    let mut left: Vec<usize> = (0..scores.len()).collect();
    let by_score = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    let mut result = Vec::new();
    let tiers = [false, true].map(|tier| {
        let mut members: Vec<usize> = left.iter().copied().filter(|at| excluded[*at] == tier).collect();
        if let Draw::PlackettLuce { top: Some(top), .. } = draw {
            members.sort_by(by_score);
            members.truncate(top.max(size));
        }
        members
    });
    for at in path {
        let tier = usize::from(left.iter().all(|at| excluded[*at]));
        let mut open: Vec<usize> = tiers[tier].iter().copied().filter(|at| left.contains(at)).collect();
        open.sort_by(by_score);
        let probability = if open.contains(at) {
            let greedy = f64::from(u8::from(open[0] == *at));
            let uniform = 1.0 / open.len() as f64;
            match draw {
                Draw::Top => greedy,
                Draw::Uniform => uniform,
                Draw::Epsilon(epsilon) => epsilon * uniform + (1.0 - epsilon) * greedy,
                Draw::PlackettLuce { temperature, .. } => {
                    // Relative to the item asked for, so nothing overflows to 0 / 0.
                    let weight =
                        |other: &usize| (f64::from(scores[*other] - scores[*at]) / temperature).exp();
                    1.0 / open.iter().map(weight).sum::<f64>()
                }
            }
        } else {
            0.0
        };
        result.push(probability);
        left.retain(|other| other != at);
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// On small catalogues: the probabilities of all ordered slates sum to 1, every conditional is the one documented,
    /// prepared and personal scores agree, and a drawn slate logs what `log_propensity` says of it.
    #[test]
    fn propensities_are_those_of_the_definition(
        scores in prop::collection::vec(-4_i32..4, 4..6),
        shown in prop::collection::vec(0_u32..12, 0..4),
        engaged in prop::collection::vec(0_u32..12, 0..3),
        draw in draws(),
        exclude in exclusions(),
        size in 1_usize..5,
    ) {
        // Item ids are twice the positions: ids in between are not available.
        let scores: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
        let scene = Scene::new((0..scores.len() as u32).map(|at| 2 * at).collect(), shown, engaged);
        let ranking = Ranking { draw, exclude };
        let temperature = match draw {
            Draw::PlackettLuce { temperature, top: None } => Some(temperature),
            _ => None,
        };
        let shared = SharedScores::new(scores.clone(), temperature);
        let size = size.min(scores.len());
        let excluded: Vec<bool> = scene.pool.items().iter().map(|item| {
            let shown = scene.shown.contains(item);
            let engaged = scene.history.iter().any(|entry| entry.item == *item);
            match exclude {
                Exclude::None => false,
                Exclude::Shown => shown,
                Exclude::Consumed => shown || engaged,
            }
        }).collect();
        let mut total = 0.0;
        for slate in slates(scene.pool.items(), size) {
            let path: Vec<usize> = slate.iter().map(|item| item.index() / 2).collect();
            let expected = by_definition(draw, &scores, &excluded, size, &path);
            let personal = scene.logs(ranking, Candidates::personal(&scores), size, &slate);
            let prepared = scene.logs(ranking, shared.candidates(), size, &slate);
            let mut possible = true;
            for ((personal, prepared), expected) in personal.iter().zip(&prepared).zip(&expected) {
                possible &= *expected > 0.0;
                let expected = if possible { expected.ln() } else { f64::NEG_INFINITY };
                for got in [personal, prepared] {
                    prop_assert!(*got == expected || (got - expected).abs() < 1e-9, "{got} and {expected}");
                }
            }
            total += personal.iter().sum::<f64>().exp();
        }
        prop_assert!((total - 1.0).abs() < 1e-9, "probabilities sum to {total}");

        let drawn = scene.slate(ranking, shared.candidates(), 0, size);
        let items: Vec<ItemId> = drawn.items.iter().map(|shown| shown.item).collect();
        prop_assert_eq!(items.len(), size);
        let logs = scene.logs(ranking, shared.candidates(), size, &items);
        prop_assert!((logs.iter().sum::<f64>() - drawn.log_propensity).abs() < 1e-12);
        for (shown, log) in drawn.items.iter().zip(&logs) {
            prop_assert!((f64::from(shown.propensity) - log.exp()).abs() < 1e-6);
        }
    }

    #[test]
    fn the_best_are_those_of_a_full_sort(
        scores in prop::collection::vec(-20_i32..20, 1..200),
        taken in prop::collection::vec(0_u32..200, 0..50),
        wanted in 1_usize..150,
    ) {
        let scores: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
        let mut marks = Marks::new(scores.len());
        taken.iter().filter(|at| **at < scores.len() as u32).for_each(|at| { marks.set(*at); });
        let mut sorted: Vec<u32> = (0..scores.len() as u32).filter(|at| !marks.get(*at)).collect();
        sorted.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
        sorted.truncate(wanted);
        prop_assert_eq!(best(Candidates::personal(&scores), &marks, wanted), sorted);
    }
}

#[test]
fn probabilities_hold_where_weights_leave_the_range_of_floating_point() {
    // At this temperature the weights are 1, e^-1000, e^-2000, ...: all but the first underflow relative to the best.
    let scores: Vec<f32> = (0..300).map(|at| -(at as f32)).collect();
    let scene = Scene::new((0..300).collect(), vec![0, 1], Vec::new());
    let ranking =
        Ranking { draw: Draw::PlackettLuce { temperature: 0.001, top: None }, exclude: Exclude::Shown };
    let shared = SharedScores::new(scores.clone(), Some(0.001));
    for candidates in [Candidates::personal(&scores), shared.candidates()] {
        let slate = scene.slate(ranking, candidates, 0, 5);
        let items: Vec<u32> = slate.items.iter().map(|shown| shown.item.0).collect();
        assert_eq!(items, [2, 3, 4, 5, 6]);
        assert!(slate.items.iter().all(|shown| shown.propensity == 1.0));
        assert_eq!(slate.log_propensity, 0.0);
    }
}

#[test]
fn frequencies_agree_with_joint_propensities() {
    const DRAWS: u32 = 60_000;
    let scores = vec![1.0, 0.3, -0.4, 0.9, 0.0];
    let scene = Scene::new((0..5).collect(), vec![3], Vec::new());
    for draw in [
        Draw::Uniform,
        Draw::Epsilon(0.3),
        Draw::PlackettLuce { temperature: 0.7, top: None },
        Draw::PlackettLuce { temperature: 0.7, top: Some(3) },
    ] {
        let ranking = Ranking { draw, exclude: Exclude::Shown };
        let temperature = match draw {
            Draw::PlackettLuce { top: None, .. } => Some(0.7),
            _ => None,
        };
        let shared = SharedScores::new(scores.clone(), temperature);
        let mut counts: BTreeMap<Vec<ItemId>, u32> = BTreeMap::new();
        for user in 0..DRAWS {
            let slate = scene.slate(ranking, shared.candidates(), user, 3);
            *counts.entry(slate.items.iter().map(|shown| shown.item).collect()).or_default() += 1;
        }
        let (mut statistic, mut cells) = (0.0, 0);
        for slate in slates(scene.pool.items(), 3) {
            let expected = scene.logs(ranking, shared.candidates(), 3, &slate).iter().sum::<f64>().exp();
            let observed = f64::from(counts.get(&slate).copied().unwrap_or(0));
            if expected == 0.0 {
                assert_eq!(observed, 0.0, "{draw:?}: {slate:?} was drawn");
                continue;
            }
            let expected = expected * f64::from(DRAWS);
            assert!(expected > 5.0, "{draw:?}: the chi-square test needs more draws");
            statistic += (observed - expected).powi(2) / expected;
            cells += 1;
        }
        // The 0.999 quantile of chi-square by Wilson and Hilferty (1931).
        let degrees = f64::from(cells - 1);
        let spread = 2.0 / (9.0 * degrees);
        let limit = degrees * (1.0 - spread + 3.09 * spread.sqrt()).powi(3);
        assert!(statistic < limit, "{draw:?}: chi-square {statistic} with {degrees} degrees, limit {limit}");
    }
}
