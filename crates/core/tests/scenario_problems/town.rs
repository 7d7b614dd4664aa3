//! The scenario in which mistakes are made, and the files around it.

use std::io;
use std::path::{Path, PathBuf};

use habitue_core::scenario::{MemorySources, Sources, Typed, resolve};

pub(crate) const SCENARIO: &str = "\
# A small town.
seed = 7
horizon = \"3d\"

[catalogue]
generate = { items = 50 }

[[population]]
name = \"casual\"
size = 10
personas = {}

[slate]
size = 5
actions = [\"skip\", \"view\", \"click\", \"like\"]
rate = true
max_turns = 20

[[arm]]
name = \"popular\"
policy = \"policies/popularity.toml\"

[[arm]]
name = \"random\"
policy = { kind = \"random\" }

[reward]
like = 2
";

/// A mistake: stretches of the scenario replaced by others, and the command line.
pub(crate) struct Mistake<'a> {
    pub(crate) name: &'a str,
    pub(crate) edits: &'a [(&'a str, &'a str)],
    pub(crate) sets: &'a [&'a str],
    pub(crate) data: Option<&'a str>,
    pub(crate) file: &'a str,
}

fn sources(scenario: &str) -> Disk {
    let files = MemorySources::new()
        .with("/town/town.toml", scenario)
        .with("/town/items.jsonl", "{\"id\": \"a\"}\n")
        .with("/town/items.txt", "")
        .with("/town/users.csv", "name\n")
        .with("/town/friends.csv", "from,to\n")
        .with("/town/columns.toml", "")
        .with("/town/data/u.data", "")
        .with("/town/m.toml", "")
        .with("/town/binary.toml", "")
        .with("/town/secret.toml", "")
        .with("/town/personas/fans.toml", "")
        .with("/town/personas/broken.toml", "# Fans.\nintrests = 3\n")
        .with(
            "/town/personas/wrong.toml",
            "# Fans.\nconcentration = -1\n\n[age]\nmin = 90\nmax = 200\n\n[habits]\npatience = 0.5\n",
        )
        .with("/town/personas/single.toml", "[persona]\nkey = \"a\"\n")
        .with("/town/policies/popularity.toml", "kind = \"popularity\"\nhalf_life = \"7d\"\n")
        .with("/town/policies/bpr-mf.toml", "kind = \"bpr-mf\"\n")
        .with(
            "/town/policies/broken.toml",
            "# Everything at once.\nkind = \"popularity\"\nhalf_live = \"7d\"\npositive_rating = \"good\"\nexplore = \"epsilon\"\n",
        )
        .with(
            "/town/policies/ranges.toml",
            "kind = \"popularity\"\npositive_rating = 6\npositive = \"liek\"\n\n[explore]\nkind = \"epsilon\"\nepsilon = 1.5\n",
        );
    Disk(files)
}

/// Files of which some cannot be read.
struct Disk(MemorySources);

impl Sources for Disk {
    fn working_directory(&self) -> PathBuf {
        self.0.working_directory()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        match path.to_str() {
            Some("/town/binary.toml") => Err(io::ErrorKind::InvalidData.into()),
            Some("/town/secret.toml") => Err(io::ErrorKind::PermissionDenied.into()),
            Some("/town/policies") => Err(io::ErrorKind::IsADirectory.into()),
            _ => self.0.read(path),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.exists(path)
    }

    fn entries(&self, folder: &Path) -> Vec<String> {
        self.0.entries(folder)
    }
}

/// What users are told about each mistake.
pub(crate) fn told(mistakes: &[Mistake<'_>]) -> String {
    let mut out = String::new();
    for mistake in mistakes {
        let mut scenario = SCENARIO.to_owned();
        for (from, to) in mistake.edits {
            assert!(scenario.contains(from), "{}: the scenario does not say {from:?}", mistake.name);
            scenario = scenario.replacen(from, to, 1);
        }
        let sets: Vec<String> = mistake.sets.iter().map(|set| (*set).to_owned()).collect();
        let typed = Typed {
            file: Path::new(mistake.file),
            sets: &sets,
            seed: None,
            data: mistake.data.map(Path::new),
        };
        out.push_str("## ");
        out.push_str(mistake.name);
        out.push('\n');
        match resolve(&typed, &sources(&scenario)) {
            Ok(_) => out.push_str("accepted\n"),
            Err(problems) => out.push_str(&problems.render()),
        }
        out.push('\n');
    }
    out
}
