//! Policies follow what users say, and only then.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use habitue_core::instruction::{Instruction, Lexicon};
use habitue_core::{ItemId, Policy, Request, RequestText, Slate, UserId};
use town::{Town, config};

const EXPLORE: &str = "explore = { kind = \"plackett-luce\", temperature = 0.5 }";

/// 60 items in 4 categories: item n is of category n mod 4.
fn town() -> Town {
    Town::new(60, 4, 3, 5)
}

fn policy(town: &Town, kind: &str, inner: &str) -> Box<dyn Policy> {
    town.build(&config(&format!("kind = \"{kind}\"\ninner = {{ {inner} }}"))).unwrap()
}

/// The slate after these instructions, the last of which comes with the request or lies a turn back.
fn slate(town: &Town, policy: &dyn Policy, texts: &[&str], last_is_now: bool, shown: &[ItemId]) -> Slate {
    let said: Vec<RequestText> = texts.iter().map(|text| RequestText::Instruct((*text).to_owned())).collect();
    let text = said.last().filter(|_| last_is_now);
    let request = Request { shown, said: &said, text, turn: 3, ..town.request(0, 6) };
    policy.recommend(&town.world(), &[request], town.streams).unwrap().remove(0)
}

fn items(slate: &Slate) -> Vec<ItemId> {
    slate.items.iter().map(|shown| shown.item).collect()
}

/// Share of the slate that satisfies the last of the instructions.
fn share(town: &Town, slate: &Slate, text: &str, shown: &[ItemId]) -> f64 {
    let [wish]: [Instruction; 1] = Lexicon::new(&town.catalogue).read(text).wishes.try_into().unwrap();
    wish.share(&items(slate), &town.catalogue, shown)
}

#[test]
fn without_words_the_inner_policy_answers() {
    let mut town = town();
    for inner in ["kind = \"popularity\"", "kind = \"item-knn\"", &format!("kind = \"bpr-mf\", {EXPLORE}")] {
        let mut plain = town.build(&config(&inner.replace(", explore", "\nexplore"))).unwrap();
        town.live(plain.as_mut(), 6, |_, item| f64::from(item.0 % 3) / 3.0);
        for kind in ["keyword-filter", "parser-planner"] {
            let following = policy(&town, kind, inner);
            let plain = town.build(&config(&inner.replace(", explore", "\nexplore"))).unwrap();
            assert_eq!(town.slates(following.as_ref(), 6), town.slates(plain.as_ref(), 6), "{kind} {inner}");
            let not_an_instruction = RequestText::Search("no more c1".into());
            let said = std::slice::from_ref(&not_an_instruction);
            let request = Request { text: said.first(), said, ..town.request(0, 6) };
            let slate = following.recommend(&town.world(), &[request], town.streams).unwrap().remove(0);
            assert_eq!(slate, town.slates(plain.as_ref(), 6)[0]);
        }
    }
}

#[test]
fn both_follow_plain_words() {
    let town = town();
    for kind in ["keyword-filter", "parser-planner"] {
        for inner in ["kind = \"popularity\"", "kind = \"random\""] {
            let policy = policy(&town, kind, inner);
            for text in ["No more c1, please.", "Only c2, no exceptions.", "I would like some more c3."] {
                let slate = slate(&town, policy.as_ref(), &[text], true, &[]);
                let (share, items) = (share(&town, &slate, text, &[]), items(&slate));
                assert!(share > 0.8, "{kind} over {inner}: {text} {share} {items:?}");
            }
        }
    }
}

#[test]
fn the_planner_understands_limits_novelty_and_turns_of_phrase_and_keeps_them() {
    let town = town();
    let (keyword, planner) = (
        policy(&town, "keyword-filter", "kind = \"popularity\""),
        policy(&town, "parser-planner", "kind = \"popularity\""),
    );
    let shown: Vec<ItemId> = [40, 44, 48, 41, 45, 49].map(ItemId).into();
    for text in ["Something different, no exceptions.", "I am in the mood for c3."] {
        for (policy, now, follows) in
            [(&planner, true, true), (&planner, false, true), (&keyword, true, false)]
        {
            let slate = slate(&town, policy.as_ref(), &[text], now, &shown);
            let share = share(&town, &slate, text, &shown);
            assert_eq!(share > 0.99, follows, "{}: {text} {share}", policy.name());
        }
    }
    // The keyword filter has forgotten by the next page.
    let kept = |policy: &dyn Policy| {
        let text = "No more c1, please.";
        share(&town, &slate(&town, policy, &[text], false, &[]), text, &[])
    };
    assert!(kept(planner.as_ref()) > 0.99 && kept(keyword.as_ref()) < 0.99);
    // Wishes of several turns hold together.
    let both = slate(&town, planner.as_ref(), &["No more c1, please.", "No more c2, please."], true, &[]);
    assert!(items(&both).iter().all(|item| [0, 3].contains(&(item.0 % 4))));
}

#[test]
fn propensities_are_those_of_the_slates_drawn() {
    let town = town();
    for kind in ["keyword-filter", "parser-planner"] {
        for inner in ["kind = \"random\"", &format!("kind = \"popularity\", {EXPLORE}")] {
            let policy = policy(&town, kind, inner);
            let said = [RequestText::Instruct("No more c1, please. I would like some more c2.".into())];
            for user in (0..3).map(UserId) {
                let request = Request { said: &said, text: said.first(), ..town.request(user.0, 6) };
                let slate = policy.recommend(&town.world(), &[request], town.streams).unwrap().remove(0);
                let logs = policy.log_propensity(&town.world(), &request, &items(&slate)).unwrap();
                assert!((logs.iter().sum::<f64>() - slate.log_propensity).abs() < 1e-9);
                for (shown, log) in slate.items.iter().zip(&logs) {
                    assert!((f64::from(shown.propensity).ln() - log).abs() < 1e-5);
                }
                let barred = policy.log_propensity(&town.world(), &request, &[ItemId(1)]).unwrap();
                assert_eq!(barred, [f64::NEG_INFINITY], "an item of c1");
            }
        }
    }
}

#[test]
fn a_reply_tells_what_was_understood() {
    let town = town();
    let text = "kind = \"parser-planner\"\nreply = true";
    let policy = town.build(&config(text)).unwrap();
    let texts = ["No more c1, please.", "Preferably shorter than 2 minutes."];
    let answer = slate(&town, policy.as_ref(), &texts, true, &[]).reply;
    assert_eq!(answer.as_deref(), Some("As you asked: less c1, at most 2 minutes."));
    assert_eq!(slate(&town, policy.as_ref(), &texts, false, &[]).reply, None);
}

#[test]
fn items_that_appear_later_are_followed_too() {
    let mut town = town();
    let mut policy = policy(&town, "parser-planner", "kind = \"fixed\", items = [\"v0\"]");
    town.catalogue.category("c4");
    let item = town.catalogue.push(habitue_core::Item {
        key: "new".into(),
        categories: vec![town.catalogue.find_category("c4").unwrap()],
        ..Default::default()
    });
    town.available.push(item.unwrap());
    let first =
        |policy: &dyn Policy| items(&slate(&town, policy, &["Only c4, no exceptions."], true, &[]))[0];
    assert_eq!(first(policy.as_ref()), ItemId(60));
    policy.end_window(&town.world(), town.streams).unwrap();
    assert_eq!(first(policy.as_ref()), ItemId(60));
}
