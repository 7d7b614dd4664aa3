//! Users, items and time as the prompt speaks of them.

use habitue_core::scenario::llm::ContentName;
use habitue_core::{CategoryId, Encounter, ItemId, Message, Persona, Sender, SimTime, World};

use super::template::{HabitsView, InterestView, ItemView, PersonaView, SlateView};

/// A user with these interests, the present ones.
pub(super) fn persona<'a>(
    world: &World<'a>,
    items: &'a str,
    persona: &'a Persona,
    interests: &[(CategoryId, f32)],
) -> PersonaView<'a> {
    let name = |category: &CategoryId| -> &'a str {
        world.catalogue.categories().get(category.index()).map_or("", String::as_str)
    };
    let sum: f32 = interests.iter().map(|(_, weight)| weight).sum();
    let mut interests: Vec<InterestView<'_>> = interests
        .iter()
        .map(|(category, weight)| InterestView {
            name: name(category),
            share: weight / sum.max(f32::MIN_POSITIVE),
        })
        .collect();
    // Stable: interests of the same weight stay in the order of the persona.
    interests.sort_by(|one, other| other.share.total_cmp(&one.share));
    let habits = &persona.habits;
    PersonaView {
        items,
        key: &persona.key,
        name: &persona.name,
        age: persona.age,
        gender: &persona.gender,
        occupation: &persona.occupation,
        traits: &persona.traits,
        interests,
        dislikes: persona.dislikes.iter().map(name).collect(),
        habits: HabitsView {
            activity: habits.activity,
            activity_word: word(habits.activity),
            patience: habits.patience,
            patience_word: word(habits.patience),
            diversity: habits.diversity,
            diversity_word: word(habits.diversity),
            conformity: habits.conformity,
            conformity_word: word(habits.conformity),
        },
        text: &persona.text,
    }
}

/// A habit in a word: thirds of the scale.
fn word(habit: f32) -> &'static str {
    match habit {
        habit if habit < 1.0 / 3.0 => "low",
        habit if habit < 2.0 / 3.0 => "average",
        _ => "high",
    }
}

/// The slate's items.
pub(super) fn slate(world: &World<'_>, content: ContentName, encounter: &Encounter<'_>) -> Vec<ItemView> {
    let shown = encounter.slate.items.iter().zip(1..);
    shown.map(|(shown, number)| item(world, content, shown.item, number)).collect()
}

/// How well known an item is, from the least: the least popularity of each word but the first, between 0 and 1.
const CROWD: [(&str, f32); 4] = [("obscure", 0.0), ("known", 0.5), ("popular", 0.68), ("famous", 0.82)];

/// Engagements that the most popular item needs before anything is said of a crowd: a handful of clicks is none.
const CROWD_FROM: u32 = 20;

/// What the crowd makes of an item, in a word; nothing while there is no crowd.
fn crowd(world: &World<'_>, item: ItemId) -> &'static str {
    if world.stats.most_engagements() < CROWD_FROM {
        return "";
    }
    let popularity = world.stats.popularity(item);
    CROWD.iter().rev().find(|(_, least)| popularity >= *least).map_or("", |(word, _)| word)
}

fn item(world: &World<'_>, content: ContentName, id: ItemId, number: usize) -> ItemView {
    let item = world.catalogue.item(id);
    let names = world.catalogue.categories();
    let categories: Vec<String> =
        item.categories.iter().filter_map(|category| names.get(category.index()).cloned()).collect();
    let named = if item.title.is_empty() { &item.key } else { &item.title };
    let (mut title, text) = (one_line(named), one_line(&item.text));
    let described = |text: &str| if text.is_empty() { title.clone() } else { format!("{title}: {text}") };
    let shown = match (content, &item.caption) {
        (ContentName::SemanticId, _) => {
            let words = item.semantic_id.iter().map(|word| format!("<{word}>")).collect::<Vec<_>>().concat();
            if words.is_empty() { title.clone() } else { words }
        }
        (ContentName::Caption, Some(caption)) => described(&one_line(caption)),
        (ContentName::Caption, None) => described(&text),
        (ContentName::Text, _) => {
            let about = format!("{title} ({})", categories.join(", "));
            if text.is_empty() { about } else { format!("{about}: {text}") }
        }
    };
    if content == ContentName::SemanticId {
        title.clone_from(&shown);
    }
    ItemView {
        number,
        title,
        content: shown,
        form: content.word(),
        text,
        categories,
        tags: item.tags.clone(),
        crowd: crowd(world, id),
        creator: item
            .creator
            .and_then(|creator| world.catalogue.creators().get(creator.index()).cloned())
            .unwrap_or_default(),
        minutes: item.duration_seconds / 60.0,
        price: item.price,
    }
}

/// A text on one line: a line's end in an item must not pass for the end of the item.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// A message as it is remembered.
pub(super) fn heard(world: &World<'_>, message: &Message) -> String {
    let who = match message.from {
        Sender::User(_) => "A friend",
        Sender::Creator(creator) => {
            world.catalogue.creators().get(creator.index()).map_or("A creator", String::as_str)
        }
    };
    let text = one_line(&message.text);
    let about = message.item.map(|item| {
        let item = world.catalogue.item(item);
        let verb = if message.positive { "recommends" } else { "warns of" };
        format!("{who} {verb} {}", one_line(if item.title.is_empty() { &item.key } else { &item.title }))
    });
    match (about, text.is_empty()) {
        (Some(about), true) => about,
        (Some(about), false) => format!("{about}: {text}"),
        (None, _) => format!("{who} says: {text}"),
    }
}

/// A message of a chat as it is read there.
pub(super) fn chatted(world: &World<'_>, message: &Message) -> String {
    let text = one_line(&message.text);
    let Some(item) = message.item.map(|item| world.catalogue.item(item)) else { return text };
    let title = one_line(if item.title.is_empty() { &item.key } else { &item.title });
    if text.is_empty() { title } else { format!("{text} ({title})") }
}

/// The moment and the mindset.
pub(super) fn moment<'a>(
    world: &World<'a>,
    items: &'a str,
    encounter: &'a Encounter<'_>,
    slate: &'a [ItemView],
) -> SlateView<'a> {
    let mindset = &encounter.state.mindset;
    let need = mindset.need.and_then(|need| world.catalogue.categories().get(need.index()));
    SlateView {
        items,
        day: day(encounter.time) + 1,
        clock: clock(encounter.time),
        number: encounter.turn + 1,
        satisfaction: out_of_5(mindset.satisfaction),
        mood: out_of_5(mindset.mood),
        fatigue: mindset.fatigue,
        boredom: mindset.boredom,
        trust: mindset.trust,
        need: need.map_or("", String::as_str),
        reply: encounter.slate.reply.as_deref().unwrap_or(""),
        slate,
    }
}

fn day(time: SimTime) -> i64 {
    time.0.div_euclid(habitue_core::DAY)
}

fn clock(time: SimTime) -> String {
    let minutes = time.0.rem_euclid(habitue_core::DAY) / (60 * habitue_core::SECOND);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A value from 0 to 1 on the scale from 1 to 5.
fn out_of_5(value: f32) -> u8 {
    1 + (4.0 * value).round().clamp(0.0, 4.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_scales_and_clocks() {
        assert_eq!([word(0.0), word(0.5), word(1.0)], ["low", "average", "high"]);
        assert_eq!([out_of_5(0.0), out_of_5(0.5), out_of_5(1.0)], [1, 3, 5]);
        assert_eq!(clock(SimTime(habitue_core::DAY + 9 * habitue_core::HOUR + 61_000)), "09:01");
        assert_eq!(one_line(" two \n lines\t"), "two lines");
    }
}
