//! Real data makes users and items, and the layout of its files makes no difference.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use habitue_core::Item;
use habitue_store::RunReader;
use habitue_tests::{Habitue, data, tables};

#[test]
fn movielens_users_live_on_and_recbole_files_give_the_same_world() {
    let (Some(raw), Some(recbole)) = (data("ml-100k"), data("recbole-ml-100k")) else { return };
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let short = ["scenarios/movielens.toml", "--set", "horizon=\"2d\"", "--data"];
    let from_raw = habitue.run("raw", &[&short, [raw.to_str().unwrap()].as_slice()].concat());
    let atomic = [recbole.to_str().unwrap(), "--set", "catalogue.dataset=recbole"];
    let from_atomic = habitue.run("recbole", &[short.as_slice(), &atomic].concat());

    let run = RunReader::open(&from_raw).unwrap();
    let users: Vec<_> = run.users().map(Result::unwrap).collect();
    assert_eq!(users.len(), 943);
    assert_eq!(users.iter().map(|user| user.persona.history.len()).sum::<usize>(), 100_000);
    assert_eq!(run.catalogue().unwrap().len(), 1_682);
    assert!(run.turns().count() > 5_000);

    // One title differs: of a film without data, which RecBole's file spells "unkonwn (unkonwn)".
    let titled = |run: &std::path::Path| -> Vec<Item> {
        let catalogue = RunReader::open(run).unwrap().catalogue().unwrap();
        let items = catalogue.items().iter().cloned();
        items
            .map(|item| if item.key == "267" { Item { title: "unknown".into(), ..item } } else { item })
            .collect()
    };
    assert!(titled(&from_raw) == titled(&from_atomic));
    let rest = |run: &std::path::Path| {
        let mut files = tables(run);
        files.retain(|name, _| !name.starts_with("items/"));
        files
    };
    assert!(rest(&from_raw) == rest(&from_atomic));
}
