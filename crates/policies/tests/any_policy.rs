//! What holds for every policy.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use std::fmt::Write as _;

use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::{ItemId, PastInteraction, Policy, Purpose, SimTime, Slate, UserId};
use proptest::prelude::*;
use rand::RngExt;
use town::{Town, config};

/// One of each kind that needs no other process, with and without exploration.
fn all() -> Vec<PolicyConfig> {
    let explores = [
        "",
        "explore = { kind = \"epsilon\", epsilon = 0.2 }",
        "explore = { kind = \"plackett-luce\", temperature = 0.5 }",
        "explore = { kind = \"softmax\", temperature = 0.5, top = 8 }",
    ];
    let mut all = vec![config("kind = \"random\"")];
    for kind in &PolicyConfig::KINDS[1..9] {
        let more = match *kind {
            "fixed" => "items = [\"v3\", \"v1\"]",
            "bpr-mf" => "factors = 4\nepochs = 3\nretrain = \"2h\"",
            "item-knn" => "retrain = \"2h\"",
            _ => "",
        };
        for explore in explores {
            all.push(config(&format!("kind = \"{kind}\"\n{more}\n{explore}")));
        }
    }
    for kind in ["keyword-filter", "parser-planner"] {
        all.push(config(&format!("kind = \"{kind}\"\ninner = {{ kind = \"random\" }}")));
        for explore in explores {
            let inner = format!("kind = \"bpr-mf\"\nfactors = 4\nepochs = 3\nretrain = \"2h\"\n{explore}");
            all.push(config(&format!("kind = \"{kind}\"\n[inner]\n{inner}")));
        }
    }
    for mode in ["pointwise", "listwise"] {
        for explore in explores {
            let inner = "inner = { kind = \"item-knn\", retrain = \"2h\" }";
            let asked = format!("model = {:?}\nthreads = 1\ncandidates = 6", town::model());
            all.push(config(&format!(
                "kind = \"llm-ranker\"\nmode = \"{mode}\"\n{asked}\n{inner}\n{explore}"
            )));
        }
    }
    all
}

fn town(seed: u64) -> Town {
    let mut town = Town::new(20, 3, 15, seed);
    for user in 0..10_u32 {
        let mut stream = town.streams.stream(Purpose::Persona, u64::from(user), 0);
        town.history[user as usize] = (0..4)
            .map(|_| PastInteraction {
                item: ItemId(stream.random_range(0..20)),
                time: SimTime(-5),
                rating: Some(4.5),
            })
            .collect();
    }
    town
}

fn clicks(user: UserId, item: ItemId) -> f64 {
    if (user.0 + item.0).is_multiple_of(3) { 0.6 } else { 0.1 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_policy_goes_on_as_the_one_it_was_taken_from(seed in 0_u64..1000, before in 1_usize..4) {
        for config in all() {
            let mut town = town(seed);
            let mut original = town.build(&config).unwrap();
            for _ in 0..before {
                town.live(original.as_mut(), 3, clicks);
            }
            let snapshot = original.snapshot().unwrap();
            let mut restored = town.build(&config).unwrap();
            restored.restore(&snapshot).unwrap();
            prop_assert_eq!(restored.snapshot().unwrap(), snapshot);
            prop_assert_eq!(restored.updates(), original.updates());
            for _ in 0..3 {
                prop_assert_eq!(town.slates(restored.as_ref(), 3), town.slates(original.as_ref(), 3), "{:?}", config);
                let turns = town.live(original.as_mut(), 3, clicks);
                restored.observe(&town.world(), &turns).unwrap();
                restored.end_window(&town.world(), town.streams).unwrap();
            }
            prop_assert_eq!(restored.snapshot().unwrap(), original.snapshot().unwrap(), "{:?}", config);
        }
    }
}

#[test]
fn slates_do_not_depend_on_how_requests_are_batched() {
    for config in all() {
        let mut town = town(7);
        let mut policy = town.build(&config).unwrap();
        town.live(policy.as_mut(), 3, clicks);
        let together = town.slates(policy.as_ref(), 3);
        let mut requests = town.requests(3);
        requests.reverse();
        let mut apart: Vec<Slate> = requests
            .chunks(4)
            .flat_map(|part| policy.recommend(&town.world(), part, town.streams).unwrap())
            .collect();
        apart.reverse();
        assert_eq!(apart, together, "{config:?}");
    }
}

#[test]
fn logged_propensities_are_those_the_policy_states() {
    for config in all() {
        let mut town = town(8);
        let mut policy = town.build(&config).unwrap();
        town.live(policy.as_mut(), 3, clicks);
        assert!(policy.exact_propensities());
        for (request, slate) in town.requests(3).iter().zip(town.slates(policy.as_ref(), 3)) {
            let items: Vec<ItemId> = slate.items.iter().map(|shown| shown.item).collect();
            let logs = policy.log_propensity(&town.world(), request, &items).unwrap();
            assert_eq!(logs.len(), 3);
            assert!((logs.iter().sum::<f64>() - slate.log_propensity).abs() < 1e-12, "{config:?}");
            let twice = policy.log_propensity(&town.world(), request, &[items[0], items[0]]).unwrap();
            assert!(twice[1].is_infinite() && twice[1] < 0.0, "an item twice is impossible");
        }
    }
}

#[test]
fn items_may_come_and_go_between_windows_and_within() {
    for config in all() {
        let mut town = town(9);
        let mut policy = town.build(&config).unwrap();
        town.live(policy.as_mut(), 3, clicks);
        town.available.retain(|item| item.index() % 2 == 1);
        town.add_item(3);
        let check = |town: &Town, policy: &dyn Policy| {
            for slate in town.slates(policy, 30) {
                let mut items: Vec<ItemId> = slate.items.iter().map(|shown| shown.item).collect();
                items.sort_unstable();
                assert_eq!(items, town.available, "{config:?}");
            }
        };
        check(&town, policy.as_ref());
        town.live(policy.as_mut(), 3, clicks);
        check(&town, policy.as_ref());
        town.available.clear();
        assert!(town.slates(policy.as_ref(), 3).iter().all(|slate| slate.items.is_empty()));
    }
}

#[test]
fn what_was_shown_comes_last() {
    for config in all() {
        let town = town(10);
        let policy = town.build(&config).unwrap();
        let shown: Vec<ItemId> = (0..18).map(ItemId).collect();
        let request = habitue_core::Request { shown: &shown, ..town.request(0, 4) };
        let slate = policy.recommend(&town.world(), &[request], town.streams).unwrap().remove(0);
        let mut first: Vec<u32> = slate.items[..2].iter().map(|shown| shown.item.0).collect();
        first.sort_unstable();
        assert_eq!(first, [18, 19], "{config:?}");
        assert!(slate.items[2..].iter().all(|item| shown.contains(&item.item)));
    }
}

fn message(result: Result<Box<dyn Policy>, habitue_core::PolicyError>) -> String {
    result.map(|policy| policy.name().to_owned()).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_built_is_said() {
    let town = town(1);
    let mut messages = String::new();
    for text in [
        "kind = \"popularity\"\npositive = \"lick\"",
        "kind = \"bpr-mf\"\npositive = \"skip\"",
        "kind = \"fixed\"\nitems = [\"v1\", \"v99\"]",
        "kind = \"fixed\"\nitems = []",
        "kind = \"linucb\"\nridge = 0",
        "kind = \"item-knn\"\nexplore = { kind = \"softmax\", temperature = -1 }",
        "kind = \"keyword-filter\"\ninner = { kind = \"external\" }",
        "kind = \"parser-planner\"\ninner = { kind = \"fixed\", items = [\"v99\"] }",
        "kind = \"external\"\ncommand = [\"no-such-program-anywhere\"]",
    ] {
        writeln!(messages, "{text}\n    {}\n", message(town.build(&config(text)))).unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn what_cannot_be_restored_is_said() {
    let town = town(1);
    let mut policy = town.build(&config("kind = \"popularity\"")).unwrap();
    let other = town.build(&config("kind = \"random\"")).unwrap().snapshot().unwrap();
    let mut damaged = policy.snapshot().unwrap();
    damaged.truncate(damaged.len() / 2);
    let mut messages = String::new();
    for bytes in [other.clone(), damaged, vec![255; 10], Vec::new()] {
        writeln!(messages, "{}", policy.restore(&bytes).unwrap_err()).unwrap();
    }
    let mut following = town.build(&config("kind = \"keyword-filter\"")).unwrap();
    let knn = config("kind = \"keyword-filter\"\ninner = { kind = \"item-knn\" }");
    let mut damaged = following.snapshot().unwrap();
    damaged.truncate(damaged.len() / 2);
    for bytes in [other, town.build(&knn).unwrap().snapshot().unwrap(), damaged] {
        writeln!(messages, "{}", following.restore(&bytes).unwrap_err()).unwrap();
    }
    insta::assert_snapshot!(messages);
}
