//! What the model reads of a request: never more than a recommender knows.

use std::fmt::Write as _;

use habitue_core::scenario::policy::{LlmRankerConfig, RankMode};
use habitue_core::{Catalogue, CategoryId, ItemId, Request, RequestText, World};

/// Categories of which it is said how much they are liked.
const LIKED: usize = 6;
/// Categories of which it is said that they are disliked.
const DISLIKED: usize = 4;

/// What holds for all requests.
pub(super) fn task(config: &LlmRankerConfig) -> String {
    format!("One person, one app with {}.\n", config.items)
}

/// The user: likes by category, the latest reactions, and what was said in this session.
pub(super) fn user(config: &LlmRankerConfig, world: &World<'_>, request: &Request<'_>) -> String {
    let mut text = String::new();
    let (liked, disliked) = tastes(world, request);
    let names = world.catalogue.categories();
    // Writing to a string cannot fail.
    if let Some((_, most)) = liked.first() {
        let words = liked.iter().take(LIKED).map(|(category, count)| {
            let word = match count / most {
                share if share > 0.6 => "much",
                share if share > 0.3 => "some",
                _ => "little",
            };
            format!("{word} {}", names[category.index()])
        });
        let _ = writeln!(text, "Likes {}.", words.collect::<Vec<_>>().join(", "));
    }
    if !disliked.is_empty() {
        let words = disliked.iter().take(DISLIKED).map(|category| names[category.index()].as_str());
        let _ = writeln!(text, "Dislikes {}.", words.collect::<Vec<_>>().join(", "));
    }
    let recent = config.recent as usize;
    let latest = request.history.iter().skip(request.history.len().saturating_sub(recent));
    let latest: Vec<String> = latest
        .map(|entry| {
            let action = &world.scale.names()[usize::from(entry.action.0)];
            format!("{}: {action}", world.catalogue.item(entry.item).title)
        })
        .collect();
    if !latest.is_empty() {
        let _ = writeln!(text, "Lately {}.", latest.join("; "));
    }
    for said in request.said {
        let _ = match said {
            RequestText::Search(words) => writeln!(text, "Searches: {words}"),
            RequestText::Instruct(words) => writeln!(text, "Asks the app: {words}"),
            RequestText::Answer(words) => writeln!(text, "Answers: {words}"),
        };
    }
    text
}

/// Categories by what the user did with their items: those liked, with how often, most first, and those mostly disliked.
fn tastes(world: &World<'_>, request: &Request<'_>) -> (Vec<(CategoryId, f64)>, Vec<CategoryId>) {
    let count = world.catalogue.categories().len();
    let (mut liked, mut disliked) = (vec![0.0_f64; count], vec![0.0_f64; count]);
    for entry in request.history {
        let counts = match world.scale.level(entry.action) {
            level if level < 0 => &mut disliked,
            _ if world.scale.is_engaged(entry.action) => &mut liked,
            _ => continue,
        };
        for category in &world.catalogue.item(entry.item).categories {
            counts[category.index()] += 1.0;
        }
    }
    let all = (0..count).map(|at| (CategoryId(at as u16), liked[at], disliked[at]));
    let against = all.clone().filter(|(_, liked, disliked)| disliked > liked);
    let mut against: Vec<_> = against.map(|(category, _, count)| (category, count)).collect();
    let mut likes: Vec<_> = all
        .filter(|(_, liked, disliked)| *liked > 0.0 && liked >= disliked)
        .map(|(category, count, _)| (category, count))
        .collect();
    // Stable: ties stay in the order of the catalogue.
    likes.sort_by(|one, other| other.1.total_cmp(&one.1));
    against.sort_by(|one, other| other.1.total_cmp(&one.1));
    (likes, against.into_iter().map(|(category, _)| category).collect())
}

/// An item in words: title, categories, and what else tells it apart.
pub(super) fn item(config: &LlmRankerConfig, catalogue: &Catalogue, id: ItemId) -> String {
    let item = catalogue.item(id);
    let names: Vec<&str> =
        item.categories.iter().map(|category| catalogue.categories()[category.index()].as_str()).collect();
    let mut text = if item.title.is_empty() { item.key.clone() } else { item.title.clone() };
    if !names.is_empty() {
        let _ = write!(text, " - {}", names.join(", "));
    }
    if config.details {
        if let Some(creator) = item.creator {
            let _ = write!(text, ", by {}", catalogue.creators()[creator.index()]);
        }
        if item.duration_seconds > 0.0 {
            let _ = write!(text, ", {:.0} seconds", item.duration_seconds);
        }
        if let Some(price) = item.price {
            let _ = write!(text, ", price {price:.2}");
        }
    }
    text
}

/// What is asked, at the end of the user's turn.
pub(super) fn question(config: &LlmRankerConfig, items: &[String]) -> String {
    match config.mode {
        RankMode::Pointwise => {
            format!(
                "What the person would do with one of the {}: {} or {}.\n",
                config.items, config.yes, config.no
            )
        }
        RankMode::Listwise => {
            let mut text = String::new();
            for (number, item) in (1..).zip(items) {
                let _ = writeln!(text, "{number}. {item}");
            }
            text + "Their numbers, the one that suits this person best first.\n"
        }
    }
}
