//! The texts a scenario is made of: its file, the files it names, and the command line.

use std::path::{Component, Path, PathBuf};

/// A text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file as a message names it, or the command-line argument (`--set seed=x`).
    pub label: String,
    /// What it says; for a command-line argument its value.
    pub content: String,
    /// Whether it is a file, so that lines and columns mean something.
    pub is_file: bool,
    /// The file's absolute path.
    path: Option<PathBuf>,
    /// The absolute folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    /// The same folder as a message names it.
    pub(super) label_folder: PathBuf,
}

/// All texts read so far.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<Text>);

impl Texts {
    /// Adds a file and returns its number; a file that was added before keeps its number.
    pub(super) fn add_file(&mut self, label: &Path, absolute: &Path, content: &str) -> usize {
        let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
        let known = self.0.iter().position(|text| text.path.as_deref() == Some(absolute));
        if let Some(number) = known {
            return number;
        }
        self.0.push(Text {
            label: label.display().to_string(),
            content: content.to_owned(),
            is_file: true,
            path: Some(absolute.to_path_buf()),
            folder: folder(absolute),
            label_folder: folder(label),
        });
        self.0.len() - 1
    }

    /// Adds a command-line argument and returns its number. Its paths start from the working directory.
    pub(super) fn add_argument(&mut self, label: String, value: &str, working_directory: &Path) -> usize {
        self.0.push(Text {
            label,
            content: value.to_owned(),
            is_file: false,
            path: None,
            folder: working_directory.to_path_buf(),
            label_folder: PathBuf::new(),
        });
        self.0.len() - 1
    }

    /// The absolute folder that relative paths in a text start from.
    pub(super) fn folder(&self, text: usize) -> &Path {
        &self.0[text].folder
    }

    /// A path typed in one of the texts: absolute, and as a message names it.
    pub(super) fn locate(&self, text: usize, typed: &str) -> (PathBuf, PathBuf) {
        let text = &self.0[text];
        (normalised(&text.folder.join(typed)), normalised(&text.label_folder.join(typed)))
    }
}

/// The path without `.` and, where the folder before it is known, without `..`.
pub(super) fn normalised(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_detours() {
        for (typed, expected) in [
            ("/a/b/../c/./d", "/a/c/d"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("./a", "a"),
            ("../../a", "../../a"),
        ] {
            assert_eq!(normalised(Path::new(typed)), Path::new(expected), "{typed}");
        }
    }
}
