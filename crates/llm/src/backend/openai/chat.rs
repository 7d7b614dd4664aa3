//! Choices through `/chat/completions`: options get letters, and the first token's log-probabilities are read.

use habitue_core::Stream;
use rand::Rng;
use serde_json::{Value, json};

use super::{OpenAiBackend, transport};
use crate::backend::{Choice, ChoiceBranch, ChoiceReply, Prompt, Scores, Usage};
use crate::chat::Role;
use crate::distribution::Distribution;
use crate::error::LlmError;

impl OpenAiBackend {
    pub(super) async fn choose_by_label(
        &self,
        choice: &Choice,
        stream: &mut Stream,
    ) -> Result<ChoiceReply, LlmError> {
        let mut scores = Vec::with_capacity(choice.branches.len());
        let mut usage = Usage::default();
        for branch in &choice.branches {
            scores.push(self.label(&choice.prompt, branch, stream, &mut usage).await?);
        }
        Ok(ChoiceReply { scores, usage })
    }

    async fn label(
        &self,
        prompt: &Prompt,
        branch: &ChoiceBranch,
        stream: &mut Stream,
        usage: &mut Usage,
    ) -> Result<Scores, LlmError> {
        let labels: Vec<String> = (0..branch.options.len()).map(label_of).collect();
        let mut messages = messages(prompt);
        messages.push(json!({"role": "user", "content": question(prompt, branch, &labels)}));
        for _ in 0..=self.options.retries {
            let body = json!({"model": self.options.model, "messages": messages, "max_tokens": 8, "temperature": 1,
                "seed": stream.next_u64() >> 33, "logprobs": true, "top_logprobs": 20,
                "structured_outputs": {"choice": labels}});
            let reply = self.transport.post("chat/completions", &body, stream).await?;
            usage.add(transport::usage(&reply));
            if let Some(distribution) = first_token(&reply, &labels) {
                return Ok(Scores::Distribution(distribution));
            }
            let text =
                reply.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_default();
            if let Some(option) = read_label(text, &labels) {
                return Ok(Scores::Drawn(option));
            }
        }
        Err(self.failed("it gives no log-probabilities and does not answer with a label"))
    }
}

/// Letters, then numbers: beyond 26 options a label is more than one token, and the server's own draw is taken.
fn label_of(option: usize) -> String {
    if option < 26 { char::from(b'A' + option as u8).to_string() } else { (option + 1).to_string() }
}

fn read_label(text: &str, labels: &[String]) -> Option<usize> {
    let text = text.trim().trim_end_matches(['.', ')', ':']);
    labels.iter().position(|label| label == text)
}

/// The distribution over labels among the most likely first tokens; none if the server gives no such list, no label is
/// in it, or there are labels of more than one token.
fn first_token(reply: &Value, labels: &[String]) -> Option<Distribution> {
    let likely = reply.pointer("/choices/0/logprobs/content/0/top_logprobs")?.as_array()?;
    if labels.len() > 26 {
        return None;
    }
    let mut weights = vec![0.0; labels.len()];
    for entry in likely {
        let token = entry.get("token").and_then(Value::as_str).unwrap_or_default();
        let log = entry.get("logprob").and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY);
        // "A" and " A" are both the label A.
        if let Some(option) = labels.iter().position(|label| label == token.trim()) {
            weights[option] += log.exp();
        }
    }
    let logs: Vec<f64> = weights.iter().map(|weight: &f64| weight.ln()).collect();
    logs.iter().any(|log| log.is_finite()).then(|| Distribution::softmax(&logs))
}

/// The turns but the last, which is open.
fn messages(prompt: &Prompt) -> Vec<Value> {
    if prompt.is_plain() {
        return Vec::new();
    }
    let before = prompt.turns.split_last().map(|(_, before)| before).unwrap_or_default();
    before
        .iter()
        .map(|turn| json!({"role": turn.role.unwrap_or(Role::User), "content": turn.pieces.concat()}))
        .collect()
}

/// What the open turn says so far.
fn open_text(prompt: &Prompt) -> String {
    match prompt.turns.last() {
        _ if prompt.is_plain() => prompt.text(),
        Some(turn) => turn.pieces.concat(),
        None => String::new(),
    }
}

fn question(prompt: &Prompt, branch: &ChoiceBranch, labels: &[String]) -> String {
    let text = format!("{}{}", open_text(prompt), branch.suffix.concat());
    let mut list = String::new();
    for (label, option) in labels.iter().zip(&branch.options) {
        list.extend([label.as_str(), ". ", option.trim(), "\n"]);
    }
    let follow = branch.follow.as_deref().unwrap_or_default();
    format!(
        "Your answer has a gap, marked ___:\n{text}___{follow}\n\nWhat fills the gap?\n{list}Reply with its label alone."
    )
}

/// The messages of a request to continue the open turn.
pub(super) fn messages_to_continue(prompt: &Prompt) -> Value {
    let mut messages = messages(prompt);
    let text = open_text(prompt);
    if !text.trim().is_empty() {
        let content = if prompt.is_plain() {
            text
        } else {
            format!("Your answer begins as follows. Write what comes next, and nothing else:\n{text}")
        };
        messages.push(json!({"role": "user", "content": content}));
    }
    Value::Array(messages)
}
