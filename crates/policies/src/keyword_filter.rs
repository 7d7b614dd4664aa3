//! Instructions by their words.

use std::collections::{BTreeMap, BTreeSet};

use habitue_core::scenario::policy::KeywordFilterConfig;
use habitue_core::{Catalogue, ItemId, Request, RequestText, World};

use crate::following::{Follower, Plan};
use crate::ranking::Pool;

/// Words that turn against what follows them.
const NEGATIVE: [&str; 14] = [
    "no", "not", "less", "stop", "without", "never", "nothing", "avoid", "hide", "enough", "fewer", "except",
    "remove", "hate",
];
/// Words that ask for what follows them.
const POSITIVE: [&str; 8] = ["more", "only", "just", "like", "want", "love", "prefer", "but"];
/// Words that say nothing of an item.
const EMPTY: [&str; 40] = [
    "the", "a", "an", "of", "for", "me", "my", "i", "to", "see", "show", "showing", "again", "please",
    "some", "and", "or", "is", "it", "be", "would", "could", "you", "nice", "have", "had", "now", "than",
    "that", "today", "if", "in", "at", "on", "must", "else", "bit", "little", "over", "under",
];

/// Removes items with unwanted words and ranks up those with wanted ones; see [`KeywordFilterConfig`].
pub(crate) struct KeywordFilter {
    boost: f32,
}

impl KeywordFilter {
    /// With the parameters of the configuration.
    pub(crate) fn new(config: &KeywordFilterConfig) -> Self {
        Self { boost: config.boost as f32 }
    }
}

/// The items in which each word occurs, in order of id.
type Occurrences = BTreeMap<String, Vec<ItemId>>;

impl Follower for KeywordFilter {
    const KIND: &'static str = "keyword-filter";
    type Index = Occurrences;

    fn index(&self, world: &World<'_>) -> Occurrences {
        occurrences(world.catalogue)
    }

    fn plan(
        &self,
        _: &World<'_>,
        index: &Occurrences,
        pool: &Pool,
        request: &Request<'_>,
    ) -> Result<Plan, String> {
        let Some(RequestText::Instruct(text)) = request.text else { return Ok(Plan::default()) };
        let sought = Sought::of(text);
        let positions = |words: &BTreeSet<String>| -> Vec<u32> {
            let items = words.iter().filter_map(|word| index.get(word)).flatten();
            items.filter_map(|item| pool.position(*item)).collect()
        };
        let mut plan = Plan { barred: positions(&sought.unwanted), ..Plan::default() };
        let wanted = positions(&sought.wanted);
        if !wanted.is_empty() {
            plan.gains = vec![0.0; pool.items().len()];
            for at in wanted {
                plan.gains[at as usize] = self.boost;
            }
        }
        Ok(plan)
    }
}

/// Every word of titles, texts, tags, categories and creators.
fn occurrences(catalogue: &Catalogue) -> Occurrences {
    let mut occurrences = Occurrences::new();
    for (at, item) in catalogue.items().iter().enumerate() {
        let categories = item.categories.iter().map(|category| &*catalogue.categories()[category.index()]);
        let creator = item.creator.map(|creator| &*catalogue.creators()[creator.index()]);
        let texts = [&*item.title, &*item.text].into_iter().chain(item.tags.iter().map(String::as_str));
        let own: BTreeSet<String> = texts.chain(categories).chain(creator).flat_map(words).collect();
        for word in own {
            occurrences.entry(word).or_default().push(ItemId(at as u32));
        }
    }
    occurrences
}

/// Runs of characters between spaces, without punctuation around them.
fn words(text: &str) -> impl Iterator<Item = String> {
    let bare = text.split_whitespace().map(|word| word.trim_matches(|end: char| !end.is_alphanumeric()));
    bare.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Words after the cues of an instruction.
#[derive(Debug, PartialEq, Default)]
struct Sought {
    wanted: BTreeSet<String>,
    unwanted: BTreeSet<String>,
}

impl Sought {
    fn of(text: &str) -> Self {
        let mut sought = Self::default();
        let mut wanted = None;
        for word in words(text) {
            if NEGATIVE.contains(&word.as_str()) {
                wanted = Some(false);
            } else if POSITIVE.contains(&word.as_str()) {
                // "No more" is no wish for more.
                wanted = Some(wanted.is_none_or(|wanted| wanted) || word == "but");
            } else if !EMPTY.contains(&word.as_str()) {
                match wanted {
                    Some(true) => sought.wanted.insert(word),
                    Some(false) => sought.unwanted.insert(word),
                    None => false,
                };
            }
        }
        sought
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_with_the_last_cue() {
        let mut lines = Vec::new();
        for text in [
            "No more news, please.",
            "I would like some more penny-plain.",
            "Show me nothing but music.",
            "Just cats and nothing else.",
            "I am in the mood for dance.",
            "Nothing longer than 40 seconds.",
            "Something new would be nice.",
        ] {
            let Sought { wanted, unwanted } = Sought::of(text);
            lines.push(format!("{text}\n    wanted {wanted:?}, unwanted {unwanted:?}"));
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
