//! One-to-one chats: what is heard is answered on the next visit, or not.

use habitue_core::{ChatTurn, Memory, Mind, Move, SimTime, Talk, UserId};

use super::memory::Memories;
use super::page::Answered;
use super::view::one_line;

/// Chats that a user keeps in mind, the latest.
const TALKS: usize = 8;

/// Takes in a message of a chat. It is answered on the next visit if it is among the first `turns` of its chat.
pub(super) fn hear(
    mind: &mut Mind,
    from: UserId,
    chat: ChatTurn,
    words: &str,
    heard: Option<u32>,
    turns: u32,
) {
    let talk = talk(mind, from, chat);
    talk.said.push((false, one_line(words)));
    (talk.chat, talk.heard, talk.open) = (chat, heard, chat.number < turns);
}

/// Keeps in mind what the user's move says to a friend.
pub(super) fn open(mind: &mut Mind, chat: ChatTurn, next: &Move) {
    if let Move::Chat { with, text, .. } = next {
        talk(mind, *with, chat).said.push((true, text.clone()));
    }
}

/// Closes all that was open: what was answered goes on, what was not is left. Gives the memories of it.
pub(super) fn answered(
    mind: &mut Mind,
    memories: &Memories,
    replies: &[Answered],
    now: SimTime,
) -> Vec<Memory> {
    let mut made = Vec::new();
    for talk in &mut mind.talks {
        talk.open = false;
    }
    for Answered { reply, heard } in replies {
        let talk = talk(mind, reply.to, reply.chat);
        talk.said.push((true, reply.text.clone()));
        talk.chat = reply.chat;
        let text = format!("Answered a friend: {}", reply.text);
        made.extend(memories.said(&mut mind.memory, text, *heard, now));
    }
    made
}

/// The chat, which is the latest now.
fn talk(mind: &mut Mind, with: UserId, chat: ChatTurn) -> &mut Talk {
    let known = mind.talks.iter().position(|talk| talk.chat.is_same_chat(&chat));
    let talk = match known {
        Some(at) => mind.talks.remove(at),
        None => Talk { with, chat, said: Vec::new(), open: false, heard: None },
    };
    let over = (mind.talks.len() + 1).saturating_sub(TALKS);
    mind.talks.drain(..over);
    mind.talks.push(talk);
    let last = mind.talks.len() - 1;
    &mut mind.talks[last]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_goes_back_and_forth_and_ends() {
        let mut mind = Mind::default();
        let chat = ChatTurn::opening(UserId(1), 0, 3);
        let said = Move::Chat { with: UserId(2), item: None, text: "soup?".to_owned() };
        open(&mut mind, chat, &said);
        open(&mut mind, chat, &Move::NextPage);
        assert!(!mind.talks[0].open);
        hear(&mut mind, UserId(2), chat.answer(), "no,\nbread", Some(4), 2);
        let talk = &mind.talks[0];
        assert_eq!(talk.said, [(true, "soup?".to_owned()), (false, "no, bread".to_owned())]);
        assert_eq!((talk.open, talk.heard, talk.chat.number), (true, Some(4), 1));
        hear(&mut mind, UserId(2), chat.answer().answer(), "bye", None, 2);
        assert!(!mind.talks[0].open, "the chat has had its turns");
        for user in 10..20 {
            hear(&mut mind, UserId(user), ChatTurn::opening(UserId(user), 0, 0), "hi", None, 0);
        }
        assert_eq!((mind.talks.len(), mind.talks[0].with, mind.talks[7].with), (8, UserId(12), UserId(19)));
        assert!(mind.talks.iter().all(|talk| !talk.open), "0 turns: no answers");
    }
}
