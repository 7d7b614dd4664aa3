//! Every command that the README shows works as it is written.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{BufRead, BufReader};

use habitue_tests::{Habitue, data, repository};

/// The commands of the README's `sh` blocks.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(|block| block.lines().map(str::to_owned)).collect()
}

/// A server says where it is, and ends in good order when it is interrupted.
fn serves(mut shell: std::process::Command) {
    let mut server = shell.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("http://"), "{line}");
    let kill = std::process::Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap();
    assert!(kill.success() && server.wait().unwrap().success());
}

#[test]
fn commands_of_the_readme_work() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let runs = habitue.folder().join("runs");
    let exported = habitue.folder().join("exported");
    let commands = commands(&fs::read_to_string(repository().join("README.md")).unwrap());
    assert!(commands.len() >= 11, "{commands:?}");
    for command in commands {
        // The test command would run this test again.
        if command == "cargo xtask test" {
            continue;
        }
        if command.contains("ml-100k") && data("ml-100k").is_none() {
            continue;
        }
        let arguments = command
            .strip_prefix("cargo run --release -- ")
            .or_else(|| command.strip_prefix("habitue "))
            .unwrap_or_else(|| panic!("the README shows \"{command}\", which no test runs"));
        let line = arguments.replace("runs/", &format!("{}/", runs.display()));
        let line = line.replace("--out exported", &format!("--out {}", exported.display()));
        let out = if line.starts_with("run ") { format!(" --out {}", runs.display()) } else { String::new() };
        let script = format!("exec {} {line}{out}", env!("CARGO_BIN_EXE_habitue-under-test"));
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).current_dir(repository());
        if line.starts_with("serve ") {
            serves(shell);
            continue;
        }
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(exported.join("sessions.csv").exists());
}
