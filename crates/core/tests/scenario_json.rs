//! Promise: a resolved scenario can be written as JSON and read back exactly, to the last bit of every number.

use std::path::Path;

use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use proptest::prelude::*;

/// A number as TOML writes it, from its bits.
fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |number| number.is_finite())
}

fn finite_single() -> impl Strategy<Value = f32> {
    any::<f32>().prop_filter("finite", |number| number.is_finite())
}

fn positive() -> impl Strategy<Value = f64> {
    finite().prop_map(f64::abs).prop_filter("above 0", |number| *number > 0.0)
}

fn resolved(text: &str) -> Scenario {
    let file = "/läb/my studies/s.toml";
    let sources = MemorySources::new()
        .with(file, text)
        .with("/läb/my studies/items \"1\".jsonl", "")
        .with("/läb/personas.csv", "")
        .with("/läb/map.toml", "");
    let typed = Typed { file: Path::new(file), sets: &[], seed: Some(u64::MAX), data: None };
    resolve(&typed, &sources).unwrap_or_else(|problems| panic!("{problems}"))
}

fn comes_back(scenario: &Scenario) {
    let json = serde_json::to_string_pretty(scenario).expect("a scenario is JSON");
    let back: Scenario = serde_json::from_str(&json).expect("JSON is a scenario");
    assert_eq!(&back, scenario);
    // Equal text too: what is stored does not change when it is stored again.
    assert_eq!(serde_json::to_string_pretty(&back).expect("a scenario is JSON"), json);
}

proptest! {
    #[test]
    fn every_number_comes_back(
        share in 0.0_f64..1.0,
        temperature in positive(),
        rating in 1.0_f32..=5.0,
        values in (finite_single(), finite_single(), finite_single(), finite_single()),
        days in 1e-9_f64..3e6,
        weight in finite_single().prop_map(f32::abs).prop_filter("above 0", |weight| *weight > 0.0),
        embedding in prop::collection::vec(finite_single(), 0..5),
        skew in finite().prop_map(f64::abs),
        milliseconds in 1_i64..1_000_000_000_000,
        seconds in 0_u32..1_000_000,
    ) {
        prop_assume!(share > 0.0);
        let (like, dwell, turn, point) = values;
        let scenario = resolved(&format!(
            "
            horizon = \"{horizon}ms\"
            window = \"turn\"
            checkpoint.every = \"{seconds}s 1ms\"
            slate.rate = true
            [catalogue]
            generate = {{ items = 9, category_skew = {skew:?} }}
            [[population]]
            name = \"a\"
            size = 3
            personas = {{}}
            [[arm]]
            name = \"a\"
            share = {share:?}
            [arm.policy]
            kind = \"bpr-mf\"
            positive_rating = {rating:?}
            retrain = \"{milliseconds}ms\"
            explore = {{ kind = \"plackett-luce\", temperature = {temperature:?} }}
            [[arm]]
            name = \"b\"
            share = {other:?}
            policy = {{ kind = \"external\", command = [\"x\"], timeout = \"{milliseconds}ms\" }}
            [reward]
            like = {like:?}
            dwell_minute = {dwell:?}
            turn = {turn:?}
            rating_point = {point:?}
            return_within = {{ days = {days:?}, value = {point:?} }}
            [[intervention]]
            at = \"{milliseconds}ms\"
            kind = \"edit-persona\"
            interests = {{ \"ä \\\" b\" = {weight:?} }}
            [[intervention]]
            at = \"0s\"
            kind = \"add-items\"
            items = [{{ id = \"i\", title = \"\", categories = [\"c\"], embedding = {embedding:?}, price = {weight:?}, age = \"{milliseconds}ms\" }}]
            ",
            horizon = milliseconds + 1,
            other = 1.0 - share,
        ));
        comes_back(&scenario);
    }
}

#[test]
fn every_kind_comes_back() {
    let scenario = resolved(include_str!("scenario_json/scenario.toml"));
    assert_eq!(scenario.interventions.len(), 7);
    assert!(serde_json::to_string(&scenario).unwrap().contains("/läb/my studies/items"));
    comes_back(&scenario);
}
