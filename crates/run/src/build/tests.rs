use habitue_core::scenario::{DatasetLayout, MemorySources, Typed, resolve};
use habitue_core::{DatasetUser, Interaction, Item};
use habitue_store::write_dataset;

use super::*;

fn scenario() -> Scenario {
    let text = r#"
        [catalogue]
        generate = { items = 20 }
        [[population]]
        name = "a"
        size = 3
        personas = {}
        [[population]]
        name = "b"
        size = 2
        personas = {}
        [[arm]]
        name = "only"
        policy = { kind = "random" }
    "#;
    let typed = Typed { file: Path::new("/s.toml"), sets: &[], seed: None, data: None };
    resolve(&typed, &MemorySources::new().with("/s.toml", text)).unwrap()
}

fn wrong(scenario: &Scenario) -> String {
    let error = parts(scenario).map(|_| ()).unwrap_err();
    assert!(error.is_input(), "{error:?}");
    error.to_string()
}

#[test]
fn populations_stand_one_after_the_other() {
    let parts = parts(&scenario()).unwrap();
    assert_eq!(parts.personas.len(), 5);
    assert_eq!(parts.populations, [0, 0, 0, 1, 1].map(PopulationId));
    assert_eq!((parts.models.len(), parts.catalogue.len(), parts.graph.edges()), (2, 20, 0));
}

#[test]
fn a_simulation_can_be_driven_by_hand() {
    let mut simulation = simulation(&scenario()).unwrap();
    let first = simulation.advance().unwrap().unwrap();
    assert_eq!(simulation.now().0, 3_600_000);
    assert!(first.turns.iter().all(|turn| turn.impressions.len() == 10));
}

#[test]
fn what_cannot_be_built_is_said() {
    let mut twice = scenario();
    "a".clone_into(&mut twice.populations[1].name);
    let mut without_size = scenario();
    without_size.populations[0].size = None;
    let mut without_history = scenario();
    without_history.populations[1].personas = PersonaSource::History;
    let mut without_file = scenario();
    without_file.catalogue = CatalogueSource::File("/nowhere/items.jsonl".into());
    let said = [twice, without_size, without_history, without_file].map(|scenario| wrong(&scenario));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_source_that_has_too_few_users_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut dataset = Dataset { name: "two".to_owned(), ..Dataset::default() };
    let category = dataset.catalogue.category("films");
    let item = Item { key: "f".to_owned(), categories: vec![category], ..Item::default() };
    let item = dataset.catalogue.push(item).unwrap();
    for (user, key) in (0..).zip(["x", "y"]) {
        dataset.users.push(DatasetUser { key: key.to_owned(), ..DatasetUser::default() });
        dataset.interactions.push(Interaction { user, item, unix_seconds: 5, rating: None, weight: 1.0 });
    }
    write_dataset(&dataset, folder.path()).unwrap();
    let mut scenario = scenario();
    let layout = DatasetLayout::Csv { mapping: folder.path().join("mapping.toml") };
    scenario.catalogue = CatalogueSource::Dataset { layout, path: folder.path().to_path_buf() };
    scenario.populations[0].personas = PersonaSource::History;
    assert_eq!(
        wrong(&scenario),
        "size of population \"a\" is 3, expected at most 2, as many as its source has"
    );
    scenario.populations[0].size = None;
    assert_eq!(parts(&scenario).unwrap().personas.len(), 4);
}
