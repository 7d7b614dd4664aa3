//! A model in this process: prompts as tokens, options as tries, texts token by token.

pub(super) mod constraint;
pub(super) mod markup;
mod sample;
mod trie;

use std::sync::Arc;

use habitue_core::Stream;
use serde_json::{Map, Value};

use super::{Backend, Choice, ChoiceBranch, ChoiceReply, Pending, Prompt, Scores, Usage, WriteEnd, Written};
use crate::chat::ChatTemplate;
use crate::distribution::Distribution;
use crate::engine::{Branch, Engine, Reply, Request, TokenSet, Wanted};
use crate::error::LlmError;
use crate::load::ModelFiles;
use crate::program::WriteSpec;
use crate::tokenizer::{PieceEncoder, PieceKind, Tokenizer};
use constraint::{Grammar, Grammars};
use markup::Markup;
use trie::OptionTrie;

/// What gives logits: the engine, or a table in a test.
pub trait Scorer: Send + Sync {
    /// Answers a request, as [`Engine::submit`].
    ///
    /// # Errors
    /// As [`Engine::submit`].
    fn score(&self, request: Request) -> Pending<'_, Reply>;
}

impl Scorer for Engine {
    fn score(&self, request: Request) -> Pending<'_, Reply> {
        Box::pin(self.submit(request))
    }
}

/// Decisions by a model in this process.
///
/// # The probability of an option
/// The options' token sequences form a trie. At each node the model's logits of the tokens that continue some option are
/// normalised; an option's probability is the product along its path. This is the distribution that decoding
/// constrained to the options samples from. It sums to one, and an option is not less likely for being long where it has
/// no rival. An option that is the beginning of another one ends with what follows the slot in the program: as many tokens
/// of the text after it as tell the two apart, or the token that ends the turn.
pub struct LocalBackend {
    scorer: Arc<dyn Scorer>,
    tokenizer: Arc<Tokenizer>,
    markup: Markup,
    end_tokens: Vec<u32>,
    vocabulary: usize,
    grammars: Grammars,
    id: String,
}

impl LocalBackend {
    /// A backend on an engine that runs this model. `variables` go to the chat template (`enable_thinking`, for one).
    ///
    /// # Errors
    /// If the tokenizer cannot encode the end of a turn.
    pub fn new(
        scorer: Arc<dyn Scorer>,
        files: &ModelFiles,
        variables: Map<String, Value>,
    ) -> Result<Self, LlmError> {
        Self::from_parts(
            scorer,
            files.tokenizer.clone(),
            files.chat_template.clone().map(|template| (template, variables)),
            files.end_tokens.clone(),
            files.config.vocabulary,
            format!("{} ({})", files.id, &files.hash[..files.hash.len().min(16)]),
        )
    }

    /// A backend from its parts; `vocabulary` is the number of logits of the model.
    ///
    /// # Errors
    /// If the tokenizer cannot encode the end of a turn.
    pub fn from_parts(
        scorer: Arc<dyn Scorer>,
        tokenizer: Arc<Tokenizer>,
        template: Option<(ChatTemplate, Map<String, Value>)>,
        end_tokens: Vec<u32>,
        vocabulary: usize,
        id: String,
    ) -> Result<Self, LlmError> {
        let markup = Markup::new(template);
        let grammars = Grammars::new(vocabulary);
        Ok(Self { scorer, tokenizer, markup, end_tokens, vocabulary, grammars, id })
    }

    /// The prompt as tokens, with a space that still waits.
    fn encode(&self, prompt: &Prompt) -> Result<PieceEncoder<'_>, LlmError> {
        let mut encoder = PieceEncoder::new(&self.tokenizer);
        self.markup.write(prompt, |kind, text| encoder.push(kind, text))?;
        Ok(encoder)
    }

    /// The tokens that end an option which another option continues.
    fn terminator(&self, follow: Option<&str>) -> Result<Vec<u32>, LlmError> {
        if let Some(text) = follow {
            let body = text.strip_suffix(' ').filter(|body| !body.is_empty()).unwrap_or(text);
            return Ok(self.tokenizer.encode(PieceKind::Text, body)?.to_vec());
        }
        if let Some(markup) = self.markup.end_of_turn() {
            let first = self.tokenizer.encode(PieceKind::Markup, &markup)?.first().copied();
            if let Some(token) = first.filter(|token| self.end_tokens.contains(token)) {
                return Ok(vec![token]);
            }
        }
        Ok(self.end_tokens.first().copied().into_iter().collect())
    }

    fn plan(&self, base: &PieceEncoder<'_>, branch: &ChoiceBranch) -> Result<BranchPlan, LlmError> {
        let mut suffix = base.branch();
        for piece in &branch.suffix {
            suffix.push(PieceKind::Text, piece)?;
        }
        let mut options = Vec::with_capacity(branch.options.len());
        for option in &branch.options {
            let mut encoder = suffix.branch();
            encoder.push(PieceKind::Text, option)?;
            options.push(encoder.finish()?);
        }
        let trie = OptionTrie::new(&branch.options, &options, &self.terminator(branch.follow.as_deref())?)?;
        Ok(BranchPlan { suffix: suffix.tokens().to_vec(), trie })
    }

    /// The choices as a model meets them, by branch: every place where options part. A model that is trained to give
    /// each next token the probability of the options behind it gives [`Backend::choose`] exactly these probabilities.
    ///
    /// # Errors
    /// If two options have the same tokens, or a text cannot be encoded.
    pub fn forks(&self, choice: &Choice) -> Result<Vec<Vec<Fork>>, LlmError> {
        let base = self.encode(&choice.prompt)?;
        let forks = |branch| {
            let plan = self.plan(&base, branch)?;
            let fork = |(path, next): (Vec<u32>, _)| Fork {
                tokens: [base.tokens(), &plan.suffix[..], &path[..]].concat(),
                next,
            };
            Ok(plan.trie.forks().into_iter().map(fork).collect())
        };
        choice.branches.iter().map(forks).collect()
    }

    /// A prompt's tokens, without a space that waits for what comes next.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    pub fn tokens(&self, prompt: &Prompt) -> Result<Vec<u32>, LlmError> {
        Ok(self.encode(prompt)?.tokens().to_vec())
    }

    /// A prompt's tokens and those of a text written after it, as [`Backend::write`] meets them.
    ///
    /// # Errors
    /// If a text cannot be encoded.
    pub fn continuation(&self, prompt: &Prompt, text: &str) -> Result<(Vec<u32>, Vec<u32>), LlmError> {
        let before = self.encode(prompt)?.finish()?;
        Ok((before, self.tokenizer.encode(PieceKind::Text, text)?.to_vec()))
    }

    async fn score_choice(&self, choice: &Choice) -> Result<ChoiceReply, LlmError> {
        let base = self.encode(&choice.prompt)?;
        let mut request = Request { tokens: base.tokens().to_vec(), ..Request::default() };
        let mut places = Vec::new();
        let mut plans = Vec::with_capacity(choice.branches.len());
        for branch in &choice.branches {
            let plan = self.plan(&base, branch)?;
            plan.ask(plans.len(), &mut request, &mut places)?;
            plans.push(plan);
        }
        let mut usage = Usage::default();
        if !places.is_empty() {
            let reply = self.scorer.score(request).await?;
            usage.new_tokens = reply.new_tokens as u64;
            usage.cached_tokens = reply.cached_tokens as u64;
            for place in places {
                let logits = match place.branch {
                    None => reply.logits.get(place.wanted),
                    Some(branch) => reply.branches.get(branch).and_then(|branch| branch.get(place.wanted)),
                };
                let missing =
                    || LlmError::Request("the engine left out logits that were asked for".to_owned());
                plans[place.plan].trie.fill(place.node, logits.ok_or_else(missing)?);
            }
        }
        let scores = plans
            .iter()
            .map(|plan| Scores::Distribution(Distribution::from_logs(plan.trie.log_probabilities())))
            .collect();
        Ok(ChoiceReply { scores, usage })
    }

    async fn write_text(
        &self,
        prompt: &Prompt,
        spec: &WriteSpec,
        stream: &mut Stream,
    ) -> Result<Written, LlmError> {
        let mut grammar = match &spec.constraint {
            Some(constraint) => {
                Some(self.grammars.compile(constraint, |token| self.tokenizer.token_bytes(token).to_vec())?)
            }
            None => None,
        };
        let mut tokens = self.encode(prompt)?.finish()?;
        if tokens.is_empty() {
            return Err(LlmError::Request("the prompt has no tokens".to_owned()));
        }
        let mut bytes = Vec::new();
        let mut usage = Usage::default();
        let mut end = WriteEnd::Length;
        for _ in 0..spec.max_tokens {
            let Some(allowed) = self.allowed(grammar.as_mut())? else {
                end = WriteEnd::Complete;
                break;
            };
            let wanted = vec![Wanted { position: tokens.len() - 1, tokens: TokenSet::All }];
            let request = Request { tokens: tokens.clone(), wanted, branches: Vec::new() };
            let reply = self.scorer.score(request).await?;
            usage.new_tokens += reply.new_tokens as u64;
            usage.cached_tokens += reply.cached_tokens as u64;
            let Some(token) =
                reply.logits.first().and_then(|logits| sample::token(logits, &allowed, spec, stream))
            else {
                return Err(LlmError::Request("no token is allowed or has a finite logit".to_owned()));
            };
            if self.end_tokens.contains(&token) {
                end = WriteEnd::EndOfText;
                break;
            }
            usage.generated_tokens += 1;
            tokens.push(token);
            bytes.extend_from_slice(self.tokenizer.token_bytes(token));
            if let Some(grammar) = &mut grammar {
                grammar.accept(token)?;
            }
            if let Some((at, stop)) = first_stop(&bytes, &spec.stop) {
                bytes.truncate(at);
                end = WriteEnd::Stop(stop.to_owned());
                break;
            }
        }
        if end == WriteEnd::Length && grammar.is_some() && self.allowed(grammar.as_mut())?.is_none() {
            end = WriteEnd::Complete;
        }
        Ok(Written { text: whole_characters(&bytes), end, usage })
    }

    /// Tokens that may come next; none if the constraint is met and allows nothing more.
    fn allowed(&self, grammar: Option<&mut Grammar>) -> Result<Option<sample::Allowed>, LlmError> {
        // Control tokens have no text: they may end a text, never stand in it.
        let textual = |token: u32| !self.tokenizer.token_bytes(token).is_empty();
        let Some(grammar) = grammar else {
            let any = |token: u32| textual(token) || self.end_tokens.contains(&token);
            return Ok(Some(sample::Allowed::new(self.vocabulary, any)));
        };
        let Some(mask) = grammar.mask()? else { return Ok(None) };
        let may_end = grammar.may_end()?;
        let next = |token: u32| {
            if self.end_tokens.contains(&token) { may_end } else { textual(token) && mask.is_allowed(token) }
        };
        let allowed = sample::Allowed::new(self.vocabulary, next);
        Ok((!(may_end && allowed.only(&self.end_tokens))).then_some(allowed))
    }
}

impl Backend for LocalBackend {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn choose<'a>(&'a self, choice: &'a Choice, _stream: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(self.score_choice(choice))
    }

    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        spec: &'a WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, Written> {
        Box::pin(self.write_text(prompt, spec, stream))
    }
}

/// A place where options part: what was read up to it, and which options each next token leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// All tokens before it.
    pub tokens: Vec<u32>,
    /// By next token, ascending: the options behind it.
    pub next: Vec<(u32, Vec<usize>)>,
}

/// A choice as tokens.
struct BranchPlan {
    suffix: Vec<u32>,
    trie: OptionTrie,
}

/// Where the logits of a node are in a reply.
struct Place {
    plan: usize,
    node: usize,
    /// The engine's branch; none for the prompt itself.
    branch: Option<usize>,
    wanted: usize,
}

impl BranchPlan {
    /// Adds to the request what this choice, number `plan`, needs.
    fn ask(&self, plan: usize, request: &mut Request, places: &mut Vec<Place>) -> Result<(), LlmError> {
        for path in self.trie.paths() {
            let mut branch = Branch { tokens: self.suffix.clone(), wanted: Vec::new() };
            branch.tokens.extend_from_slice(&path.tokens);
            for (depth, node) in path.nodes {
                let tokens = TokenSet::Only(self.trie.next_tokens(node));
                let (target, at, length) = match (self.suffix.len() + depth).checked_sub(1) {
                    Some(position) => (&mut branch.wanted, Some(request.branches.len()), position + 1),
                    None => (&mut request.wanted, None, request.tokens.len()),
                };
                let Some(position) = length.checked_sub(1) else {
                    return Err(LlmError::Request("the prompt has no tokens".to_owned()));
                };
                places.push(Place { plan, node, branch: at, wanted: target.len() });
                target.push(Wanted { position, tokens });
            }
            if !branch.wanted.is_empty() {
                request.branches.push(branch);
            }
        }
        Ok(())
    }
}

/// The earliest stop text and where it begins.
fn first_stop<'s>(bytes: &[u8], stops: &'s [String]) -> Option<(usize, &'s str)> {
    let find = |stop: &str| bytes.windows(stop.len()).position(|window| window == stop.as_bytes());
    stops.iter().filter_map(|stop| Some((find(stop)?, stop.as_str()))).min_by_key(|(at, _)| *at)
}

/// The text without a character that was cut in the middle at the end.
fn whole_characters(bytes: &[u8]) -> String {
    let end = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
