//! Durable file operations: whatever happens, a file has its old or its new content, never something between.

use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Ending of files that are being written.
pub(crate) const UNFINISHED: &str = "tmp";

/// The file system as the writer uses it.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    /// Called after every step that a kill could follow.
    #[cfg(test)]
    pub(crate) observer: Option<std::sync::Arc<dyn Fn() + Send + Sync>>,
}

impl Disk {
    #[cfg(test)]
    fn step(&self) {
        if let Some(observer) = &self.observer {
            observer();
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests watch the steps")]
    const fn step(&self) {}

    /// Waits until what was written would survive a power cut. A watched disk does not: tests see the same files
    /// either way.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests do not wait"))]
    fn sync(&self, file: &File) -> std::io::Result<()> {
        #[cfg(test)]
        if self.observer.is_some() {
            return Ok(());
        }
        file.sync_all()
    }

    /// Gives a file this content: written aside, synced, renamed.
    pub(crate) fn replace(&self, path: &Path, content: &[&[u8]]) -> Result<(), StoreError> {
        let aside = aside(path);
        let mut file = File::create(&aside).map_err(StoreError::io(&aside, "create the file"))?;
        self.step();
        for bytes in content {
            file.write_all(bytes).map_err(StoreError::io(&aside, "write"))?;
        }
        self.step();
        self.sync(&file).map_err(StoreError::io(&aside, "sync"))?;
        self.step();
        fs::rename(&aside, path).map_err(StoreError::io(path, "rename to"))?;
        self.step();
        self.sync_folder_of(path)
    }

    /// Gives a file the content that `write` streams into it: written aside, synced, renamed. If `write` fails, nothing
    /// of it stays.
    pub(crate) fn stream<T>(
        &self,
        path: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let aside = aside(path);
        let file = File::create(&aside).map_err(StoreError::io(&aside, "create the file"))?;
        let mut file = BufWriter::with_capacity(1 << 16, file);
        let outcome = write(&mut file).and_then(|outcome| {
            let file =
                file.into_inner().map_err(|error| StoreError::io(&aside, "write")(error.into_error()))?;
            self.sync(&file).map_err(StoreError::io(&aside, "sync"))?;
            fs::rename(&aside, path).map_err(StoreError::io(path, "rename to"))?;
            self.sync_folder_of(path)?;
            Ok(outcome)
        });
        if outcome.is_err() {
            // The error that matters is the first one.
            let _removed = fs::remove_file(&aside);
        }
        outcome
    }

    /// Appends a line to a file.
    pub(crate) fn append(&self, path: &Path, line: &str) -> Result<(), StoreError> {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .map_err(StoreError::io(path, "open for appending"))?;
        file.write_all(line.as_bytes()).map_err(StoreError::io(path, "append"))?;
        self.step();
        self.sync(&file).map_err(StoreError::io(path, "sync"))?;
        self.step();
        Ok(())
    }

    /// Removes a file; one that is not there is removed already.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), StoreError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io(path, "remove")(error))
            }
            _ => {
                self.step();
                Ok(())
            }
        }
    }

    /// Makes a folder and those above it.
    pub(crate) fn folder(&self, path: &Path) -> Result<(), StoreError> {
        fs::create_dir_all(path).map_err(StoreError::io(path, "create the folder"))?;
        self.step();
        self.sync_folder_of(path)
    }

    /// Takes the lock of a folder that only one process may write. It ends when the file is closed, by whatever end the
    /// process comes to.
    pub(crate) fn lock(&self, path: &Path) -> Result<Option<File>, StoreError> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(StoreError::io(path, "create the file"))?;
        self.step();
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io(path, "lock")(error)),
        }
    }

    /// Removes a folder and what is in it.
    pub(crate) fn remove_folder(&self, path: &Path) -> Result<(), StoreError> {
        for name in files_in(path)? {
            self.remove(&path.join(name))?;
        }
        fs::remove_dir(path).map_err(StoreError::io(path, "remove"))?;
        self.step();
        Ok(())
    }

    #[cfg(unix)]
    fn sync_folder_of(&self, path: &Path) -> Result<(), StoreError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| self.sync(&folder)).map_err(StoreError::io(folder, "sync"))
    }

    /// Only Unix syncs folders; elsewhere renames are durable by themselves.
    #[cfg(not(unix))]
    fn sync_folder_of(&self, _path: &Path) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Where a file is written before it gets its name.
fn aside(path: &Path) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".");
    aside.push(UNFINISHED);
    aside.into()
}

/// Names of the files in a folder, sorted; none if there is no such folder.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(folder, "list")(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::io(folder, "list"))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
