//! A small run to look at: two users, three items, a few turns.

use std::path::{Path, PathBuf};

use habitue_core::{
    Action, ArmId, Catalogue, CategoryId, ChatTurn, CreatorId, DAY, Decider, EndReason, HOUR, Habits,
    Impression, InterventionRecord, Item, ItemId, LlmCall, Memory, MemoryKind, MemoryRecord, Message,
    Mindset, Move, Persona, ProgramTrace, RequestText, Sender, SessionRecord, SimDuration, SimTime,
    SlotTrace, Turn, UserId, WindowRows,
};

use crate::manifest::RunSummary;
use crate::writer::RunWriter;

/// Writes the run below `root`; gives its folder.
pub(crate) fn write(root: &Path) -> PathBuf {
    let mut writer = begin(root);
    for window in windows() {
        writer.append(window).unwrap();
    }
    let folder = writer.folder().to_path_buf();
    writer
        .finish(RunSummary { wall: std::time::Duration::from_millis(1500), ..RunSummary::default() })
        .unwrap();
    folder
}

/// The run before its first window.
pub(crate) fn begin(root: &Path) -> RunWriter {
    let mut writer = RunWriter::create(root, &super::scenario(100)).unwrap();
    writer.begin(&catalogue(), super::entries(&personas())).unwrap();
    writer
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    let (cooking, music) = (catalogue.category("cooking"), catalogue.category("music"));
    let studio = catalogue.creator("studio-9");
    for (key, title, category) in [
        ("v1", "Bread in ten minutes", cooking),
        ("v2", "A quiet song", music),
        ("v3", "Soup, \"the\" basics", cooking),
    ] {
        catalogue
            .push(Item {
                key: key.into(),
                title: title.into(),
                categories: vec![category],
                tags: vec!["short".into()],
                creator: Some(studio),
                duration_seconds: 42.5,
                quality: 0.5,
                ..Item::default()
            })
            .unwrap();
    }
    catalogue
}

fn personas() -> [Persona; 2] {
    let ada = Persona {
        key: "casual-0".into(),
        name: "Ada".into(),
        age: Some(31),
        occupation: "baker".into(),
        traits: vec!["curious".into(), "impatient".into()],
        interests: vec![(CategoryId(0), 0.75), (CategoryId(1), 0.25)],
        text: "Bakes at night.".into(),
        ..Persona::default()
    };
    let habits = Habits { activity: 0.9, ..Habits::default() };
    let ben = Persona {
        key: "regular-1".into(),
        interests: vec![(CategoryId(1), 1.0)],
        dislikes: vec![CategoryId(0)],
        habits,
        ..Persona::default()
    };
    [ada, ben]
}

fn mindset(satisfaction: f32, fatigue: f32, need: Option<u16>) -> Mindset {
    Mindset { satisfaction, fatigue, need: need.map(CategoryId), ..Mindset::default() }
}

fn shown(item: u32, action: u8, dwell_seconds: f32, rating: u8) -> Impression {
    Impression {
        item: ItemId(item),
        propensity: 0.25,
        dwell_seconds,
        action: Action(action),
        rating,
        examined: dwell_seconds > 0.0,
    }
}

fn turn(user: u32, session: u32, turn: u32, time: i64, impressions: Vec<Impression>, next: Move) -> Turn {
    let dwell: f32 = impressions.iter().map(|impression| impression.dwell_seconds).sum();
    Turn {
        arm: ArmId(user as u16),
        user: UserId(user),
        session,
        turn,
        time: SimTime(time),
        elapsed: SimDuration((dwell * 1000.0) as i64 + 1000),
        request: None,
        impressions,
        log_propensity: -2.5,
        reply: None,
        next,
        reward: 1.5,
        before: mindset(0.5, 0.0, Some(0)),
        after: mindset(0.625, 0.125, None),
        distributions: None,
        decider: Decider::Choice,
    }
}

fn session(user: u32, session: u32, start: i64, end: i64, turns: u32, gap: Option<i64>) -> SessionRecord {
    SessionRecord {
        arm: ArmId(user as u16),
        user: UserId(user),
        session,
        start: SimTime(start),
        end: SimTime(end),
        turns,
        turn_reward: 3.0,
        return_reward: 0.0,
        reason: if turns == 1 { EndReason::Outage } else { EndReason::Left },
        gap: gap.map(SimDuration),
        churned: gap.is_none() && user == 0,
        censored: gap.is_none() && user == 1,
        before: mindset(0.5, 0.0, Some(0)),
        after: mindset(0.625, 0.125, None),
    }
}

fn slot(name: &str, probabilities: &[f32], choice: Option<u32>, text: Option<&str>) -> SlotTrace {
    SlotTrace {
        name: name.to_owned(),
        probabilities: probabilities.to_vec(),
        choice,
        text: text.map(str::to_owned),
    }
}

#[allow(clippy::too_many_lines, reason = "one row of every kind")]
fn windows() -> [WindowRows; 2] {
    let search = Move::Search("soup".into());
    let mut answered = turn(
        0,
        0,
        1,
        9 * HOUR + 20_000,
        vec![shown(2, 3, 18.25, 5), shown(0, 0, 1.0, 0)],
        Move::Chat { with: UserId(1), item: Some(ItemId(2)), text: "try this".into() },
    );
    answered.request = Some(RequestText::Search("soup".into()));
    answered.reply = Some("Two soups for you.".into());
    let first = WindowRows {
        turns: vec![
            turn(0, 0, 0, 9 * HOUR, vec![shown(0, 1, 3.5, 0), shown(1, 0, 0.0, 0)], search),
            answered,
            turn(0, 0, 2, 9 * HOUR + 45_000, vec![shown(1, 0, 0.75, 0)], Move::Leave),
            turn(1, 0, 0, 9 * HOUR + 5_000, Vec::new(), Move::NextPage),
        ],
        sessions: vec![
            session(0, 0, 9 * HOUR, 9 * HOUR + 47_000, 3, Some(DAY)),
            session(1, 0, 9 * HOUR + 5_000, 9 * HOUR + 6_000, 1, None),
        ],
        messages: vec![Message {
            arm: ArmId(1),
            from: Sender::User(UserId(0)),
            to: UserId(1),
            sent: SimTime(9 * HOUR + 40_000),
            delivered: SimTime(10 * HOUR),
            chat: Some(ChatTurn::opening(UserId(0), 0, 2)),
            item: Some(ItemId(2)),
            positive: true,
            text: "try this".into(),
        }],
        interventions: vec![InterventionRecord {
            time: SimTime(9 * HOUR),
            kind: "outage".into(),
            effect: "arm random answers nobody until day 0 10:00:00".into(),
        }],
        llm_calls: vec![LlmCall {
            arm: ArmId(1),
            user: UserId(1),
            session: 0,
            turn: 0,
            time: SimTime(9 * HOUR + 5_000),
            trace: ProgramTrace {
                program: "page".into(),
                prompt_hash: "0123456789abcdef0123456789abcdef".into(),
                prompt_tokens: 321,
                generated_tokens: 5,
                slots: vec![
                    slot("think", &[], None, Some("soup again")),
                    slot("mood", &[0.25, 0.75], Some(1), None),
                ],
            },
        }],
        memories: vec![MemoryRecord {
            arm: ArmId(1),
            user: UserId(1),
            memory: Memory {
                id: 2,
                kind: MemoryKind::Insight,
                text: "I like soup".into(),
                importance: 0.75,
                created: SimTime(9 * HOUR + 5_000),
                sources: vec![0, 1],
                item: Some(ItemId(2)),
            },
        }],
        ..WindowRows::default()
    };
    let second = WindowRows {
        turns: vec![turn(
            0,
            1,
            0,
            DAY + 9 * HOUR,
            vec![shown(3, 4, 40.0, 0)],
            Move::Post { item: Some(ItemId(3)), text: String::new() },
        )],
        messages: vec![Message {
            arm: ArmId(1),
            from: Sender::Creator(CreatorId(0)),
            to: UserId(1),
            sent: SimTime(DAY),
            delivered: SimTime(DAY + HOUR),
            chat: None,
            item: Some(ItemId(3)),
            positive: true,
            text: String::new(),
        }],
        items: vec![Item {
            key: "v4".into(),
            title: "Dance with me".into(),
            categories: vec![CategoryId(2)],
            creator: Some(CreatorId(0)),
            published: SimTime(DAY),
            quality: 1.0,
            ..Item::default()
        }],
        new_categories: vec!["dance".into()],
        ..WindowRows::default()
    };
    [first, second]
}
