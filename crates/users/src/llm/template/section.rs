//! The sections of a template file.

use std::path::Path;

use habitue_core::scenario::nearest;
use habitue_core::{DataError, DataErrorKind};

/// A section: one text of the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    System,
    Persona,
    Memory,
    Earlier,
    Observation,
    Slate,
    Think,
    Action,
    Rating,
    Satisfaction,
    Mood,
    Need,
    Importance,
    Move,
    Search,
    Instruct,
    Answer,
    Post,
    Chat,
    Return,
    Insight,
    Talk,
    Reply,
    Interview,
    Cite,
}

impl Section {
    /// All of them, in the order in which they are read.
    pub(crate) const ALL: [Self; 25] = [
        Self::System,
        Self::Persona,
        Self::Memory,
        Self::Earlier,
        Self::Observation,
        Self::Slate,
        Self::Think,
        Self::Action,
        Self::Rating,
        Self::Satisfaction,
        Self::Mood,
        Self::Need,
        Self::Importance,
        Self::Move,
        Self::Search,
        Self::Instruct,
        Self::Answer,
        Self::Post,
        Self::Chat,
        Self::Return,
        Self::Insight,
        Self::Talk,
        Self::Reply,
        Self::Interview,
        Self::Cite,
    ];

    /// As the file names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Persona => "persona",
            Self::Memory => "memory",
            Self::Earlier => "earlier",
            Self::Observation => "observation",
            Self::Slate => "slate",
            Self::Think => "think",
            Self::Action => "action",
            Self::Rating => "rating",
            Self::Satisfaction => "satisfaction",
            Self::Mood => "mood",
            Self::Need => "need",
            Self::Importance => "importance",
            Self::Move => "move",
            Self::Search => "search",
            Self::Instruct => "instruct",
            Self::Answer => "answer",
            Self::Post => "post",
            Self::Chat => "chat",
            Self::Return => "return",
            Self::Insight => "insight",
            Self::Talk => "talk",
            Self::Reply => "reply",
            Self::Interview => "interview",
            Self::Cite => "cite",
        }
    }

    /// The line that begins it.
    pub(crate) fn heading(self) -> String {
        format!("{{# == {} == #}}", self.name())
    }
}

/// A section of a file.
pub(super) struct Piece {
    pub(super) section: Section,
    /// Line of the heading, from 1.
    pub(super) line: usize,
    /// The text, without the line's end before the next heading.
    pub(super) text: String,
}

/// The sections of a file. What stands before the first heading is a comment.
///
/// # Errors
/// A heading that names no section.
pub(super) fn pieces(file: &Path, text: &str) -> Result<Vec<Piece>, Box<DataError>> {
    let mut found: Vec<Piece> = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let Some(name) = heading(line) else {
            if let Some(piece) = found.last_mut() {
                piece.text.push_str(line);
            }
            continue;
        };
        let Some(section) = Section::ALL.into_iter().find(|section| section.name() == name) else {
            let names = Section::ALL.map(Section::name);
            let expected = format!("a section: {}", names.join(", "));
            let problem = DataError::new(DataErrorKind::UnknownName, file, expected);
            let near = nearest(name, names);
            return Err(Box::new(problem.at(at as u64 + 1).field("section").value(name).nearest(near)));
        };
        found.push(Piece { section, line: at + 1, text: String::new() });
    }
    for piece in &mut found {
        let text = piece.text.strip_suffix('\n').unwrap_or(&piece.text);
        let length = text.strip_suffix('\r').unwrap_or(text).len();
        piece.text.truncate(length);
    }
    Ok(found)
}

fn heading(line: &str) -> Option<&str> {
    let inside = line.trim().strip_prefix("{#")?.strip_suffix("#}")?;
    Some(inside.trim().strip_prefix("==")?.strip_suffix("==")?.trim())
}
