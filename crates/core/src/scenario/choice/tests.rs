use super::*;
use crate::scenario::Span;
use crate::time::SimDuration;

fn problem(change: impl FnOnce(&mut ChoiceConfig)) -> String {
    let mut config = ChoiceConfig::default();
    change(&mut config);
    let FieldProblem { field, value, expected } = config.check().unwrap_err();
    format!("{field}: {value}: {expected}")
}

#[test]
fn the_defaults_are_valid_and_an_empty_table_means_them() {
    let config = ChoiceConfig::default();
    assert_eq!(config.check(), Ok(()));
    assert_eq!(toml::from_str::<ChoiceConfig>("").unwrap(), config);
    assert_eq!(toml::from_str::<ChoiceConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
}

#[test]
fn values_outside_their_range_are_named_with_their_path() {
    let problems = [
        problem(|c| c.satisfaction_weight = f64::NAN),
        problem(|c| c.affinity.repeat = -1.0),
        problem(|c| c.examination = ExaminationConfig::PositionBased(PositionBasedConfig { decay: 11.0 })),
        problem(|c| c.examination = ExaminationConfig::Cascade(CascadeConfig { proceed: 1.5, stop: 0.0 })),
        problem(|c| c.action.slope = f64::INFINITY),
        problem(|c| c.dwell.glance_seconds = 0.0),
        problem(|c| c.rating.thresholds = [0.0, 1.0, 0.5, 2.0]),
        problem(|c| c.mindset.scale = 0.0),
        problem(|c| c.memory.recent = 1001),
        problem(|c| c.drift.engaged = 2.0),
        problem(|c| c.leave.base = 51.0),
        problem(|c| c.returning.hours = [0.0; 24]),
        problem(|c| c.returning.hours[7] = -1.0),
        problem(|c| c.returning.longest = Span(SimDuration(1))),
        problem(|c| c.churn.trust = 101.0),
        problem(|c| c.arrival.mood_half_life = Span(SimDuration(0))),
        problem(|c| (c.social.post, c.social.chat) = (0.75, 0.5)),
    ];
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn examination_is_chosen_by_kind() {
    let config: ChoiceConfig = toml::from_str("examination = { kind = \"cascade\", stop = 1.0 }").unwrap();
    assert_eq!(config.examination, ExaminationConfig::Cascade(CascadeConfig { proceed: 0.9, stop: 1.0 }));
    let error =
        toml::from_str::<ChoiceConfig>("examination = { kind = \"cascade\", decay = 1.0 }").unwrap_err();
    assert!(error.to_string().contains("unknown field `decay`"), "{error}");
}
