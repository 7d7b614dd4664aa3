use super::*;

fn read(text: &str) -> Result<PolicyConfig, toml::de::Error> {
    toml::from_str(text)
}

#[test]
fn every_kind_reads_writes_and_is_named() {
    for kind in PolicyConfig::KINDS {
        let config = read(&format!("kind = \"{kind}\"")).unwrap();
        assert_eq!(config.kind(), kind);
        assert_eq!(read(&toml::to_string(&config).unwrap()).unwrap(), config);
    }
    let message = read("kind = \"popularty\"").unwrap_err().to_string();
    assert!(message.contains("popularity"), "{message}");
}

#[test]
fn unknown_fields_are_refused() {
    let message = read("kind = \"bpr-mf\"\nfactor = 8").unwrap_err().to_string();
    assert!(message.contains("factor") && message.contains("regularisation"), "{message}");
    assert!(read("kind = \"random\"\nexplore = { kind = \"epsilon\" }").is_err());
}

#[test]
fn exploration_and_retraining_read_as_text() {
    let config = read(
        "kind = \"bpr-mf\"\nretrain = \"never\"\nexclude = \"consumed\"\nexplore = { kind = \"plackett-luce\", top = 50 }",
    )
    .unwrap();
    let PolicyConfig::BprMf(config) = config else { panic!("{config:?}") };
    assert_eq!(config.retrain, Retrain::Never);
    assert_eq!(config.exclude, Exclude::Consumed);
    assert_eq!(
        config.explore,
        Some(Explore::PlackettLuce(PlackettLuceConfig { temperature: 1.0, top: Some(50) }))
    );
    let message = read("kind = \"bpr-mf\"\nretrain = \"daily\"").unwrap_err().to_string();
    assert!(message.contains("or \"never\""), "{message}");
}

#[test]
fn values_outside_their_range_are_named() {
    for (text, field) in [
        ("kind = \"popularity\"\nhalf_life = \"0s\"", "half_life"),
        ("kind = \"popularity\"\npositive_rating = 6", "positive_rating"),
        ("kind = \"popularity\"\nexplore = { kind = \"epsilon\", epsilon = 1.5 }", "explore.epsilon"),
        ("kind = \"item-knn\"\nneighbours = 0", "neighbours"),
        ("kind = \"item-knn\"\nexplore = { kind = \"softmax\", temperature = 0 }", "explore.temperature"),
        ("kind = \"bpr-mf\"\nlearning_rate = -1", "learning_rate"),
        ("kind = \"bpr-mf\"\nexplore = { kind = \"softmax\", top = 0 }", "explore.top"),
        ("kind = \"bpr-mf\"\nretrain = \"0s\"", "retrain"),
        ("kind = \"linucb\"\nridge = 0", "ridge"),
        ("kind = \"discriminate\"\nm = 0", "m"),
        ("kind = \"discriminate\"\nlist = 1", "list"),
        ("kind = \"discriminate\"\nliked = 5.5", "liked"),
        ("kind = \"diag-linucb\"\nmemberships = 0", "memberships"),
        ("kind = \"thompson-bernoulli\"\nbeta = 0", "beta"),
        ("kind = \"thompson-linear\"\nspread = -0.1", "spread"),
        ("kind = \"fixed\"", "items"),
        ("kind = \"fixed\"\nitems = [\"a\", \"b\", \"a\"]", "items.2"),
        ("kind = \"external\"", "command"),
        ("kind = \"external\"\npython = \"newest.py\"", "python"),
        ("kind = \"external\"\npython = \":Newest\"", "python"),
        ("kind = \"external\"\npython = \"-c:x\"", "python"),
        ("kind = \"external\"\npython = \"newest:Newest\"\ncommand = [\"python3\"]", "python"),
        ("kind = \"keyword-filter\"\nboost = -1", "boost"),
        ("kind = \"keyword-filter\"\ninner = { kind = \"item-knn\", neighbours = 0 }", "inner.neighbours"),
        ("kind = \"parser-planner\"\nbeta = -1", "beta"),
        ("kind = \"parser-planner\"\ninner = { kind = \"keyword-filter\" }", "inner.kind"),
        ("kind = \"external\"\ncommand = [\"x\"]\nlongest_line = 1", "longest_line"),
        ("kind = \"parser-planner\"\nparser = { model = \"a/b\", batch = 0 }", "parser.batch"),
        ("kind = \"llm-ranker\"", "model"),
        ("kind = \"llm-ranker\"\nmodel = \"a/b\"\ncandidates = 0", "candidates"),
        ("kind = \"llm-ranker\"\nmodel = \"a/b\"\nyes = \"no\"", "no"),
        ("kind = \"llm-ranker\"\nmodel = \"a/b\"\ninner = { kind = \"random\" }", "inner.kind"),
        ("kind = \"llm-ranker\"\nmodel = \"a/b\"\ninner = { kind = \"parser-planner\" }", "inner.kind"),
        (
            "kind = \"llm-ranker\"\nmodel = \"a/b\"\n[inner]\nkind = \"popularity\"\nexplore = { kind = \"epsilon\" }",
            "inner.explore",
        ),
    ] {
        assert_eq!(read(text).unwrap().check().unwrap_err().field, field, "{text}");
    }
    for kind in ["random", "popularity", "item-knn", "bpr-mf", "linucb", "diag-linucb", "thompson-bernoulli"]
    {
        assert_eq!(read(&format!("kind = \"{kind}\"")).unwrap().check(), Ok(()));
    }
}
