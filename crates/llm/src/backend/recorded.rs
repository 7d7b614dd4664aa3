//! Answers from a recording, and the recording of answers.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use habitue_core::{DataError, DataErrorKind, Stream};
use serde::{Deserialize, Serialize};

use super::{Backend, Choice, ChoiceReply, Pending, Prompt, Scores, Written};
use crate::error::LlmError;
use crate::program::WriteSpec;

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Recorded {
    Choice {
        reply: ChoiceReply,
        /// How far the backend moved the caller's stream, in 32-bit words: a replay moves it as far.
        words: u64,
    },
    Written {
        written: Written,
        words: u64,
    },
}

/// One line of a recording.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    prompt: String,
    answer: Recorded,
}

/// Hash of what was asked. A choice that the caller draws does not depend on the stream; a text, or a choice that a
/// server drew, does.
fn key(asked: &impl Serialize, stream: Option<&Stream>) -> Result<String, LlmError> {
    let text = serde_json::to_vec(asked).map_err(|error| LlmError::Request(error.to_string()))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&text);
    if let Some(stream) = stream {
        hasher.update(&stream.get_seed());
        hasher.update(&stream.get_word_pos().to_le_bytes());
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

fn advance(stream: &mut Stream, words: u64) {
    stream.set_word_pos(stream.get_word_pos() + u128::from(words));
}

fn moved(before: &Stream, after: &Stream) -> u64 {
    (after.get_word_pos() - before.get_word_pos()) as u64
}

/// Answers from a recording, by the hash of the prompt and the options: a run replayed without its model.
///
/// Choices are drawn anew from the recorded distributions, so the same streams make the same choices.
#[derive(Debug, Clone, Default)]
pub struct RecordedBackend {
    answers: BTreeMap<String, Recorded>,
}

impl RecordedBackend {
    /// Reads a recording: one JSON object a line.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is not an answer.
    pub fn open(file: &Path) -> Result<Self, LlmError> {
        let open = std::fs::File::open(file).map_err(|error| LlmError::io(file, error))?;
        let mut answers = BTreeMap::new();
        for (number, line) in std::io::BufReader::new(open).lines().enumerate() {
            let line = line.map_err(|error| LlmError::io(file, error))?;
            let line: Line = serde_json::from_str(&line).map_err(|error| {
                DataError::new(DataErrorKind::Type, file, format!("a recorded answer ({error})"))
                    .at(number as u64 + 1)
                    .value(&line)
            })?;
            answers.insert(line.prompt, line.answer);
        }
        Ok(Self { answers })
    }

    /// Number of answers.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    fn choice(&self, choice: &Choice, stream: &mut Stream) -> Result<ChoiceReply, LlmError> {
        let hash = key(choice, None)?;
        let answer = match self.answers.get(&hash) {
            None => self.answers.get(&key(choice, Some(stream))?),
            found => found,
        };
        match answer {
            Some(Recorded::Choice { reply, words }) => {
                advance(stream, *words);
                Ok(reply.clone())
            }
            _ => Err(LlmError::NotRecorded { hash }),
        }
    }

    fn written(&self, prompt: &Prompt, spec: &WriteSpec, stream: &mut Stream) -> Result<Written, LlmError> {
        let hash = key(&(prompt, spec), Some(stream))?;
        match self.answers.get(&hash) {
            Some(Recorded::Written { written, words }) => {
                advance(stream, *words);
                Ok(written.clone())
            }
            _ => Err(LlmError::NotRecorded { hash }),
        }
    }
}

impl Backend for RecordedBackend {
    fn id(&self) -> String {
        format!("recording of {} answers", self.answers.len())
    }

    fn choose<'a>(&'a self, choice: &'a Choice, stream: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(std::future::ready(self.choice(choice, stream)))
    }

    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        spec: &'a WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, Written> {
        Box::pin(std::future::ready(self.written(prompt, spec, stream)))
    }
}

/// Passes everything to another backend and keeps the answers.
pub struct RecordingBackend<B> {
    inner: B,
    answers: Mutex<BTreeMap<String, Recorded>>,
}

impl<B: Backend> RecordingBackend<B> {
    /// Records what `inner` answers.
    pub fn new(inner: B) -> Self {
        Self { inner, answers: Mutex::default() }
    }

    /// What was recorded so far, ready to answer.
    pub fn recording(&self) -> RecordedBackend {
        RecordedBackend { answers: self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// Writes the recording, in the order of the hashes: the same answers make the same bytes.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), LlmError> {
        let failed = |error| LlmError::io(file, error);
        let mut open = std::io::BufWriter::new(std::fs::File::create(file).map_err(failed)?);
        for (prompt, answer) in self.recording().answers {
            serde_json::to_writer(&mut open, &Line { prompt, answer })
                .map_err(|error| failed(error.into()))?;
            open.write_all(b"\n").map_err(failed)?;
        }
        open.flush().map_err(failed)
    }

    fn keep(&self, hash: String, answer: Recorded) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, answer);
    }
}

impl<B: Backend> Backend for RecordingBackend<B> {
    fn id(&self) -> String {
        self.inner.id()
    }

    fn choose<'a>(&'a self, choice: &'a Choice, stream: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(async move {
            let before = stream.clone();
            let reply = self.inner.choose(choice, stream).await?;
            let drawn = reply.scores.iter().any(|score| matches!(score, Scores::Drawn(_)));
            let hash = key(choice, drawn.then_some(&before))?;
            self.keep(hash, Recorded::Choice { reply: reply.clone(), words: moved(&before, stream) });
            Ok(reply)
        })
    }

    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        spec: &'a WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, Written> {
        Box::pin(async move {
            let before = stream.clone();
            let hash = key(&(prompt, spec), Some(&before))?;
            let written = self.inner.write(prompt, spec, stream).await?;
            self.keep(hash, Recorded::Written { written: written.clone(), words: moved(&before, stream) });
            Ok(written)
        })
    }
}
