use std::path::Path;

use super::*;
use crate::scenario::MemorySources;

const TOWN: &str = r#"
horizon = "3d"
seed = 5
[catalogue]
generate = { items = 50 }
[[population]]
name = "casual"
size = 10
personas = {}
[[arm]]
name = "own"
policy = { kind = "random" }
"#;

const SUITE: &str = r#"
name = "small"
seeds = [1, 2]
metrics = ["engagement", "reward_per_user"]

[[scenario]]
file = "../town.toml"

[[scenario]]
name = "crowd"
file = "../town.toml"
set  = ["population.0.size=30", "arm.0.policy=popular.toml"]

[[policy]]
name   = "popular"
policy = "popular.toml"

[[policy]]
name   = "random"
policy = { kind = "random" }
"#;

fn sources(suite: &str) -> MemorySources {
    MemorySources::new()
        .with("/work/town.toml", TOWN)
        .with("/work/suites/popular.toml", "kind = \"popularity\"\n")
        .with("/work/suites/small.toml", suite)
}

fn read(suite: &str) -> Result<Suite, Problems> {
    resolve_suite(Path::new("work/suites/small.toml"), &sources(suite))
}

fn refused(from: &str, to: &str) -> String {
    assert!(SUITE.contains(from), "{from}");
    read(&SUITE.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_suite_combines_scenarios_policies_and_seeds() {
    let suite = read(SUITE).unwrap();
    let places: Vec<&str> = suite.scenarios.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        (suite.name.as_str(), &places[..], &suite.seeds[..]),
        ("small", &["town", "crowd"][..], &[1, 2][..])
    );
    assert_eq!(suite.metrics, [SuiteMetric::Engagement, SuiteMetric::RewardPerUser]);
    assert_eq!(suite.text, SUITE);
    let run = suite.run(1, 0, 2).unwrap();
    assert_eq!((run.name.as_str(), run.seed), ("crowd_popular_seed2", 2));
    assert_eq!((run.arms.len(), run.arms[0].policy.config.kind(), run.arms[0].share), (1, "popularity", 1.0));
    assert_eq!(run.populations, suite.scenarios[1].1.populations);
    assert_eq!(suite.run(2, 0, 1), None);
    // What a scenario's own seed and arms are makes no difference.
    assert_eq!(suite.run(0, 1, 5).unwrap().arms[0].name, "random");
}

#[test]
fn reward_is_what_is_ranked_by_unless_something_else_is_said() {
    let suite = read(&SUITE.replace("metrics = [\"engagement\", \"reward_per_user\"]", "")).unwrap();
    assert_eq!(suite.metrics, [SuiteMetric::RewardPerUser]);
}

#[test]
fn what_a_suite_names_is_checked_with_places_and_near_names() {
    let wrong = [
        refused("file = \"../town.toml\"", "file = \"../twon.toml\""),
        refused("kind = \"random\"", "kind = \"randum\""),
        refused("policy = \"popular.toml\"", "policy = \"populr.toml\""),
        refused("seeds = [1, 2]", "seeds = [1, 2, 1]"),
        refused("seeds = [1, 2]", "seeds = []"),
        refused("\"reward_per_user\"", "\"reward_per_usr\""),
        refused("\"reward_per_user\"", "\"engagement\""),
        refused("name = \"crowd\"\n", ""),
        refused("name   = \"random\"", "name   = \"popular\""),
        refused("name   = \"random\"", "name   = \"../random\""),
        refused("population.0.size=30", "population.0.size=0"),
        refused("population.0.size=30", "log.enabled=false"),
        refused(
            "\"population.0.size=30\"",
            r#"'intervention=[{ kind = "outage", at = "1d", duration = "1h", arm = "own" }]'"#,
        ),
        refused("kind = \"random\"", "kind = \"item-knn\", positive = \"clik\""),
        refused("[[policy]]", "[[polcy]]"),
    ];
    insta::assert_snapshot!(wrong.join("\n\n"));
}

#[test]
fn a_scenario_that_stands_twice_is_wrong_once() {
    let broken = TOWN.replace("3d", "3 parsecs");
    let sources = sources(SUITE).with("/work/town.toml", broken);
    let problems = resolve_suite(Path::new("work/suites/small.toml"), &sources).unwrap_err();
    assert_eq!(problems.problems.len(), 1, "{problems}");
    assert_eq!((problems.problems[0].file.as_str(), problems.problems[0].line), ("work/town.toml", 2));
    assert!(problems.render().contains("horizon = \"3 parsecs\""));
}

#[test]
fn a_suite_that_is_not_there_is_looked_for_nearby() {
    let problems = resolve_suite(Path::new("work/suites/smal.toml"), &sources(SUITE)).unwrap_err();
    assert_eq!(problems.problems[0].nearest.as_deref(), Some("work/suites/small.toml"));
}
