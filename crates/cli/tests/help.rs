//! Every help text, word for word.

mod door;

use door::Door;

#[test]
fn the_command_says_what_it_can_do() {
    let help = Door::new().habitue(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    insta::assert_snapshot!(help.out);
}

#[test]
fn every_subcommand_says_what_it_does() {
    let door = Door::new();
    for command in [
        "run",
        "resume",
        "replay",
        "inspect",
        "report",
        "compare",
        "evaluate",
        "leaderboard",
        "interview",
        "validate",
        "fit",
        "train",
        "export",
        "import",
        "personas",
        "schema",
        "serve",
        "doctor",
        "bench",
        "llm",
        "completions",
    ] {
        let help = door.habitue(&[command, "--help"]);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command}");
        insta::assert_snapshot!(command, help.out);
    }
    for (name, command) in
        [("bench_llm", ["bench", "llm"]), ("llm_ask", ["llm", "ask"]), ("serve_env", ["serve", "env"])]
    {
        let help = door.habitue(&[&command[..], &["--help"]].concat());
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command:?}");
        insta::assert_snapshot!(name, help.out);
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let door = Door::new();
    for args in [&["rum"][..], &["run"], &["run", "corner.toml", "--threads", "0"], &[]] {
        assert_eq!(door.habitue(args).code, 2, "{args:?}");
    }
    let near = door.habitue(&["repaly", "x"]);
    assert!(near.err.contains("replay"), "{}", near.err);
    assert_eq!(door.habitue(&["--version"]).out, format!("habitue {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Door::new().habitue(&["completions", shell]);
        assert_eq!(script.code, 0);
        assert!(script.out.contains("replay") && script.out.contains("log-format"), "{shell}");
    }
}
