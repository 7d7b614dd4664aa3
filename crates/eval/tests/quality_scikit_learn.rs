//! On identical lists the ranking measures are those of scikit-learn and `RecBole`, and the corrected fairness of individual
//! items is that of its authors' formulas. `goldens/quality/make.py` made the file.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use habitue_eval::quality::{Fairness, ItemFairness, Ranking, graded_ndcg};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    rankings: Vec<Ranked>,
    fairness: Vec<Exposed>,
}

#[derive(Deserialize)]
struct Ranked {
    k: usize,
    hits: Vec<bool>,
    relevant: usize,
    grades: Vec<f64>,
    recbole: RecBole,
    sklearn: ScikitLearn,
}

#[derive(Deserialize)]
struct RecBole {
    precision: f64,
    recall: f64,
    ndcg: f64,
    mrr: f64,
    hit: f64,
    map: f64,
}

#[derive(Deserialize)]
struct ScikitLearn {
    ndcg: f64,
    graded_ndcg: f64,
    precision: f64,
    recall: f64,
    average_precision: f64,
}

#[derive(Deserialize)]
struct Exposed {
    exposure: Vec<u64>,
    lists: u64,
    k: usize,
    jain: (f64, Option<f64>),
    shown: (f64, Option<f64>),
    entropy: (f64, Option<f64>),
    gini: (f64, Option<f64>),
    satisfied: (f64, Option<f64>),
}

fn cases() -> Cases {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/quality/quality.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn close(own: f64, theirs: f64) {
    assert!((own - theirs).abs() <= 1e-9, "{own} against {theirs}");
}

#[test]
fn rankings() {
    let cases = cases().rankings;
    assert_eq!(cases.len(), 20);
    for Ranked { k, hits, relevant, grades, recbole, sklearn } in cases {
        let own = Ranking::at(k, hits.iter().copied(), relevant).unwrap();
        let theirs = [recbole.precision, recbole.recall, recbole.ndcg, recbole.mrr, recbole.hit, recbole.map];
        own.values().into_iter().zip(theirs).for_each(|(own, theirs)| close(own, theirs));
        close(own.ndcg, sklearn.ndcg);
        close(own.precision, sklearn.precision);
        close(own.recall, sklearn.recall);
        close(graded_ndcg(k, &grades, &grades).unwrap(), sklearn.graded_ndcg);
        let whole = Ranking::at(hits.len(), hits.iter().copied(), relevant).unwrap();
        close(whole.average_precision, sklearn.average_precision);
    }
}

#[test]
fn fairness_of_items() {
    let cases = cases().fairness;
    assert_eq!(cases.len(), 12);
    for case in cases {
        let mut lengths = vec![0; case.k + 1];
        lengths[case.k] = case.lists;
        let own = ItemFairness::of(&case.exposure, &lengths).unwrap();
        for (Fairness { original, corrected }, theirs) in [
            (own.jain, case.jain),
            (own.shown, case.shown),
            (own.entropy, case.entropy),
            (own.gini, case.gini),
            (own.satisfied, case.satisfied),
        ] {
            close(original, theirs.0);
            assert_eq!(corrected.is_some(), theirs.1.is_some(), "{corrected:?} against {theirs:?}");
            close(corrected.unwrap_or(0.0), theirs.1.unwrap_or(0.0));
        }
    }
}
