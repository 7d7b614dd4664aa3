//! Language models that are tables.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod server;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use habitue_core::{Purpose, Stream, Streams};
use habitue_llm::{
    ChatTemplate, LlmError, LocalBackend, Pending, Reply, Request, Scorer, TokenSet, Tokenizer, Wanted,
};

pub(crate) fn tokenizer(name: &str) -> Arc<Tokenizer> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/goldens/tokens/{name}.json"));
    Arc::new(Tokenizer::from_file(&file).unwrap())
}

pub(crate) fn chat_template() -> ChatTemplate {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/chat/chatml.jinja");
    ChatTemplate::new(&std::fs::read_to_string(file).unwrap(), serde_json::Map::new()).unwrap()
}

pub(crate) fn stream(entity: u64) -> Stream {
    Streams::new(5).stream(Purpose::Decision, entity, 0)
}

/// Logits between -3 and 3 that depend on all tokens before.
pub(crate) fn logit(prefix: &[u32], token: u32) -> f32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for value in prefix.iter().chain([&token]) {
        hash = (hash ^ u64::from(*value)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    (hash % 6001) as f32 / 1000.0 - 3.0
}

/// Gives [`logit`] for whatever is asked.
#[derive(Default)]
pub(crate) struct HashScorer {
    pub(crate) vocabulary: usize,
    pub(crate) requests: AtomicUsize,
    pub(crate) branches: AtomicUsize,
}

impl Scorer for HashScorer {
    fn score(&self, request: Request) -> Pending<'_, Reply> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.branches.fetch_add(request.branches.len(), Ordering::Relaxed);
        let vocabulary = self.vocabulary as u32;
        let row = |tokens: &[u32], wanted: &Wanted| {
            let set = match &wanted.tokens {
                TokenSet::All => (0..vocabulary).collect(),
                TokenSet::Only(set) => set.clone(),
            };
            set.iter().map(|&token| logit(&tokens[..=wanted.position], token)).collect::<Vec<f32>>()
        };
        let reply = Reply {
            logits: request.wanted.iter().map(|wanted| row(&request.tokens, wanted)).collect(),
            branches: request
                .branches
                .iter()
                .map(|branch| {
                    let rows = branch.wanted.iter().map(|wanted| {
                        let mut tokens = request.tokens.clone();
                        tokens.extend(&branch.tokens);
                        let position = request.tokens.len() + wanted.position;
                        row(&tokens, &Wanted { position, tokens: wanted.tokens.clone() })
                    });
                    rows.collect()
                })
                .collect(),
            new_tokens: request.tokens.len(),
            cached_tokens: 0,
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(reply)
        })
    }
}

/// Wants to write one text after the first prompt that it sees.
pub(crate) struct ScriptScorer {
    pub(crate) vocabulary: usize,
    pub(crate) script: Vec<u32>,
    pub(crate) start: Mutex<Option<usize>>,
}

impl Scorer for ScriptScorer {
    fn score(&self, request: Request) -> Pending<'_, Reply> {
        let start = *self.start.lock().unwrap().get_or_insert(request.tokens.len());
        let next = self.script.get(request.tokens.len() - start).copied();
        let row =
            (0..self.vocabulary as u32).map(|token| if Some(token) == next { 30.0 } else { 0.0 }).collect();
        Box::pin(std::future::ready(Ok(Reply { logits: vec![row], ..Reply::default() })))
    }
}

pub(crate) fn backend(scorer: Arc<dyn Scorer>, tokenizer: Arc<Tokenizer>) -> Result<LocalBackend, LlmError> {
    let vocabulary = tokenizer.vocabulary();
    let ends = ["<|im_end|>", "<|end|>", "</s>"].iter().filter_map(|token| tokenizer.id(token)).collect();
    let template = Some((chat_template(), serde_json::Map::new()));
    LocalBackend::from_parts(scorer, tokenizer, template, ends, vocabulary, "fake".to_owned())
}

pub(crate) fn hash_backend(name: &str) -> (Arc<HashScorer>, LocalBackend) {
    let tokenizer = tokenizer(name);
    let scorer = Arc::new(HashScorer { vocabulary: tokenizer.vocabulary(), ..HashScorer::default() });
    (scorer.clone(), backend(scorer, tokenizer).unwrap())
}

pub(crate) fn script_backend(text: &str, end: bool) -> LocalBackend {
    let tokenizer = tokenizer("byte-level");
    let mut script = tokenizer.encode(habitue_llm::PieceKind::Text, text).unwrap().to_vec();
    script.extend(end.then(|| tokenizer.id("<|im_end|>").unwrap()));
    let scorer = ScriptScorer { vocabulary: tokenizer.vocabulary(), script, start: Mutex::new(None) };
    backend(Arc::new(scorer), tokenizer).unwrap()
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
