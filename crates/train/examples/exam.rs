#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a tryout")]
use habitue_llm::{Backend, Engine, EngineOptions, LoadOptions, LocalBackend, Model, ModelSource, Precision};
use habitue_train::examination::examine;
use habitue_train::lessons::{Lot, sensitivity};
use std::sync::Arc;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let files = Model::open(&ModelSource::parse(&folder).unwrap(), &LoadOptions::default()).unwrap();
    for precision in [Precision::F32, Precision::Int8] {
        let options = EngineOptions { precision, threads: 1, ..EngineOptions::default() };
        let engine = Engine::start(files.config.clone(), files.weights.as_ref(), options).unwrap();
        let model: Arc<dyn Backend> =
            Arc::new(LocalBackend::new(Arc::new(engine), &files, serde_json::Map::new()).unwrap());
        for lot in [Lot::Training, Lot::HeldOut] {
            println!("{precision:?} {lot:?} {:?}", sensitivity(&model, 7, 1 << 40, 40, lot).unwrap());
            for (kind, g) in examine(&model, 7, 1 << 40, 40, lot).unwrap() {
                println!(
                    "  {kind:8} n {:5} agree {:.3} (const {:.3}) loss {:.4} entropy {:.4} const {:.4}",
                    g.decisions,
                    g.agreement,
                    g.constant_agreement,
                    g.log_loss,
                    g.entropy,
                    g.constant_log_loss
                );
            }
        }
    }
}
