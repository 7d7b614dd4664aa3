//! One environment of a batch.

use habitue_core::{
    EndReason, ItemId, Purpose, SessionRecord, SimDuration, SimTime, Slate, Streams, Turn, UserId,
};
use habitue_sim::{Life, Lives};
use rand::{Rng, RngExt};

use crate::error::EnvError;
use crate::options::{Kind, LifeReward};

/// Attempts at drawing a user who comes within the horizon.
const ATTEMPTS: u64 = 1_000;

/// Where an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Never reset.
    Fresh,
    /// Waits for a slate.
    Open,
    /// Its episode is over.
    Over,
}

/// The moment an observation speaks of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    pub(crate) session: u32,
    pub(crate) turn: u32,
    pub(crate) time: SimTime,
    /// Between the last session and this one's arrival.
    pub(crate) away: Option<SimDuration>,
}

/// What came of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) reward: f64,
    pub(crate) terminated: bool,
    pub(crate) truncated: bool,
}

/// One environment of a batch: a life, and where it is.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) phase: Phase,
    seed: u64,
    episode: u64,
    pub(crate) life: Option<Life>,
    pub(crate) moment: Moment,
    /// The slate of the action that is being played.
    pub(crate) slate: Vec<ItemId>,
}

/// What every lane plays by.
#[derive(Clone, Copy)]
pub(crate) struct Game<'a> {
    pub(crate) lives: &'a Lives,
    pub(crate) kind: Kind,
    pub(crate) reward: LifeReward,
}

impl Lane {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            phase: Phase::Fresh,
            seed,
            episode: 0,
            life: None,
            moment: Moment::default(),
            slate: Vec::new(),
        }
    }

    /// Begins an episode: the first one with this seed, or the next one. `user` is who is played instead of one who is
    /// drawn.
    pub(crate) fn reset(
        &mut self,
        game: Game<'_>,
        seed: Option<u64>,
        user: Option<UserId>,
    ) -> Result<(), EnvError> {
        let before = (self.seed, self.episode);
        match seed {
            Some(seed) => (self.seed, self.episode) = (seed, 0),
            None if self.phase == Phase::Fresh => {}
            None => self.episode += 1,
        }
        let drawn = self.draw(game.lives, user);
        if !matches!(drawn, Ok((_, Some(_)))) {
            (self.seed, self.episode) = before;
        }
        let (run, life) = drawn?;
        let Some(mut life) = life else {
            let user =
                user.map_or_else(|| "any".to_owned(), |user| game.lives.personas()[user.index()].key.clone());
            return Err(EnvError::NoVisit { user, seed: run });
        };
        game.lives.arrive(&mut life);
        self.moment = moment(game.lives, &life, None);
        self.life = Some(life);
        self.phase = Phase::Open;
        Ok(())
    }

    /// The seed of the episode's run and its life; no life if nobody comes within the horizon.
    fn draw(&self, lives: &Lives, user: Option<UserId>) -> Result<(u64, Option<Life>), EnvError> {
        let users = lives.personas().len() as u32;
        let streams = Streams::new(self.seed);
        let mut run = self.seed;
        for attempt in 0..ATTEMPTS {
            let mut stream = streams.stream(Purpose::Episode, attempt, self.episode);
            let other = stream.next_u64();
            if attempt == 0 && self.episode > 0 {
                run = other;
            }
            let drawn = UserId(stream.random_range(0..users));
            let life = lives.begin(run, user.unwrap_or(drawn))?;
            if life.next_arrival().is_some() {
                return Ok((run, Some(life)));
            }
            if user.is_some() {
                break;
            }
        }
        Ok((run, None))
    }

    /// Shows the slate and takes what came of it; `see` looks at the turn and the session, if it ended.
    pub(crate) fn step(
        &mut self,
        game: Game<'_>,
        see: impl FnOnce(&Turn, Option<&SessionRecord>),
    ) -> Result<Ended, EnvError> {
        let Game { lives, kind, reward } = game;
        let Some(life) = self.life.as_mut() else { return Err(EnvError::NotReset { env: 0 }) };
        let slate = Slate::certain(self.slate.iter().copied());
        let refused =
            |source| habitue_sim::SimError::Mismatch(format!("a slate that cannot be shown: {source}"));
        lives.show(life, slate).map_err(refused)?;
        let answer = lives.answer(life)?;
        let (turn, session) = (answer.turn, answer.session);
        let after = Moment {
            session: turn.session,
            turn: turn.turn + 1,
            time: turn.time + turn.elapsed,
            away: self.moment.away,
        };
        let value = turn.reward;
        see(turn, session.as_ref());
        let left = (SimTime::ZERO + lives.scenario().horizon) - after.time;
        let left = SimDuration(left.0.max(0));
        let worth = match kind {
            Kind::Slate => f64::from(value),
            Kind::Retention => reward.of(value, session.as_ref(), left),
        };
        self.moment = after;
        let mut ended = Ended { reward: worth, terminated: false, truncated: false };
        let Some(session) = session else { return Ok(ended) };
        match kind {
            Kind::Slate => {
                ended.terminated = matches!(session.reason, EndReason::Left | EndReason::Outage);
                ended.truncated = !ended.terminated;
            }
            Kind::Retention => {
                if lives.arrive(life) {
                    self.moment = moment(lives, life, session.gap);
                } else {
                    ended.terminated = session.churned;
                    ended.truncated = !session.churned;
                }
            }
        }
        if ended.terminated || ended.truncated {
            self.phase = Phase::Over;
        }
        Ok(ended)
    }
}

/// The moment of an arrival.
fn moment(lives: &Lives, life: &Life, away: Option<SimDuration>) -> Moment {
    lives.request(life).map_or_else(Moment::default, |request| Moment {
        session: request.session,
        turn: request.turn,
        time: request.time,
        away,
    })
}
