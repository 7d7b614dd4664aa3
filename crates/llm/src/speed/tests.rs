use super::*;

/// A small model whose context holds two turns of the workload.
fn tiny() -> SpeedSubject {
    let config = ModelConfig {
        hidden: 64,
        intermediate: 64,
        layers: 1,
        heads: 2,
        kv_heads: 1,
        head_dim: 32,
        vocabulary: 512,
        context: 200,
        sliding_window: vec![None],
        ..ModelConfig::smol135()
    };
    let weights = Box::new(RandomWeights::new(&config, 1));
    SpeedSubject { name: "tiny".to_owned(), config, weights }
}

fn options() -> SpeedOptions {
    let workload =
        Workload { shared: 40, persona: 20, slate: 48, picks: 3, pick_tokens: 3, turns: 5, written: 6 };
    SpeedOptions {
        threads: 1,
        cache_bytes: 8 << 20,
        users: 5,
        workload,
        prompt: 60,
        rounds: 2,
        ..SpeedOptions::quick()
    }
}

#[test]
fn everything_is_measured_and_counted() {
    let mut names = Vec::new();
    let report = measure_speed(&tiny(), &options(), &mut |stage| {
        names.push(format!("{}/{} {}", stage.number, stage.of, stage.name));
        true
    })
    .unwrap();
    assert_eq!(
        (names.first().unwrap().as_str(), names.last().unwrap().as_str()),
        ("1/14 loading", "14/14 overhead")
    );
    assert_eq!((report.model.as_str(), report.precision.as_str(), report.threads), ("tiny", "int8", 1));
    assert!(!report.interrupted && !report.kernel.is_empty());
    let near = weight_bytes(&tiny().config, Precision::Int8);
    assert!(report.model_bytes.abs_diff(near) <= near / 20, "{} {near}", report.model_bytes);

    let counts = |list: &[Throughput]| -> Vec<_> {
        list.iter().map(|it| (it.at_once, it.tokens, it.rounds, it.round_tokens)).collect()
    };
    assert_eq!(counts(&report.prefill), [(1, 60, 2, 60), (4, 60, 2, 240)]);
    assert_eq!(counts(&report.decode), [(1, 15, 8, 1), (8, 15, 8, 8), (32, 15, 8, 32)]);
    assert!(report.prefill.iter().chain(&report.decode).all(|it| it.tokens_per_second > 0.0));

    // 40 + 20 + 2 * 48 + 6 positions are 162; a third turn does not fit into 200.
    assert_eq!(report.workload.turns, 2);
    let variations: Vec<_> = report.decisions.iter().map(|run| (run.variation, run.users)).collect();
    assert_eq!(
        variations,
        [
            (Variation::Whole, 5),
            (Variation::NoBatching, 2),
            (Variation::NoPrefixCache, 2),
            (Variation::WrittenPicks, 5),
            (Variation::PromptLoop, 1),
            (Variation::FloatKernel, 2),
        ]
    );
    report.decisions.iter().for_each(check_counts);
    assert!(report.factor(Variation::PromptLoop).is_some_and(|factor| factor > 0.0));

    let closeness = report.closeness.unwrap();
    assert_eq!(closeness.positions, 30);
    assert!((0.0..0.5).contains(&closeness.mean_divergence) && closeness.same_top > 15, "{closeness:?}");
    let overhead: Vec<_> = report.overhead.iter().map(|it| (it.picks, it.at_once, it.decisions)).collect();
    assert_eq!(overhead, [(0, 1, 8), (0, 64, 512), (10, 1, 8), (10, 64, 512)]);
}

/// Tokens of a run are those of its prompts and answers, computed or cached; without the cache all are computed.
fn check_counts(run: &DecisionSpeed) {
    let (users, turns) = (u64::from(run.users), 2);
    assert_eq!((run.decisions, run.picks), (users * turns, users * turns * 3));
    let prompts = users * ((40 + 20 + 48) + (40 + 20 + 96));
    let written = run.variation.written();
    assert_eq!(run.generated_tokens, if written { users * turns * 6 } else { 0 });
    let asked = if written {
        // The prompt again at each of 6 steps, longer by what was written.
        6 * prompts + users * turns * (1 + 2 + 3 + 4 + 5)
    } else {
        prompts + users * turns * 3 * 3
    };
    assert_eq!(run.new_tokens + run.cached_tokens, asked, "{run:?}");
    let least = if run.variation.cached() { 40 + users * (20 + 96) } else { prompts };
    // A token of a page may be computed again when a request turns off inside it.
    assert!(run.new_tokens >= least && run.new_tokens < least + users * turns * 60, "{run:?}");
    assert!(run.passes > 0 && run.seconds > 0.0 && run.decisions_per_second > 0.0);
}

#[test]
fn it_can_be_stopped_between_measurements() {
    let report = measure_speed(&tiny(), &options(), &mut |stage| stage.number < 4).unwrap();
    assert!(report.interrupted);
    assert_eq!((report.prefill.len(), report.decode.len(), report.decisions.len()), (2, 0, 0));
    assert_eq!((&report.closeness, report.factor(Variation::NoBatching)), (&None, None));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let mut small = tiny();
    small.config.context = 100;
    let error = |subject: &SpeedSubject, options: &SpeedOptions| {
        measure_speed(subject, options, &mut |_| true).unwrap_err().to_string()
    };
    assert_eq!(
        error(&small, &options()),
        "the model's context is 100, expected at least 114 positions, for one turn of the workload"
    );
    assert_eq!(error(&tiny(), &SpeedOptions { users: 0, ..options() }), "users is 0, expected at least 1");
    assert_eq!(
        "smol130".parse::<Shape>().unwrap_err().to_string(),
        "shape is \"smol130\", expected one of smol135, qwen05; did you mean \"smol135\"?"
    );
    assert_eq!("qwen05".parse::<Shape>().unwrap(), Shape::Qwen05);
}

#[test]
fn an_estimate_without_time_says_nothing() {
    let estimate = estimate_speed(Shape::Smol135, Precision::Int8, 1, std::time::Duration::ZERO).unwrap();
    assert_eq!((estimate.prefill_tokens_per_second, estimate.decode_tokens_per_second), (None, None));
}

#[test]
fn sizes_are_those_of_the_models() {
    let config = ModelConfig::smol135();
    // SmolLM2-135M has 134.5 million parameters; keys and values are 16-bit with int8.
    assert!((134_000_000..136_000_000).contains(&weight_bytes(&config, Precision::Int8)));
    assert!((537_000_000..540_000_000).contains(&weight_bytes(&config, Precision::F32)));
    assert_eq!(cache_bytes_per_token(&config, Precision::Int8), 30 * 3 * 2 * 64 * 2);
    assert_ne!(kernel_name(Precision::Int8).unwrap(), kernel_name(Precision::F32).unwrap());
}
