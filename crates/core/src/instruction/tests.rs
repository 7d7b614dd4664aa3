use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    let names = ["music", "category-1", "category-10", "arts and crafts", "Sci-Fi"];
    let categories: Vec<CategoryId> = names.map(|name| catalogue.category(name)).into();
    let creators = ["studio-9", "three-cats-one-sofa", "penny-plain"].map(|name| catalogue.creator(name));
    for at in 0..30_usize {
        let item = Item {
            key: format!("v{at}"),
            categories: vec![categories[at % 5]],
            creator: Some(creators[at % 3]),
            tags: vec![["cats", "how-to", "plain"][at % 3].to_owned(), "7".to_owned()],
            price: (at % 2 == 0).then_some(at as f32),
            duration_seconds: 10.0 * at as f32,
            ..Item::default()
        };
        catalogue.push(item).unwrap();
    }
    catalogue
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        (0..5_u16).prop_map(|at| Subject::Category(CategoryId(at))),
        (0..3_u32).prop_map(|at| Subject::Creator(CreatorId(at))),
        prop::sample::select(vec!["cats", "how-to", "plain"]).prop_map(|tag| Subject::Tag(tag.to_owned())),
    ]
}

fn instruction() -> impl Strategy<Value = Instruction> {
    let condition = prop_oneof![
        subject().prop_map(Condition::Less),
        subject().prop_map(Condition::More),
        subject().prop_map(Condition::Only),
        Just(Condition::New),
        (1..1_000_000_u32).prop_map(|cents| Condition::PriceCap((f64::from(cents) / 100.0) as f32)),
        (1..100_000_u32).prop_map(|seconds| Condition::DurationCap(seconds as f32)),
    ];
    (condition, prop_oneof![Just(Strength::Soft), Just(Strength::Hard)])
        .prop_map(|(condition, strength)| Instruction { condition, strength })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_back(instruction in instruction(), wording in 0..WORDINGS) {
        let catalogue = catalogue();
        let text = write(&instruction, &catalogue, wording);
        let reading = Lexicon::new(&catalogue).read(&text);
        prop_assert_eq!(&reading.wishes, std::slice::from_ref(&instruction), "{}", text);
        prop_assert!(!reading.forget);
        // What another wording says is the same.
        let other = write(&instruction, &catalogue, wording + 1);
        prop_assert_eq!(Lexicon::new(&catalogue).read(&other).wishes, [instruction]);
    }

    #[test]
    fn any_text_is_read(text in ".{0,80}") {
        Lexicon::new(&catalogue()).read(&text);
    }

    #[test]
    fn every_slate_satisfies_a_condition_or_its_opposite(subject in subject(), slate in prop::collection::vec(0..30_u32, 1..8)) {
        let catalogue = catalogue();
        let slate: Vec<ItemId> = slate.into_iter().map(ItemId).collect();
        let share = |condition| {
            Instruction { condition, strength: Strength::Soft }.share(&slate, &catalogue, &[])
        };
        let (less, only) = (share(Condition::Less(subject.clone())), share(Condition::Only(subject)));
        prop_assert!((less + only - 1.0).abs() < 1e-12);
    }
}

#[test]
fn several_wishes_and_numbers_are_told_apart() {
    let catalogue = catalogue();
    let lexicon = Lexicon::new(&catalogue);
    let mut lines = Vec::new();
    for text in [
        "No category-1, but more music please! Nothing over 12.50 euros.",
        "less Arts and Crafts and less sci-fi",
        "Anything but category-10.",
        "no more than 3 minutes, please; I must have cats",
        "Forget what I said. Only penny plain.",
        "not more cats",
        "music",
        "What a lovely evening",
        "under 20",
        "",
    ] {
        let reading = lexicon.read(text);
        let forget = if reading.forget { " (forget)" } else { "" };
        let wishes: Vec<String> = reading
            .wishes
            .iter()
            .map(|wish| {
                let name = wish.condition.subject().map(|subject| subject.name(&catalogue));
                format!("{:?} {:?} {name:?}", wish.strength, wish.condition)
            })
            .collect();
        lines.push(format!("{text:?}{forget}\n    {}", wishes.join("\n    ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn conditions_are_checked_on_attributes() {
    let catalogue = catalogue();
    let at = |condition, item, seen: &[ItemId]| {
        Instruction { condition, strength: Strength::Hard }.satisfied_by(ItemId(item), &catalogue, seen)
    };
    assert!(at(Condition::PriceCap(4.0), 4, &[]) && !at(Condition::PriceCap(4.0), 6, &[]));
    assert!(at(Condition::PriceCap(4.0), 7, &[]), "what is not sold costs nothing");
    assert!(at(Condition::DurationCap(40.0), 4, &[]) && !at(Condition::DurationCap(40.0), 5, &[]));
    let seen = [ItemId(0), ItemId(1)];
    assert!(!at(Condition::New, 0, &seen) && !at(Condition::New, 5, &seen) && at(Condition::New, 2, &seen));
    assert!(at(Condition::New, 0, &[]));
}

#[test]
fn what_a_text_names_is_found_whatever_it_says_of_it() {
    let catalogue = catalogue();
    let lexicon = Lexicon::new(&catalogue);
    let text = "Penny-Plain and music, or music by three cats one sofa; cats for 2.5 minutes, not 7";
    let mentions = lexicon.mentions(text);
    let names: Vec<&str> = mentions.subjects.iter().map(|subject| subject.name(&catalogue)).collect();
    assert_eq!(names, ["penny-plain", "music", "three-cats-one-sofa", "cats"]);
    assert_eq!(mentions.number, Some(Number { value: 2.5, unit: Some(60.0) }));
    assert_eq!(lexicon.mentions("Surprise me, 0 times").number, None);
}
