use habitue_core::scenario::{DatasetLayout, MemorySources, Typed, resolve};
use habitue_core::{DatasetUser, Interaction, Item, ItemId};
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

/// A data set of 12 users, 40 items and 20 interactions each; `altered` says what stands in place of an interaction.
fn rated(altered: impl Fn(u32, Interaction) -> Interaction) -> Dataset {
    let mut dataset = Dataset { name: "rated".to_owned(), ..Dataset::default() };
    let categories: Vec<_> = (0..4).map(|n| dataset.catalogue.category(&format!("c{n}"))).collect();
    for n in 0..40 {
        let item = Item { key: format!("i{n}"), categories: vec![categories[n % 4]], ..Item::default() };
        dataset.catalogue.push(item).unwrap();
    }
    for user in 0..12 {
        dataset.users.push(DatasetUser { key: format!("u{user}"), ..DatasetUser::default() });
        for n in 0..20 {
            let item = ItemId((n * 3 + user * 7) % 40);
            let rating = Some(((n * 2 + user) % 5 + 1) as f32);
            let own = Interaction { user, item, unix_seconds: i64::from(n), rating, weight: 1.0 };
            dataset.interactions.push(altered(user, own));
        }
    }
    dataset
}

#[test]
fn nothing_of_what_is_held_out_reaches_the_world() {
    let streams = Streams::new(7);
    let original = rated(|_, own| own).hold_out(0.3, streams);
    let held = |user, item| original.held_out.iter().any(|one| (one.user, one.item) == (user, item));
    let built = |dataset: &Dataset| {
        let folder = tempfile::tempdir().unwrap();
        write_dataset(dataset, folder.path()).unwrap();
        let mut scenario = scenario();
        scenario.seed = 7;
        let layout = DatasetLayout::Csv { mapping: folder.path().join("mapping.toml") };
        scenario.catalogue = CatalogueSource::Dataset { layout, path: folder.path().to_path_buf() };
        scenario.populations.truncate(1);
        scenario.populations[0].size = None;
        scenario.populations[0].personas = PersonaSource::HeldIn { held_out: 0.3 };
        scenario.arms = ["popularity", "item-knn", "bpr-mf", "linucb"]
            .map(|kind| {
                let mut arm = scenario.arms[0].clone();
                kind.clone_into(&mut arm.name);
                arm.policy.config = serde_json::from_str(&format!(r#"{{"kind": "{kind}"}}"#)).unwrap();
                arm.share = 0.25;
                arm
            })
            .into();
        let (parts, held_out) = parts_and_held_out(&scenario, &OpenModels::default()).unwrap();
        let personas = parts.personas.clone();
        let zoo = Zoo::new(&scenario, held_out.clone(), OpenModels::default());
        let simulation = Simulation::new(scenario, parts, Box::new(zoo)).unwrap();
        // Public counters, users' states and all that policies have learnt.
        (personas, simulation.snapshot().unwrap(), held_out)
    };
    let first = built(&rated(|_, own| own));
    let second = built(&rated(|user, own| {
        if !held(user, own.item) {
            return own;
        }
        // Twenty items further on are those that the user never touches.
        let item = ItemId((own.item.0 + 20) % 40);
        Interaction { item, rating: own.rating.map(|rating| 6.0 - rating), weight: 9.0, ..own }
    }));
    assert_ne!(first.2, second.2, "what is held out differs");
    assert!(first.0 == second.0, "personas know of what is held out");
    assert!(first.1 == second.1, "the world knows of what is held out");
    assert!(first.0.iter().all(|persona| persona.history.len() == 14), "six of twenty are held out");
    let third =
        built(&rated(|user, own| Interaction { weight: 1.0, rating: Some((user % 5 + 1) as f32), ..own }));
    assert!(first.1 != third.1, "what is not held out is known");
}
