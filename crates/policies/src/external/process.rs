//! The other process: lines in, lines out, and a limit on how long either may take.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::reply::beginning;

/// Lines of standard error that an error message quotes.
const QUOTED: usize = 5;

/// Real time in which a process that was told to end, or that closed its output, must be gone.
const GRACE: Duration = Duration::from_secs(1);

/// Why no line came.
#[derive(Debug)]
pub(super) enum Silence {
    /// The process closed its output; how it ended, and its last words.
    Ended { how: String, stderr: String },
    /// Nothing came in time; its last words.
    TooSlow { stderr: String },
    /// A line beyond the limit.
    TooLong { beginning: String },
}

enum Incoming {
    Line(Vec<u8>),
    TooLong(Vec<u8>),
}

/// A running process. Threads feed it and read from it, so a process that neither reads nor writes cannot block a run.
pub(super) struct Process {
    child: Child,
    /// `None` once its input is to be closed.
    input: Option<Sender<Arc<str>>>,
    output: Receiver<Incoming>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    /// Disconnected when standard error is closed.
    stderr_open: Receiver<()>,
}

impl Process {
    /// Starts the command in this folder.
    pub(super) fn start(policy: &str, command: &[String], folder: &Path, longest: usize) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let (input, lines) = mpsc::channel();
        thread::spawn(move || feed(stdin, &lines));
        let (sender, output) = mpsc::channel();
        thread::spawn(move || read(stdout, &sender, longest));
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let (open, stderr_open) = mpsc::channel();
        let (policy, shared) = (policy.to_owned(), Arc::clone(&tail));
        thread::spawn(move || {
            listen(stderr, &policy, &shared);
            drop(open);
        });
        Ok(Self { child, input: Some(input), output, stderr: tail, stderr_open })
    }

    /// Sends a line and waits for one.
    pub(super) fn exchange(&mut self, line: &Arc<str>, timeout: Duration) -> Result<Vec<u8>, Silence> {
        if let Some(input) = &self.input {
            // The feeding thread is gone only if the process closed its input; then its output says the rest.
            let _ = input.send(Arc::clone(line));
        }
        match self.output.recv_timeout(timeout) {
            Ok(Incoming::Line(line)) => Ok(line),
            Ok(Incoming::TooLong(start)) => {
                Err(Silence::TooLong { beginning: beginning(&String::from_utf8_lossy(&start)) })
            }
            Err(RecvTimeoutError::Timeout) => Err(Silence::TooSlow { stderr: self.last_words() }),
            Err(RecvTimeoutError::Disconnected) => {
                let how = self.ending();
                // Nobody sends: this returns when standard error is closed, or after the grace.
                let _ = self.stderr_open.recv_timeout(GRACE);
                Err(Silence::Ended { how, stderr: self.last_words() })
            }
        }
    }

    fn last_words(&self) -> String {
        let tail = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// How the process ended; it is given a moment, for its output closes before it is gone.
    fn ending(&mut self) -> String {
        let start = Instant::now();
        while start.elapsed() < GRACE {
            match self.child.try_wait() {
                Ok(Some(status)) => return format!("ended with {status}"),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(_) => break,
            }
        }
        "closed its standard output".to_owned()
    }
}

impl Drop for Process {
    /// Closes the input, which tells a process to end, and ends one that does not.
    fn drop(&mut self) {
        self.input = None;
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        // It may end by itself in between, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn feed(mut stdin: ChildStdin, lines: &Receiver<Arc<str>>) {
    for line in lines {
        let written = stdin.write_all(line.as_bytes()).and_then(|()| stdin.write_all(b"\n"));
        if written.and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read(stdout: ChildStdout, lines: &Sender<Incoming>, longest: usize) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        match stdout.by_ref().take(longest as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.len() > longest && line.last() != Some(&b'\n') => {
                // Nobody left to tell means that the process is being ended.
                let _ = lines.send(Incoming::TooLong(line));
                return;
            }
            Ok(_) => {
                while line.last().is_some_and(u8::is_ascii_whitespace) {
                    line.pop();
                }
                if lines.send(Incoming::Line(line)).is_err() {
                    return;
                }
            }
        }
    }
}

fn listen(stderr: ChildStderr, policy: &str, tail: &Mutex<VecDeque<String>>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(length) = stderr.read_until(b'\n', &mut line) {
        if length == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        tracing::warn!(policy, "{text}");
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.push_back(beginning(&text));
        if tail.len() > QUOTED {
            tail.pop_front();
        }
    }
}
