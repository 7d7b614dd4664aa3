//! A backend that answers as it was told to and writes down what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use habitue_core::Stream;
use habitue_llm::{
    Backend, Choice, ChoiceBranch, ChoiceReply, Distribution, LlmError, LocalBackend, Pending, Prompt,
    Scores, Usage, WriteEnd, WriteSpec, Written,
};

use crate::forest::Target;

/// What is decided, for the accounts of an examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is done with an item.
    Action,
    /// Its rating.
    Rating,
    /// The mindset: satisfaction, mood, need, importance.
    Mindset,
    /// The move after the slate.
    Move,
    /// When the user means to be back.
    Return,
}

impl Kind {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Rating => "rating",
            Self::Mindset => "mindset",
            Self::Move => "move",
            Self::Return => "return",
        }
    }
}

/// What the teacher decides, and from which probabilities.
#[derive(Debug, Clone)]
pub(super) struct Ruling {
    pub(super) kind: Kind,
    /// By option.
    pub(super) probabilities: Vec<f64>,
    pub(super) chosen: usize,
    /// What the item is about, in the order of the prompt, and how each is liked.
    pub(super) about: Vec<(String, Liked)>,
}

/// How a category is liked, as the persona says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Liked {
    Much,
    Some,
    Little,
    /// The persona does not speak of it.
    Unknown,
    Disliked,
}

impl Liked {
    /// Words whose first tokens stand for it in the hints; the template has all of them.
    const WORDS: [&str; 5] = [" much", " some", " little", " -", "Dislikes"];
}

/// A ruling by the names of options, of which not all may be open.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// As many options as there are.
    Whole(Ruling),
    /// Weights by name, and where to draw from them; options without a name here have none.
    Named { kind: Kind, weights: Vec<(String, f64)>, at: f64 },
}

/// What was asked of a model in one visit, and what would have been right.
#[derive(Debug, Clone, Default)]
pub struct Lesson {
    /// Choices: tokens read, and the next ones with their probabilities.
    pub choices: Vec<(Vec<u32>, Target)>,
    /// Texts: tokens read, tokens written.
    pub texts: Vec<(Vec<u32>, Vec<u32>)>,
}

/// One choice of an examination.
#[derive(Debug, Clone)]
pub struct Mark {
    /// What was decided.
    pub kind: Kind,
    /// The teacher's probabilities.
    pub teacher: Vec<f64>,
    /// The model's.
    pub model: Vec<f64>,
}

/// What the scribe does with what it is asked.
pub(super) enum Desk {
    /// Keeps the prompts.
    Texts(Vec<String>),
    /// Writes lessons, in the tokens of this backend's model.
    Lessons { model: Box<LocalBackend>, lesson: Lesson, hints: f32 },
    /// Asks this model too, and compares.
    Examination(Box<dyn Backend>, Vec<Mark>),
}

pub(super) struct Book {
    pub(super) answers: VecDeque<Answer>,
    /// What is written, by move.
    pub(super) words: Vec<(&'static str, String)>,
    /// What is written when there was no such move: an insight.
    pub(super) insight: String,
    pub(super) desk: Desk,
    /// The move that was chosen last and has no words yet, as the prompt calls it.
    pub(super) last_move: String,
}

/// The scribe. Its copies share one book.
#[derive(Clone)]
pub(super) struct Scribe(Arc<Mutex<Book>>);

impl Scribe {
    pub(super) fn new(desk: Desk) -> Self {
        let book = Book {
            answers: VecDeque::new(),
            words: Vec::new(),
            insight: String::new(),
            desk,
            last_move: String::new(),
        };
        Self(Arc::new(Mutex::new(book)))
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rule(&self, branch: &ChoiceBranch) -> Result<Ruling, LlmError> {
        let ruling = match self.book().answers.pop_front() {
            Some(Answer::Whole(ruling)) => ruling,
            Some(Answer::Named { kind, weights, at }) => named(kind, &weights, at, &branch.options),
            None => return Err(LlmError::Request("the teacher has no answer left".to_owned())),
        };
        if ruling.probabilities.len() == branch.options.len() {
            return Ok(ruling);
        }
        let (found, expected) = (ruling.probabilities.len(), branch.options.len());
        Err(LlmError::Request(format!("the teacher answers {found} of {expected} options")))
    }

    fn answer(&self, choice: &Choice, stream: &mut Stream) -> Result<ChoiceReply, LlmError> {
        let rulings: Vec<Ruling> =
            choice.branches.iter().map(|branch| self.rule(branch)).collect::<Result<_, _>>()?;
        self.write_down(choice, &rulings, stream)?;
        if let [Ruling { kind: Kind::Move, chosen, .. }] = &rulings[..] {
            choice.branches[0].options[*chosen].clone_into(&mut self.book().last_move);
        }
        let only = |ruling: &Ruling| {
            let scores =
                (0..ruling.probabilities.len()).map(|at| if at == ruling.chosen { 0.0 } else { -1e9 });
            Scores::Distribution(Distribution::softmax(&scores.collect::<Vec<_>>()))
        };
        Ok(ChoiceReply { scores: rulings.iter().map(only).collect(), usage: Usage::default() })
    }

    fn write_down(&self, choice: &Choice, rulings: &[Ruling], stream: &mut Stream) -> Result<(), LlmError> {
        match &mut self.book().desk {
            Desk::Texts(texts) => {
                for (branch, ruling) in choice.branches.iter().zip(rulings) {
                    let mut text = choice.prompt.text();
                    branch.suffix.iter().for_each(|piece| text += piece);
                    texts.push(text + &branch.options[ruling.chosen]);
                }
            }
            Desk::Lessons { model, lesson, hints } => {
                for (branch, ruling) in choice.branches.iter().zip(rulings) {
                    hint(model, &choice.prompt, branch, ruling, *hints, lesson)?;
                }
                for (forks, ruling) in model.forks(choice)?.into_iter().zip(rulings) {
                    for fork in forks {
                        let mass =
                            |options: &[usize]| options.iter().map(|at| ruling.probabilities[*at]).sum();
                        let shares: Vec<(u32, f64)> =
                            fork.next.iter().map(|(token, options)| (*token, mass(options))).collect();
                        let reached: f64 = shares.iter().map(|(_, share)| share).sum();
                        if reached < 1e-3 {
                            continue;
                        }
                        let next = shares.iter().map(|(token, share)| (*token, (share / reached) as f32));
                        let target = Target { next: next.collect(), weight: reached as f32 };
                        lesson.choices.push((fork.tokens, target));
                    }
                }
            }
            Desk::Examination(model, marks) => {
                let reply = at_once(model.choose(choice, stream))?;
                for (score, ruling) in reply.scores.into_iter().zip(rulings) {
                    let Scores::Distribution(distribution) = score else { continue };
                    let model = (0..distribution.len()).map(|at| distribution.probability(at)).collect();
                    let (kind, teacher) = (ruling.kind, ruling.probabilities.clone());
                    marks.push(Mark { kind, teacher, model });
                }
            }
        }
        Ok(())
    }

    fn text(&self, prompt: &Prompt) -> Result<Written, LlmError> {
        let mut book = self.book();
        let last = std::mem::take(&mut book.last_move);
        let words = book.words.iter().find(|(name, _)| *name == last);
        let text = words.map_or_else(|| book.insight.clone(), |(_, words)| words.clone());
        match &mut book.desk {
            Desk::Texts(texts) => texts.push(format!("{}{text}\n", prompt.text())),
            Desk::Lessons { model, lesson, .. } => {
                lesson.texts.push(model.continuation(prompt, &format!("{text}\n"))?);
            }
            Desk::Examination(..) => {}
        }
        Ok(Written { text, end: WriteEnd::Stop("\n".to_owned()), usage: Usage::default() })
    }
}

/// Adds what should come to mind right behind each thing an item is about: how it is liked. No user is ever asked for it;
/// it shows the way to what they are asked for, which a network finds late without it.
fn hint(
    model: &LocalBackend,
    prompt: &Prompt,
    branch: &ChoiceBranch,
    ruling: &Ruling,
    weight: f32,
    lesson: &mut Lesson,
) -> Result<(), LlmError> {
    if ruling.about.is_empty() || weight == 0.0 {
        return Ok(());
    }
    let mut before = prompt.clone();
    let line = match branch.suffix.first() {
        Some(line) => Some(line.clone()),
        None => before.turns.last_mut().and_then(|turn| turn.pieces.pop()),
    };
    let Some(line) = line else { return Ok(()) };
    let mut next = Vec::with_capacity(Liked::WORDS.len());
    for word in Liked::WORDS {
        let (_, tokens) = model.continuation(&Prompt::plain("-"), word)?;
        next.extend(tokens.first().map(|token| (*token, 0.0)));
    }
    // Categories stand last on the line, in order.
    let mut from = line.rfind(" - ").map_or(0, |at| at + 2);
    for (name, liked) in &ruling.about {
        let Some(at) = line[from..].find(name.as_str()) else { return Ok(()) };
        from += at + name.len();
        let mut read = before.clone();
        read.push(&line[..from]);
        let mut next = next.clone();
        next[*liked as usize].1 = 1.0;
        next.sort_unstable_by_key(|(token, _)| *token);
        lesson.choices.push((model.tokens(&read)?, Target { next, weight }));
    }
    Ok(())
}

/// The answer of a model whose engine has threads of its own.
fn at_once(reply: Pending<'_, ChoiceReply>) -> Result<ChoiceReply, LlmError> {
    struct Thread(std::thread::Thread);
    impl std::task::Wake for Thread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::task::Waker::from(Arc::new(Thread(std::thread::current())));
    let mut context = std::task::Context::from_waker(&waker);
    let mut reply = reply;
    loop {
        match reply.as_mut().poll(&mut context) {
            std::task::Poll::Ready(reply) => return reply,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

fn named(kind: Kind, weights: &[(String, f64)], at: f64, options: &[String]) -> Ruling {
    let weight = |option: &String| weights.iter().find(|(name, _)| name == option).map_or(0.0, |(_, w)| *w);
    let mut probabilities: Vec<f64> = options.iter().map(weight).collect();
    let sum: f64 = probabilities.iter().sum();
    if sum > 0.0 {
        for probability in &mut probabilities {
            *probability /= sum;
        }
    } else {
        probabilities = vec![1.0 / options.len() as f64; options.len()];
    }
    let chosen = quantile(&probabilities, at);
    Ruling { kind, probabilities, chosen, about: Vec::new() }
}

/// The option at this quantile.
pub(super) fn quantile(probabilities: &[f64], at: f64) -> usize {
    let mut left = at;
    for (option, probability) in probabilities.iter().enumerate() {
        left -= probability;
        if left < 0.0 {
            return option;
        }
    }
    probabilities.iter().rposition(|probability| *probability > 0.0).unwrap_or(0)
}

impl Backend for Scribe {
    fn id(&self) -> String {
        "teacher".to_owned()
    }

    fn choose<'a>(&'a self, choice: &'a Choice, stream: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(std::future::ready(self.answer(choice, stream)))
    }

    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        _spec: &'a WriteSpec,
        _stream: &'a mut Stream,
    ) -> Pending<'a, Written> {
        Box::pin(std::future::ready(self.text(prompt)))
    }
}
