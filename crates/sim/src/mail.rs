//! What users and creators tell others, from writing to delivery.

use habitue_core::{
    ArmId, ChatReply, ChatTurn, CreatorId, ItemId, Message, Move, Sender, SimTime, SocialGraph, Turn, UserId,
    World,
};
use serde::{Deserialize, Serialize};

use crate::chunk::Scene;
use crate::error::SimError;
use crate::parts::Parts;
use crate::resident::Resident;

/// Something a user wrote, until it becomes messages when the window ends in which it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Letter {
    from: UserId,
    /// One friend; `None` is all friends.
    to: Option<UserId>,
    /// When the turn ended that it was written in; may lie in a later window than the turn's start.
    pub(crate) sent: SimTime,
    /// Where it stands in a chat; `None` for posts.
    chat: Option<ChatTurn>,
    item: Option<ItemId>,
    positive: bool,
    text: String,
}

impl Letter {
    /// What the user wrote at the end of a turn, if anything. The writer speaks well of an item unless the feedback
    /// given on it in the same turn was negative or a rating of 1 or 2.
    pub(crate) fn of(scene: &Scene<'_>, turn: &Turn) -> Result<Option<Self>, SimError> {
        let from = turn.user;
        let (to, item, text) = match &turn.next {
            Move::Post { item, text } => (None, *item, text),
            Move::Chat { with, item, text } => (Some(*with), *item, text),
            _ => return Ok(None),
        };
        let impossible = |message| Err(SimError::Letter { user: scene.key(from), message });
        if let Some(friend) = to.filter(|friend| scene.graph.friends(from).binary_search(friend).is_err()) {
            return impossible(format!(
                "writes to user {friend}, expected the id of one of the user's friends"
            ));
        }
        if let Some(item) = item.filter(|item| item.index() >= scene.world.catalogue.len()) {
            return impossible(format!("writes about item {item}, expected an item of the catalogue"));
        }
        let about = turn.impressions.iter().find(|impression| Some(impression.item) == item);
        let against = about.is_some_and(|impression| {
            scene.rules.scale.is_negative(impression.action) || (1..=2).contains(&impression.rating)
        });
        let chat = to.map(|_| ChatTurn::opening(from, turn.session, turn.turn));
        let sent = turn.time + turn.elapsed;
        Ok(Some(Self { from, to, sent, chat, item, positive: !against, text: text.clone() }))
    }

    /// What the user answered in a chat during a turn.
    pub(crate) fn reply(scene: &Scene<'_>, turn: &Turn, reply: &ChatReply) -> Result<Self, SimError> {
        let ChatReply { to, chat, text } = reply;
        if to.index() >= scene.personas.len() || *to == turn.user {
            let message = format!("answers user {to}, expected another user of the run");
            return Err(SimError::Letter { user: scene.key(turn.user), message });
        }
        let sent = turn.time + turn.elapsed;
        let (from, to, chat, text) = (turn.user, Some(*to), Some(*chat), text.clone());
        Ok(Self { from, to, sent, chat, item: None, positive: true, text })
    }

    /// One message for everybody who hears it.
    fn messages(self, graph: &SocialGraph, arm_of: impl Fn(UserId) -> ArmId, out: &mut Vec<Message>) {
        let hear = match &self.to {
            None => graph.friends(self.from),
            Some(friend) => std::slice::from_ref(friend),
        };
        out.extend(hear.iter().map(|to| Message {
            arm: arm_of(*to),
            from: Sender::User(self.from),
            to: *to,
            sent: self.sent,
            delivered: self.sent,
            chat: self.chat,
            item: self.item,
            positive: self.positive,
            text: self.text.clone(),
        }));
    }
}

/// Takes the letters sent before this moment out of the outbox, as messages.
pub(crate) fn collect(
    outbox: &mut Vec<Letter>,
    before: SimTime,
    graph: &SocialGraph,
    arm_of: impl Fn(UserId) -> ArmId,
) -> Vec<Message> {
    let mut messages = Vec::new();
    // What stays behind is in an order that does not depend on how users were cut into chunks.
    outbox.sort_by_key(|letter| (letter.sent, letter.from));
    let later = outbox.split_off(outbox.partition_point(|letter| letter.sent < before));
    for letter in std::mem::replace(outbox, later) {
        letter.messages(graph, &arm_of, &mut messages);
    }
    messages
}

/// A creator tells all followers of a new item. Followers are users who answered an item of the creator with `follow`.
pub(crate) fn announce(
    creator: CreatorId,
    item: ItemId,
    text: &str,
    sent: SimTime,
    residents: &[Resident],
    arm_of: impl Fn(UserId) -> ArmId,
) -> Vec<Message> {
    let followers = (0..).map(UserId).zip(residents);
    followers
        .filter(|(_, resident)| resident.follows.binary_search(&creator).is_ok())
        .map(|(to, _)| Message {
            arm: arm_of(to),
            from: Sender::Creator(creator),
            to,
            sent,
            delivered: sent,
            chat: None,
            item: Some(item),
            positive: true,
            text: text.to_owned(),
        })
        .collect()
}

/// Delivers a society's messages, by (arm, recipient, sender, time).
pub(crate) fn deliver(
    messages: &mut [Message],
    world: &World<'_>,
    parts: &Parts,
    residents: &mut [Resident],
) {
    messages.sort_by_key(|message| (message.arm, message.to, message.from, message.sent));
    for message in messages {
        let persona = &parts.personas[message.to.index()];
        let state = &mut residents[message.to.index()].state;
        parts.model_of(message.to).hear(world, persona, state, message);
    }
}
