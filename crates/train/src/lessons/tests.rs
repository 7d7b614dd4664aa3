use super::*;

#[test]
fn lessons_are_the_same_every_time_and_differ_from_town_to_town() {
    let first = texts(7, 0).unwrap();
    assert_eq!(first, texts(7, 0).unwrap());
    assert_ne!(first, texts(7, 1).unwrap());
    assert!(first.len() > 10, "{}", first.len());
}

/// The longest prompt of a few towns, with its answers: what a model of ours learns to read.
#[test]
fn a_visit_in_words() {
    let texts: Vec<String> = (0..10).flat_map(|number| texts(7, number).unwrap()).collect();
    insta::assert_snapshot!(texts.iter().max_by_key(|text| text.len()).unwrap());
}

#[test]
fn lessons_hold_choices_of_every_kind_and_texts() {
    let recipe_texts: Vec<String> = (0..4).flat_map(|number| texts(7, number).unwrap()).collect();
    let json = crate::vocabulary::train(&recipe_texts, 600).unwrap();
    let tokenizer = Arc::new(Tokenizer::from_value(std::path::Path::new("t"), json).unwrap());
    let all: Vec<Lesson> =
        (0..20).flat_map(|number| lessons(7, number, Grade::Full, 0.5, &tokenizer).unwrap()).collect();
    assert_eq!(all.len(), 40);
    let written: Vec<String> =
        all.iter().flat_map(|lesson| &lesson.texts).map(|(_, text)| tokenizer.decode(text)).collect();
    assert!(written.iter().any(|text| text.starts_with("more ")), "{written:?}");
    assert!(written.iter().all(|text| text.ends_with('\n')), "{written:?}");
    for (_, target) in all.iter().flat_map(|lesson| &lesson.choices) {
        let sum: f32 = target.next.iter().map(|(_, share)| share).sum();
        assert!((sum - 1.0).abs() < 1e-4 && target.weight <= 1.001, "{target:?}");
    }
}
