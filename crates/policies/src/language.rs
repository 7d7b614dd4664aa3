//! The language model of a policy.

use std::sync::Arc;

use habitue_core::scenario::llm::LanguageModelConfig;
use habitue_core::{Purpose, Streams};
use habitue_llm::{Choice, Distribution, OpenModel, Role, Scores};

use crate::zoo::Setting;

/// A model that is open, and how this policy asks it.
pub(crate) struct LanguageModel {
    name: String,
    open: Arc<OpenModel>,
    chat: bool,
    batch: usize,
    on_server: bool,
}

impl LanguageModel {
    /// Opens the model, or takes the one that users or another policy have opened.
    pub(crate) fn open(config: &LanguageModelConfig, setting: &Setting<'_>) -> Result<Self, String> {
        let named = |what: String| format!("language model \"{}\": {what}", config.model);
        let file = setting.model.ok_or_else(|| named("where it is was not looked for".to_owned()))?;
        let open = setting.open.take(file, config).map_err(|source| named(source.to_string()))?;
        let chat = open
            .chat(config)
            .map_err(|reason| named(format!("chat is true, expected false, since {reason}")))?;
        let name = config.model.clone();
        Ok(Self { name, open, chat, batch: config.batch as usize, on_server: config.server.is_some() })
    }

    /// How many questions are computed at the same time.
    pub(crate) const fn batch(&self) -> usize {
        self.batch
    }

    /// Whether the same question has the same answer always, to the bit.
    pub(crate) const fn is_exact(&self) -> bool {
        !self.on_server
    }

    /// A prompt with turns if the model has them, plain text otherwise; empty turns are left out.
    pub(crate) fn prompt(&self, turns: &[(Role, &str)]) -> habitue_llm::Prompt {
        let mut prompt = habitue_llm::Prompt::default();
        for (role, text) in turns {
            if self.chat {
                prompt.turn(*role);
            }
            prompt.push(text);
        }
        prompt
    }

    /// The probabilities of the options of every branch.
    pub(crate) async fn ask(&self, choice: &Choice) -> Result<Vec<Distribution>, String> {
        let named = |what: String| format!("language model \"{}\": {what}", self.name);
        // A backend that tells probabilities draws nothing; one that can only draw is refused.
        let mut unused = Streams::new(0).stream(Purpose::Exploration, 0, 0);
        let reply = self.open.backend().choose(choice, &mut unused).await;
        let reply = reply.map_err(|source| named(source.to_string()))?;
        let told = |scores| match scores {
            Scores::Distribution(distribution) => Ok(distribution),
            Scores::Drawn(_) => {
                let what = "the server chooses and gives no log-probabilities, expected one that gives them";
                Err(named(what.to_owned()))
            }
        };
        reply.scores.into_iter().map(told).collect()
    }

    /// Waits for the answers to many questions, in their order; the first failure, if any.
    pub(crate) fn wait<T>(
        &self,
        questions: Vec<impl Future<Output = Result<T, String>>>,
    ) -> Result<Vec<T>, String> {
        self.open.wait_for_all(questions, self.batch).into_iter().collect()
    }
}
