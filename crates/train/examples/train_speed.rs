//! Tokens a second of training: `cargo run --release -p habitue-train --example train_speed`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]
use habitue_train::net::NetShape;
use habitue_train::{Recipe, Training};

fn main() {
    let shape = NetShape { hidden: 192, layers: 4, heads: 6, intermediate: 512, vocabulary: 2048 };
    let recipe = Recipe {
        name: "habitue-mini".to_owned(),
        seed: 7,
        shape,
        tokenizer_towns: 400,
        steps: 100,
        first_steps: 0,
        batch_tokens: 4096,
        learning_rate: 2e-3,
        warmup: 10,
        floor: 0.1,
        weight_decay: 0.1,
        clip: 1.0,
        hints: 1.0,
        words: 0.3,
    };
    let start = std::time::Instant::now();
    let mut training = Training::begin(recipe).unwrap();
    println!("tokenizer {:?}, {} parameters", start.elapsed(), training.net().size());
    let start = std::time::Instant::now();
    for _ in 0..8 {
        let point = training.advance().unwrap();
        println!("{point:?} {:.0} tokens/s", point.tokens as f64 / start.elapsed().as_secs_f64());
    }
}
