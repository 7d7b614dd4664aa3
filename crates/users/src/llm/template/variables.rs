//! What the sections of a template can speak of.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::Section;

/// Variables of the section `system`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SystemView {
    pub(crate) items: String,
    pub(crate) actions: Vec<String>,
    pub(crate) moves: Vec<String>,
}

/// Variables of the section `persona`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct PersonaView<'a> {
    pub(crate) items: &'a str,
    pub(crate) key: &'a str,
    pub(crate) name: &'a str,
    pub(crate) age: Option<u8>,
    pub(crate) gender: &'a str,
    pub(crate) occupation: &'a str,
    pub(crate) traits: &'a [String],
    pub(crate) interests: Vec<InterestView<'a>>,
    pub(crate) dislikes: Vec<&'a str>,
    pub(crate) habits: HabitsView,
    pub(crate) text: &'a str,
}

/// An interest; shares sum to 1.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InterestView<'a> {
    pub(crate) name: &'a str,
    pub(crate) share: f32,
}

/// Habits, each as a number from 0 to 1 and as a word.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct HabitsView {
    pub(crate) activity: f32,
    pub(crate) activity_word: &'static str,
    pub(crate) patience: f32,
    pub(crate) patience_word: &'static str,
    pub(crate) diversity: f32,
    pub(crate) diversity_word: &'static str,
    pub(crate) conformity: f32,
    pub(crate) conformity_word: &'static str,
}

/// Variables of the section `memory`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct MemoryView {
    pub(crate) items: String,
    pub(crate) memories: Vec<RememberedView>,
}

/// A memory that was retrieved.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RememberedView {
    pub(crate) id: u32,
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) importance: f32,
    pub(crate) days: f64,
}

/// Variables of the sections `earlier` and `observation`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct EarlierView<'a> {
    pub(crate) items: &'a str,
    pub(crate) number: u32,
    pub(crate) shown: Vec<ReactionView<'a>>,
    #[serde(rename = "move")]
    pub(crate) next: &'a str,
    pub(crate) words: &'a str,
    pub(crate) reply: &'a str,
}

/// What was done with an item.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReactionView<'a> {
    pub(crate) title: &'a str,
    pub(crate) action: &'a str,
    pub(crate) rating: u8,
}

/// Variables of the section `slate`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SlateView<'a> {
    pub(crate) items: &'a str,
    pub(crate) day: i64,
    pub(crate) clock: String,
    pub(crate) number: u32,
    pub(crate) satisfaction: u8,
    pub(crate) mood: u8,
    pub(crate) fatigue: f32,
    pub(crate) boredom: f32,
    pub(crate) trust: f32,
    pub(crate) need: &'a str,
    pub(crate) reply: &'a str,
    pub(crate) slate: &'a [ItemView],
}

/// An item as a user sees it; the variables of the sections `action` and `rating`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ItemView {
    pub(crate) number: usize,
    pub(crate) title: String,
    pub(crate) content: String,
    /// The form of the content as the scenario names it.
    pub(crate) form: &'static str,
    pub(crate) text: String,
    pub(crate) categories: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) creator: String,
    /// How well known it is, in a word.
    pub(crate) crowd: &'static str,
    pub(crate) minutes: f32,
    pub(crate) price: Option<f32>,
}

/// Variables of the section `talk`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct TalkView<'a> {
    pub(crate) items: &'a str,
    pub(crate) name: &'a str,
    pub(crate) said: Vec<SaidView<'a>>,
}

/// A line of a chat.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SaidView<'a> {
    pub(crate) own: bool,
    pub(crate) words: &'a str,
}

/// Variables of the section `interview`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct InterviewView<'a> {
    pub(crate) items: &'a str,
    pub(crate) name: &'a str,
    pub(crate) known: Vec<KnownView<'a>>,
    pub(crate) question: &'a str,
}

/// Something that the user knows.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct KnownView<'a> {
    pub(crate) id: &'a str,
    pub(crate) text: &'a str,
    pub(crate) days: f64,
}

/// Variables of all other sections.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ShortView<'a> {
    pub(crate) items: &'a str,
    pub(crate) name: &'a str,
    pub(crate) friend: &'a str,
}

/// Variables of a section as they may be: all there, and as little as possible.
pub(super) fn samples(section: Section) -> Vec<Value> {
    let item = ItemView {
        number: 1,
        title: "Soup".to_owned(),
        content: "Soup (cooking)".to_owned(),
        form: "text",
        categories: vec!["cooking".to_owned()],
        tags: vec!["quick".to_owned()],
        crowd: "popular",
        price: Some(1.0),
        ..ItemView::default()
    };
    let words = vec!["quick".to_owned()];
    match section {
        Section::System => {
            vec![json!(SystemView { items: "films".to_owned(), actions: words.clone(), moves: words })]
        }
        Section::Persona => {
            let full = PersonaView {
                name: "Ada",
                age: Some(30),
                gender: "female",
                occupation: "cook",
                traits: &words,
                interests: vec![InterestView { name: "cooking", share: 1.0 }],
                dislikes: vec!["news"],
                text: "Ada likes soup.",
                ..PersonaView::default()
            };
            vec![json!(full), json!(PersonaView::default())]
        }
        Section::Memory => {
            let text = "Ada liked Soup.".to_owned();
            let one = RememberedView { id: 0, kind: "observation", text, importance: 0.5, days: 1.0 };
            vec![
                json!(MemoryView { memories: vec![one], ..MemoryView::default() }),
                json!(MemoryView::default()),
            ]
        }
        Section::Earlier | Section::Observation => {
            let shown = vec![ReactionView { title: "Soup", action: "like", rating: 5 }];
            let full = EarlierView { shown, words: "soup", ..EarlierView::default() };
            vec![json!(full), json!(EarlierView::default())]
        }
        Section::Slate => {
            let slate = &[item][..];
            let full = SlateView { slate, need: "cooking", reply: "Soup?", ..SlateView::default() };
            vec![json!(full), json!(SlateView::default())]
        }
        Section::Talk => {
            let said = vec![SaidView { own: true, words: "soup" }, SaidView { own: false, words: "" }];
            vec![json!(TalkView { said, ..TalkView::default() }), json!(TalkView::default())]
        }
        Section::Interview => {
            let known = vec![KnownView { id: "m0", text: "Ada liked Soup.", days: 1.0 }];
            let full = InterviewView { known, question: "Why?", ..InterviewView::default() };
            vec![json!(full), json!(InterviewView::default())]
        }
        Section::Action | Section::Rating => vec![json!(item), json!(ItemView::default())],
        _ => vec![json!(ShortView::default())],
    }
}

/// The names of a section's variables, those of tables with a dot.
pub(super) fn names(section: Section) -> Vec<String> {
    let mut all = BTreeSet::new();
    for sample in samples(section) {
        for (name, value) in sample.as_object().into_iter().flatten() {
            all.extend(value.as_object().into_iter().flatten().map(|(field, _)| format!("{name}.{field}")));
            all.insert(name.clone());
        }
    }
    all.into_iter().collect()
}

/// Every name there is, those of elements of lists included.
pub(super) fn fields() -> Vec<String> {
    fn gather(value: &Value, all: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                all.extend(object.keys().cloned());
                object.values().for_each(|value| gather(value, all));
            }
            Value::Array(values) => values.iter().for_each(|value| gather(value, all)),
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    Section::ALL.into_iter().flat_map(samples).for_each(|sample| gather(&sample, &mut all));
    all.into_iter().collect()
}
