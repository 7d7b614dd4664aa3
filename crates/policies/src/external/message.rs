//! What a policy is told and asked.

use habitue_core::{
    Catalogue, CategoryId, Item, ItemId, Move, PastInteraction, Purpose, Request, RequestText, Streams, Turn,
    UserId, World, turn_counter,
};
use rand::Rng;
use serde::Serialize;

use super::PROTOCOL;
use crate::zoo::Setting;

/// A message, without its id. Times are milliseconds of simulated time.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Message<'a> {
    Hello {
        protocol: u64,
        policy: &'a str,
        slate_size: usize,
        seed: u64,
        actions: &'a [String],
        engaged: &'a str,
        time: i64,
        items: Vec<ItemRecord<'a>>,
        available: Vec<&'a str>,
    },
    History {
        users: Vec<UserHistory<'a>>,
    },
    World {
        time: i64,
        items: Vec<ItemRecord<'a>>,
        appeared: Vec<&'a str>,
        gone: Vec<&'a str>,
    },
    Recommend {
        requests: Vec<RequestRecord<'a>>,
    },
    Observe {
        turns: Vec<TurnRecord<'a>>,
    },
    EndWindow {
        time: i64,
    },
    Snapshot,
    Restore {
        state: &'a serde_json::Value,
    },
}

/// An item as a policy sees it: without the quality, which no recommender knows.
#[derive(Serialize)]
pub(super) struct ItemRecord<'a> {
    id: &'a str,
    title: &'a str,
    text: &'a str,
    categories: Vec<&'a str>,
    tags: &'a [String],
    creator: Option<&'a str>,
    published: i64,
    duration_seconds: f32,
    price: Option<f32>,
    embedding: &'a [f32],
}

#[derive(Serialize)]
pub(super) struct UserHistory<'a> {
    user: u32,
    interactions: Vec<Interaction<'a>>,
}

#[derive(Serialize)]
struct Interaction<'a> {
    item: &'a str,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<f32>,
}

#[derive(Serialize)]
pub(super) struct RequestRecord<'a> {
    user: u32,
    session: u32,
    turn: u32,
    time: i64,
    size: usize,
    history: Vec<Interaction<'a>>,
    shown: Vec<&'a str>,
    text: Option<TextRecord<'a>>,
    seed: u64,
}

#[derive(Serialize)]
pub(super) struct TextRecord<'a> {
    kind: &'static str,
    words: &'a str,
}

#[derive(Serialize)]
pub(super) struct TurnRecord<'a> {
    user: u32,
    session: u32,
    turn: u32,
    time: i64,
    impressions: Vec<ImpressionRecord<'a>>,
    #[serde(rename = "move")]
    next: &'static str,
    text: Option<TextRecord<'a>>,
    reward: f32,
}

#[derive(Serialize)]
struct ImpressionRecord<'a> {
    item: &'a str,
    propensity: f32,
    action: &'a str,
    dwell_seconds: f32,
    rating: Option<u8>,
}

/// Numbers that every JSON reader takes exactly.
const EXACT_BITS: u32 = 53;

impl<'a> Message<'a> {
    /// The type, as it stands in the message.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::History { .. } => "history",
            Self::World { .. } => "world",
            Self::Recommend { .. } => "recommend",
            Self::Observe { .. } => "observe",
            Self::EndWindow { .. } => "end_window",
            Self::Snapshot => "snapshot",
            Self::Restore { .. } => "restore",
        }
    }

    pub(super) fn hello(setting: &'a Setting<'_>) -> Self {
        let world = &setting.world;
        let engaged = world.scale.actions().find(|action| world.scale.is_engaged(*action));
        let mut stream = setting.streams.stream(Purpose::Training, 0, 0);
        Self::Hello {
            protocol: PROTOCOL,
            policy: setting.name,
            slate_size: setting.slate_size,
            seed: stream.next_u64() >> (64 - EXACT_BITS),
            actions: world.scale.names(),
            engaged: engaged.map_or("", |action| world.scale.name(action)),
            time: world.now.0,
            items: items(world.catalogue, 0),
            available: keys(world.catalogue, world.available.iter().copied()),
        }
    }

    pub(super) fn history(catalogue: &'a Catalogue, users: &[(UserId, &[PastInteraction])]) -> Self {
        let of_user = |(user, past): &(UserId, &[PastInteraction])| UserHistory {
            user: user.0,
            interactions: past
                .iter()
                .map(|past| Interaction {
                    item: &catalogue.item(past.item).key,
                    time: past.time.0,
                    action: None,
                    rating: past.rating,
                })
                .collect(),
        };
        Self::History { users: users.iter().map(of_user).collect() }
    }

    /// What changed since the policy knew `known` items of the catalogue.
    pub(super) fn world(world: &World<'a>, known: usize, appeared: &[ItemId], gone: &[ItemId]) -> Self {
        Self::World {
            time: world.now.0,
            items: items(world.catalogue, known),
            appeared: keys(world.catalogue, appeared.iter().copied()),
            gone: keys(world.catalogue, gone.iter().copied()),
        }
    }

    pub(super) fn recommend(world: &World<'a>, requests: &[Request<'a>], streams: Streams) -> Self {
        let record = |request: &Request<'a>| {
            let counter = turn_counter(request.session, request.turn);
            let mut stream = streams.stream(Purpose::Exploration, u64::from(request.user.0), counter);
            RequestRecord {
                user: request.user.0,
                session: request.session,
                turn: request.turn,
                time: request.time.0,
                size: request.size,
                history: request
                    .history
                    .iter()
                    .map(|entry| Interaction {
                        item: &world.catalogue.item(entry.item).key,
                        time: entry.time.0,
                        action: Some(world.scale.name(entry.action)),
                        rating: (entry.rating > 0).then_some(f32::from(entry.rating)),
                    })
                    .collect(),
                shown: keys(world.catalogue, request.shown.iter().copied()),
                text: request.text.map(text_record),
                seed: stream.next_u64() >> (64 - EXACT_BITS),
            }
        };
        Self::Recommend { requests: requests.iter().map(record).collect() }
    }

    pub(super) fn observe(world: &World<'a>, turns: &'a [Turn]) -> Self {
        let record = |turn: &'a Turn| TurnRecord {
            user: turn.user.0,
            session: turn.session,
            turn: turn.turn,
            time: turn.time.0,
            impressions: turn
                .impressions
                .iter()
                .map(|shown| ImpressionRecord {
                    item: &world.catalogue.item(shown.item).key,
                    propensity: shown.propensity,
                    action: world.scale.name(shown.action),
                    dwell_seconds: shown.dwell_seconds,
                    rating: (shown.rating > 0).then_some(shown.rating),
                })
                .collect(),
            next: Move::NAMES[turn.next.code() as usize],
            text: turn.request.as_ref().map(text_record),
            reward: turn.reward,
        };
        Self::Observe { turns: turns.iter().map(record).collect() }
    }
}

fn text_record(text: &RequestText) -> TextRecord<'_> {
    let kind = match text {
        RequestText::Search(_) => "search",
        RequestText::Instruct(_) => "instruct",
        RequestText::Answer(_) => "answer",
    };
    TextRecord { kind, words: text.text() }
}

fn keys(catalogue: &Catalogue, items: impl Iterator<Item = ItemId>) -> Vec<&str> {
    items.map(|item| catalogue.item(item).key.as_str()).collect()
}

fn items(catalogue: &Catalogue, from: usize) -> Vec<ItemRecord<'_>> {
    catalogue.items()[from.min(catalogue.len())..].iter().map(|item| item_record(catalogue, item)).collect()
}

fn item_record<'a>(catalogue: &'a Catalogue, item: &'a Item) -> ItemRecord<'a> {
    let category = |category: &CategoryId| catalogue.categories()[category.index()].as_str();
    ItemRecord {
        id: &item.key,
        title: &item.title,
        text: &item.text,
        categories: item.categories.iter().map(category).collect(),
        tags: &item.tags,
        creator: item.creator.map(|creator| catalogue.creators()[creator.index()].as_str()),
        published: item.published.0,
        duration_seconds: item.duration_seconds,
        price: item.price,
        embedding: &item.embedding,
    }
}
