//! Promise: what was typed means what the documentation says: defaults, references, units, order, command line.

use std::path::{Path, PathBuf};

use habitue_core::scenario::persona::PersonaSpec;
use habitue_core::scenario::policy::{PolicyConfig, PopularityConfig};
use habitue_core::scenario::{
    CatalogueSource, Checkpoints, DatasetLayout, Design, GraphSource, InterventionKind, MemorySources,
    ModelConfig, ModelFile, PersonaSource, PolicySpec, Problems, Scenario, Size, TemplateSource, Typed,
    Window, resolve,
};
use habitue_core::{DAY, HOUR, ReturnReward, Reward, SECOND, SimDuration, SimTime};

const LEAST: &str = "
[catalogue]
generate = { items = 50 }
[[population]]
name = \"casual\"
size = 10
personas = {}
[[arm]]
name = \"random\"
policy = { kind = \"random\" }
";

fn files(scenario: &str) -> MemorySources {
    MemorySources::new()
        .with("/lab/studies/least.toml", scenario)
        .with("/lab/studies/items.jsonl", "")
        .with("/lab/policies/popularity.toml", "kind = \"popularity\"\nhalf_life = \"3d\"\n")
        .with("/lab/personas/spec.toml", "concentration = 3.5\n")
        .with("/lab/personas/list.toml", "[[persona]]\nkey = \"a\"\n")
        .with("/lab/personas/list.jsonl", "")
        .with("/lab/personas/list.csv", "")
        .with("/lab/personas/columns.toml", "")
        .with("/lab/studies/tiny/config.json", "{}")
        .with("/lab/studies/my.j2", "hello")
        .with("/lab/studies/calibration.toml", "[action]\ntemperature = 0.5\n[action.offset]\nclick = -1.5\n")
        .with("/lab/studies/cold.toml", "[action]\ntemperature = 0\n")
        .with("/lab/data/u.data", "")
        .with("/lab/other/u.data", "")
}

fn typed(scenario: &str, sets: &[&str], seed: Option<u64>, data: Option<&str>) -> Result<Scenario, Problems> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let file = Path::new("lab/studies/least.toml");
    resolve(&Typed { file, sets: &sets, seed, data: data.map(Path::new) }, &files(scenario))
}

fn means(scenario: &str) -> Scenario {
    typed(scenario, &[], None, None).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn what_is_not_typed_has_its_default() {
    let scenario = means(LEAST);
    assert_eq!((scenario.name.as_str(), scenario.seed), ("least", 0));
    assert_eq!(
        (scenario.horizon, scenario.window),
        (SimDuration(14 * DAY), Window::Every(SimDuration(HOUR)))
    );
    assert_eq!((scenario.slate.size, scenario.slate.rate, scenario.slate.history), (10, false, 50));
    assert_eq!((scenario.slate.max_turns, scenario.slate.overhead), (50, SimDuration(SECOND)));
    assert_eq!(scenario.slate.scale.names(), ["skip", "view", "click", "like", "share", "follow"]);
    // Every action from "click" on counts 1.
    assert_eq!(scenario.reward.actions, [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(scenario.reward.return_within, None);
    assert_eq!((scenario.design, &scenario.graph), (Design::Split, &GraphSource::None));
    assert_eq!((scenario.checkpoints, scenario.log.enabled), (Checkpoints::Minutes(5.0), true));
    assert_eq!((scenario.log.distributions, scenario.log.rows_per_file), (false, 131_072));
    assert_eq!((scenario.arms[0].share, scenario.interventions.len()), (1.0, 0));
    assert_eq!(scenario.populations[0].model, ModelConfig::Choice(Box::default()));
}

#[test]
fn models_are_paths_that_exist_or_ids_of_the_hub_and_templates_are_read() {
    let llm = |table: &str| {
        let text =
            LEAST.replace("personas = {}", &format!("personas = {{}}\nmodel = \"llm\"\nllm = {{ {table} }}"));
        match means(&text).populations.remove(0).model {
            ModelConfig::Llm(llm) => *llm,
            ModelConfig::Choice(_) => panic!("choice users"),
        }
    };
    let hub = llm("model = \"org/name@v1\"");
    assert_eq!((hub.model, hub.template), (ModelFile::Hub("org/name@v1".into()), TemplateSource::Default));
    let file = llm("model = \"tiny/config.json\", cache = \"1GiB\", template = \"my.j2\"");
    assert_eq!(
        (file.model, file.config.cache),
        (ModelFile::Path("/lab/studies/tiny/config.json".into()), Size(1 << 30))
    );
    let TemplateSource::File(template) = file.template else { panic!("a file") };
    assert_eq!(template.text, "hello");
    let ours = llm("model = \"builtin:habitue-mini\"");
    assert_eq!(ours.model, ModelFile::BuiltIn("builtin:habitue-mini".into()));
    assert_eq!(ours.template, TemplateSource::Short);
    let full = llm("model = \"builtin:habitue-mini\", template = \"builtin:default\"");
    assert_eq!(full.template, TemplateSource::Default);
    let calibrated = llm("model = \"org/name\", calibration = \"calibration.toml\"");
    let action = &calibrated.config.calibration.action;
    assert_eq!((action.temperature.to_bits(), action.offset.get("click")), (0.5_f64.to_bits(), Some(&-1.5)));
    let cold = "personas = {}\nmodel = \"llm\"\nllm = { model = \"org/name\", calibration = \"cold.toml\" }";
    let said = typed(&LEAST.replace("personas = {}", cold), &[], None, None).unwrap_err().to_string();
    assert!(said.contains("cold.toml:2") && said.contains("at most 100"), "{said}");
    let server =
        llm("model = \"any\", server = { endpoint = \"http://127.0.0.1:8000/v1\", timeout = \"30s\" }");
    assert_eq!(server.model, ModelFile::Server);
}

#[test]
fn arms_without_shares_have_the_same() {
    let arms = "[[arm]]\nname = \"b\"\npolicy = \"../policies/popularity.toml\"\n[[arm]]\nname = \"c\"\npolicy = { kind = \"random\" }\n";
    let scenario = means(&format!("{LEAST}{arms}"));
    assert!(scenario.arms.iter().all(|arm| (arm.share - 1.0 / 3.0).abs() < 1e-12));
    assert_eq!(scenario.arms[0].policy.folder, Path::new("/lab/studies"));
    let SimDuration(day) = SimDuration(DAY);
    let config = PopularityConfig {
        half_life: Some(habitue_core::scenario::Span(SimDuration(3 * day))),
        ..PopularityConfig::default()
    };
    // Commands of a policy in a file of its own start beside that file.
    let expected = PolicySpec {
        config: PolicyConfig::Popularity(config),
        folder: PathBuf::from("/lab/policies"),
        model: None,
    };
    assert_eq!(scenario.arms[1].policy, expected);
}

#[test]
fn actions_that_are_not_named_are_worth_nothing() {
    let scenario = means(&format!(
        "{LEAST}[reward]\nlike = 2\ndwell_minute = 0.1\nreturn_within = {{ days = 7, value = 10 }}\n"
    ));
    let expected = Reward {
        actions: vec![0.0, 0.0, 0.0, 2.0, 0.0, 0.0],
        dwell_minute: 0.1,
        rating_point: 0.0,
        turn: 0.0,
        return_within: Some(ReturnReward { within: SimDuration(7 * DAY), value: 10.0 }),
    };
    assert_eq!(scenario.reward, expected);
}

#[test]
fn personas_come_from_what_their_path_says() {
    let source = |personas: &str| {
        let scenario = means(&LEAST.replace("personas = {}", &format!("personas = {personas}")));
        scenario.populations[0].personas.clone()
    };
    let file = |name: &str, mapping: Option<&str>| PersonaSource::File {
        path: PathBuf::from(format!("/lab/personas/{name}")),
        mapping: mapping.map(PathBuf::from),
    };
    let PersonaSource::Spec(spec) = source("\"../personas/spec.toml\"") else { panic!() };
    assert_eq!(spec.as_ref(), &PersonaSpec { concentration: 3.5, ..PersonaSpec::default() });
    assert_eq!(source("{ concentration = 3.5 }"), PersonaSource::Spec(spec));
    assert_eq!(source("\"../personas/list.toml\""), file("list.toml", None));
    assert_eq!(source("\"../personas/list.jsonl\""), file("list.jsonl", None));
    assert_eq!(source("{ file = \"../personas/list.jsonl\" }"), file("list.jsonl", None));
    assert_eq!(
        source("{ file = \"../personas/list.csv\", mapping = \"../personas/columns.toml\" }"),
        file("list.csv", Some("/lab/personas/columns.toml"))
    );
}

#[test]
fn data_on_the_command_line_goes_before_the_path() {
    let scenario = LEAST
        .replace("generate = { items = 50 }", "dataset = \"movielens\"\npath = \"../data\"")
        .replace("personas = {}", "personas = { from = \"history\" }")
        .replace("size = 10", "");
    let catalogue = |data| typed(&scenario, &[], None, data).unwrap().catalogue;
    let from =
        |path: &str| CatalogueSource::Dataset { layout: DatasetLayout::MovieLens, path: PathBuf::from(path) };
    assert_eq!(catalogue(None), from("/lab/data"));
    assert_eq!(catalogue(Some("lab/other")), from("/lab/other"));
    let people = &means(&scenario).populations[0];
    assert_eq!((&people.personas, people.size), (&PersonaSource::History, None));

    let held = scenario.replace("from = \"history\"", "from = \"history\", held_out = 0.2");
    assert_eq!(means(&held).populations[0].personas, PersonaSource::HeldIn { held_out: 0.2 });
    for wrong in ["0", "1.0", "-0.5"] {
        let problems = typed(&held.replace("0.2", wrong), &[], None, None).unwrap_err();
        assert_eq!(problems.problems[0].path, "population[0].personas.held_out");
    }
    // A path that is not used need not exist.
    let moved = scenario.replace("../data", "../moved");
    assert!(typed(&moved, &[], None, None).is_err());
    assert!(typed(&moved, &[], None, Some("/lab/other")).is_ok());

    let csv = LEAST.replace(
        "generate = { items = 50 }",
        "dataset = \"csv\"\npath = \"../data\"\nmapping = \"../personas/columns.toml\"",
    );
    let mapping = PathBuf::from("/lab/personas/columns.toml");
    let expected =
        CatalogueSource::Dataset { layout: DatasetLayout::Csv { mapping }, path: PathBuf::from("/lab/data") };
    assert_eq!(means(&csv).catalogue, expected);
    let file = LEAST.replace("generate = { items = 50 }", "file = \"./items.jsonl\"");
    assert_eq!(means(&file).catalogue, CatalogueSource::File(PathBuf::from("/lab/studies/items.jsonl")));
}

#[test]
fn values_on_the_command_line_go_before_the_file() {
    let sets = [
        "name=mine",
        "seed=3",
        "window=turn",
        "horizon=36h",
        "population.0.size=7",
        "slate.actions=[\"skip\", \"like\"]",
        "slate.engaged=like",
        "arm.0.policy.kind=popularity",
        "arm.0.policy.half_life=\"2d\"",
        "reward.like=1.5",
        "checkpoint.every=90s",
        "slate.size=3",
        "slate.size=4",
    ];
    let scenario = typed(LEAST, &sets, None, None).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.seed, scenario.window), ("mine", 3, Window::Turn));
    assert_eq!((scenario.horizon, scenario.populations[0].size), (SimDuration(36 * HOUR), Some(7)));
    assert_eq!((scenario.slate.size, scenario.slate.scale.len()), (4, 2));
    assert_eq!(scenario.arms[0].policy.config.kind(), "popularity");
    assert_eq!((scenario.reward.actions, scenario.checkpoints), (vec![0.0, 1.5], Checkpoints::Minutes(1.5)));
    assert_eq!(typed(LEAST, &sets, Some(u64::MAX), None).unwrap().seed, u64::MAX);

    // Paths of the command line start from the working directory, those of the file from its folder.
    let policy = ["arm.0.policy=lab/policies/popularity.toml"];
    let scenario = typed(LEAST, &policy, None, None).unwrap();
    assert_eq!(scenario.arms[0].policy.folder, Path::new("/lab/policies"));
    let table = ["arm.0.policy={ kind = \"external\", command = [\"./policy\"] }"];
    assert_eq!(typed(LEAST, &table, None, None).unwrap().arms[0].policy.folder, Path::new("/"));
}

#[test]
fn interventions_are_in_order_of_time() {
    let scenario = means(&format!(
        "{LEAST}{}",
        "
        [[intervention]]
        at = \"5d\"
        kind = \"creator-post\"
        creator = \"studio\"
        item = { id = \"new\", title = \"New\", categories = [\"x\"] }
        [[intervention]]
        at = \"1d\"
        kind = \"need-shock\"
        category = \"b\"
        [[intervention]]
        at = \"13d 23h\"
        kind = \"outage\"
        duration = \"1h\"
        [[intervention]]
        at = \"1d\"
        kind = \"need-shock\"
        category = \"a\"
        "
    ));
    let kinds: Vec<_> = scenario.interventions.iter().map(|one| (one.at, one.kind.name())).collect();
    let day = |days: i64| SimTime(days * DAY);
    assert_eq!(
        kinds,
        [
            (day(1), "need-shock"),
            (day(1), "need-shock"),
            (day(5), "creator-post"),
            (SimTime(13 * DAY + 23 * HOUR), "outage")
        ]
    );
    // Those at the same time stay in the order in which they were typed.
    let shock = |category: &str| InterventionKind::NeedShock { category: category.to_owned(), share: 1.0 };
    assert_eq!(
        [&scenario.interventions[0].kind, &scenario.interventions[1].kind],
        [&shock("b"), &shock("a")]
    );
    let InterventionKind::CreatorPost { item, .. } = &scenario.interventions[2].kind else { panic!() };
    assert_eq!(item.creator.as_deref(), Some("studio"));
}

#[test]
fn shares_may_be_rounded_to_what_can_be_written() {
    let arm = |name: &str, share: &str| {
        format!("[[arm]]\nname = \"{name}\"\npolicy = {{ kind = \"random\" }}\nshare = {share}\n")
    };
    let shares = |shares: [&str; 3]| {
        let arms: String = ["a", "b", "c"].iter().zip(shares).map(|(name, share)| arm(name, share)).collect();
        let least = LEAST.split("[[arm]]").next().unwrap();
        typed(&format!("{least}{arms}"), &[], None, None)
    };
    assert!(shares(["0.3333333", "0.3333333", "0.3333333"]).is_ok());
    assert!(shares(["0.333", "0.333", "0.333"]).is_err());
    assert!(shares(["0.1", "0.2", "0.7"]).is_ok());
}
