//! Personas of a CSV file.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;
use habitue_core::scenario::nearest;
use habitue_core::{Catalogue, CategoryId, DataError, DataErrorKind, Habits, Persona};

use super::mapping::Mapping;
use super::record::{OLDEST, category, contradiction};
use super::{Keys, Problem, text};

/// Reads the first `limit` rows.
pub(super) fn read(
    path: &Path,
    mapping_path: &Path,
    tabs: bool,
    limit: Option<u32>,
    catalogue: &Catalogue,
) -> Result<Vec<Persona>, Problem> {
    let mapping = Mapping::read(mapping_path, tabs, catalogue)?;
    let text = text::read(path)?;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(mapping.delimiter).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(path, &error))?.clone();
    let columns = positions(path, mapping_path, &mapping, &header)?;
    let mut keys = Keys::default();
    let mut personas = Vec::new();
    for record in reader.records().take(limit.map_or(usize::MAX, |limit| limit as usize)) {
        let record = record.map_err(|error| broken(path, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            let expected = format!("{} fields, as in the header", header.len());
            let problem = DataError::new(DataErrorKind::FieldCount, path, expected);
            return Err(problem.at(line).value(format!("{} fields", record.len())).into());
        }
        let row = Row { path, line, header: &header, columns: &columns, record: &record, mapping: &mapping };
        let persona = row.persona(catalogue)?;
        keys.add(path, &persona.key, line)?;
        personas.push(persona);
    }
    Ok(personas)
}

pub(super) fn broken(path: &Path, error: &csv::Error) -> Problem {
    let problem = DataError::new(DataErrorKind::Type, path, format!("a CSV file ({error})"));
    match error.position() {
        Some(position) => problem.at(position.line()).into(),
        None => problem.into(),
    }
}

/// Where each mapped field stands.
fn positions(
    path: &Path,
    mapping_path: &Path,
    mapping: &Mapping,
    header: &StringRecord,
) -> Result<BTreeMap<String, usize>, Problem> {
    if let Some(twice) = (0..header.len()).find(|at| (0..*at).any(|before| header[before] == header[*at])) {
        let problem = DataError::new(DataErrorKind::Duplicate, path, "every column name once");
        return Err(problem.at(1).field("header").value(&header[twice]).into());
    }
    mapping
        .columns
        .iter()
        .map(|(field, (line, column))| {
            let at = header.iter().position(|name| name.trim() == column).ok_or_else(|| {
                let expected = format!("a column of {}", path.display());
                let problem = DataError::new(DataErrorKind::MissingColumn, mapping_path, expected);
                let problem = problem.at(*line).field(format!("columns.{field}")).value(column);
                Problem::from(problem.nearest(nearest(column, header.iter())))
            })?;
            Ok((field.clone(), at))
        })
        .collect()
}

/// One line of the file.
struct Row<'a> {
    path: &'a Path,
    line: u64,
    header: &'a StringRecord,
    columns: &'a BTreeMap<String, usize>,
    record: &'a StringRecord,
    mapping: &'a Mapping,
}

impl Row<'_> {
    fn persona(&self, catalogue: &Catalogue) -> Result<Persona, Problem> {
        let interests = self.interests(catalogue)?;
        let mut dislikes = Vec::new();
        for name in self.entries("dislikes") {
            let Some(category) = self.category("dislikes", name, catalogue)? else { continue };
            if interests.iter().any(|(liked, _)| *liked == category) {
                return Err(contradiction(self.path, self.line, name));
            }
            if !dislikes.contains(&category) {
                dislikes.push(category);
            }
        }
        let key = self.cell("key");
        if key.is_empty() {
            return Err(self.wrong(DataErrorKind::EmptyField, "key", "a text that is not empty"));
        }
        let habit = |field| Ok::<_, Problem>(self.number(field, 1.0)?.map(|number| number as f32));
        let average = Habits::default();
        Ok(Persona {
            key: format!("{}{key}", self.mapping.key_prefix),
            name: self.cell("name").to_owned(),
            age: self.age()?,
            gender: self.cell("gender").to_owned(),
            occupation: self.cell("occupation").to_owned(),
            traits: self.entries("traits").map(str::to_owned).collect(),
            interests,
            dislikes,
            habits: Habits {
                activity: habit("activity")?.unwrap_or(average.activity),
                patience: habit("patience")?.unwrap_or(average.patience),
                diversity: habit("diversity")?.unwrap_or(average.diversity),
                conformity: habit("conformity")?.unwrap_or(average.conformity),
            },
            text: self.cell("text").to_owned(),
            history: Vec::new(),
        })
    }

    /// A cell without space around it; empty if no column is mapped.
    fn cell(&self, field: &str) -> &str {
        self.columns.get(field).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    fn entries(&self, field: &str) -> impl Iterator<Item = &str> {
        self.cell(field).split(&*self.mapping.separator).map(str::trim).filter(|entry| !entry.is_empty())
    }

    fn interests(&self, catalogue: &Catalogue) -> Result<Vec<(CategoryId, f32)>, Problem> {
        let mut interests: Vec<(CategoryId, f32)> = Vec::new();
        for entry in self.entries("interests") {
            let (name, weight) = self.weighted(entry, catalogue)?;
            let Some(category) = self.category("interests", name, catalogue)? else { continue };
            match interests.iter_mut().find(|(known, _)| *known == category) {
                Some((_, sum)) => *sum += weight,
                None => interests.push((category, weight)),
            }
        }
        if interests.is_empty() {
            let expected = "at least one category of the catalogue";
            return Err(self.wrong(DataErrorKind::EmptyField, "interests", expected));
        }
        Ok(interests)
    }

    /// An entry `name` or `name:weight`. What is a name as a whole is one, colon or not.
    fn weighted<'e>(&self, entry: &'e str, catalogue: &Catalogue) -> Result<(&'e str, f32), Problem> {
        if self.mapping.rename.contains_key(entry) || catalogue.find_category(entry).is_some() {
            return Ok((entry, 1.0));
        }
        let Some((name, weight)) = entry.rsplit_once(':') else { return Ok((entry, 1.0)) };
        match weight.trim().parse::<f32>() {
            Ok(weight) if weight > 0.0 && weight <= 1e6 => Ok((name.trim(), weight)),
            _ => {
                let problem =
                    DataError::new(DataErrorKind::Range, self.path, "a weight above 0, at most 1000000");
                Err(problem.at(self.line).field(self.column("interests")).value(entry).into())
            }
        }
    }

    /// The category of an entry; none if it is unknown and may be dropped.
    fn category(
        &self,
        field: &str,
        name: &str,
        catalogue: &Catalogue,
    ) -> Result<Option<CategoryId>, Problem> {
        if let Some(renamed) = self.mapping.rename.get(name) {
            return Ok(Some(*renamed));
        }
        match category(self.path, self.line, self.column(field), name, catalogue) {
            Ok(category) => Ok(Some(category)),
            Err(_) if self.mapping.drop_unknown => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    fn age(&self) -> Result<Option<u8>, Problem> {
        match self.number("age", OLDEST)? {
            Some(years) if years.fract() != 0.0 => Err(self.wrong(DataErrorKind::Type, "age", "whole years")),
            years => Ok(years.map(|years| years as u8)),
        }
    }

    /// A number from 0 to `most`; none if the cell is empty.
    fn number(&self, field: &str, most: f64) -> Result<Option<f64>, Problem> {
        let cell = self.cell(field);
        if cell.is_empty() {
            return Ok(None);
        }
        let expected = format!("a number from 0 to {most}");
        match cell.parse::<f64>() {
            Ok(number) if (0.0..=most).contains(&number) => Ok(Some(number)),
            Ok(_) => Err(self.wrong(DataErrorKind::Range, field, expected)),
            Err(_) => Err(self.wrong(DataErrorKind::Type, field, expected)),
        }
    }

    /// The column that holds a field.
    fn column(&self, field: &str) -> &str {
        self.columns.get(field).map_or("", |at| self.header[*at].trim())
    }

    fn wrong(&self, kind: DataErrorKind, field: &str, expected: impl Into<String>) -> Problem {
        let problem = DataError::new(kind, self.path, expected).at(self.line);
        problem.field(self.column(field)).value(self.cell(field)).into()
    }
}
