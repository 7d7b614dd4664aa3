//! `habitue run --play`: a person at the terminal.

use std::io::{self, BufRead, Write};

use habitue_core::{Action, ActionScale, Encounter, Message, Move, Sender, UserId, World};
use habitue_run::{Player, Reaction};

use crate::terminal::Terminal;

/// Somebody who reads on standard error and types on standard input.
pub(super) struct Typist {
    terminal: Terminal,
    /// What others said since the last slate.
    heard: Vec<String>,
    /// Whether what can be typed has been explained.
    told: bool,
}

impl Typist {
    pub(super) fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), heard: Vec::new(), told: false }
    }

    /// A line, without space around it; `None` at the end of the input.
    fn ask(&mut self, prompt: &str) -> Option<String> {
        // Where standard error is closed, nobody reads the prompt.
        let _ = self.terminal.write_all(prompt.as_bytes()).and_then(|()| self.terminal.flush());
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    fn explain(&mut self, scale: &ActionScale) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let names: Vec<String> =
            scale.names().iter().zip(1..).map(|(name, number)| format!("{number} {name}")).collect();
        self.terminal.say(&format!(
            "For each item type the number or the first letters of what you do: {}.\nAn empty line skips the rest. Then \
             type what you do next, or nothing for the next page.\nThe end of the input (Ctrl-D) is the end for good.",
            names.join(", ")
        ));
    }

    fn actions(&mut self, world: &World<'_>, encounter: &Encounter<'_>) -> Option<(Vec<Action>, Vec<u8>)> {
        let (mut actions, mut ratings) = (Vec::new(), Vec::new());
        'items: for (shown, number) in encounter.slate.items.iter().zip(1..) {
            let prompt = format!("{number}. {}: ", title(world, shown.item));
            let action = loop {
                let line = self.ask(&prompt)?;
                if line.is_empty() {
                    break 'items;
                }
                match action(world.scale, &line) {
                    Ok(action) => break action,
                    Err(expected) => self.terminal.say(&expected),
                }
            };
            actions.push(action);
            ratings.push(if encounter.rate && world.scale.is_engaged(action) { self.rating()? } else { 0 });
        }
        Some((actions, ratings))
    }

    /// 0 for an empty line.
    fn rating(&mut self) -> Option<u8> {
        loop {
            let line = self.ask("   stars, 1 to 5: ")?;
            match line.parse() {
                _ if line.is_empty() => return Some(0),
                Ok(stars @ 1..=5) => return Some(stars),
                _ => self.terminal.say(&format!("\"{line}\": expected a number from 1 to 5, or nothing")),
            }
        }
    }

    fn next(&mut self, encounter: &Encounter<'_>) -> Option<Move> {
        let open = moves(encounter);
        let prompt = format!("then ({}): ", open.join(", "));
        loop {
            let line = self.ask(&prompt)?;
            match next(&line, &open, encounter.friends) {
                Ok(next) => return Some(next),
                Err(expected) => self.terminal.say(&expected),
            }
        }
    }
}

impl Player for Typist {
    fn hear(&mut self, world: &World<'_>, message: &Message) {
        let who = match message.from {
            Sender::User(user) => format!("user {user}"),
            Sender::Creator(creator) => {
                world.catalogue.creators().get(creator.index()).cloned().unwrap_or_default()
            }
        };
        let about = match (message.item, message.positive) {
            (Some(item), true) => format!(" recommends {}", title(world, item)),
            (Some(item), false) => format!(" warns of {}", title(world, item)),
            (None, _) => " writes".to_owned(),
        };
        let words = if message.text.is_empty() { String::new() } else { format!(": {}", message.text) };
        self.heard.push(format!("{who}{about}{words}"));
    }

    fn react(&mut self, world: &World<'_>, encounter: &Encounter<'_>) -> Option<Reaction> {
        self.explain(world.scale);
        let key = &encounter.persona.key;
        self.terminal.say(&format!("\n{}, page {}, you are {key}", encounter.time, encounter.turn + 1));
        for line in std::mem::take(&mut self.heard) {
            self.terminal.say(&format!("  {line}"));
        }
        if let Some(reply) = &encounter.slate.reply {
            self.terminal.say(&format!("  the recommender says: {reply}"));
        }
        if encounter.slate.items.is_empty() {
            self.terminal.say("  nothing is shown: the recommender is out of service");
        }
        let (actions, ratings) = self.actions(world, encounter)?;
        let next = self.next(encounter)?;
        Some(Reaction { actions, ratings, next })
    }
}

fn title(world: &World<'_>, item: habitue_core::ItemId) -> String {
    let item = world.catalogue.item(item);
    let names = world.catalogue.categories();
    let categories: Vec<&str> =
        item.categories.iter().filter_map(|id| names.get(id.index())).map(String::as_str).collect();
    let title = if item.title.is_empty() { &item.key } else { &item.title };
    format!("{title} [{}]", categories.join(", "))
}

/// What can be typed after a slate.
fn moves(encounter: &Encounter<'_>) -> Vec<&'static str> {
    let mut open = vec!["next", "search WORDS", "instruct WORDS"];
    if encounter.slate.reply.is_some() {
        open.push("answer WORDS");
    }
    if !encounter.friends.is_empty() {
        open.extend(["post WORDS", "chat USER WORDS"]);
    }
    open.push("leave");
    open
}

/// The one name that begins with what was typed, or is it.
fn find<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Option<usize> {
    let typed = typed.to_lowercase();
    let mut found = None;
    for (at, name) in names.enumerate() {
        let name = name.to_lowercase();
        if name == typed {
            return Some(at);
        }
        if name.starts_with(&typed) && found.replace(at).is_some() {
            return None;
        }
    }
    found
}

/// An action by its number from 1 or its first letters.
fn action(scale: &ActionScale, typed: &str) -> Result<Action, String> {
    let names = scale.names();
    let number = typed.parse().ok().filter(|number| (1..=names.len()).contains(number));
    let at = number.map(|number| number - 1).or_else(|| find(typed, names.iter().map(String::as_str)));
    at.map(|at| Action(at as u8)).ok_or_else(|| {
        format!(
            "\"{typed}\": expected 1 to {}, or the first letters of one of {}",
            names.len(),
            names.join(", ")
        )
    })
}

/// A move: its first letters, then its words.
fn next(typed: &str, open: &[&str], friends: &[UserId]) -> Result<Move, String> {
    if typed.is_empty() {
        return Ok(Move::NextPage);
    }
    let (word, words) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let (words, first) = (words.trim(), |name: &str| name.split(' ').next().map_or(0, str::len));
    let names = || open.iter().map(|name| &name[..first(name)]);
    let expected = || format!("\"{typed}\": expected one of {}", open.join(", "));
    let name = find(word, names()).and_then(|at| names().nth(at)).ok_or_else(expected)?;
    if matches!(name, "search" | "instruct" | "answer") && words.is_empty() {
        return Err(format!("\"{typed}\": expected words after \"{name}\""));
    }
    let text = words.to_owned();
    Ok(match name {
        "next" => Move::NextPage,
        "search" => Move::Search(text),
        "instruct" => Move::Instruct(text),
        "answer" => Move::Answer(text),
        "post" => Move::Post { item: None, text },
        "chat" => {
            let (user, text) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
            let with = user.parse().ok().map(UserId).filter(|user| friends.contains(user));
            let numbers: Vec<String> = friends.iter().map(ToString::to_string).collect();
            let with = with.ok_or_else(|| {
                format!("\"{user}\": expected the number of a friend: {}", numbers.join(", "))
            })?;
            Move::Chat { with, item: None, text: text.trim().to_owned() }
        }
        _ => Move::Leave,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_first_letters_are_understood() {
        let scale =
            ActionScale::new(&["dislike", "skip", "view", "click", "like", "share"], "click").unwrap();
        let read = |typed| action(&scale, typed).map(|action| scale.name(action).to_owned());
        assert_eq!(read("1"), Ok("dislike".to_owned()));
        assert_eq!(read("6"), Ok("share".to_owned()));
        assert_eq!(read("Li"), Ok("like".to_owned()));
        assert_eq!(read("sk"), Ok("skip".to_owned()));
        let mistakes = ["7", "0", "s", "love"].map(|typed| read(typed).unwrap_err());
        insta::assert_snapshot!(mistakes.join("\n"));
    }

    #[test]
    fn moves_have_their_words() {
        let open = ["next", "search WORDS", "instruct WORDS", "post WORDS", "chat USER WORDS", "leave"];
        let read = |typed| next(typed, &open, &[UserId(3)]);
        assert_eq!(read(""), Ok(Move::NextPage));
        assert_eq!(read("l"), Ok(Move::Leave));
        assert_eq!(read("s  red soup"), Ok(Move::Search("red soup".to_owned())));
        let chat = Move::Chat { with: UserId(3), item: None, text: "hello you".to_owned() };
        assert_eq!(read("chat 3 hello you"), Ok(chat));
        let mistakes = ["search", "answer yes", "chat 4 hello", "x"].map(|typed| read(typed).unwrap_err());
        insta::assert_snapshot!(mistakes.join("\n"));
    }
}
