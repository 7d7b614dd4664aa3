#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a tryout")]
use habitue_train::net::NetShape;
use habitue_train::{Recipe, Training};
use std::path::Path;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let steps: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let folder = Path::new(&folder);
    let shape = NetShape { hidden: 192, layers: 4, heads: 6, intermediate: 512, vocabulary: 2048 };
    let recipe = Recipe {
        name: "habitue-mini".to_owned(),
        seed: 7,
        shape,
        tokenizer_towns: 4000,
        steps,
        first_steps: 1200,
        batch_tokens: 2048,
        learning_rate: 1e-3,
        warmup: 100,
        floor: 0.05,
        weight_decay: 0.1,
        clip: 1.0,
        hints: 1.0,
        words: 0.2,
    };
    let mut training = if Training::exists(folder) {
        Training::load(folder).unwrap()
    } else {
        Training::begin(recipe).unwrap()
    };
    let start = std::time::Instant::now();
    let (mut choices, mut words, mut n) = (0.0, 0.0, 0.0);
    while !training.is_done() {
        let point = training.advance().unwrap();
        choices += point.choices;
        words += point.words;
        n += 1.0;
        if training.steps() % 20 == 0 {
            println!(
                "{} {} choices {:.4} words {:.3} grad {:.2} {:.0}s",
                point.step,
                point.tokens,
                choices / n,
                words / n,
                point.gradient,
                start.elapsed().as_secs_f64()
            );
            (choices, words, n) = (0.0, 0.0, 0.0);
        }
        if training.steps() % 200 == 0 {
            training.save(folder).unwrap();
            training.export(&folder.join("model")).unwrap();
        }
    }
    training.save(folder).unwrap();
    training.export(&folder.join("model")).unwrap();
}
