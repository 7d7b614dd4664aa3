#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a tryout")]
use habitue_train::net::NetShape;
use habitue_train::{Recipe, Training};
fn var<T: std::str::FromStr>(name: &str, or: T) -> T {
    std::env::var(name).ok().and_then(|t| t.parse().ok()).unwrap_or(or)
}
fn main() {
    let steps = var("STEPS", 400u64);
    let shape = NetShape {
        hidden: var("HIDDEN", 64),
        layers: var("LAYERS", 3),
        heads: var("HEADS", 2),
        intermediate: var("FF", 128),
        vocabulary: 1024,
    };
    let recipe = Recipe {
        name: "x".into(),
        seed: 7,
        shape,
        tokenizer_towns: 1000,
        steps: 100_000,
        first_steps: 100_000,
        batch_tokens: var("BATCH", 2048),
        learning_rate: var("LR", 2e-3),
        warmup: 50,
        floor: 0.05,
        weight_decay: 0.1,
        clip: 1.0,
        hints: var("HINTS", 1.0),
        words: 0.2,
    };
    let mut training = Training::begin(recipe).unwrap();
    let start = std::time::Instant::now();
    let (mut choices, mut n) = (0.0, 0.0);
    let mut out = String::new();
    while training.steps() < steps {
        let point = training.advance().unwrap();
        choices += point.choices;
        n += 1.0;
        if training.steps() % 50 == 0 {
            out += &format!("{:.3} ", choices / n);
            (choices, n) = (0.0, 0.0);
        }
    }
    println!("{out} {:.0}s", start.elapsed().as_secs_f64());
}
