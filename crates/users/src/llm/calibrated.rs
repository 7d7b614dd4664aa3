//! The calibration between a model's probabilities and what is drawn.

use std::collections::BTreeMap;

use habitue_core::Stream;
use habitue_core::scenario::llm::{ChoiceCalibration, LlmConfig};
use habitue_llm::{
    Backend, Choice, ChoiceBranch, ChoiceReply, Distribution, LlmError, Pending, Prompt, Scores, WriteSpec,
    Written,
};

/// A backend whose choices are calibrated: p of an option becomes proportional to exp(ln(p) / T + offset). Which rule a
/// choice falls under shows in its options.
pub(super) struct Calibrated<'a> {
    pub(super) inner: &'a dyn Backend,
    pub(super) rules: &'a Rules,
}

/// The rules of a population.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    temperature: f64,
    /// Rules that do something, with all options they are for.
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    temperature: f64,
    offsets: BTreeMap<String, f64>,
}

impl Rules {
    /// The rules of a configuration; `actions` are the names of the scale, `moves` and `bins` the options of the other
    /// two choices as the prompt has them, in the order of their names.
    pub(super) fn new(
        config: &LlmConfig,
        actions: &[String],
        moves: &[(&str, String)],
        bins: &[&str],
    ) -> Self {
        let calibration = &config.calibration;
        let rule = |choice: &ChoiceCalibration, options: Vec<(&str, String)>| {
            let offsets = options.into_iter().map(|(name, option)| {
                let offset = choice.offset.get(name).copied().unwrap_or(0.0);
                (option, offset)
            });
            (!choice.is_off()).then(|| Rule { temperature: choice.temperature, offsets: offsets.collect() })
        };
        let rules = [
            rule(&calibration.action, same(actions.iter().map(String::as_str))),
            rule(&calibration.next, moves.to_vec()),
            rule(&calibration.returning, same(bins.iter().copied())),
        ];
        Self { temperature: config.temperature, rules: rules.into_iter().flatten().collect() }
    }

    /// Whether the model's probabilities are drawn from as they are.
    pub(super) fn is_off(&self) -> bool {
        self.rules.is_empty() && self.temperature.to_bits() == 1.0_f64.to_bits()
    }

    fn apply(&self, branch: &ChoiceBranch, distribution: &Distribution) -> Distribution {
        let covers = |rule: &&Rule| branch.options.iter().all(|option| rule.offsets.contains_key(option));
        let rule = self.rules.iter().find(covers);
        let temperature = self.temperature * rule.map_or(1.0, |rule| rule.temperature);
        let offset = |option: &String| rule.and_then(|rule| rule.offsets.get(option)).copied().unwrap_or(0.0);
        let logs = distribution.log_probabilities().iter().zip(&branch.options);
        let scores: Vec<f64> = logs.map(|(log, option)| log / temperature + offset(option)).collect();
        Distribution::softmax(&scores)
    }
}

/// Options that are called by their own names.
fn same<'n>(names: impl Iterator<Item = &'n str>) -> Vec<(&'n str, String)> {
    names.map(|name| (name, name.to_owned())).collect()
}

impl Backend for Calibrated<'_> {
    fn id(&self) -> String {
        self.inner.id()
    }

    fn choose<'a>(&'a self, choice: &'a Choice, stream: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(async move {
            let mut reply = self.inner.choose(choice, stream).await?;
            for (score, branch) in reply.scores.iter_mut().zip(&choice.branches) {
                match score {
                    Scores::Distribution(distribution) => {
                        *distribution = self.rules.apply(branch, distribution);
                    }
                    Scores::Drawn(_) => {
                        let what = "a calibrated choice needs probabilities, and the server gives none";
                        return Err(LlmError::Request(what.to_owned()));
                    }
                }
            }
            Ok(reply)
        })
    }

    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        spec: &'a WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, Written> {
        self.inner.write(prompt, spec, stream)
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::scenario::llm::{CalibrationConfig, RETURN_BINS};

    use super::*;

    fn rules(config: &LlmConfig) -> Rules {
        let actions = ["skip", "click", "like"].map(str::to_owned);
        Rules::new(
            config,
            &actions,
            &[("next-page", "next page".to_owned()), ("leave", "leave".to_owned())],
            &RETURN_BINS,
        )
    }

    fn branch(options: &[&str]) -> ChoiceBranch {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        ChoiceBranch { suffix: Vec::new(), options, follow: None }
    }

    #[test]
    fn without_calibration_nothing_is_changed() {
        assert!(rules(&LlmConfig::new("a/b")).is_off());
        assert!(!rules(&LlmConfig { temperature: 2.0, ..LlmConfig::new("a/b") }).is_off());
    }

    #[test]
    fn offsets_move_the_odds_of_their_option_alone_and_temperature_evens_out() {
        let offset = [("skip".to_owned(), 2.0)].into();
        let action = ChoiceCalibration { temperature: 1.0, offset };
        let next = ChoiceCalibration { temperature: 2.0, offset: [("leave".to_owned(), -1.0)].into() };
        let calibration = CalibrationConfig { action, next, ..CalibrationConfig::default() };
        let rules = rules(&LlmConfig { calibration, ..LlmConfig::new("a/b") });
        let raw = Distribution::softmax(&[0.2, 1.0, -0.5]);
        let drawn = rules.apply(&branch(&["skip", "click", "like"]), &raw);
        let odds = |of: &Distribution, a, b| (of.probability(a) / of.probability(b)).ln();
        assert!((odds(&drawn, 0, 1) - odds(&raw, 0, 1) - 2.0).abs() < 1e-12);
        assert!((odds(&drawn, 1, 2) - odds(&raw, 1, 2)).abs() < 1e-12);

        let raw = Distribution::softmax(&[0.3, 1.5]);
        let drawn = rules.apply(&branch(&["next page", "leave"]), &raw);
        assert!((odds(&drawn, 1, 0) - (0.5 * odds(&raw, 1, 0) - 1.0)).abs() < 1e-12);
        // Choices that are not calibrated stay as they are.
        let drawn = rules.apply(&branch(&["1", "2"]), &raw);
        assert!((odds(&drawn, 1, 0) - odds(&raw, 1, 0)).abs() < 1e-12);
    }
}
