//! What an engine can serve.

use super::{Request, TokenSet, Wanted};
use crate::cache::PAGE;
use crate::error::LlmError;

/// Bounds that every request is checked against before it waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Positions the model was made for.
    pub context: usize,
    pub vocabulary: usize,
    /// Pages of the cache.
    pub pages: usize,
}

/// Pages that the largest branch needs beyond the whole pages of the request's own tokens.
pub(super) fn branch_pages(request: &Request) -> usize {
    let own = request.tokens.len();
    let pages = |branch: &super::Branch| (own + branch.tokens.len()).div_ceil(PAGE) - own / PAGE;
    request.branches.iter().map(pages).max().unwrap_or(0)
}

impl Limits {
    /// # Errors
    /// If the request can never be served.
    pub(super) fn check(&self, request: &Request) -> Result<(), LlmError> {
        let own = request.tokens.len();
        self.check_part("", own, &request.tokens, &request.wanted)?;
        for (index, branch) in request.branches.iter().enumerate() {
            let place = format!("branch {index}: ");
            self.check_part(&place, own + branch.tokens.len(), &branch.tokens, &branch.wanted)?;
        }
        let needed = own.div_ceil(PAGE) + branch_pages(request);
        if needed > self.pages {
            return Err(LlmError::Request(format!(
                "its {own} tokens and longest branch need {needed} pages of {PAGE} keys and values, the cache has {}; \
                 a larger cache_bytes would serve it",
                self.pages
            )));
        }
        Ok(())
    }

    fn check_part(
        &self,
        place: &str,
        length: usize,
        tokens: &[u32],
        wanted: &[Wanted],
    ) -> Result<(), LlmError> {
        let fail = |what: String| Err(LlmError::Request(format!("{place}{what}")));
        if length > self.context {
            return fail(format!("{length} tokens, the model's context has {}", self.context));
        }
        let unknown =
            |tokens: &[u32]| tokens.iter().copied().find(|&token| token as usize >= self.vocabulary);
        let vocabulary = self.vocabulary;
        if let Some(token) = unknown(tokens) {
            return fail(format!("token {token}, the model's vocabulary has {vocabulary}"));
        }
        for wanted in wanted {
            if wanted.position >= tokens.len() {
                let (position, count) = (wanted.position, tokens.len());
                return fail(format!("logits wanted after position {position} of {count} tokens"));
            }
            if let TokenSet::Only(tokens) = &wanted.tokens
                && let Some(token) = unknown(tokens)
            {
                return fail(format!(
                    "logit wanted of token {token}, the model's vocabulary has {vocabulary}"
                ));
            }
        }
        Ok(())
    }
}
