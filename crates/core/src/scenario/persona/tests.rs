use super::*;

fn problem(text: &str) -> String {
    let spec: PersonaSpec = toml::from_str(text).unwrap();
    let FieldProblem { field, value, expected } = spec.check().unwrap_err();
    format!("{field}: {value}: {expected}")
}

#[test]
fn an_empty_table_is_valid_and_a_written_one_reads_back() {
    let spec: PersonaSpec = toml::from_str("").unwrap();
    assert_eq!(spec, PersonaSpec::default());
    assert_eq!(spec.check(), Ok(()));
    assert_eq!(toml::from_str::<PersonaSpec>(&toml::to_string(&spec).unwrap()).unwrap(), spec);
}

#[test]
fn values_outside_their_range_are_named_with_their_path() {
    let problems = [
        "interests = { min = 0, max = 3 }",
        "interests = { min = 5, max = 3 }",
        "dislikes = { min = 3, max = 2 }",
        "traits_per_user = { min = 4, max = 2 }",
        "categories = { music = -1.0 }",
        "categories = { music = 0.0, art = 0.0 }",
        "genders = { female = inf }",
        "concentration = 0.0",
        "habits = { patience = { mean = 1.0 } }",
        "habits = { conformity = { concentration = 0.0 } }",
        "age = { max = 130 }",
        "age = { min = 90 }",
        "age = { mean = 10.0 }",
        "age = { spread = -1.0 }",
        "occupations = [\"nurse\", \"\"]",
    ]
    .map(problem);
    insta::assert_snapshot!(problems.join("\n"));
}
