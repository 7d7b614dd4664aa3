use habitue_core::{Catalogue, DatasetUser, Decider, Interaction, Item, ItemId, UserId};

use super::lists::Listed;
use super::*;

fn data() -> Dataset {
    let mut catalogue = Catalogue::new();
    let category = catalogue.category("films");
    for key in ["a", "b", "c"] {
        catalogue.push(Item { key: key.to_owned(), categories: vec![category], ..Item::default() }).unwrap();
    }
    let rated =
        |item, rating| Interaction { user: 0, item: ItemId(item), unix_seconds: 0, rating, weight: 1.0 };
    Dataset {
        catalogue,
        users: vec![DatasetUser { key: "u".to_owned(), ..DatasetUser::default() }],
        interactions: vec![rated(0, Some(4.0)), rated(1, Some(2.0))],
        ..Dataset::default()
    }
}

fn person(key: &str) -> Vec<Person> {
    vec![Person { key: key.to_owned(), history: Vec::new() }]
}

fn list(items: &[u32]) -> List {
    let listed = |item: &u32| Listed { item: ItemId(*item), is_picked: false, probabilities: Vec::new() };
    let items = items.iter().map(listed).collect();
    List { arm: 0, user: UserId(0), decider: Decider::Choice, items }
}

#[test]
fn the_data_says_what_was_liked() {
    let (data, people) = (data(), person("u"));
    let truth = Truth::new(&data, &people, &data.catalogue).unwrap();
    assert_eq!(truth.of(&list(&[2, 0]), &people, 4.0).unwrap(), [false, true]);
    assert_eq!(truth.of(&list(&[1]), &people, 2.0).unwrap(), [true]);
}

#[test]
fn data_of_another_run_is_refused() {
    let (data, people) = (data(), person("u"));
    let truth = Truth::new(&data, &people, &data.catalogue).unwrap();
    let said = [
        truth.of(&list(&[1]), &people, 4.0).unwrap_err().to_string(),
        Truth::new(&data, &person("v"), &data.catalogue).err().unwrap().to_string(),
        Truth::new(&data, &people, &Catalogue::new()).err().unwrap().to_string(),
    ];
    insta::assert_snapshot!(said.join("\n"));
}
