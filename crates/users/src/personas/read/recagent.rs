//! `RecAgent`'s file of invented users (`user_1000.csv`).

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;
use habitue_core::scenario::nearest;
use habitue_core::{Catalogue, CategoryId, DataError, DataErrorKind, Persona};

use super::record::OLDEST;
use super::{Found, Keys, Problem, Unmatched};

/// The columns of the file.
const COLUMNS: [&str; 8] = ["id", "name", "gender", "age", "traits", "status", "interest", "feature"];

/// What each of the five ways to behave means.
const FEATURES: [(&str, &str); 5] = [
    ("Watcher", "Watches a lot and says what it was like."),
    ("Explorer", "Likes to search for what is new."),
    ("Critic", "Expects much, and is harsh where it is not met."),
    ("Chatter", "Talks with friends in private."),
    ("Poster", "Posts for all to read."),
];

/// Words of the file for what catalogues of films call otherwise: the first name that the catalogue has.
const SYNONYMS: [(&str, &[&str]); 6] = [
    ("romantic", &["Romance"]),
    ("documentaries", &["Documentary"]),
    ("family-friendly", &["Family", "Children's", "Children"]),
    ("science fiction", &["Sci-Fi"]),
    ("funny", &["Comedy"]),
    ("animated", &["Animation"]),
];

/// Whether a file with this header is one of `RecAgent`'s.
pub(super) fn is_header(header: &StringRecord) -> bool {
    COLUMNS.iter().all(|column| header.iter().any(|found| found.trim() == *column))
}

/// Reads the first `limit` people of a file with this header.
pub(super) fn read(
    path: &Path,
    text: &str,
    limit: Option<u32>,
    catalogue: &Catalogue,
) -> Result<Found, Problem> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| super::table::broken(path, &error))?.clone();
    let mut file = File { path, header: &header, catalogue, unmatched: BTreeMap::new(), matched: false };
    let mut keys = Keys::default();
    let mut personas = Vec::new();
    for record in reader.records().take(limit.map_or(usize::MAX, |limit| limit as usize)) {
        let record = record.map_err(|error| super::table::broken(path, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            let expected = format!("{} fields, as in the header", header.len());
            let problem = DataError::new(DataErrorKind::FieldCount, path, expected);
            return Err(problem.at(line).value(format!("{} fields", record.len())).into());
        }
        let persona = file.persona(line, &record)?;
        keys.add(path, &persona.key, line)?;
        personas.push(persona);
    }
    let File { unmatched, matched, .. } = file;
    let unmatched: Vec<Unmatched> =
        unmatched.into_iter().map(|(interest, people)| Unmatched { interest, people }).collect();
    if !matched && let Some(first) = unmatched.first() {
        let known = catalogue.categories().iter().map(String::as_str);
        let expected = "interests in categories of the catalogue; nobody has one. A mapping with [rename] says which are meant";
        let problem = DataError::new(DataErrorKind::UnknownName, path, expected).field("interest");
        return Err(problem.value(&first.interest).nearest(nearest(&first.interest, known)).into());
    }
    Ok(Found { personas, unmatched })
}

struct File<'a> {
    path: &'a Path,
    header: &'a StringRecord,
    catalogue: &'a Catalogue,
    /// People by interest that is no category.
    unmatched: BTreeMap<String, u32>,
    /// Whether any interest is a category.
    matched: bool,
}

impl File<'_> {
    fn persona(&mut self, line: u64, record: &StringRecord) -> Result<Persona, Problem> {
        let cell = |column: &str| {
            let at = self.header.iter().position(|found| found.trim() == column);
            at.and_then(|at| record.get(at)).unwrap_or_default().trim()
        };
        let wrong = |kind, column: &str, expected: &str| {
            let problem = DataError::new(kind, self.path, expected).at(line);
            problem.field(column).value(cell(column))
        };
        for column in ["id", "interest"] {
            if cell(column).is_empty() {
                return Err(wrong(DataErrorKind::EmptyField, column, "a text that is not empty").into());
            }
        }
        let age = match cell("age") {
            "" => None,
            years => match years.parse::<f64>() {
                Ok(years) if (0.0..=OLDEST).contains(&years) && years.fract() == 0.0 => Some(years as u8),
                Ok(_) => return Err(wrong(DataErrorKind::Range, "age", "whole years from 0 to 120").into()),
                Err(_) => return Err(wrong(DataErrorKind::Type, "age", "whole years from 0 to 120").into()),
            },
        };
        let mut sentences = Vec::new();
        for feature in entries(cell("feature"), ';') {
            let known = FEATURES.iter().find(|(name, _)| name.eq_ignore_ascii_case(feature));
            let Some((_, sentence)) = known else {
                let names = FEATURES.map(|(name, _)| name);
                let problem =
                    wrong(DataErrorKind::UnknownName, "feature", &format!("some of {}", names.join(", ")));
                return Err(problem.value(feature).nearest(nearest(feature, names)).into());
            };
            sentences.push((*sentence).to_owned());
        }
        let (mut interests, mut others) = (Vec::new(), Vec::new());
        for name in entries(cell("interest"), ',') {
            match category(name, self.catalogue) {
                Some(category) if interests.iter().any(|(known, _)| *known == category) => {}
                Some(category) => interests.push((category, 1.0)),
                None => others.push(name),
            }
        }
        if !others.is_empty() {
            sentences.insert(0, format!("Also likes {}.", others.join(", ")));
        }
        let persona = Persona {
            key: cell("id").to_owned(),
            name: cell("name").to_owned(),
            age,
            gender: cell("gender").to_owned(),
            occupation: cell("status").to_owned(),
            traits: entries(cell("traits"), ',').map(str::to_owned).collect(),
            text: sentences.join(" "),
            ..Persona::default()
        };
        self.matched |= !interests.is_empty();
        for other in others {
            *self.unmatched.entry(other.to_owned()).or_default() += 1;
        }
        let all = || (0..self.catalogue.categories().len()).map(|at| (CategoryId(at as u16), 1.0)).collect();
        Ok(Persona { interests: if interests.is_empty() { all() } else { interests }, ..persona })
    }
}

fn entries(cell: &str, separator: char) -> impl Iterator<Item = &str> {
    cell.split(separator).map(str::trim).filter(|entry| !entry.is_empty())
}

/// The category that an interest means: of the same letters and digits, without "movies" or "films", or by a synonym.
fn category(interest: &str, catalogue: &Catalogue) -> Option<CategoryId> {
    let interest = interest.to_lowercase();
    let ends = [" movies", " movie", " films", " film"];
    let short = ends.iter().find_map(|end| interest.strip_suffix(end)).unwrap_or(&interest).trim();
    let named = |name: &str| {
        let wanted = letters(name);
        let same = |known: &String| letters(known) == wanted;
        catalogue.categories().iter().position(same).map(|at| CategoryId(at as u16))
    };
    named(&interest).or_else(|| named(short)).or_else(|| {
        let (_, names) = SYNONYMS.iter().find(|(word, _)| *word == short)?;
        names.iter().find_map(|name| named(name))
    })
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
