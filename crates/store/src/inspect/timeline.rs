//! A user's life as text.

use habitue_core::{
    ActionScale, ArmId, Catalogue, Impression, ItemId, Message, Mindset, Move, Sender, SessionRecord, Turn,
};

use crate::error::StoreError;
use crate::reader::RunReader;
use crate::table::users::UserRow;

/// The life of a user, by key or number: who it is, then session by session every slate with what the user did, and
/// the messages that came in. What no recommender could see stands in brackets.
///
/// # Errors
/// If there is no such user (with the nearest key), or the run is damaged.
pub fn timeline(run: &RunReader, user: &str) -> Result<String, StoreError> {
    let user = run.find_user(user)?;
    let life = Life {
        catalogue: &run.catalogue()?,
        scale: &run.scenario().slate.scale,
        arms: run.scenario().arms.iter().map(|arm| arm.name.as_str()).collect(),
        sessions: run.sessions_of(user.user).collect::<Result<_, _>>()?,
        turns: run.turns_of(user.user).collect::<Result<_, _>>()?,
        messages: run.messages_to(user.user).collect::<Result<_, _>>()?,
    };
    let mut text = portrait(run, &user);
    let mut arms: Vec<ArmId> = life.turns.iter().map(|turn| turn.arm).collect();
    arms.extend(life.sessions.iter().map(|session| session.arm));
    arms.sort_unstable();
    arms.dedup();
    if arms.is_empty() && life.messages.is_empty() {
        text.push_str("\nhas not visited yet\n");
    }
    for arm in &arms {
        life.in_arm(&mut text, *arm);
    }
    if !life.messages.is_empty() {
        text.push_str("\nmessages\n");
    }
    for message in &life.messages {
        life.message(&mut text, message);
    }
    Ok(text)
}

/// Adds formatted text.
macro_rules! put {
    ($text:expr, $($arg:tt)*) => { $text.push_str(&format!($($arg)*)) };
}

fn portrait(run: &RunReader, user: &UserRow) -> String {
    let persona = &user.persona;
    let mut text = format!("{} (user {}", persona.key, user.user);
    let population = run.scenario().populations.get(user.population.index());
    if let Some(population) = population {
        put!(text, ", population {}", population.name);
    }
    text.push_str(")\n");
    let age = persona.age.map(|age| format!("{age} years"));
    let facts =
        [Some(persona.name.clone()), age, Some(persona.gender.clone()), Some(persona.occupation.clone())];
    let facts: Vec<String> = facts.into_iter().flatten().filter(|fact| !fact.is_empty()).collect();
    if !facts.is_empty() {
        put!(text, "  {}\n", facts.join(", "));
    }
    if !persona.traits.is_empty() {
        put!(text, "  {}\n", persona.traits.join(", "));
    }
    let name = |id: habitue_core::CategoryId| run.categories().get(id.index()).map_or("?", String::as_str);
    let likes: Vec<String> =
        persona.interests.iter().map(|(id, weight)| format!("{} {weight:.2}", name(*id))).collect();
    put!(text, "  likes {}\n", likes.join(", "));
    if !persona.dislikes.is_empty() {
        let dislikes: Vec<&str> = persona.dislikes.iter().map(|id| name(*id)).collect();
        put!(text, "  dislikes {}\n", dislikes.join(", "));
    }
    if !persona.text.is_empty() {
        put!(text, "  {}\n", persona.text);
    }
    if !persona.history.is_empty() {
        put!(text, "  knows {} items from before the run\n", persona.history.len());
    }
    text
}

/// Everything about one user.
struct Life<'a> {
    catalogue: &'a Catalogue,
    scale: &'a ActionScale,
    arms: Vec<&'a str>,
    sessions: Vec<SessionRecord>,
    turns: Vec<Turn>,
    messages: Vec<Message>,
}

impl Life<'_> {
    fn in_arm(&self, text: &mut String, arm: ArmId) {
        put!(text, "\narm {}\n", self.arms.get(arm.index()).unwrap_or(&"?"));
        let mut numbers: Vec<u32> =
            self.turns.iter().filter(|turn| turn.arm == arm).map(|turn| turn.session).collect();
        let ended = self.sessions.iter().filter(|session| session.arm == arm);
        numbers.extend(ended.map(|session| session.session));
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let ended = self.sessions.iter().find(|session| session.arm == arm && session.session == number);
            let turns = self.turns.iter().filter(|turn| turn.arm == arm && turn.session == number);
            self.session(text, number, ended, turns);
        }
    }

    fn session<'t>(
        &self,
        text: &mut String,
        number: u32,
        ended: Option<&SessionRecord>,
        turns: impl Iterator<Item = &'t Turn>,
    ) {
        let mut turns = turns.peekable();
        let start = ended.map(|session| session.start).or_else(|| turns.peek().map(|turn| turn.time));
        if let Some(start) = start {
            put!(text, "\n{start}  session {number}\n");
        }
        for turn in turns {
            self.turn(text, turn);
        }
        let Some(session) = ended else {
            text.push_str("  the session is still open\n");
            return;
        };
        let reason = habitue_core::EndReason::NAMES[session.reason as usize];
        let reward = session.turn_reward + session.return_reward;
        let turns = if session.turns == 1 { "turn" } else { "turns" };
        put!(text, "  {}  over after {} {turns} ({reason}), reward {reward:.2}", session.end, session.turns);
        match session.gap {
            Some(gap) => put!(text, ", back after {gap}\n"),
            None if session.churned => text.push_str(", never to return\n"),
            None => text.push_str(", return not observed\n"),
        }
        put!(text, "    {}\n", mindset(self.catalogue, &session.after));
    }

    fn turn(&self, text: &mut String, turn: &Turn) {
        put!(text, "  {}  turn {}", turn.time, turn.turn);
        if let Some(request) = &turn.request {
            put!(text, ", asked \"{}\"", request.text());
        }
        put!(text, ", reward {:.2}\n    {}\n", turn.reward, mindset(self.catalogue, &turn.before));
        if let Some(reply) = &turn.reply {
            put!(text, "    recommender: {reply}\n");
        }
        if turn.impressions.is_empty() {
            text.push_str("    no slate: the recommender is out of service\n");
        }
        for (position, impression) in turn.impressions.iter().enumerate() {
            self.impression(text, position + 1, impression);
        }
        let did = match &turn.next {
            Move::NextPage => return,
            Move::Search(_) => "searches".to_owned(),
            Move::Instruct(_) => "instructs".to_owned(),
            Move::Answer(_) => "answers".to_owned(),
            Move::Post { item, .. } => format!("posts{}", self.about(*item)),
            Move::Chat { with, item, .. } => format!("writes to user {with}{}", self.about(*item)),
            Move::Leave => "leaves".to_owned(),
        };
        put!(
            text,
            "    {did}{}\n",
            turn.next.text().map_or_else(String::new, |words| format!(": \"{words}\""))
        );
    }

    fn impression(&self, text: &mut String, position: usize, impression: &Impression) {
        let action = self.scale.name(impression.action);
        let title = self.title(impression.item);
        put!(text, "    {position:>2}. {action:<8} {title} (p {:.4}", impression.propensity);
        if impression.dwell_seconds > 0.0 {
            put!(text, ", {:.1} s", impression.dwell_seconds);
        }
        if impression.rating > 0 {
            put!(text, ", rated {}", impression.rating);
        }
        text.push_str(if impression.examined { ")\n" } else { ") [not looked at]\n" });
    }

    fn message(&self, text: &mut String, message: &Message) {
        let from = match message.from {
            Sender::User(user) => format!("user {user}"),
            Sender::Creator(creator) => {
                self.catalogue.creators().get(creator.index()).cloned().unwrap_or_default()
            }
        };
        let tone = if message.positive { "well" } else { "ill" };
        put!(text, "  {}  {from} speaks {tone}{}", message.delivered, self.about(message.item));
        if self.turns.iter().any(|turn| turn.arm != message.arm) {
            put!(text, " in arm {}", self.arms.get(message.arm.index()).unwrap_or(&"?"));
        }
        if !message.text.is_empty() {
            put!(text, ": \"{}\"", message.text);
        }
        text.push('\n');
    }

    fn about(&self, item: Option<ItemId>) -> String {
        item.map_or_else(String::new, |item| format!(" of {}", self.title(item)))
    }

    fn title(&self, item: ItemId) -> String {
        let Some(found) = self.catalogue.items().get(item.index()) else {
            return format!("item {item}");
        };
        let category = found.categories.first().and_then(|id| self.catalogue.categories().get(id.index()));
        format!("\"{}\" [{}]", found.title, category.map_or("", String::as_str))
    }
}

fn mindset(catalogue: &Catalogue, mindset: &Mindset) -> String {
    let numbers = Mindset::NAMES.iter().zip(mindset.values());
    let mut parts: Vec<String> = numbers.map(|(name, value)| format!("{name} {value:.2}")).collect();
    let need = mindset.need.and_then(|need| catalogue.categories().get(need.index()));
    parts.extend(need.map(|need| format!("needs {need}")));
    format!("[{}]", parts.join(", "))
}
