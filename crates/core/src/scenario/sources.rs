//! Where referenced files come from. This crate reads none itself.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Access to the files that a scenario names. All paths given to it are absolute if its working directory is.
pub trait Sources {
    /// The absolute folder that paths on the command line start from.
    fn working_directory(&self) -> PathBuf;

    /// The text of a file.
    ///
    /// # Errors
    /// Any reason why it cannot be read as UTF-8 text.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Whether there is a file or folder at this path.
    fn exists(&self, path: &Path) -> bool;

    /// Names of what is in a folder, to suggest one in place of a file that is missing; empty where the folder cannot
    /// be listed.
    fn entries(&self, folder: &Path) -> Vec<String>;
}

/// Files held in memory, for scenarios made by a program. The working directory is `/`.
#[derive(Debug, Clone, Default)]
pub struct MemorySources {
    files: BTreeMap<PathBuf, String>,
}

impl MemorySources {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file at an absolute path.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }
}

impl Sources for MemorySources {
    fn working_directory(&self) -> PathBuf {
        PathBuf::from("/")
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.keys().any(|file| file.starts_with(path))
    }

    fn entries(&self, folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(folder).ok()?.iter().next())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_where_files_are() {
        let sources =
            MemorySources::new().with("/a/b/c.toml", "x").with("/a/b/d.toml", "").with("/a/e.toml", "");
        assert_eq!(sources.entries(Path::new("/a")), ["b", "e.toml"]);
        assert_eq!(sources.entries(Path::new("/x")), Vec::<String>::new());
        assert!(sources.exists(Path::new("/a/b")) && sources.exists(Path::new("/a/b/c.toml")));
        assert!(!sources.exists(Path::new("/a/c")));
        assert_eq!(sources.read(Path::new("/a/b/c.toml")).unwrap(), "x");
        assert_eq!(sources.read(Path::new("/a/b")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
