//! The files that scenarios name, on disk.

use std::io;
use std::path::{Path, PathBuf};

use habitue_core::scenario::Sources;

/// Files on disk, from the process's working directory.
#[derive(Debug, Clone)]
pub struct DiskSources {
    working_directory: PathBuf,
}

impl DiskSources {
    /// Files as seen from the working directory.
    ///
    /// # Errors
    /// If the working directory is gone or may not be looked at.
    pub fn new() -> io::Result<Self> {
        Ok(Self { working_directory: std::env::current_dir()? })
    }
}

impl Sources for DiskSources {
    fn working_directory(&self) -> PathBuf {
        self.working_directory.clone()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn entries(&self, folder: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }
}
