//! Instructions by what they mean, kept for the session.

mod merge;
mod parser;

use habitue_core::instruction::{Condition, Instruction, Polarity, Strength, Subject, brief};
use habitue_core::scenario::policy::ParserPlannerConfig;
use habitue_core::{Catalogue, ItemId, Request, RequestText, World};

use self::merge::merge;
use self::parser::{Parser, Readings};
use crate::following::{Follower, Plan};
use crate::language::LanguageModel;
use crate::ranking::Pool;
use crate::zoo::Setting;

/// Parses instructions, merges them over the turns of a session and plans the slate by them; see
/// [`ParserPlannerConfig`].
pub(crate) struct ParserPlanner {
    parser: Parser,
    alpha: f32,
    beta: f32,
    reply: bool,
}

impl ParserPlanner {
    /// With the parameters of the configuration; opens the language model, if one reads.
    pub(crate) fn new(config: &ParserPlannerConfig, setting: &Setting<'_>) -> Result<Self, String> {
        let parser = Parser::new(&config.parser, setting)?;
        let (alpha, beta) = (config.alpha as f32, config.beta as f32);
        Ok(Self { parser, alpha, beta, reply: config.reply })
    }

    /// What an item gains by the soft wishes.
    fn gain(&self, soft: &[&Instruction], item: ItemId, catalogue: &Catalogue, seen: &[ItemId]) -> f32 {
        let gain =
            |wish: &&Instruction| match (wish.condition.polarity(), wish.satisfied_by(item, catalogue, seen))
            {
                (Polarity::Positive, true) => self.alpha,
                (Polarity::Positive, false) => self.alpha * likeness(&wish.condition, item, catalogue),
                (Polarity::Negative, true) => 0.0,
                (Polarity::Negative, false) => -self.beta,
            };
        soft.iter().map(gain).sum()
    }
}

impl Follower for ParserPlanner {
    const KIND: &'static str = "parser-planner";
    type Index = Readings;

    fn index(&self, world: &World<'_>) -> Readings {
        Readings::new(world.catalogue)
    }

    fn gather(&self, world: &World<'_>, readings: &Readings, requests: &[Request<'_>]) -> Result<(), String> {
        let texts = requests.iter().flat_map(|request| request.said).filter_map(instruction);
        self.parser.gather(world.catalogue, readings, texts)
    }

    fn plan(
        &self,
        world: &World<'_>,
        readings: &Readings,
        pool: &Pool,
        request: &Request<'_>,
    ) -> Result<Plan, String> {
        let mut wishes = Vec::new();
        for text in request.said.iter().filter_map(instruction) {
            merge(&mut wishes, self.parser.read(world.catalogue, readings, text)?);
        }
        if wishes.is_empty() {
            return Ok(Plan::default());
        }
        let catalogue = world.catalogue;
        let seen = &request.shown[request.shown.len().saturating_sub(request.size)..];
        let (hard, soft): (Vec<&Instruction>, Vec<&Instruction>) =
            wishes.iter().partition(|wish| wish.strength == Strength::Hard);
        let barred = (0..).zip(pool.items()).filter(|(_, item)| !passes(&hard, **item, catalogue, seen));
        let gains = match soft.as_slice() {
            [] => Vec::new(),
            soft => pool.items().iter().map(|item| self.gain(soft, *item, catalogue, seen)).collect(),
        };
        let answers = self.reply && matches!(request.text, Some(RequestText::Instruct(_)));
        let reply = answers.then(|| {
            let wishes: Vec<String> = wishes.iter().map(|wish| brief(&wish.condition, catalogue)).collect();
            format!("As you asked: {}.", wishes.join(", "))
        });
        Ok(Plan { barred: barred.map(|(at, _)| at).collect(), gains, reply })
    }

    fn batch(&self) -> usize {
        self.parser.model().map_or(64, LanguageModel::batch)
    }

    fn is_exact(&self) -> bool {
        self.parser.model().is_none_or(LanguageModel::is_exact)
    }
}

/// The words of an instruction.
fn instruction(said: &RequestText) -> Option<&str> {
    match said {
        RequestText::Instruct(text) => Some(text),
        RequestText::Search(_) | RequestText::Answer(_) => None,
    }
}

/// Whether an item violates no hard wish: of those for a category, a creator or a tag it has to meet one, of the others
/// all.
fn passes(hard: &[&Instruction], item: ItemId, catalogue: &Catalogue, seen: &[ItemId]) -> bool {
    let (mut named, mut meets) = (false, false);
    for wish in hard {
        let satisfied = wish.satisfied_by(item, catalogue, seen);
        match &wish.condition {
            Condition::More(_) | Condition::Only(_) => {
                named = true;
                meets |= satisfied;
            }
            _ if !satisfied => return false,
            _ => {}
        }
    }
    meets || !named
}

/// How near an item comes to a wish for a category that it is not of, 0 to 1: the cosine of its embedding with the mean
/// of the category's, 0 where there are no embeddings.
fn likeness(condition: &Condition, item: ItemId, catalogue: &Catalogue) -> f32 {
    let Some(Subject::Category(category)) = condition.subject() else { return 0.0 };
    let (own, mean) = (&catalogue.item(item).embedding, catalogue.centroid(*category));
    let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    let lengths = (dot(own, own) * dot(mean, mean)).sqrt();
    if lengths > 0.0 { (dot(own, mean) / lengths).clamp(0.0, 1.0) } else { 0.0 }
}
