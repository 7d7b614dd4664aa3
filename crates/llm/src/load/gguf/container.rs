//! The container: magic, version, metadata, tensor list, data. Little endian.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::blocks::Format;
use super::metadata::{Item, Metadata};
use crate::error::LlmError;

/// A tensor as the header describes it.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    /// Slowest dimension first (the file has the fastest first).
    pub(super) shape: Vec<usize>,
    pub(super) format: Format,
    /// From the start of the file, in bytes.
    start: u64,
    bytes: u64,
}

/// A GGUF file's header.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) metadata: Metadata,
    tensors: BTreeMap<String, Tensor>,
}

/// Reads the header; every count is checked against the bytes that are left, so that damage cannot ask for memory.
struct Reader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    at: u64,
    length: u64,
}

impl Reader<'_> {
    fn bad(&self, what: impl std::fmt::Display) -> LlmError {
        LlmError::corrupt(self.path, format!("{what} (at byte {})", self.at))
    }

    fn take(&mut self, count: u64) -> Result<Vec<u8>, LlmError> {
        if count > self.length - self.at {
            return Err(self.bad("the file is cut short"));
        }
        let mut bytes = vec![0; count as usize];
        self.file.read_exact(&mut bytes).map_err(|error| LlmError::io(self.path, error))?;
        self.at += count;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LlmError> {
        let mut array = [0; N];
        array.copy_from_slice(&self.take(N as u64)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, LlmError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, LlmError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String, LlmError> {
        let length = self.u64()?;
        let bytes = self.take(length)?;
        String::from_utf8(bytes).map_err(|_| self.bad("a text is not UTF-8"))
    }

    fn number(&mut self, kind: u32) -> Result<Option<f64>, LlmError> {
        Ok(Some(match kind {
            0 | 7 => f64::from(self.array::<1>()?[0]),
            1 => f64::from(i8::from_le_bytes(self.array()?)),
            2 => f64::from(u16::from_le_bytes(self.array()?)),
            3 => f64::from(i16::from_le_bytes(self.array()?)),
            4 => f64::from(self.u32()?),
            5 => f64::from(i32::from_le_bytes(self.array()?)),
            6 => f64::from(f32::from_le_bytes(self.array()?)),
            10 => self.u64()? as f64,
            11 => i64::from_le_bytes(self.array()?) as f64,
            12 => f64::from_le_bytes(self.array()?),
            _ => return Ok(None),
        }))
    }

    fn item(&mut self, kind: u32) -> Result<Item, LlmError> {
        if let Some(number) = self.number(kind)? {
            return Ok(Item::Number(number));
        }
        match kind {
            8 => Ok(Item::Text(self.text()?)),
            9 => self.list(),
            _ => Err(self.bad(format!("value type {kind} is unknown"))),
        }
    }

    fn list(&mut self) -> Result<Item, LlmError> {
        let (kind, count) = (self.u32()?, self.u64()?);
        if count > self.length - self.at {
            return Err(self.bad(format!("a list claims {count} entries")));
        }
        if kind == 8 {
            return (0..count).map(|_| self.text()).collect::<Result<_, _>>().map(Item::Texts);
        }
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.push(match self.number(kind)? {
                Some(number) => number,
                None => return Err(self.bad(format!("lists of type {kind} are unknown"))),
            });
        }
        Ok(Item::Numbers(numbers))
    }
}

impl Container {
    /// Reads a header and checks that every tensor lies within the file.
    pub(super) fn open(path: &Path) -> Result<Self, LlmError> {
        let file = File::open(path).map_err(|error| LlmError::io(path, error))?;
        let length = file.metadata().map_err(|error| LlmError::io(path, error))?.len();
        let mut reader = Reader { path, file: BufReader::new(file), at: 0, length };
        if reader.array()? != *b"GGUF" {
            return Err(LlmError::corrupt(path, "not a GGUF file: it does not begin with \"GGUF\""));
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(LlmError::corrupt(path, format!("GGUF version {version}, expected 2 or 3")));
        }
        let (tensor_count, pair_count) = (reader.u64()?, reader.u64()?);
        let mut metadata = Metadata::default();
        for _ in 0..pair_count {
            let key = reader.text()?;
            let kind = reader.u32()?;
            let item = reader.item(kind)?;
            metadata.0.insert(key, item);
        }
        let mut tensors = BTreeMap::new();
        for _ in 0..tensor_count {
            let (name, tensor) = tensor(&mut reader)?;
            if tensors.insert(name.clone(), tensor).is_some() {
                return Err(reader.bad(format!("tensor \"{name}\" is listed twice")));
            }
        }
        let alignment = metadata.number("general.alignment").unwrap_or(32.0);
        if !(1.0..=65536.0).contains(&alignment) {
            return Err(reader.bad(format!("general.alignment is {alignment}")));
        }
        let data = reader.at.next_multiple_of(alignment as u64);
        for (name, tensor) in &mut tensors {
            tensor.start = tensor.start.saturating_add(data);
            if tensor.start.saturating_add(tensor.bytes) > length {
                let what = format!("tensor \"{name}\" reaches beyond the end: the file is cut short");
                return Err(LlmError::corrupt(path, what));
            }
        }
        Ok(Self { metadata, tensors })
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// A tensor's numbers, row-major.
    pub(super) fn read(&self, path: &Path, name: &str) -> Result<Vec<f32>, LlmError> {
        let Some(tensor) = self.tensors.get(name) else {
            let (source_name, tensor) = (path.display().to_string(), name.to_owned());
            return Err(LlmError::MissingTensor { source_name, tensor });
        };
        let mut file = File::open(path).map_err(|error| LlmError::io(path, error))?;
        file.seek(SeekFrom::Start(tensor.start)).map_err(|error| LlmError::io(path, error))?;
        let mut bytes = vec![0; tensor.bytes as usize];
        file.read_exact(&mut bytes).map_err(|error| LlmError::io(path, error))?;
        Ok(tensor.format.dequantise(&bytes))
    }
}

fn tensor(reader: &mut Reader<'_>) -> Result<(String, Tensor), LlmError> {
    let name = reader.text()?;
    let dimensions = reader.u32()?;
    if !(1..=4).contains(&dimensions) {
        return Err(reader.bad(format!("tensor \"{name}\" has {dimensions} dimensions")));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(reader.u64()? as usize);
    }
    shape.reverse();
    let kind = reader.u32()?;
    let start = reader.u64()?;
    let Some(format) = Format::of(kind) else {
        let known = "F32, F16, BF16, Q4_0, Q8_0, Q4_K or Q6_K";
        return Err(reader.bad(format!("tensor \"{name}\" has type {kind}, expected {known}")));
    };
    let (block, block_bytes) = format.block();
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    let row = shape.last().copied().unwrap_or(0);
    let bytes = count.filter(|count| *count > 0 && row % block == 0).map(|count| count / block);
    let Some(bytes) = bytes.and_then(|blocks| blocks.checked_mul(block_bytes)) else {
        return Err(reader.bad(format!("tensor \"{name}\" of type {format:?} cannot have shape {shape:?}")));
    };
    Ok((name, Tensor { shape, format, start, bytes: bytes as u64 }))
}
