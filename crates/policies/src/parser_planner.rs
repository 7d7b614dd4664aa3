//! Instructions by what they mean, kept for the session.

mod merge;

use habitue_core::instruction::{Condition, Instruction, Lexicon, Polarity, Strength, Subject, brief};
use habitue_core::scenario::policy::ParserPlannerConfig;
use habitue_core::{Catalogue, ItemId, Request, RequestText, World};

use self::merge::merge;
use crate::following::{Follower, Plan};
use crate::ranking::Pool;

/// Parses instructions, merges them over the turns of a session and plans the slate by them; see
/// [`ParserPlannerConfig`].
pub(crate) struct ParserPlanner {
    alpha: f32,
    beta: f32,
    reply: bool,
}

impl ParserPlanner {
    /// With the parameters of the configuration.
    pub(crate) fn new(config: &ParserPlannerConfig) -> Self {
        Self { alpha: config.alpha as f32, beta: config.beta as f32, reply: config.reply }
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
    type Index = Lexicon;

    fn index(&self, world: &World<'_>) -> Lexicon {
        Lexicon::new(world.catalogue)
    }

    fn plan(&self, world: &World<'_>, lexicon: &Lexicon, pool: &Pool, request: &Request<'_>) -> Plan {
        let mut wishes = Vec::new();
        for said in request.said {
            if let RequestText::Instruct(text) = said {
                merge(&mut wishes, lexicon.read(text));
            }
        }
        if wishes.is_empty() {
            return Plan::default();
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
        Plan { barred: barred.map(|(at, _)| at).collect(), gains, reply }
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
