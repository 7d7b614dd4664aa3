//! Logged bandit feedback in the layout of the Open Bandit Dataset (Saito et al., 2021): not interactions of known
//! users with a catalogue, but single positions that a known policy filled with known probabilities.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array, Int32Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, UInt8Array,
};
use arrow_schema::{DataType, Field, Schema};
use chrono::DateTime;
use habitue_core::{DataError, DataErrorKind};

use super::row::{Row, each_record};
use crate::disk::{self, Disk};
use crate::error::StoreError;
use crate::part;
use crate::text::{Encoding, read_text};

/// The log of one campaign and policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenBandit {
    /// Names of the items' features.
    pub item_features: Vec<String>,
    /// The items, in the order of their file.
    pub items: Vec<OpenBanditItem>,
    /// Names of the users' features.
    pub user_features: Vec<String>,
    /// The values that each user feature takes, in order of first appearance, shape `[user features]`.
    pub user_values: Vec<Vec<String>>,
    /// The rounds in order of time; equal times keep the order of the file.
    pub rounds: Vec<OpenBanditRound>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenBanditItem {
    /// Its id.
    pub key: String,
    /// Its features as they are written, shape `[item features]`.
    pub features: Vec<String>,
}

/// One position shown to one user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenBanditRound {
    /// Microseconds since 1970-01-01 UTC.
    pub unix_micros: i64,
    /// Position in [`OpenBandit::items`] of the item shown.
    pub item: u32,
    /// Position on the page, from 1.
    pub position: u8,
    /// Whether the user clicked.
    pub clicked: bool,
    /// Probability with which the logging policy showed the item at this position, in (0, 1].
    pub propensity: f64,
    /// The user's features as positions in [`OpenBandit::user_values`], shape `[user features]`.
    pub user: Vec<u32>,
    /// How much the user has had to do with each item before, shape `[items]`; empty where the log does not say.
    pub affinities: Vec<f32>,
}

const ITEMS: &str = "item_context.csv";
const AFFINITY: &str = "user-item_affinity_";
const TIME: &str = "a time such as \"2019-11-24 00:03:13.442536+00:00\"";

/// Reads the log of one campaign and policy: a folder with `item_context.csv` and one other CSV file of rounds, such as
/// `random/men`.
///
/// # Errors
/// If a file is missing or not UTF-8, and for the first line that does not fit: with file, line, field, value and what
/// was expected.
pub fn read_open_bandit(folder: &Path) -> Result<OpenBandit, StoreError> {
    let mut log = OpenBandit::default();
    let positions = read_items(&mut log, &folder.join(ITEMS))?;
    read_rounds(&mut log, &rounds_file(folder)?, &positions)?;
    log.rounds.sort_by_key(|round| round.unix_micros);
    Ok(log)
}

fn rounds_file(folder: &Path) -> Result<PathBuf, StoreError> {
    let names = disk::files_in(folder)?;
    let csv =
        |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "csv") && name != ITEMS;
    let mut found: Vec<String> = names.into_iter().filter(csv).collect();
    let expected = format!("one CSV file of rounds beside {ITEMS}");
    match (found.pop(), found.is_empty()) {
        (Some(name), true) => Ok(folder.join(name)),
        (None, _) => Err(DataError::new(DataErrorKind::MissingFile, folder, expected).into()),
        (Some(name), false) => {
            found.push(name);
            Err(DataError::new(DataErrorKind::Contradiction, folder, expected).value(found.join(", ")).into())
        }
    }
}

fn column(file: &Path, columns: &[&str], name: &str) -> Result<usize, DataError> {
    columns.iter().position(|column| *column == name).ok_or_else(|| {
        let near = habitue_core::scenario::nearest(name, columns.iter().copied());
        DataError::new(DataErrorKind::MissingColumn, file, format!("a column \"{name}\"")).at(1).nearest(near)
    })
}

/// Columns whose names are this and a number, in order of the number.
fn numbered(columns: &[&str], prefix: &str) -> Vec<(usize, usize)> {
    let number = |(at, name): (usize, &&str)| Some((name.strip_prefix(prefix)?.parse::<usize>().ok()?, at));
    let mut found: Vec<(usize, usize)> = columns.iter().enumerate().filter_map(number).collect();
    found.sort_unstable();
    found
}

/// Reads the items; gives their positions by key.
fn read_items(log: &mut OpenBandit, file: &Path) -> Result<HashMap<String, u32>, StoreError> {
    let text = read_text(file, Encoding::Utf8)?;
    let mut positions = HashMap::new();
    let mut names = Vec::new();
    let start = |columns: &[&str]| {
        let features = numbered(columns, "item_feature_");
        names = features.iter().map(|(_, at)| columns[*at].to_owned()).collect();
        Ok((column(file, columns, "item_id")?, features))
    };
    let items = &mut log.items;
    each_record(file, &text, b',', start, |(id, features), row| {
        let key = row.required(*id, "the item's id")?.to_owned();
        if positions.insert(key.clone(), items.len() as u32).is_some() {
            return Err(row.wrong(DataErrorKind::Duplicate, *id, "an id that no other item has").into());
        }
        let features = features.iter().map(|(_, at)| row.cell(*at).to_owned()).collect();
        items.push(OpenBanditItem { key, features });
        Ok(())
    })?;
    if log.items.is_empty() {
        return Err(DataError::new(DataErrorKind::Empty, file, "at least one item").into());
    }
    log.item_features = names;
    Ok(positions)
}

struct RoundColumns {
    time: usize,
    item: usize,
    position: usize,
    click: usize,
    propensity: usize,
    user: Vec<(usize, usize)>,
    affinities: Vec<(usize, usize)>,
}

fn read_rounds(
    log: &mut OpenBandit,
    file: &Path,
    positions: &HashMap<String, u32>,
) -> Result<(), StoreError> {
    let text = read_text(file, Encoding::Utf8)?;
    let items = &log.items;
    let mut names = Vec::new();
    let start = |columns: &[&str]| {
        let user = numbered(columns, "user_feature_");
        names = user.iter().map(|(_, at)| columns[*at].to_owned()).collect();
        let affinities = numbered(columns, AFFINITY);
        if !affinities.is_empty() && affinities.len() != items.len() {
            let expected = format!("{} columns {AFFINITY}N, one per item of {ITEMS}", items.len());
            let error = DataError::new(DataErrorKind::Header, file, expected).at(1);
            return Err(error.value(format!("{} such columns", affinities.len())).into());
        }
        let column = |name: &str| column(file, columns, name);
        Ok(RoundColumns {
            time: column("timestamp")?,
            item: column("item_id")?,
            position: column("position")?,
            click: column("click")?,
            propensity: column("propensity_score")?,
            user,
            affinities,
        })
    };
    let mut values: Vec<Values> = Vec::new();
    let rounds = &mut log.rounds;
    each_record(file, &text, b',', start, |columns, row| {
        values.resize_with(columns.user.len(), Values::default);
        rounds.push(round(columns, row, items, positions, &mut values)?);
        Ok(())
    })?;
    if log.rounds.is_empty() {
        return Err(DataError::new(DataErrorKind::Empty, file, "at least one round").into());
    }
    log.user_features = names;
    log.user_values = values.into_iter().map(|values| values.names).collect();
    Ok(())
}

/// Values of a feature and where they stand.
#[derive(Default)]
struct Values {
    names: Vec<String>,
    positions: HashMap<String, u32>,
}

impl Values {
    fn position(&mut self, name: &str) -> u32 {
        if let Some(position) = self.positions.get(name) {
            return *position;
        }
        let position = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.positions.insert(name.to_owned(), position);
        position
    }
}

fn round(
    columns: &RoundColumns,
    row: &Row<'_>,
    items: &[OpenBanditItem],
    positions: &HashMap<String, u32>,
    values: &mut [Values],
) -> Result<OpenBanditRound, DataError> {
    let time = row.required(columns.time, TIME)?;
    let time = DateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S%.f%:z")
        .map_err(|_| row.wrong(DataErrorKind::Type, columns.time, TIME))?;
    let item = row.required(columns.item, "the item's id")?;
    let item = *positions.get(item).ok_or_else(|| {
        let near = habitue_core::scenario::nearest(item, items.iter().map(|item| item.key.as_str()));
        row.wrong(DataErrorKind::Dangling, columns.item, format!("an item of {ITEMS}")).nearest(near)
    })?;
    let propensity: f64 = row.number(columns.propensity, 0.0..=1.0, "a probability above 0, at most 1")?;
    if propensity == 0.0 {
        return Err(row.wrong(DataErrorKind::Range, columns.propensity, "a probability above 0, at most 1"));
    }
    let click: u8 = row.number(columns.click, 0..=1, "0 or 1")?;
    let affinity = |(_, at): &(usize, usize)| row.number(*at, super::NUMBERS, super::NUMBER);
    let user = columns.user.iter().zip(values).map(|((_, at), values)| values.position(row.cell(*at)));
    Ok(OpenBanditRound {
        unix_micros: time.timestamp_micros(),
        item,
        position: row.number(columns.position, 1..=u8::MAX, "a position, counted from 1")?,
        clicked: click == 1,
        propensity,
        user: user.collect(),
        affinities: columns.affinities.iter().map(affinity).collect::<Result<_, _>>()?,
    })
}

/// Writes the log into the folder `out`, which is made, as two Parquet files that any tool reads: `items.parquet`
/// (`item`, a column per feature) and `rounds.parquet` (`time`, `item`, `position`, `clicked`, `propensity`, a column per
/// user feature, `affinities` as a list with one number per item). Files of these names are replaced, each as a whole.
///
/// # Errors
/// If a file cannot be written.
pub fn write_open_bandit(log: &OpenBandit, out: &Path) -> Result<(), StoreError> {
    let disk = Disk::default();
    disk.folder(out)?;
    for (name, batch) in [("items.parquet", items_batch(log)), ("rounds.parquet", rounds_batch(log))] {
        let batch =
            batch.map_err(|error| StoreError::Encode { table: "open bandit", problem: error.to_string() })?;
        disk.replace(&out.join(name), &[&part::encode_plain(&batch)?])?;
    }
    Ok(())
}

fn items_batch(log: &OpenBandit) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    let keys = StringArray::from_iter_values(log.items.iter().map(|item| &item.key));
    columns.push(("item".to_owned(), Arc::new(keys)));
    for (at, name) in log.item_features.iter().enumerate() {
        let values = StringArray::from_iter_values(log.items.iter().map(|item| &item.features[at]));
        columns.push((name.clone(), Arc::new(values)));
    }
    batch(columns)
}

fn rounds_batch(log: &OpenBandit) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let rounds = &log.rounds;
    let named =
        |keys: Int32Array, names: StringArray| DictionaryArray::<Int32Type>::try_new(keys, Arc::new(names));
    let keys = Int32Array::from_iter_values(rounds.iter().map(|round| round.item as i32));
    let items = named(keys, StringArray::from_iter_values(log.items.iter().map(|item| &item.key)))?;
    let times = TimestampMicrosecondArray::from_iter_values(rounds.iter().map(|round| round.unix_micros));
    let clicks: BooleanArray = rounds.iter().map(|round| Some(round.clicked)).collect();
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("time".to_owned(), Arc::new(times.with_timezone("UTC"))),
        ("item".to_owned(), Arc::new(items)),
        (
            "position".to_owned(),
            Arc::new(UInt8Array::from_iter_values(rounds.iter().map(|round| round.position))),
        ),
        ("clicked".to_owned(), Arc::new(clicks)),
        (
            "propensity".to_owned(),
            Arc::new(Float64Array::from_iter_values(rounds.iter().map(|round| round.propensity))),
        ),
    ];
    for (at, name) in log.user_features.iter().enumerate() {
        let keys = Int32Array::from_iter_values(rounds.iter().map(|round| round.user[at] as i32));
        columns.push((
            name.clone(),
            Arc::new(named(keys, StringArray::from_iter_values(&log.user_values[at]))?),
        ));
    }
    if rounds.iter().any(|round| !round.affinities.is_empty()) {
        let values =
            Float32Array::from_iter_values(rounds.iter().flat_map(|round| round.affinities.iter().copied()));
        let element = Arc::new(Field::new("item", DataType::Float32, false));
        let lists = FixedSizeListArray::try_new(element, log.items.len() as i32, Arc::new(values), None)?;
        columns.push(("affinities".to_owned(), Arc::new(lists)));
    }
    batch(columns)
}

fn batch(columns: Vec<(String, ArrayRef)>) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let field = |(name, array): &(String, ArrayRef)| Field::new(name, array.data_type().clone(), false);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
}
