//! What is wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;

use super::texts::{Text, Texts};
use super::tree::{Node, Place, Way};

/// A field whose value is outside its range or contradicts another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Dotted path below the table that was checked.
    pub field: String,
    /// The value as typed.
    pub value: String,
    /// What was expected.
    pub expected: String,
}

impl FieldProblem {
    /// A problem with one field.
    #[allow(clippy::needless_pass_by_value, reason = "numbers and texts are given as they are at hand")]
    pub fn new(field: impl Into<String>, value: impl ToString, expected: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.to_string(), expected: expected.into() }
    }

    /// The problem as seen from the table above, in which the one that was checked has this name.
    #[must_use]
    pub fn below(self, table: &str) -> Self {
        Self { field: format!("{table}.{}", self.field), ..self }
    }
}

/// One mistake in a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The value's address, such as `population[0].size`; empty for the document as a whole.
    pub path: String,
    /// Position in [`Problems::texts`] of the text that holds the mistake.
    pub text: usize,
    /// The file, or the command-line argument (`--set population.0.size=0`).
    pub file: String,
    /// Line, from 1; 0 where the text is a command-line argument.
    pub line: usize,
    /// Column in characters, from 1; 0 where the text is a command-line argument.
    pub column: usize,
    /// Bytes of the text that are wrong.
    pub span: Range<usize>,
    /// The value found.
    pub value: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// The valid name most like the one found.
    pub nearest: Option<String>,
    /// What to do about it, where more can be said than what was expected.
    pub hint: Option<String>,
}

/// All mistakes found in a scenario, in the order of its files and lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The mistakes.
    pub problems: Vec<Problem>,
    /// The texts they are in.
    pub texts: Vec<Text>,
}

impl Problems {
    pub(super) fn new(mut findings: Vec<Finding>, texts: Texts) -> Self {
        findings.sort_by(|one, other| (&one.at, &one.way).cmp(&(&other.at, &other.way)));
        // A file that is named twice is wrong only once.
        findings.dedup_by(|one, other| {
            one.at == other.at && one.way == other.way && one.message == other.message
        });
        let problems = findings.into_iter().map(|finding| finding.located(&texts.0)).collect();
        Self { problems, texts: texts.0 }
    }

    /// The problems as plain text, each with its line and a mark under what is wrong.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for problem in &self.problems {
            if !out.is_empty() {
                out.push('\n');
            }
            problem.render(&self.texts[problem.text], &mut out);
        }
        out
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render().trim_end())
    }
}

impl std::error::Error for Problems {}

impl Problem {
    fn render(&self, text: &Text, out: &mut String) {
        use fmt::Write;
        // Writing to a string cannot fail.
        let mut line = |text: fmt::Arguments<'_>| {
            let _ = out.write_fmt(text);
            out.push('\n');
        };
        line(format_args!("error: {}", self.message));
        let mut margin = 1;
        if self.line == 0 {
            line(format_args!(" --> {}", self.file));
        } else {
            let number = self.line.to_string();
            margin = number.len();
            let (source, mark) = self.quoted_line(text);
            line(format_args!("{:margin$}--> {}:{}:{}", "", self.file, self.line, self.column));
            line(format_args!("{:margin$} |", ""));
            line(format_args!("{number} | {source}"));
            line(format_args!("{:margin$} | {mark}", ""));
        }
        let parts = [
            ("at", Some(&self.path).filter(|path| !path.is_empty())),
            ("found", self.value.as_ref()),
            ("expected", self.expected.as_ref()),
            ("nearest", self.nearest.as_ref()),
            ("hint", self.hint.as_ref()),
        ];
        for (label, part) in parts {
            if let Some(part) = part {
                line(format_args!("{:margin$} = {label}: {part}", ""));
            }
        }
    }
}

impl Problem {
    /// The line, or the part of a long line around the mistake, and what stands below to mark the mistake.
    fn quoted_line(&self, text: &Text) -> (String, String) {
        const WIDEST: usize = 160;
        const BEFORE: usize = 40;
        let line = text.content.lines().nth(self.line - 1).unwrap_or_default();
        // A tab is one character wide in the quoted line, so the mark stays below what it marks.
        let line: Vec<char> = line.trim_end().chars().map(|at| if at == '\t' { ' ' } else { at }).collect();
        let column = self.column - 1;
        let start = if line.len() > WIDEST { column.min(line.len()).saturating_sub(BEFORE) } else { 0 };
        let end = line.len().min(start + WIDEST);
        let mut quoted: String = line[start..end].iter().collect();
        let mut indent = column - start;
        if start > 0 {
            quoted.insert_str(0, "… ");
            indent += 2;
        }
        if end < line.len() {
            quoted.push_str(" …");
        }
        let marked = text.content.get(self.span.clone()).unwrap_or_default();
        let marked = marked.lines().next().unwrap_or_default().chars().count();
        let marked = marked.min(end.saturating_sub(column)).max(1);
        (quoted, " ".repeat(indent) + &"^".repeat(marked))
    }
}

/// A mistake whose line has not been looked up yet.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) at: Place,
    pub(super) way: Way,
    message: String,
    value: Option<String>,
    expected: Option<String>,
    nearest: Option<String>,
    hint: Option<String>,
}

impl Finding {
    pub(super) fn new(at: &Place, way: &Way, message: impl Into<String>) -> Self {
        Self {
            at: at.clone(),
            way: way.clone(),
            message: message.into(),
            value: None,
            expected: None,
            nearest: None,
            hint: None,
        }
    }

    /// A mistake in a value.
    pub(super) fn of(node: &Node, way: &Way, message: impl Into<String>) -> Self {
        Self::new(&node.at, way, message).found(node.shown())
    }

    pub(super) fn found(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(super) fn nearest(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn located(self, texts: &[Text]) -> Problem {
        let text = &texts[self.at.text];
        let content = text.content.as_str();
        // A span that ends inside a character or beyond the text would be the parser's mistake, not the user's.
        let boundary = |mut at: usize| {
            at = at.min(content.len());
            while !content.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (boundary(self.at.span.0), boundary(self.at.span.1));
        let (line, column) = if text.is_file {
            let before = &content[..start];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
        } else {
            (0, 0)
        };
        Problem {
            message: self.message,
            path: self.way.to_string(),
            text: self.at.text,
            file: text.label.clone(),
            line,
            column,
            span: start..end.max(start),
            value: self.value,
            expected: self.expected,
            nearest: self.nearest,
            hint: self.hint,
        }
    }
}
