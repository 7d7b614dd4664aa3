//! A policy in another process does what one in this process does, and what it does wrong is said.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says what it skips")]

mod town;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use habitue_core::scenario::Span;
use habitue_core::scenario::policy::{ExternalConfig, PolicyConfig};
use habitue_core::{ItemId, PastInteraction, PolicyError, SimDuration, SimTime, UserId};
use town::{Town, config};

fn python() -> bool {
    let there = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no python3");
    }
    there
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

fn clicks(user: UserId, item: ItemId) -> f64 {
    if (user.0 + item.0).is_multiple_of(4) { 0.7 } else { 0.1 }
}

fn town() -> Town {
    let mut town = Town::new(12, 3, 8, 21);
    town.history[2] = vec![PastInteraction { item: ItemId(7), time: SimTime(-9), rating: Some(4.0) }; 3];
    town
}

fn example() -> PolicyConfig {
    config(&fs::read_to_string(policies().join("external.toml")).unwrap())
}

#[test]
fn every_policy_file_can_be_read_and_built() {
    let town = town();
    for entry in fs::read_dir(policies()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let config = config(&fs::read_to_string(&path).unwrap());
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(name.starts_with(config.kind()), "{name} is of kind {}", config.kind());
            if config.kind() != "external" || python() {
                town.build_in(&config, &policies()).unwrap();
            }
        }
    }
}

#[test]
fn the_example_learns_explores_and_goes_on_after_restore() {
    if !python() {
        return;
    }
    let mut town = town();
    let mut policy = town.build_in(&example(), &policies()).unwrap();
    assert!(policy.exact_propensities());
    let first = town.slates(policy.as_ref(), 3);
    assert_eq!(first, town.slates(policy.as_ref(), 3), "the same requests get the same slates");
    let leaders = first.iter().filter(|slate| slate.items[0].item == ItemId(7)).count();
    assert!(leaders >= 6, "the item with a history leads");
    for _ in 0..3 {
        town.live(policy.as_mut(), 3, clicks);
    }
    town.available.retain(|item| *item != ItemId(7));
    town.add_item(3);
    town.live(policy.as_mut(), 3, clicks);

    let requests = town.requests(3);
    let apart: Vec<_> = requests
        .chunks(3)
        .flat_map(|part| policy.recommend(&town.world(), part, town.streams).unwrap())
        .collect();
    assert_eq!(apart, town.slates(policy.as_ref(), 3));

    let snapshot = policy.snapshot().unwrap();
    let mut restored = town.build_in(&example(), &policies()).unwrap();
    restored.restore(&snapshot).unwrap();
    assert_eq!(restored.updates(), 4);
    for _ in 0..2 {
        assert_eq!(town.slates(restored.as_ref(), 3), town.slates(policy.as_ref(), 3));
        let turns = town.live(policy.as_mut(), 3, clicks);
        restored.observe(&town.world(), &turns).unwrap();
        restored.end_window(&town.world(), town.streams).unwrap();
    }
}

/// The example, made to die at its n-th recommend in the process, as often as the file `deaths` says.
fn mortal(folder: &Path, deaths: u32) {
    let script = fs::read_to_string(policies().join("external_popularity.py")).unwrap();
    let dying = "    def recommend(self, message):\n        import os\n        self.asked = getattr(self, 'asked', 0) + 1\n        \
                 left = int(open('deaths').read())\n        if self.asked == 3 and left > 0:\n            \
                 open('deaths', 'w').write(str(left - 1))\n            sys.stderr.write('out of luck\\n')\n            \
                 sys.stderr.flush()\n            os._exit(9)\n";
    fs::write(
        folder.join("external_popularity.py"),
        script.replacen("    def recommend(self, message):\n", dying, 1),
    )
    .unwrap();
    fs::write(folder.join("deaths"), deaths.to_string()).unwrap();
}

#[test]
fn a_process_that_dies_is_started_again_where_it_was() {
    if !python() {
        return;
    }
    let run = |deaths, restarts, snapshot_at: Option<usize>| {
        let folder = tempfile::tempdir().unwrap();
        mortal(folder.path(), deaths);
        let PolicyConfig::External(config) = example() else { panic!("not external") };
        let config = PolicyConfig::External(ExternalConfig { restarts, ..config });
        let mut town = town();
        let mut policy = town.build_in(&config, folder.path()).unwrap();
        let mut slates = Vec::new();
        for window in 0..7 {
            slates.push(policy.recommend(&town.world(), &town.requests(3), town.streams)?);
            if window == 2 {
                town.available.retain(|item| *item != ItemId(7));
            }
            if Some(window) == snapshot_at {
                policy.snapshot()?;
            }
            // `live` asks once more.
            town.live(policy.as_mut(), 3, clicks);
        }
        Ok::<_, PolicyError>(slates)
    };
    let undisturbed = run(0, 0, None).unwrap();
    assert_eq!(run(2, 2, None).unwrap(), undisturbed);
    assert_eq!(run(2, 2, Some(1)).unwrap(), undisturbed);
    let error = run(3, 0, None).unwrap_err().to_string();
    insta::assert_snapshot!(error);
}

/// A policy that greets well and then answers `recommend` with this Python expression, written as it is.
fn answering(expression: &str) -> String {
    format!(
        "import json, sys, time, os\n\
         for line in sys.stdin:\n\
         \x20   m = json.loads(line)\n\
         \x20   if m['type'] == 'hello':\n\
         \x20       r = json.dumps(dict(type='hello', id=m['id'], protocol=1))\n\
         \x20   elif m['type'] == 'recommend':\n\
         \x20       n = len(m['requests'])\n\
         \x20       r = {expression}\n\
         \x20       r = r if isinstance(r, str) else json.dumps(r)\n\
         \x20   else:\n\
         \x20       r = json.dumps(dict(type='ok', id=m['id']))\n\
         \x20   print(r, flush=True)\n"
    )
}

fn scripted(folder: &Path, script: &str, timeout: SimDuration) -> PolicyConfig {
    fs::write(folder.join("policy.py"), script).unwrap();
    PolicyConfig::External(ExternalConfig {
        command: vec!["python3".into(), "policy.py".into()],
        timeout: Span(timeout),
        longest_line: 2_000,
        ..ExternalConfig::default()
    })
}

#[test]
fn bad_answers_are_said() {
    if !python() {
        return;
    }
    let slate = |fields: &str| format!("dict(type='slates', id=m['id'], slates=[dict({fields})] * n)");
    let cases: Vec<(&str, String)> = vec![
        ("not JSON", "'loading the model ...'".into()),
        ("not an object", "[1, 2]".into()),
        ("no type", "dict(id=m['id'])".into()),
        ("another type", "dict(type='slate', id=m['id'])".into()),
        ("another id", "dict(type='slates', id=m['id'] - 1, slates=[])".into()),
        ("no slates", "dict(type='slates', id=m['id'])".into()),
        ("too few slates", "dict(type='slates', id=m['id'], slates=[])".into()),
        ("no items", slate("slate=['v1']")),
        ("too short", slate("items=['v1']")),
        ("too long", slate("items=['v1', 'v2', 'v3', 'v4']")),
        ("not a key", slate("items=['v1', 2, 'v3']")),
        ("unknown item", slate("items=['v1', 'v02', 'v3']")),
        ("twice", slate("items=['v1', 'v3', 'v1']")),
        ("not available", slate("items=['v1', 'v2', 'v5']")),
        ("propensity of 0", slate("items=['v1', 'v2', 'v3'], propensities=[1, 0, 1]")),
        ("propensity above 1", slate("items=['v1', 'v2', 'v3'], propensities=[1, 1, 1.5]")),
        ("propensity no number", slate("items=['v1', 'v2', 'v3'], propensities=[1, 1, float('nan')]")),
        ("propensity null", slate("items=['v1', 'v2', 'v3'], propensities=[1, 1, None]")),
        ("too few propensities", slate("items=['v1', 'v2', 'v3'], propensities=[1]")),
        ("reply no text", slate("items=['v1', 'v2', 'v3'], reply=7")),
        ("its own error", "dict(type='error', id=m['id'], message='no model for user 0')".into()),
        ("too long a line", "'x' * 5000".into()),
        (
            "dies",
            "sys.stderr.write('Traceback: out of memory\\n') and sys.stderr.flush() or os._exit(3)".into(),
        ),
    ];
    let mut messages = String::new();
    for (name, expression) in cases {
        let folder = tempfile::tempdir().unwrap();
        let config = scripted(folder.path(), &answering(&expression), SimDuration(20_000));
        let mut town = town();
        town.available.retain(|item| *item != ItemId(5));
        let policy = town.build_in(&config, folder.path()).unwrap();
        let error = policy.recommend(&town.world(), &town.requests(3)[..2], town.streams).unwrap_err();
        writeln!(messages, "{name}\n    {error}\n").unwrap();
    }
    let hello = |fields: &str| answering("").replace("protocol=1", fields).replace("r = \n", "r = ''\n");
    let scripts = [
        ("another protocol", hello("protocol=2")),
        ("unknown kind of propensities", hello("protocol=1, propensities='maybe'")),
        (
            "not UTF-8",
            "import sys\nsys.stdout.buffer.write(b'{\"type\": \"\\xff\\n')\nsys.stdout.flush()\ninput()"
                .into(),
        ),
        ("ends at once", "import sys\nsys.exit('cannot load model.bin')".into()),
    ];
    for (name, script) in scripts {
        let folder = tempfile::tempdir().unwrap();
        let config = scripted(folder.path(), &script, SimDuration(20_000));
        let error =
            town().build_in(&config, folder.path()).map(|policy| policy.name().to_owned()).unwrap_err();
        writeln!(messages, "{name}\n    {error}\n").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let config = scripted(folder.path(), &hello("protocol=1, propensities='estimated'"), SimDuration(20_000));
    assert!(!town().build_in(&config, folder.path()).unwrap().exact_propensities());
    // The only one that waits.
    let folder = tempfile::tempdir().unwrap();
    let script = "import sys, time\nsys.stderr.write('loading 70 GB\\n')\nsys.stderr.flush()\ntime.sleep(60)";
    let config = scripted(folder.path(), script, SimDuration(1_500));
    let error = town().build_in(&config, folder.path()).map(|policy| policy.name().to_owned()).unwrap_err();
    writeln!(messages, "too slow\n    {error}").unwrap();
    insta::assert_snapshot!(messages);
}

#[test]
fn a_snapshot_of_another_kind_is_refused() {
    if !python() {
        return;
    }
    let town = town();
    let mut policy = town.build_in(&example(), &policies()).unwrap();
    let other = town.build(&config("kind = \"random\"")).unwrap().snapshot().unwrap();
    let message = policy.restore(&other).unwrap_err().to_string();
    assert!(message.contains("kind \"random\", expected kind \"external\""), "{message}");
}

/// The parts of the Python package that serve a policy, and a policy of this source.
fn in_python(folder: &Path, source: &str) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../py/python/habitue");
    fs::create_dir(folder.join("habitue")).unwrap();
    for part in ["policy.py", "_serve.py", "_wire.py"] {
        fs::copy(package.join(part), folder.join("habitue").join(part)).unwrap();
    }
    fs::write(folder.join("habitue").join("__init__.py"), "").unwrap();
    fs::write(folder.join("newest.py"), source).unwrap();
}

fn named(place: &str) -> PolicyConfig {
    PolicyConfig::External(ExternalConfig { python: Some(place.to_owned()), ..ExternalConfig::default() })
}

#[test]
fn a_class_of_python_is_a_policy() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = "from habitue.policy import Policy, Slate\n\
                  class Newest(Policy):\n\
                  \x20   def start(self, world):\n\
                  \x20       print('what is printed is no answer')\n\
                  \x20       self.seen = set()\n\
                  \x20   def observe(self, turns):\n\
                  \x20       self.seen |= {shown.item for turn in turns for shown in turn.impressions}\n\
                  \x20   def recommend(self, requests):\n\
                  \x20       new = [key for key in self.world.available if key not in self.seen]\n\
                  \x20       old = [key for key in self.world.available if key in self.seen]\n\
                  \x20       return [Slate((new + old)[:request.size], [0.5] * request.size) for request in requests]\n";
    in_python(folder.path(), source);
    let mut town = town();
    let mut policy = town.build_in(&named("newest:Newest"), folder.path()).unwrap();
    let before = policy.recommend(&town.world(), &town.requests(3), town.streams).unwrap();
    assert_eq!(before[0].items.iter().map(|shown| shown.item).collect::<Vec<_>>(), [0, 1, 2].map(ItemId));
    town.live(policy.as_mut(), 3, clicks);
    let after = policy.recommend(&town.world(), &town.requests(3), town.streams).unwrap();
    assert_eq!(after[0].items.iter().map(|shown| shown.item).collect::<Vec<_>>(), [3, 4, 5].map(ItemId));
    let snapshot = policy.snapshot().unwrap();
    let mut other = town.build_in(&named("newest.py:Newest"), folder.path()).unwrap();
    other.restore(&snapshot).unwrap();
    assert_eq!(other.recommend(&town.world(), &town.requests(3), town.streams).unwrap(), after);
}

#[test]
fn a_class_that_cannot_be_found_is_said() {
    if !python() {
        return;
    }
    let mut messages = String::new();
    for (place, source) in [
        ("newer:Newest", ""),
        ("newer.py:Newest", ""),
        ("newest:Newset", "class Newest:\n    def recommend(self, requests): pass\n"),
        ("newest:Newest", "class Newest: pass\n"),
        ("newest:Newest", "import no_such_package\n"),
        ("newest:Newest", "class Newest:\n    def __init__(self): self.model = {}['x']\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        in_python(folder.path(), source);
        let built = town().build_in(&named(place), folder.path()).map(|policy| policy.name().to_owned());
        let canonical = fs::canonicalize(folder.path()).unwrap();
        let error = built.unwrap_err().to_string().replace(&*canonical.to_string_lossy(), "FOLDER");
        let interpreter = error.find("packages of ").map(|at| at + "packages of ".len());
        let error = match interpreter {
            Some(from) => {
                let until = error[from..].find(';').map_or(error.len(), |end| from + end);
                format!("{}PYTHON{}", &error[..from], &error[until..])
            }
            None => error,
        };
        writeln!(messages, "{place}: {source}    {error}\n").unwrap();
    }
    insta::assert_snapshot!(messages);
}
