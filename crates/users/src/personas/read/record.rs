//! A persona of a TOML or JSONL file.

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{
    Catalogue, CategoryId, DataError, DataErrorKind, Habits, PastInteraction, Persona, SimDuration, SimTime,
};

use super::Problem;
use super::document::{Node, Value};
use super::fields::Fields;

const FIELDS: [&str; 11] = [
    "key",
    "name",
    "age",
    "gender",
    "occupation",
    "traits",
    "interests",
    "dislikes",
    "habits",
    "text",
    "history",
];

/// The oldest age.
pub(super) const OLDEST: f64 = 120.0;

/// Reads one persona.
pub(super) fn persona(file: &Path, node: &Node, catalogue: &Catalogue) -> Result<Persona, Problem> {
    let fields = Fields::new(file, node, "", &FIELDS)?;
    let interests = interests(file, &fields, catalogue)?;
    let mut dislikes = Vec::new();
    for (line, name) in fields.texts("dislikes")? {
        let category = category(file, line, "dislikes", &name, catalogue)?;
        if interests.iter().any(|(liked, _)| *liked == category) {
            return Err(contradiction(file, line, &name));
        }
        if !dislikes.contains(&category) {
            dislikes.push(category);
        }
    }
    Ok(Persona {
        key: fields.required("key")?,
        name: fields.text("name")?,
        age: age(&fields)?,
        gender: fields.text("gender")?,
        occupation: fields.text("occupation")?,
        traits: fields.texts("traits")?.into_iter().map(|(_, text)| text).collect(),
        interests,
        dislikes,
        habits: habits(file, &fields)?,
        text: fields.text("text")?,
        history: history(file, &fields, catalogue)?,
    })
}

/// The category of this name.
pub(super) fn category(
    file: &Path,
    line: u64,
    field: &str,
    name: &str,
    catalogue: &Catalogue,
) -> Result<CategoryId, Problem> {
    catalogue.find_category(name).ok_or_else(|| {
        let known = catalogue.categories().iter().map(String::as_str);
        let problem = DataError::new(DataErrorKind::UnknownName, file, "a category of the catalogue");
        problem.at(line).field(field).value(name).nearest(nearest(name, known)).into()
    })
}

/// A category that is liked and disliked.
pub(super) fn contradiction(file: &Path, line: u64, name: &str) -> Problem {
    let expected = "a category that is not among the interests";
    DataError::new(DataErrorKind::Contradiction, file, expected).at(line).field("dislikes").value(name).into()
}

fn age(fields: &Fields<'_>) -> Result<Option<u8>, Problem> {
    let (Some(node), Some(years)) = (fields.get("age"), fields.number("age", 0.0, OLDEST)?) else {
        return Ok(None);
    };
    if years.fract() != 0.0 {
        return Err(fields.wrong(DataErrorKind::Type, "age", node, "whole years"));
    }
    Ok(Some(years as u8))
}

fn interests(
    file: &Path,
    fields: &Fields<'_>,
    catalogue: &Catalogue,
) -> Result<Vec<(CategoryId, f32)>, Problem> {
    const EXPECTED: &str = "category names, as a list or with weights";
    let Some(node) = fields.get("interests") else {
        return Err(fields.missing("interests", EXPECTED));
    };
    let mut interests: Vec<(CategoryId, f32)> = Vec::new();
    match &node.value {
        Value::List(_) => {
            for (line, name) in fields.texts("interests")? {
                let category = category(file, line, "interests", &name, catalogue)?;
                if interests.iter().any(|(known, _)| *known == category) {
                    let problem = DataError::new(DataErrorKind::Duplicate, file, "every category once");
                    return Err(problem.at(line).field("interests").value(name).into());
                }
                interests.push((category, 1.0));
            }
        }
        Value::Table(entries) => {
            for (name, node) in entries {
                let category = category(file, node.line, "interests", name, catalogue)?;
                let expected = "a weight above 0, at most 1000000";
                let field = format!("interests.{name}");
                match node.value {
                    Value::Number(weight) if weight > 0.0 && weight <= 1e6 => {
                        interests.push((category, weight as f32));
                    }
                    Value::Number(_) => {
                        return Err(fields.wrong(DataErrorKind::Range, &field, node, expected));
                    }
                    _ => return Err(fields.wrong(DataErrorKind::Type, &field, node, expected)),
                }
            }
        }
        _ => return Err(fields.wrong(DataErrorKind::Type, "interests", node, EXPECTED)),
    }
    if interests.is_empty() {
        return Err(fields.wrong(DataErrorKind::EmptyField, "interests", node, "at least one category"));
    }
    Ok(interests)
}

fn habits(file: &Path, fields: &Fields<'_>) -> Result<Habits, Problem> {
    let Some(node) = fields.get("habits") else { return Ok(Habits::default()) };
    let known = ["activity", "patience", "diversity", "conformity"];
    let fields = Fields::new(file, node, "habits.", &known)?;
    let habit = |key| Ok::<_, Problem>(fields.number(key, 0.0, 1.0)?.map(|number| number as f32));
    let average = Habits::default();
    Ok(Habits {
        activity: habit("activity")?.unwrap_or(average.activity),
        patience: habit("patience")?.unwrap_or(average.patience),
        diversity: habit("diversity")?.unwrap_or(average.diversity),
        conformity: habit("conformity")?.unwrap_or(average.conformity),
    })
}

/// What the user consumed before the run, oldest first.
fn history(file: &Path, fields: &Fields<'_>, catalogue: &Catalogue) -> Result<Vec<PastInteraction>, Problem> {
    let mut history = fields
        .list("history", "a list of { item, ago, rating }")?
        .iter()
        .map(|node| {
            let fields = Fields::new(file, node, "history.", &["item", "ago", "rating"])?;
            let key = fields.required("item")?;
            let item = catalogue.find(&key).ok_or_else(|| {
                let problem = DataError::new(DataErrorKind::Dangling, file, "an item of the catalogue");
                let problem = problem.at(node.line).field("history.item").value(&key);
                Problem::from(problem.nearest(nearest(&key, catalogue.keys())))
            })?;
            let ago = fields.required("ago")?;
            let SimDuration(ago) = SimDuration::parse(&ago).map_err(|says| {
                let expected = says.strip_prefix("expected ").unwrap_or(&says).to_owned();
                let problem = DataError::new(DataErrorKind::Type, file, expected);
                Problem::from(problem.at(node.line).field("history.ago").value(&ago))
            })?;
            let rating = fields.number("rating", 1.0, 5.0)?.map(|rating| rating as f32);
            Ok(PastInteraction { item, time: SimTime(-ago), rating })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    history.sort_by_key(|past| past.time);
    Ok(history)
}
