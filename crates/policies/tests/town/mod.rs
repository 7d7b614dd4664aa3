//! A small world with users that click by chance, to drive policies without a simulator.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test binary uses a part of it")]

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use habitue_core::scenario::ModelFile;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::{
    Action, ActionScale, ArmId, Catalogue, CategoryId, Decider, HOUR, HistoryEntry, Impression, Item, ItemId,
    ItemStats, Mindset, Move, PastInteraction, Policy, PolicyError, Purpose, Request, SimDuration, SimTime,
    Slate, Streams, Turn, UserId, World, turn_counter,
};
use habitue_policies::{OpenModels, Setting, build};
use rand::RngExt;

static OPEN: OnceLock<OpenModels> = OnceLock::new();

/// A folder with a language model of random weights that reads long prompts, as the value of `model`.
pub fn model() -> String {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
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
    });
    folder.path().to_str().unwrap().to_owned()
}

pub struct Town {
    pub catalogue: Catalogue,
    pub stats: ItemStats,
    pub scale: ActionScale,
    pub available: Vec<ItemId>,
    pub now: SimTime,
    pub streams: Streams,
    pub history: Vec<Vec<PastInteraction>>,
    pub seen: Vec<VecDeque<HistoryEntry>>,
    pub window: u32,
}

impl Town {
    /// Items v0, v1, ... in so many categories in turn; nobody has a history.
    pub fn new(items: usize, categories: usize, users: usize, seed: u64) -> Self {
        let mut catalogue = Catalogue::new();
        for category in 0..categories {
            catalogue.category(&format!("c{category}"));
        }
        let mut town = Self {
            catalogue,
            stats: ItemStats::default(),
            scale: ActionScale::new(&["dislike", "skip", "view", "click", "like"], "click").unwrap(),
            available: Vec::new(),
            now: SimTime::ZERO,
            streams: Streams::new(seed),
            history: vec![Vec::new(); users],
            seen: vec![VecDeque::new(); users],
            window: 0,
        };
        (0..items).for_each(|_| town.add_item(categories));
        town
    }

    pub fn add_item(&mut self, categories: usize) {
        let at = self.catalogue.len();
        let category = CategoryId((at % categories) as u16);
        let item = Item { key: format!("v{at}"), categories: vec![category], ..Item::default() };
        self.available.push(self.catalogue.push(item).unwrap());
    }

    pub fn users(&self) -> u32 {
        self.history.len() as u32
    }

    pub fn world(&self) -> World<'_> {
        World {
            catalogue: &self.catalogue,
            available: &self.available,
            stats: &self.stats,
            scale: &self.scale,
            now: self.now,
        }
    }

    pub fn build(&self, config: &PolicyConfig) -> Result<Box<dyn Policy>, PolicyError> {
        self.build_in(config, Path::new("."))
    }

    pub fn build_in(&self, config: &PolicyConfig, folder: &Path) -> Result<Box<dyn Policy>, PolicyError> {
        let history: Vec<(UserId, &[PastInteraction])> = self
            .history
            .iter()
            .enumerate()
            .map(|(user, past)| (UserId(user as u32), past.as_slice()))
            .collect();
        let model = config.language_model().map(|(_, model)| match model.model.strip_prefix("builtin:") {
            Some(_) => ModelFile::BuiltIn(model.model),
            None => ModelFile::Path(PathBuf::from(model.model)),
        });
        build(
            config,
            &Setting {
                name: "tested",
                world: self.world(),
                slate_size: 3,
                streams: self.streams,
                folder,
                history: &history,
                model: model.as_ref(),
                open: OPEN.get_or_init(OpenModels::default),
                held_out: &[],
            },
        )
    }

    pub fn request(&self, user: u32, size: usize) -> Request<'_> {
        Request {
            user: UserId(user),
            session: self.window,
            turn: 0,
            time: self.now,
            size,
            history: &self.seen[user as usize],
            shown: &[],
            text: None,
            said: &[],
        }
    }

    pub fn requests(&self, size: usize) -> Vec<Request<'_>> {
        (0..self.users()).map(|user| self.request(user, size)).collect()
    }

    /// What every user would be shown.
    pub fn slates(&self, policy: &dyn Policy, size: usize) -> Vec<Slate> {
        policy.recommend(&self.world(), &self.requests(size), self.streams).unwrap()
    }

    /// A window in which every user sees one slate and clicks each item with this probability. Returns the turns.
    pub fn live(
        &mut self,
        policy: &mut dyn Policy,
        size: usize,
        clicks: impl Fn(UserId, ItemId) -> f64,
    ) -> Vec<Turn> {
        let slates = self.slates(policy, size);
        let click = self.scale.find("click").unwrap();
        let turns: Vec<Turn> = slates
            .iter()
            .enumerate()
            .map(|(user, slate)| {
                let user = UserId(user as u32);
                let counter = turn_counter(self.window, 0);
                let mut stream = self.streams.stream(Purpose::Decision, u64::from(user.0), counter);
                let mut action = |item| {
                    if stream.random::<f64>() < clicks(user, item) { click } else { self.scale.skip() }
                };
                let impressions = slate
                    .items
                    .iter()
                    .map(|shown| impression(shown.item, shown.propensity, action(shown.item)));
                turn(user, self.window, self.now, impressions.collect(), slate.log_propensity)
            })
            .collect();
        for turn in &turns {
            for shown in turn.impressions.iter().filter(|shown| shown.action == click) {
                let entry = HistoryEntry { item: shown.item, action: click, rating: 0, time: self.now };
                self.seen[turn.user.index()].push_back(entry);
            }
        }
        policy.observe(&self.world(), &turns).unwrap();
        self.now += SimDuration(HOUR);
        self.window += 1;
        policy.end_window(&self.world(), self.streams).unwrap();
        turns
    }
}

fn impression(item: ItemId, propensity: f32, action: Action) -> Impression {
    Impression { item, propensity, dwell_seconds: 1.0, action, rating: 0, examined: true }
}

fn turn(
    user: UserId,
    session: u32,
    time: SimTime,
    impressions: Vec<Impression>,
    log_propensity: f64,
) -> Turn {
    Turn {
        arm: ArmId(0),
        user,
        session,
        turn: 0,
        time,
        elapsed: SimDuration(1_000),
        request: None,
        impressions,
        log_propensity,
        reply: None,
        next: Move::Leave,
        reward: 0.0,
        before: Mindset::default(),
        after: Mindset::default(),
        distributions: None,
        decider: Decider::Choice,
    }
}

pub fn config(text: &str) -> PolicyConfig {
    toml::from_str(text).unwrap()
}
