//! A few people, twelve films, and a language model of random weights: its answers are nonsense, its distributions exact.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::path::Path;

use habitue_core::scenario::llm::LlmConfig;
use habitue_core::scenario::{LlmUsersConfig, ModelFile, TemplateSource, TemplateText};
use habitue_core::{
    ActionScale, Catalogue, Decision, Encounter, Habits, Item, ItemId, ItemStats, Persona, SimTime, Slate,
    Streams, UserId, UserModel, UserState, Visit, World,
};
use habitue_users::LlmUsers;

/// A folder with a model that reads long prompts: one of the engine's test models, with a longer context.
pub(crate) fn model() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llm/tests/goldens/qwen3");
    for file in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(source.join(file), folder.path().join(file)).unwrap();
    }
    let config = std::fs::read_to_string(source.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["max_position_embeddings"] = 16_384.into();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

/// A short template, so that tests read few tokens.
pub(crate) const SHORT: &str = include_str!("short.j2");

pub(crate) fn users(folder: &Path, change: impl FnOnce(&mut LlmConfig)) -> LlmUsers {
    let mut config = LlmConfig::new("test");
    config.threads = 1;
    change(&mut config);
    config.check().unwrap();
    let model = ModelFile::Path(folder.to_path_buf());
    let template = TemplateSource::File(TemplateText { file: "short.j2".into(), text: SHORT.to_owned() });
    LlmUsers::new(&LlmUsersConfig { config, model, template }).unwrap()
}

pub(crate) struct Village {
    pub(crate) catalogue: Catalogue,
    pub(crate) available: Vec<ItemId>,
    pub(crate) stats: ItemStats,
    pub(crate) scale: ActionScale,
    pub(crate) people: Vec<Persona>,
}

impl Village {
    pub(crate) fn new(people: usize) -> Self {
        let mut catalogue = Catalogue::new();
        for n in 0..12 {
            let categories = vec![catalogue.category(["drama", "comedy", "horror"][n % 3])];
            let item = Item {
                key: format!("f{n}"),
                title: format!("Film {n}"),
                categories,
                quality: 0.5,
                ..Item::default()
            };
            catalogue.push(item).unwrap();
        }
        let person = |n: usize| Persona {
            key: format!("p{n}"),
            name: format!("P{n}"),
            interests: vec![
                (habitue_core::CategoryId((n % 3) as u16), 2.0),
                (habitue_core::CategoryId(2), 1.0),
            ],
            habits: Habits { activity: (n % 5) as f32 / 4.0, ..Habits::default() },
            ..Persona::default()
        };
        Self {
            available: (0..12).map(ItemId).collect(),
            catalogue,
            stats: ItemStats::default(),
            scale: ActionScale::new(&["dislike", "skip", "view", "click", "like"], "click").unwrap(),
            people: (0..people).map(person).collect(),
        }
    }

    pub(crate) fn world(&self) -> World<'_> {
        World {
            catalogue: &self.catalogue,
            available: &self.available,
            stats: &self.stats,
            scale: &self.scale,
            now: SimTime::ZERO,
        }
    }

    /// Everybody's states on arrival.
    pub(crate) fn arrived(&self, model: &LlmUsers, streams: Streams) -> Vec<UserState> {
        let (world, mut states) = (self.world(), Vec::new());
        for (persona, user) in self.people.iter().zip((0..).map(UserId)) {
            let (mut state, time) = model.admit(&world, user, persona, streams);
            model.arrive(&world, Visit { user, persona, state: &mut state, session: 0, time }, None, streams);
            states.push(state);
        }
        states
    }

    /// One turn of everybody, `batch` users in a call.
    pub(crate) fn turn(
        &self,
        model: &LlmUsers,
        states: &mut [UserState],
        turn: u32,
        batch: usize,
        streams: Streams,
    ) -> Vec<Decision> {
        let slates: Vec<Slate> = (0..self.people.len())
            .map(|user| Slate::certain((0..4).map(|n| ItemId(((user + 3 * n + turn as usize) % 12) as u32))))
            .collect();
        let friends: Vec<Vec<UserId>> = (0..self.people.len() as u32)
            .map(|user| if user % 2 == 0 { vec![UserId(user + 1)] } else { vec![] })
            .collect();
        let mut encounters: Vec<Encounter<'_>> = states
            .iter_mut()
            .enumerate()
            .map(|(user, state)| Encounter {
                user: UserId(user as u32),
                persona: &self.people[user],
                state,
                session: 0,
                turn,
                time: SimTime(i64::from(turn) * 60_000),
                slate: &slates[user],
                friends: &friends[user],
                rate: true,
                distributions: true,
            })
            .collect();
        let mut decisions = Vec::new();
        for part in encounters.chunks_mut(batch) {
            decisions.extend(model.decide(&self.world(), part, streams).unwrap());
        }
        decisions
    }
}
