//! Other programs, whose output is passed on and read at the same time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};

/// Prints a line. Where nobody reads any more, nothing is to be done about it.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Runs a program; every line it prints is passed on, and given to `line` without colours.
///
/// # Errors
/// If the program cannot be started or waited for.
pub(crate) fn stream(command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus, String> {
    let name = format!("{command:?}");
    say(&format!("$ {}", name.replace('"', "")));
    let failed = |error: io::Error| format!("{name}: {error}");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (lines, inbox) = channel();
    let readers = [
        child.stdout.take().map(|pipe| read(pipe, lines.clone())),
        child.stderr.take().map(|pipe| read(pipe, lines)),
    ];
    for text in inbox {
        say(&text);
        line(&without_colours(&text));
    }
    for reader in readers.into_iter().flatten() {
        reader.join().map_err(|_| format!("{name}: its output could not be read"))?;
    }
    child.wait().map_err(failed)
}

fn read(pipe: impl Read + Send + 'static, lines: Sender<String>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if lines.send(line).is_err() {
                return;
            }
        }
    })
}

/// The text without ANSI escape sequences (`ESC [ ... letter`).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let end = after.find(|letter: char| letter.is_ascii_alphabetic()).map_or(after.len(), |end| end + 1);
        rest = &after[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(without_colours("\x1b[32;1m PASS\x1b[0m [ 0.1s] x"), " PASS [ 0.1s] x");
        assert_eq!(without_colours("plain"), "plain");
        assert_eq!(without_colours("cut \x1b[3"), "cut ");
    }

    #[test]
    fn both_streams_are_read() {
        let mut lines = Vec::new();
        let status =
            stream(Command::new("rustc").arg("--version"), |line| lines.push(line.to_owned())).unwrap();
        assert!(status.success() && lines[0].starts_with("rustc "));
        let status =
            stream(Command::new("rustc").arg("no-such-file.rs"), |line| lines.push(line.to_owned())).unwrap();
        assert!(!status.success() && lines.iter().any(|line| line.contains("no-such-file")));
        assert!(
            stream(&mut Command::new("no-such-program"), |_| {}).unwrap_err().contains("no-such-program")
        );
    }
}
