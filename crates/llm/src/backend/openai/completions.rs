//! Choices through `/completions`: every option as a continuation, scored by echoed log-probabilities.

use std::collections::BTreeMap;

use habitue_core::Stream;
use rand::Rng;
use serde_json::{Value, json};

use super::{OpenAiBackend, transport};
use crate::backend::{Choice, ChoiceBranch, ChoiceReply, Scores, Usage};
use crate::distribution::{Distribution, log_softmax};
use crate::error::LlmError;

/// Tokens of one option's text with their log-probabilities.
type Scored = Vec<(String, f64)>;

impl OpenAiBackend {
    pub(super) async fn choose_by_echo(
        &self,
        choice: &Choice,
        stream: &mut Stream,
    ) -> Result<ChoiceReply, LlmError> {
        let prompt = self.text(&choice.prompt)?;
        let mut scores = Vec::with_capacity(choice.branches.len());
        let mut usage = Usage::default();
        for branch in &choice.branches {
            let before = format!("{prompt}{}", branch.suffix.concat());
            let texts = continuations(&before, branch);
            let body = json!({"model": self.options.model, "prompt": texts, "max_tokens": 1, "temperature": 0,
                "echo": true, "logprobs": 1});
            let reply = self.transport.post("completions", &body, stream).await?;
            usage.add(transport::usage(&reply));
            let echoed: Option<Vec<Scored>> =
                texts.iter().enumerate().map(|(number, text)| echoed(&reply, number, text)).collect();
            scores.push(match echoed.as_deref().and_then(trie_distribution) {
                Some(distribution) => Scores::Distribution(distribution),
                None => Scores::Drawn(self.draw_constrained(&before, branch, stream, &mut usage).await?),
            });
        }
        Ok(ChoiceReply { scores, usage })
    }

    /// Lets the server choose.
    async fn draw_constrained(
        &self,
        before: &str,
        branch: &ChoiceBranch,
        stream: &mut Stream,
        usage: &mut Usage,
    ) -> Result<usize, LlmError> {
        let longest = branch.options.iter().map(String::len).max().unwrap_or(1);
        for _ in 0..=self.options.retries {
            let body = json!({"model": self.options.model, "prompt": before, "max_tokens": longest + 1,
                "temperature": 1, "seed": stream.next_u64() >> 33, "structured_outputs": {"choice": branch.options},
                "guided_choice": branch.options});
            let reply = self.transport.post("completions", &body, stream).await?;
            usage.add(transport::usage(&reply));
            let text = reply.pointer("/choices/0/text").and_then(Value::as_str).unwrap_or_default();
            if let Some(option) = branch.options.iter().position(|option| option.trim() == text.trim()) {
                return Ok(option);
            }
        }
        Err(self.failed("it gives no log-probabilities and does not keep to the options"))
    }
}

/// The texts to score. Where an option begins another one, all are followed by what comes after the slot (a line's end,
/// if the turn ends there), so that the shorter one has an end that can be scored.
fn continuations(before: &str, branch: &ChoiceBranch) -> Vec<String> {
    let options = &branch.options;
    let begins = |a: &String| options.iter().any(|b| b != a && b.starts_with(a.as_str()));
    let end = match (&branch.follow, options.iter().any(begins)) {
        (_, false) => "",
        (Some(follow), true) => follow.as_str(),
        (None, true) => "\n",
    };
    options.iter().map(|option| format!("{before}{option}{end}")).collect()
}

/// The tokens of a prompt in a reply; none if the server does not echo them or splits another text.
fn echoed(reply: &Value, number: usize, text: &str) -> Option<Scored> {
    let choices = reply.get("choices")?.as_array()?;
    let by_index = |choice: &&Value| choice.get("index").and_then(Value::as_u64) == Some(number as u64);
    let choice = choices.iter().find(by_index).or_else(|| choices.get(number))?;
    let tokens = choice.pointer("/logprobs/tokens")?.as_array()?;
    let logs = choice.pointer("/logprobs/token_logprobs")?.as_array()?;
    let mut scored = Vec::new();
    let mut length = 0;
    for (token, log) in tokens.iter().zip(logs) {
        let token = token.as_str()?;
        if length >= text.len() {
            break; // what the server had to add
        }
        length += token.len();
        // The first token of a text has no probability; all options begin with it.
        scored.push((token.to_owned(), log.as_f64().unwrap_or(0.0)));
    }
    let whole: String = scored.iter().map(|(token, _)| token.as_str()).collect();
    (whole == text).then_some(scored)
}

/// The distribution over the trie of token sequences; none if two sequences are equal or one begins another.
fn trie_distribution(options: &[Scored]) -> Option<Distribution> {
    let mut logs = vec![0.0; options.len()];
    let mut groups = vec![(0..options.len()).collect::<Vec<usize>>()];
    let mut depth = 0;
    while !groups.is_empty() {
        let mut deeper = Vec::new();
        for group in groups {
            if group.len() == 1 {
                continue;
            }
            let mut forks: BTreeMap<&str, (f64, Vec<usize>)> = BTreeMap::new();
            for &option in &group {
                let (token, log) = options[option].get(depth)?;
                forks.entry(token).or_insert((*log, Vec::new())).1.push(option);
            }
            let steps = log_softmax(&forks.values().map(|(log, _)| *log).collect::<Vec<_>>());
            for ((_, members), step) in forks.into_values().zip(steps) {
                for &option in &members {
                    logs[option] += step;
                }
                deeper.push(members);
            }
        }
        groups = deeper;
        depth += 1;
    }
    Some(Distribution::from_logs(logs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(tokens: &[(&str, f64)]) -> Scored {
        tokens.iter().map(|(token, p)| ((*token).to_owned(), p.ln())).collect()
    }

    #[test]
    fn echoed_tokens_give_the_trie_distribution() {
        let options = [
            scored(&[("I", 0.1), (" like", 0.2), (" tea", 0.5)]),
            scored(&[("I", 0.1), (" like", 0.2), (" cof", 0.25), ("fee", 0.9)]),
            scored(&[("I", 0.1), (" hate", 0.6), (" it", 0.01)]),
        ];
        let distribution = trie_distribution(&options).unwrap();
        let expected = [0.25 * 2.0 / 3.0, 0.25 / 3.0, 0.75];
        for (option, expected) in expected.into_iter().enumerate() {
            assert!((distribution.probability(option) - expected).abs() < 1e-12);
        }
        assert!(trie_distribution(&[scored(&[("a", 0.5)]), scored(&[("a", 0.5), ("b", 0.5)])]).is_none());
        assert!(trie_distribution(&[scored(&[("a", 0.5)]), scored(&[("a", 0.5)])]).is_none());
    }
}
