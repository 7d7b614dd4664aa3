//! Weights in safetensors files, one or sharded, read one tensor at a time.
//!
//! The format's own crate wants the whole file in memory or mapped. Here the header is read and checked once and each
//! tensor when it is asked for, so that a model that is quantised on the way in never exists twice in memory, and no
//! file is mapped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use habitue_core::{DataError, DataErrorKind};
use half::{bf16, f16};
use serde::Deserialize;
use serde_json::Value;

use super::StoredWeights;
use crate::error::LlmError;
use crate::weights::Weights;

/// Longest header that is believed, in bytes (the format's own bound).
const LONGEST_HEADER: u64 = 100_000_000;

/// Number formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Format {
    F32,
    F16,
    BF16,
}

impl Format {
    const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

/// One entry of a header.
#[derive(Debug, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Where a tensor lies.
#[derive(Debug, Clone)]
struct Place {
    file: usize,
    dtype: String,
    shape: Vec<usize>,
    start: u64,
    bytes: u64,
}

/// Tensors of one or several safetensors files.
#[derive(Debug)]
pub struct SafetensorsWeights {
    source: String,
    files: Vec<PathBuf>,
    places: BTreeMap<String, Place>,
}

impl SafetensorsWeights {
    /// The weights of a folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// If there is neither, a shard is missing, cut short or damaged, or the index names a tensor that its shard does
    /// not have.
    pub fn open(folder: &Path) -> Result<Self, LlmError> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        if single.is_file() {
            return Self::read(folder, vec![single]);
        }
        if !index.is_file() {
            let expected = "model.safetensors or model.safetensors.index.json";
            return Err(DataError::new(DataErrorKind::MissingFile, folder, expected).into());
        }
        let names = shards(&index)?;
        let mut files: Vec<String> = names.values().cloned().collect();
        files.sort();
        files.dedup();
        let weights = Self::read(folder, files.iter().map(|file| folder.join(file)).collect())?;
        for (tensor, file) in &names {
            let found = weights.places.get(tensor).map(|place| &files[place.file]);
            if found != Some(file) {
                let error = DataError::new(DataErrorKind::Dangling, &index, format!("a tensor of {file}"));
                return Err(error.field("weight_map").value(tensor).into());
            }
        }
        Ok(weights)
    }

    /// The files.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn read(folder: &Path, files: Vec<PathBuf>) -> Result<Self, LlmError> {
        let mut places = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            for (name, place) in header(file, number)? {
                if places.insert(name.clone(), place).is_some() {
                    return Err(LlmError::corrupt(file, format!("tensor \"{name}\" is in two files")));
                }
            }
        }
        Ok(Self { source: folder.display().to_string(), files, places })
    }
}

/// By tensor, the file, from an index. Files must lie in the folder itself.
fn shards(index: &Path) -> Result<BTreeMap<String, String>, LlmError> {
    let value = super::json(index)?;
    let expected = "an object of tensor names and file names within the folder";
    let wrong = || DataError::new(DataErrorKind::Type, index, expected).field("weight_map");
    let map = value.get("weight_map").and_then(Value::as_object).ok_or_else(wrong)?;
    let mut names = BTreeMap::new();
    for (tensor, file) in map {
        let file = file.as_str().ok_or_else(wrong)?;
        if file.contains(['/', '\\']) || file.starts_with('.') {
            return Err(wrong().value(file).into());
        }
        names.insert(tensor.clone(), file.to_owned());
    }
    Ok(names)
}

/// The header of one file: 8 bytes of length (little endian), JSON, then the data, without gaps or overlaps.
fn header(path: &Path, number: usize) -> Result<Vec<(String, Place)>, LlmError> {
    let mut file = File::open(path).map_err(|error| LlmError::io(path, error))?;
    let length = file.metadata().map_err(|error| LlmError::io(path, error))?.len();
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(|_| LlmError::corrupt(path, "shorter than a safetensors header"))?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_HEADER || size + 8 > length {
        let what = format!("the header claims {size} bytes, the file has {length}");
        return Err(LlmError::corrupt(path, what));
    }
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text).map_err(|error| LlmError::io(path, error))?;
    let mut entries: BTreeMap<String, Value> = serde_json::from_slice(&text)
        .map_err(|error| LlmError::corrupt(path, format!("the header is not JSON: {error}")))?;
    entries.remove("__metadata__");
    let mut places = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        let entry: Entry = serde_json::from_value(value)
            .map_err(|error| LlmError::corrupt(path, format!("tensor \"{name}\" in the header: {error}")))?;
        let (start, end) = entry.data_offsets;
        let data = length - 8 - size;
        if start > end || end > data {
            let what =
                format!("tensor \"{name}\" claims bytes {start} to {end} of {data}: the file is cut short");
            return Err(LlmError::corrupt(path, what));
        }
        let (start, bytes) = (start + 8 + size, end - start);
        places.push((name, Place { file: number, dtype: entry.dtype, shape: entry.shape, start, bytes }));
    }
    check_coverage(path, &places, 8 + size, length)?;
    Ok(places)
}

/// Tensors must fill the data without gaps or overlaps.
fn check_coverage(path: &Path, places: &[(String, Place)], start: u64, end: u64) -> Result<(), LlmError> {
    let mut order: Vec<(u64, u64, &str)> =
        places.iter().map(|(name, place)| (place.start, place.bytes, name.as_str())).collect();
    order.sort_unstable();
    let mut at = start;
    for (place, bytes, name) in order {
        if place != at {
            return Err(LlmError::corrupt(
                path,
                format!("tensor \"{name}\" does not follow the one before it"),
            ));
        }
        at += bytes;
    }
    if at == end {
        return Ok(());
    }
    Err(LlmError::corrupt(path, format!("{} bytes after the last tensor", end - at)))
}

impl StoredWeights for SafetensorsWeights {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.places.get(name).map(|place| place.shape.clone())
    }
}

impl Weights for SafetensorsWeights {
    fn source(&self) -> String {
        self.source.clone()
    }

    fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        super::expect_shape(self, name, shape)?;
        let place = &self.places[name];
        let path = &self.files[place.file];
        let format = match place.dtype.as_str() {
            "F32" => Format::F32,
            "F16" => Format::F16,
            "BF16" => Format::BF16,
            other => {
                let what = format!("tensor \"{name}\" is in format {other}, expected F32, F16 or BF16");
                return Err(LlmError::corrupt(path, what));
            }
        };
        let count: usize = shape.iter().product();
        if place.bytes != (count * format.bytes()) as u64 {
            let what = format!(
                "tensor \"{name}\" has {} bytes, expected {} for shape {shape:?}",
                place.bytes,
                count * format.bytes()
            );
            return Err(LlmError::corrupt(path, what));
        }
        let mut file = File::open(path).map_err(|error| LlmError::io(path, error))?;
        file.seek(SeekFrom::Start(place.start)).map_err(|error| LlmError::io(path, error))?;
        let mut bytes = vec![0; place.bytes as usize];
        file.read_exact(&mut bytes).map_err(|error| LlmError::io(path, error))?;
        let values: Vec<f32> = match format {
            Format::F32 => {
                bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
            }
            Format::F16 => bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
            Format::BF16 => {
                bytes.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
            }
        };
        super::expect_finite(self, name, &values)?;
        Ok(values)
    }
}
