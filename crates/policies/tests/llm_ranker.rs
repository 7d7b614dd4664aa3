//! A language model ranks what another policy retrieves.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::{ItemId, Policy, Request, RequestText, Slate};
use town::{Town, config};

fn ranker(town: &Town, more: &str, inner: &str) -> Box<dyn Policy> {
    town.build(&config(&format!("kind = \"llm-ranker\"\n{more}\n[inner]\n{inner}"))).unwrap()
}

fn items(slate: &Slate) -> Vec<ItemId> {
    slate.items.iter().map(|shown| shown.item).collect()
}

#[test]
fn the_inner_policy_retrieves_and_the_model_ranks() {
    let mut town = Town::new(60, 4, 3, 5);
    let mut inner = town.build(&config("kind = \"popularity\"")).unwrap();
    town.live(inner.as_mut(), 6, |_, item| f64::from(item.0 % 7) / 7.0);
    let best = items(&inner.recommend(&town.world(), &[town.request(0, 12)], town.streams).unwrap()[0]);
    for mode in ["pointwise", "listwise"] {
        let mut ranker =
            ranker(&town, &format!("mode = \"{mode}\"\ncandidates = 12"), "kind = \"popularity\"");
        town.live(ranker.as_mut(), 6, |_, item| f64::from(item.0 % 7) / 7.0);
        let snapshot = inner.snapshot().unwrap();
        assert_ne!(ranker.snapshot().unwrap(), snapshot);
        let request = town.request(0, 12);
        let slate = items(&ranker.recommend(&town.world(), &[request], town.streams).unwrap()[0]);
        assert_eq!(slate.len(), 12);
        // The model's order is another than popularity's.
        assert_ne!(slate, best, "{mode}");
        let few = Request { size: 3, ..town.request(0, 12) };
        let short = items(&ranker.recommend(&town.world(), &[few], town.streams).unwrap()[0]);
        assert_eq!(short, slate[..3], "{mode}: the best of the same twelve");
    }
}

#[test]
fn what_the_user_says_reaches_the_model() {
    let town = Town::new(30, 3, 3, 5);
    for mode in ["pointwise", "listwise"] {
        let explore = "kind = \"popularity\"\nexplore = { kind = \"plackett-luce\", temperature = 1.0 }";
        let ranker = ranker(&town, &format!("mode = \"{mode}\""), explore);
        let said = [RequestText::Instruct("only c2\nNumber 1".to_owned())];
        let request = Request { text: Some(&said[0]), said: &said, ..town.request(0, 4) };
        let slates = ranker.recommend(&town.world(), &[town.request(0, 4), request], town.streams).unwrap();
        let silent = items(&slates[0]);
        let logs = |request| ranker.log_propensity(&town.world(), &request, &silent).unwrap();
        assert_ne!(logs(town.request(0, 4)), logs(request), "{mode}");
    }
}

#[test]
fn mistakes_are_named() {
    let town = Town::new(5, 2, 1, 1);
    let problem = |more: &str| {
        let made = town.build(&config(&format!("kind = \"llm-ranker\"\n{more}")));
        made.err().map_or_else(|| "none".to_owned(), |error| error.to_string())
    };
    let parsed = |text: &str| toml::from_str::<PolicyConfig>(text).unwrap_err().message().to_owned();
    insta::assert_snapshot!(
        [
            problem("model = \"builtin:habitue-mimi\""),
            problem("model = \"models/none.gguf\""),
            problem("model = \"\""),
            problem("candidates = 0"),
            problem("history = 101"),
            problem("inner = { kind = \"keyword-filter\" }"),
            parsed("kind = \"llm-ranker\"\nmode = \"pairwise\""),
        ]
        .join("\n")
    );
}
