//! Policies in which a language model decides: exact propensities, whatever else is asked at the same time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use std::fmt::Write as _;

use habitue_core::{ItemId, Policy, Request, RequestText, Slate};
use town::{Town, config};

fn town() -> Town {
    let mut town = Town::new(24, 4, 6, 5);
    let mut popular = town.build(&config("kind = \"random\"")).unwrap();
    for _ in 0..3 {
        town.live(popular.as_mut(), 4, |_, item| f64::from(item.0 % 3) / 3.0);
    }
    town
}

fn ranker(town: &Town, keys: &str) -> Box<dyn Policy> {
    let model = town::model();
    let text = format!("kind = \"llm-ranker\"\nmodel = {model:?}\nthreads = 1\ncandidates = 5\n{keys}");
    town.build(&config(&text)).unwrap()
}

fn items(slate: &Slate) -> Vec<ItemId> {
    slate.items.iter().map(|shown| shown.item).collect()
}

/// All ordered selections of so many of the items.
fn selections(items: &[ItemId], size: usize) -> Vec<Vec<ItemId>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let rest =
        |first: ItemId| -> Vec<ItemId> { items.iter().copied().filter(|item| *item != first).collect() };
    let with = |first: ItemId| {
        let tails = selections(&rest(first), size - 1);
        tails.into_iter().map(move |tail| [vec![first], tail].concat())
    };
    items.iter().flat_map(|first| with(*first)).collect()
}

/// The probabilities of all slates that can be shown sum to one: of the five that are retrieved, any three in any order.
#[test]
fn the_probabilities_of_all_slates_sum_to_one() {
    let town = town();
    for mode in ["pointwise", "listwise"] {
        for explore in [
            "",
            "explore = { kind = \"plackett-luce\", temperature = 1.0 }",
            "explore = { kind = \"epsilon\", epsilon = 0.3 }",
        ] {
            let policy = ranker(&town, &format!("mode = \"{mode}\"\n{explore}"));
            let request = town.request(2, 3);
            let candidates = items(&town.slates(ranker(&town, "").as_ref(), 5)[2]);
            let logs = |slate: &[ItemId]| policy.log_propensity(&town.world(), &request, slate).unwrap();
            let total: f64 =
                selections(&candidates, 3).iter().map(|slate| logs(slate).iter().sum::<f64>().exp()).sum();
            assert!((total - 1.0).abs() < 1e-6, "{mode} {explore}: {total}");
            let stranger = (0..24).map(ItemId).find(|item| !candidates.contains(item)).unwrap();
            assert_eq!(logs(&[stranger]), [f64::NEG_INFINITY], "what is not retrieved is never shown");
            let drawn = policy.recommend(&town.world(), &[request], town.streams).unwrap().remove(0);
            let sum = logs(&items(&drawn)).iter().sum::<f64>();
            assert!((sum - drawn.log_propensity).abs() < 1e-12, "{mode} {explore}");
            assert!(explore.is_empty() == (drawn.log_propensity == 0.0), "{mode} {explore}");
        }
    }
}

/// At temperature 1 the listwise conditional is the model's own: hotter draws are flatter, and asking anew gives the same.
#[test]
fn temperature_flattens_the_listwise_choice_of_the_model() {
    let town = town();
    let request = town.request(1, 1);
    let first = |temperature: f64| -> Vec<f64> {
        let explore = format!(
            "mode = \"listwise\"\nexplore = {{ kind = \"plackett-luce\", temperature = {temperature} }}"
        );
        let policy = ranker(&town, &explore);
        let candidates = items(&town.slates(ranker(&town, "").as_ref(), 5)[1]);
        let chance =
            |item: &ItemId| policy.log_propensity(&town.world(), &request, &[*item]).unwrap()[0].exp();
        candidates.iter().map(chance).collect()
    };
    let (own, hot) = (first(1.0), first(2.0));
    let roots: Vec<f64> = own.iter().map(|chance| chance.sqrt()).collect();
    let total: f64 = roots.iter().sum();
    for (root, hot) in roots.iter().zip(&hot) {
        assert!((root / total - hot).abs() < 1e-6, "{own:?} and {hot:?}");
    }
}

#[test]
fn slates_depend_on_the_request_alone() {
    let town = town();
    for mode in ["pointwise", "listwise"] {
        let explore = format!("mode = \"{mode}\"\nexplore = {{ kind = \"plackett-luce\" }}");
        let together = town.slates(ranker(&town, &explore).as_ref(), 4);
        let policy = ranker(&town, &format!("{explore}\nbatch = 1\ncache = \"1MiB\""));
        let one = |request: &Request<'_>| {
            policy.recommend(&town.world(), std::slice::from_ref(request), town.streams).unwrap().remove(0)
        };
        let requests = town.requests(4);
        let alone: Vec<Slate> = std::thread::scope(|scope| {
            let threads: Vec<_> = requests.iter().map(|request| scope.spawn(|| one(request))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(alone, together, "{mode}: one by one on threads, with a small cache");
    }
}

#[test]
fn the_model_reads_what_was_said_and_what_was_done() {
    let mut town = town();
    for mode in ["pointwise", "listwise"] {
        let explore = format!("mode = \"{mode}\"\nexplore = {{ kind = \"plackett-luce\" }}");
        let policy = ranker(&town, &explore);
        let said = [RequestText::Instruct("No more c1, please.".into())];
        let silent = town.request(0, 3);
        let request = Request { said: &said, text: said.first(), ..silent };
        let slate = items(&town.slates(policy.as_ref(), 3)[0]);
        let logs = |request| policy.log_propensity(&town.world(), request, &slate).unwrap();
        assert_ne!(logs(&silent), logs(&request), "{mode}");
    }
    let policy = ranker(&town, "explore = { kind = \"plackett-luce\" }");
    let slate = items(&town.slates(policy.as_ref(), 3)[0]);
    let before = policy.log_propensity(&town.world(), &town.request(0, 3), &slate).unwrap();
    town.seen[0].clear();
    assert_ne!(policy.log_propensity(&town.world(), &town.request(0, 3), &slate).unwrap(), before);
}

/// A parser of random weights understands nothing, but it reads every text, and always in the same way.
#[test]
fn a_language_model_reads_any_text_and_the_planner_follows_its_reading() {
    let town = town();
    let text = format!(
        "kind = \"parser-planner\"\nreply = true\nparser = {{ model = {:?}, threads = 1 }}",
        town::model()
    );
    let explored = "[inner]\nkind = \"popularity\"\nexplore = { kind = \"plackett-luce\" }";
    let build = || town.build(&config(&format!("{text}\n{explored}"))).unwrap();
    let (policy, other) = (build(), build());
    let texts = ["No more c1, please.", "", "\"; drop c2 \\n 3 minutes", "Something for \u{1f431}s"];
    let said: Vec<RequestText> = texts.iter().map(|text| RequestText::Instruct((*text).to_owned())).collect();
    let requests: Vec<Request<'_>> = (1..=said.len())
        .map(|until| Request { said: &said[..until], text: said[..until].last(), ..town.request(0, 4) })
        .collect();
    let slates = policy.recommend(&town.world(), &requests, town.streams).unwrap();
    for (request, slate) in requests.iter().zip(&slates).rev() {
        let alone = other.recommend(&town.world(), std::slice::from_ref(request), town.streams).unwrap();
        assert_eq!(alone[0], *slate);
        let logs = policy.log_propensity(&town.world(), request, &items(slate)).unwrap();
        assert!((logs.iter().sum::<f64>() - slate.log_propensity).abs() < 1e-12);
    }
}

#[test]
fn models_that_do_not_serve_are_named() {
    let town = town();
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str, without: &str| {
        let to = folder.path().join(name);
        std::fs::create_dir(&to).unwrap();
        for file in
            ["config.json", "model.safetensors", "tokenizer.json"].into_iter().filter(|file| *file != without)
        {
            std::fs::copy(std::path::Path::new(&town::model()).join(file), to.join(file)).unwrap();
        }
        to.to_str().unwrap().to_owned()
    };
    let (mute, empty) = (copy("mute", "tokenizer.json"), copy("empty", "model.safetensors"));
    let short = copy("short", "");
    let config_file = folder.path().join("short/config.json");
    let mut shape: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&config_file).unwrap()).unwrap();
    shape["max_position_embeddings"] = 16.into();
    std::fs::write(&config_file, shape.to_string()).unwrap();
    let mut messages = String::new();
    let mut say = |error: String| {
        writeln!(
            messages,
            "{}",
            error.replace(folder.path().to_str().unwrap(), "FOLDER").replace(&town::model(), "MODEL")
        )
        .unwrap();
    };
    for text in [
        format!("kind = \"llm-ranker\"\nmodel = {mute:?}"),
        format!("kind = \"llm-ranker\"\nmodel = {empty:?}"),
        format!("kind = \"llm-ranker\"\nmodel = {:?}", folder.path().join("gone").to_str().unwrap()),
        format!("kind = \"llm-ranker\"\nmodel = {:?}\nchat = true", town::model()),
        format!(
            "kind = \"llm-ranker\"\nmodel = {:?}\ninner = {{ kind = \"fixed\", items = [\"v99\"] }}",
            town::model()
        ),
        format!("kind = \"parser-planner\"\nparser = {{ model = {mute:?} }}"),
    ] {
        say(town.build(&config(&text)).map(|policy| policy.name().to_owned()).unwrap_err().to_string());
    }
    let short = town.build(&config(&format!("kind = \"llm-ranker\"\nmodel = {short:?}"))).unwrap();
    let asked = short.recommend(&town.world(), &[town.request(0, 3)], town.streams);
    say(asked.unwrap_err().to_string());
    assert_eq!(short.log_propensity(&town.world(), &town.request(0, 3), &[ItemId(0)]), None);
    insta::assert_snapshot!(messages);
}
