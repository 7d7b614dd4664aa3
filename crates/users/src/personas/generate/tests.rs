use std::collections::BTreeMap;

use super::*;

fn catalogue(names: &[&str]) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for name in names {
        catalogue.category(name);
    }
    catalogue
}

fn ten() -> Catalogue {
    catalogue(&["art", "cars", "cooking", "dance", "diy", "finance", "music", "science", "sport", "travel"])
}

fn drawn(spec: &PersonaSpec, size: u32) -> Vec<Persona> {
    generate(spec, "casual", size, 100, &ten(), Streams::new(5)).unwrap()
}

#[test]
fn an_empty_specification_gives_average_people() {
    let personas = drawn(&PersonaSpec::default(), 2000);
    assert_eq!(personas[7].key, "casual-7");
    for persona in &personas {
        assert!((2..=4).contains(&persona.interests.len()) && persona.dislikes.len() <= 2);
        let sum: f32 = persona.interests.iter().map(|(_, weight)| weight).sum();
        assert!((sum - 1.0).abs() < 1e-5);
        assert!(persona.interests.iter().all(|(category, _)| !persona.dislikes.contains(category)));
        let habits = persona.habits;
        for habit in [habits.activity, habits.patience, habits.diversity, habits.conformity] {
            assert!((0.0..=1.0).contains(&habit));
        }
        assert!((16..=80).contains(&persona.age.unwrap()));
    }
    let mean = personas.iter().map(|persona| f64::from(persona.habits.activity)).sum::<f64>() / 2000.0;
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
}

#[test]
fn a_persona_does_not_depend_on_the_others_nor_its_interests_on_the_names() {
    let spec = PersonaSpec::default();
    let all = drawn(&spec, 10);
    let later = generate(&spec, "casual", 7, 103, &ten(), Streams::new(5)).unwrap();
    assert_eq!(later[0].interests, all[3].interests);
    let named = PersonaSpec { names: vec!["Ada".into(), "Ben".into()], ..spec };
    for (one, other) in all.iter().zip(drawn(&named, 10)) {
        assert_eq!((&one.interests, one.habits, one.age), (&other.interests, other.habits, other.age));
        assert!(!other.name.is_empty());
    }
}

#[test]
fn weights_of_categories_and_habits_are_met() {
    let mut spec = PersonaSpec { interests: Count { min: 1, max: 1 }, ..PersonaSpec::default() };
    spec.categories = BTreeMap::from([("music".into(), 3.0), ("art".into(), 1.0)]);
    spec.habits.patience = BetaSpec { mean: 0.2, concentration: 50.0 };
    spec.genders = BTreeMap::from([("f".into(), 1.0), ("m".into(), 1.0)]);
    let personas = drawn(&spec, 4000);
    let music = CategoryId(6);
    let share = personas.iter().filter(|persona| persona.interests[0].0 == music).count() as f64 / 4000.0;
    assert!((share - 0.75).abs() < 0.03, "{share}");
    let patience = personas.iter().map(|persona| f64::from(persona.habits.patience)).sum::<f64>() / 4000.0;
    assert!((patience - 0.2).abs() < 0.01, "{patience}");
    let women = personas.iter().filter(|persona| persona.gender == "f").count();
    assert!((1800..2200).contains(&women), "{women}");
}

#[test]
fn counts_are_limited_by_what_there_is() {
    let spec = PersonaSpec {
        interests: Count { min: 5, max: 5 },
        dislikes: Count { min: 5, max: 5 },
        traits: vec!["curious".into(), "shy".into()],
        traits_per_user: Count { min: 9, max: 9 },
        ..PersonaSpec::default()
    };
    let catalogue = catalogue(&["a", "b", "c", "d", "e", "f"]);
    let personas = generate(&spec, "p", 1, 0, &catalogue, Streams::new(1)).unwrap();
    assert_eq!(
        (personas[0].interests.len(), personas[0].dislikes.len(), personas[0].traits.len()),
        (5, 1, 2)
    );
}

#[test]
fn a_small_concentration_makes_favourites() {
    let favourite = |concentration| {
        let spec =
            PersonaSpec { concentration, interests: Count { min: 4, max: 4 }, ..PersonaSpec::default() };
        let most =
            |persona: &Persona| persona.interests.iter().map(|(_, weight)| *weight).fold(0.0, f32::max);
        drawn(&spec, 500).iter().map(most).sum::<f32>() / 500.0
    };
    assert!(favourite(0.1) > 0.8 && favourite(100.0) < 0.35, "{} {}", favourite(0.1), favourite(100.0));
    assert!(favourite(1e-9).is_finite());
}

#[test]
fn what_does_not_fit_is_said() {
    let unknown =
        PersonaSpec { categories: BTreeMap::from([("muzic".into(), 1.0)]), ..PersonaSpec::default() };
    let out_of_range = PersonaSpec { concentration: -1.0, ..PersonaSpec::default() };
    let say = |spec: &PersonaSpec, catalogue: &Catalogue| {
        generate(spec, "casual", 1, 0, catalogue, Streams::new(1)).unwrap_err().to_string()
    };
    let problems =
        [say(&unknown, &ten()), say(&out_of_range, &ten()), say(&PersonaSpec::default(), &catalogue(&[]))];
    insta::assert_snapshot!(problems.join("\n"));
}
