//! The teacher's rules for what a parametric user does not know of: numbers on short scales, moves with words, the words.

use habitue_core::{Decision, ItemId, Mindset, Move, Persona};

use super::town::Town;

/// A distribution over 1 to `most` around a value: a normal law cut to it.
pub(super) fn around(value: f64, most: u8, deviation: f64) -> Vec<f64> {
    let weight = |number: u8| (-0.5 * ((f64::from(number) - value) / deviation).powi(2)).exp() + 1e-6;
    let weights: Vec<f64> = (1..=most).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Weights of the moves as the prompt calls them. What the parametric user does not know of: who looks for something that
/// is not found searches, who is not pleased tells the app so, who is spoken to may answer.
pub(super) fn moves(teacher: &[f32], utility: f32, mindset: &Mindset, spoken_to: bool) -> Vec<(String, f64)> {
    let search = if mindset.need.is_some() { 0.08 } else { 0.005 };
    let instruct = 0.005 + 0.4 * f64::from((0.42 - utility).max(0.0) / 0.42);
    let answer = if spoken_to { 0.3 } else { 0.0 };
    let left = (1.0 - search - instruct - answer).max(0.1);
    let extra = [("search", search), ("instruct", instruct), ("answer", answer)];
    Move::NAMES
        .iter()
        .zip(teacher)
        .map(|(name, share)| {
            let more = extra.iter().find(|(extra, _)| extra == name).map_or(0.0, |(_, more)| *more);
            (name.replace('-', " "), left * f64::from(*share) + more)
        })
        .collect()
}

/// What is said with each move.
pub(super) fn spoken(
    town: &Town,
    persona: &Persona,
    before: &Mindset,
    items: &[ItemId],
    decided: &Decision,
) -> Vec<(&'static str, String)> {
    let names = town.catalogue.categories();
    let favourite = before.need.or_else(|| persona.interests.first().map(|(category, _)| *category));
    let more = favourite.map_or("", |category| names[category.index()].as_str());
    let liked = |item: &ItemId| {
        let categories = &town.catalogue.item(*item).categories;
        persona.interests.iter().any(|(category, _)| categories.contains(category))
    };
    let unwanted = persona.dislikes.first().copied().or_else(|| {
        let item = items.iter().find(|item| !liked(item))?;
        town.catalogue.item(*item).categories.first().copied()
    });
    let less = unwanted.map(|category| names[category.index()].as_str());
    let instruct = less.map_or_else(|| format!("more {more}"), |less| format!("more {more}, less {less}"));
    let best = items.iter().zip(&decided.feedback).max_by_key(|(_, feedback)| feedback.action);
    let title = best.map_or("", |(item, _)| town.catalogue.item(*item).title.as_str());
    let pleased = best.is_some_and(|(_, feedback)| town.scale.is_engaged(feedback.action));
    let tell = if pleased { format!("{title} is good") } else { "nothing good today".to_owned() };
    vec![
        ("search", more.to_owned()),
        ("instruct", instruct),
        ("answer", format!("{more}, please")),
        ("post", tell.clone()),
        ("chat", tell),
    ]
}

/// What the user concludes.
pub(super) fn insight(town: &Town, persona: &Persona) -> String {
    let names = town.catalogue.categories();
    let list = |categories: &mut dyn Iterator<Item = usize>| -> String {
        categories.map(|category| names[category].as_str()).collect::<Vec<_>>().join(" and ")
    };
    let likes = list(&mut persona.interests.iter().take(2).map(|(category, _)| category.index()));
    if persona.dislikes.is_empty() {
        return format!("I like {likes}.");
    }
    format!("I like {likes}, not {}.", list(&mut persona.dislikes.iter().map(|category| category.index())))
}
