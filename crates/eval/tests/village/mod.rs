//! A run that is written by hand: forty users in two arms for ten days.
#![allow(dead_code, clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use habitue_core::scenario::Scenario;
use habitue_core::{
    Action, ArmId, Catalogue, DAY, Decider, Distributions, EndReason, HOUR, Impression, Item, ItemId,
    Mindset, Move, Persona, PopulationId, SessionRecord, SimDuration, SimTime, Turn, UserId, WindowRows,
};
use habitue_eval::report::Report;
use habitue_store::{RunReader, RunSummary, RunWriter, UserEntry};

const SCENARIO: &str = r#"{
    "name": "village", "seed": 7, "horizon": 864000000, "window": { "Every": 3600000 },
    "catalogue": { "File": "items.jsonl" },
    "populations": [{ "name": "villagers", "size": 40, "personas": "History", "model": MODEL }],
    "design": "Split", "graph": "None", "interventions": [],
    "arms": [
        { "name": "plain", "share": 0.5, "policy": { "config": { "kind": "random" }, "folder": "" } },
        { "name": "lively", "share": 0.5, "policy": { "config": { "kind": "random" }, "folder": "" } }
    ],
    "slate": { "size": 3, "scale": { "names": ["hide", "skip", "click", "like"], "skip": 1, "engaged": 2 },
        "rate": false, "history": 9, "max_turns": 50, "overhead": 0 },
    "reward": { "actions": [-1, 0, 1, 2], "dwell_minute": 0, "rating_point": 0, "turn": 0, "return_within": null },
    "log": { "enabled": true, "distributions": true, "rows_per_file": 50 }, "checkpoints": "Never"
}"#;

/// What is written.
pub(crate) struct Village {
    pub(crate) users: u32,
    /// Of every item shown.
    pub(crate) propensity: f32,
    /// Or ends with a checkpoint.
    pub(crate) finished: bool,
    /// The language model that plays the users, without calibration; `None` for choice users.
    pub(crate) model: Option<&'static str>,
    /// Whether user 0 has a row in the other arm.
    pub(crate) stranger: bool,
    /// Whether the first row shows an item that is not in the run.
    pub(crate) unknown_item: bool,
}

impl Default for Village {
    fn default() -> Self {
        Self {
            users: 40,
            propensity: 0.25,
            finished: true,
            model: None,
            stranger: false,
            unknown_item: false,
        }
    }
}

impl Village {
    pub(crate) fn report(&self, root: &Path) -> Report {
        Report::read(&RunReader::open(self.build(root)).unwrap()).unwrap()
    }

    /// Even users are in arm "plain": every second of them comes back on day 1, every fourth churns after its second
    /// visit. Odd ones are in arm "lively" and come every day but the last, to the end.
    pub(crate) fn build(&self, root: &Path) -> PathBuf {
        let model = match self.model {
            None => r#"{ "Choice": {} }"#.to_owned(),
            Some(model) => format!(
                r#"{{ "Llm": {{ "config": {{ "model": "{model}" }}, "model": {{ "Hub": "{model}" }}, "template": "Default" }} }}"#
            ),
        };
        let scenario: Scenario = serde_json::from_str(&SCENARIO.replace("MODEL", &model)).unwrap();
        let mut catalogue = Catalogue::new();
        let jazz = catalogue.category("jazz & blues");
        for key in ["a", "b", "c"] {
            let title = format!("Song <{key}>");
            catalogue
                .push(Item { key: key.into(), title, categories: vec![jazz], ..Item::default() })
                .unwrap();
        }
        std::fs::create_dir_all(root).unwrap();
        let mut writer = RunWriter::create(root, &scenario).unwrap();
        let personas: Vec<Persona> = (0..self.users)
            .map(|user| Persona { key: format!("villager-{user}"), ..Persona::default() })
            .collect();
        let users = personas.iter().zip(0..).map(|(persona, user)| UserEntry {
            user: UserId(user),
            arm: Some(arm(user)),
            population: PopulationId(0),
            persona,
        });
        writer.begin(&catalogue, users).unwrap();
        let mut rows = WindowRows::default();
        for user in 0..self.users {
            self.life(user, &mut rows);
        }
        if self.stranger {
            rows.turns[0].arm = ArmId(1);
        }
        if self.unknown_item {
            rows.turns[0].impressions[0].item = ItemId(77);
        }
        writer.append(rows).unwrap();
        let folder = writer.folder().to_path_buf();
        if self.finished {
            let wall = Duration::from_millis(1_500);
            writer.finish(RunSummary { wall, ..RunSummary::default() }).unwrap();
        } else {
            writer.save(b"state").unwrap();
        }
        folder
    }

    fn life(&self, user: u32, rows: &mut WindowRows) {
        let days: &[i64] = match (user % 2, user / 2 % 4) {
            (1, _) => &[0, 1, 2, 3, 4, 5, 6, 7, 8],
            (_, 0) => &[0, 1],
            (_, 1) => &[0, 1, 4],
            _ => &[0, 3],
        };
        let churns = user.is_multiple_of(8);
        let first = i64::from(user % 5) * HOUR;
        for (session, day) in (0..).zip(days) {
            let start = SimTime(day * DAY + first);
            let turns = 1 + (user + session) % 3;
            let next = days.get(session as usize + 1).map(|next| SimTime(next * DAY + first));
            let end = start + SimDuration(i64::from(turns) * 60_000);
            let after = mindset(0.5 + 0.1 * (user % 2) as f32);
            rows.turns
                .extend((0..turns).map(|turn| self.turn(user, session, turn, start, turn + 1 == turns)));
            let last = next.is_none();
            rows.sessions.push(SessionRecord {
                arm: arm(user),
                user: UserId(user),
                session,
                start,
                end,
                turns,
                turn_reward: 1.0,
                return_reward: 0.0,
                reason: EndReason::Left,
                gap: next.map(|next| next - end),
                churned: last && churns,
                censored: last && !churns,
                before: Mindset::default(),
                after,
            });
        }
    }

    fn turn(&self, user: u32, session: u32, turn: u32, start: SimTime, last: bool) -> Turn {
        let action = |position: u32| Action(((user + session + turn + position) % 4) as u8);
        let impressions = (0..3).map(|position| Impression {
            item: ItemId(position),
            propensity: self.propensity,
            dwell_seconds: 20.0,
            action: action(position),
            rating: 0,
            examined: action(position) != Action(1),
        });
        let next = match (last, user % 2) {
            (true, _) => Move::Leave,
            (false, 1) => Move::Instruct("More <b>jazz</b> | less news".to_owned()),
            _ => Move::NextPage,
        };
        Turn {
            arm: arm(user),
            user: UserId(user),
            session,
            turn,
            time: start + SimDuration(i64::from(turn) * 60_000),
            elapsed: SimDuration(60_000),
            request: None,
            impressions: impressions.collect(),
            log_propensity: f64::from(self.propensity).ln() * 3.0,
            reply: None,
            next,
            reward: 1.0,
            before: Mindset::default(),
            after: mindset(0.5 + 0.05 * (user % 3) as f32),
            distributions: Some(Distributions {
                actions: [0.1, 0.4, 0.3, 0.2].repeat(3),
                moves: vec![0.5, 0.0, 0.2, 0.0, 0.0, 0.0, 0.3],
            }),
            decider: Decider::Choice,
        }
    }
}

fn arm(user: u32) -> ArmId {
    ArmId((user % 2) as u16)
}

fn mindset(satisfaction: f32) -> Mindset {
    Mindset { satisfaction, ..Mindset::default() }
}
