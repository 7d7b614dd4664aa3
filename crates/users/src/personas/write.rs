//! Personas as a file that a scenario can name.

use habitue_core::{Catalogue, CategoryId, Habits, PastInteraction, Persona, SimTime};
use serde::{Serialize, Serializer};

/// One line of the file; the fields are those of [`read`](super::read).
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u8>,
    #[serde(skip_serializing_if = "str::is_empty")]
    gender: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    occupation: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    traits: &'a [String],
    #[serde(serialize_with = "in_order")]
    interests: Vec<(&'a str, f32)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dislikes: Vec<&'a str>,
    habits: Habits,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<Past<'a>>,
}

#[derive(Serialize)]
struct Past<'a> {
    item: &'a str,
    ago: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<f32>,
}

fn in_order<S: Serializer>(interests: &[(&str, f32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(interests.iter().copied())
}

/// Writes personas as JSONL, one a line, in the form that [`read`](super::read) reads: with the same catalogue they come
/// back as they are.
///
/// # Errors
/// If a number is none that JSON has.
pub fn to_jsonl(personas: &[Persona], catalogue: &Catalogue) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for persona in personas {
        text.push_str(&serde_json::to_string(&line(persona, catalogue))?);
        text.push('\n');
    }
    Ok(text)
}

fn line<'a>(persona: &'a Persona, catalogue: &'a Catalogue) -> Line<'a> {
    let category = |category: CategoryId| catalogue.categories()[category.index()].as_str();
    let past = |past: &PastInteraction| Past {
        item: &catalogue.item(past.item).key,
        ago: (SimTime::ZERO - past.time).to_string(),
        rating: past.rating,
    };
    Line {
        key: &persona.key,
        name: &persona.name,
        age: persona.age,
        gender: &persona.gender,
        occupation: &persona.occupation,
        traits: &persona.traits,
        interests: persona.interests.iter().map(|&(liked, weight)| (category(liked), weight)).collect(),
        dislikes: persona.dislikes.iter().map(|&disliked| category(disliked)).collect(),
        habits: persona.habits,
        text: &persona.text,
        history: persona.history.iter().map(past).collect(),
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::{Item, ItemId};

    use super::*;
    use crate::personas::read;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let mut catalogue = Catalogue::new();
        let (music, art, news) =
            (catalogue.category("music"), catalogue.category("art"), catalogue.category("news"));
        let item = Item { key: "v-1".to_owned(), categories: vec![music], ..Item::default() };
        catalogue.push(item).unwrap();
        let past = PastInteraction { item: ItemId(0), time: SimTime(-93_784_005), rating: Some(4.5) };
        let full = Persona {
            key: "ada".to_owned(),
            name: "Ada \"the first\"".to_owned(),
            age: Some(36),
            gender: "female".to_owned(),
            occupation: "engineer".to_owned(),
            traits: vec!["curious".to_owned()],
            interests: vec![(art, 0.1), (music, 2.7)],
            dislikes: vec![news],
            habits: Habits { activity: 0.123_456_79, ..Habits::default() },
            text: "Two lines\nof text.".to_owned(),
            history: vec![past],
        };
        let plain = Persona {
            key: "bo".to_owned(),
            name: String::new(),
            age: None,
            gender: String::new(),
            occupation: String::new(),
            traits: Vec::new(),
            dislikes: Vec::new(),
            text: String::new(),
            history: vec![PastInteraction { rating: None, ..past }],
            ..full.clone()
        };
        let people = vec![full, plain];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("people.jsonl");
        std::fs::write(&file, to_jsonl(&people, &catalogue).unwrap()).unwrap();
        assert_eq!(read(&file, None, None, &catalogue).unwrap().personas, people);
    }
}
