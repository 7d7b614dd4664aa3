//! What a user does after a slate.

use habitue_core::scenario::choice::SocialConfig;
use habitue_core::{ItemId, Move, UserId};

use super::draws::MoveDraws;

/// The moves open to a user, with their probabilities.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moves<'a> {
    leave: f64,
    /// Probability of an instruction, which goes before talk with friends.
    instruct: f64,
    post: f64,
    chat: f64,
    friends: &'a [UserId],
    item: Option<ItemId>,
}

impl<'a> Moves<'a> {
    /// Moves of a user who leaves with probability `leave`, gives an instruction with probability `speak` if not, has
    /// these friends and liked this item best, if any.
    pub(super) fn new(
        config: &SocialConfig,
        leave: f64,
        speak: f64,
        friends: &'a [UserId],
        item: Option<ItemId>,
    ) -> Self {
        let instruct = (1.0 - leave) * speak;
        let tells = if friends.is_empty() || item.is_none() { 0.0 } else { 1.0 - leave - instruct };
        Self { leave, instruct, post: tells * config.post, chat: tells * config.chat, friends, item }
    }

    /// The move that these numbers decide, for a user who gives no instruction.
    pub(super) fn draw(&self, draws: &MoveDraws) -> Move {
        if draws.leave < self.leave {
            return Move::Leave;
        }
        let social = draws.social * (1.0 - self.leave - self.instruct);
        if social < self.post {
            return Move::Post { item: self.item, text: String::new() };
        }
        if social < self.post + self.chat {
            let friend = (draws.friend * self.friends.len() as f64) as usize;
            return Move::Chat { with: self.friends[friend], item: self.item, text: String::new() };
        }
        Move::NextPage
    }

    /// Probability of every move, in the order of [`Move::NAMES`].
    pub(super) fn probabilities(&self) -> Vec<f32> {
        let next = 1.0 - self.leave - self.instruct - self.post - self.chat;
        [next, 0.0, self.instruct, 0.0, self.post, self.chat, self.leave].map(|chance| chance as f32).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRIENDS: [UserId; 2] = [UserId(4), UserId(9)];

    #[test]
    fn moves_are_drawn_as_often_as_their_probabilities_say() {
        let config = SocialConfig { post: 0.2, chat: 0.1 };
        let moves = Moves::new(&config, 0.25, 0.0, &FRIENDS, Some(ItemId(3)));
        let mut counts = [0.0; 7];
        for leave in 0..100 {
            for social in 0..100 {
                let at = |n| (f64::from(n) + 0.5) / 100.0;
                let draws = MoveDraws { leave: at(leave), social: at(social), friend: 0.9 };
                let made = moves.draw(&draws);
                if let Move::Chat { with, .. } = &made {
                    assert_eq!(*with, UserId(9));
                }
                counts[usize::from(made.code())] += 1e-4;
            }
        }
        for (count, chance) in counts.iter().zip(moves.probabilities()) {
            assert!((count - f64::from(chance)).abs() < 0.011, "{counts:?}");
        }
    }

    #[test]
    fn who_has_no_friends_or_liked_nothing_tells_nothing() {
        let config = SocialConfig { post: 1.0, chat: 0.0 };
        for moves in [
            Moves::new(&config, 0.0, 0.0, &[], Some(ItemId(3))),
            Moves::new(&config, 0.0, 0.0, &FRIENDS, None),
        ] {
            assert_eq!(moves.draw(&MoveDraws { leave: 0.5, social: 0.0, friend: 0.5 }), Move::NextPage);
        }
    }
}
