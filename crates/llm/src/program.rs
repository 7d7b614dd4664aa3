//! Decision programs: a decision as text with slots, answered with the distribution behind every choice.

mod answer;
mod check;
mod file;
mod run;
mod slot;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, NumberAnswer, PickAnswer, WriteAnswer};
pub use file::{Asked, NamedProgram, NamedSlot};
pub use run::decide;
pub use slot::{Constraint, EachMode, PickBy, WriteSpec};
use slot::{Slot, SlotKind};

use crate::chat::Role;

/// The slot of a [`Program::pick`] in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickSlot(usize);
/// The slot of a [`Program::pick_each`] in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickEachSlot(usize);
/// The slot of a [`Program::number`] in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberSlot(usize);
/// The slot of a [`Program::write`] in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteSlot(usize);
/// Options that are listed in the prompt and picked from later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionList(usize);

/// How listed options are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListStyle {
    /// `- option`
    Dashed,
    /// `1. option`
    Numbered,
    /// `A. option`, at most 26
    Lettered,
}

impl ListStyle {
    /// The mark of the option in this place, without what follows it.
    fn label(self, place: usize) -> String {
        match self {
            Self::Dashed => "-".to_owned(),
            Self::Numbered => (place + 1).to_string(),
            Self::Lettered => char::from(b'A' + (place % 26) as u8).to_string(),
        }
    }

    fn line(self, place: usize, option: &str) -> String {
        let dot = if self == Self::Dashed { "" } else { "." };
        format!("{}{dot} {option}\n", self.label(place))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    options: Vec<String>,
    shuffled: bool,
    style: Option<ListStyle>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Segment {
    Turn(Role),
    Text {
        text: String,
        neutral: Option<String>,
    },
    List(usize),
    Slot(usize),
    /// What follows is read only if this slot was answered with this option; with `None` it is always read.
    When(Option<(usize, usize)>),
}

/// A decision: text with slots, in the order in which the model reads and fills them.
///
/// Without turns it is a plain text, for models that continue text. With turns ([`Program::system`],
/// [`Program::user`], [`Program::assistant`]) the model's chat template writes the markup between them.
///
/// Prompts are cheap where they begin alike: put what changes rarely first (instructions, persona) and what changes
/// always last (the slate).
///
/// ```
/// use habitue_llm::{EachMode, ListStyle, Program};
///
/// let mut program = Program::new();
/// program.system().text("You are Ada, a nurse who likes quiet films.");
/// let films = program.options(["Heat", "Alien", "Paterson"], true);
/// program.user().text("On now:\n").list(films, ListStyle::Dashed).text("Which one do you watch?");
/// program.assistant().text("I watch ");
/// let film = program.pick_listed("film", films);
/// program.text(". From 1 to 5 I expect a ");
/// let stars = program.number("stars", 1, 5);
/// # let _ = (film, stars);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Program {
    pub(crate) segments: Vec<Segment>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) lists: Vec<Listed>,
}

impl Program {
    /// An empty program.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins what holds for the whole conversation.
    pub fn system(&mut self) -> &mut Self {
        self.turn(Role::System)
    }

    /// Begins a turn of the one who asks.
    pub fn user(&mut self) -> &mut Self {
        self.turn(Role::User)
    }

    /// Begins a turn of the model. The last turn must be one if there are turns at all.
    pub fn assistant(&mut self) -> &mut Self {
        self.turn(Role::Assistant)
    }

    fn turn(&mut self, role: Role) -> &mut Self {
        self.segments.push(Segment::Turn(role));
        self
    }

    /// Text. Each call is a piece with its own tokens; what is said in it never becomes markup.
    pub fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.segments.push(Segment::Text { text: text.into(), neutral: None });
        self
    }

    /// Text that carries the content of the decision. A calibrated pick compares it with `neutral` in its place ("N/A",
    /// say): see [`Program::calibrate`].
    pub fn content(&mut self, text: impl Into<String>, neutral: impl Into<String>) -> &mut Self {
        self.segments.push(Segment::Text { text: text.into(), neutral: Some(neutral.into()) });
        self
    }

    /// Declares options that [`Program::list`] writes and [`Program::pick_listed`] picks from. If they are shuffled,
    /// each run draws their order from the caller's stream, so that a preference for a place cancels over draws. Answers
    /// always count in the declared order.
    pub fn options<S: Into<String>>(
        &mut self,
        options: impl IntoIterator<Item = S>,
        shuffled: bool,
    ) -> OptionList {
        let options = options.into_iter().map(Into::into).collect();
        self.lists.push(Listed { options, shuffled, style: None });
        OptionList(self.lists.len() - 1)
    }

    /// Writes the options, one a line, in the order of the run.
    pub fn list(&mut self, list: OptionList, style: ListStyle) -> &mut Self {
        if let Some(listed) = self.lists.get_mut(list.0) {
            listed.style = Some(style);
        }
        self.segments.push(Segment::List(list.0));
        self
    }

    /// A choice among options, by their texts.
    pub fn pick<S: Into<String>>(&mut self, name: &str, options: impl IntoIterator<Item = S>) -> PickSlot {
        let list = self.options(options, false);
        self.pick_listed(name, list)
    }

    /// A choice among listed options, by their texts.
    pub fn pick_listed(&mut self, name: &str, list: OptionList) -> PickSlot {
        PickSlot(self.slot(name, SlotKind::Pick { list: list.0, by: PickBy::Text }))
    }

    /// A choice among listed options, by their labels ("1", "B"): one token mostly, whatever the options' length.
    pub fn pick_label(&mut self, name: &str, list: OptionList) -> PickSlot {
        PickSlot(self.slot(name, SlotKind::Pick { list: list.0, by: PickBy::Label }))
    }

    /// The same choice for each of several items; `items` are the texts before each choice.
    pub fn pick_each<I: Into<String>, S: Into<String>>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = I>,
        options: impl IntoIterator<Item = S>,
        mode: EachMode,
    ) -> PickEachSlot {
        let items = items.into_iter().map(Into::into).collect();
        let options = options.into_iter().map(Into::into).collect();
        PickEachSlot(self.slot(name, SlotKind::PickEach { items, options, mode }))
    }

    /// A whole number from `lo` to `hi`, both included; at most 1,000 numbers.
    pub fn number(&mut self, name: &str, lo: i64, hi: i64) -> NumberSlot {
        NumberSlot(self.slot(name, SlotKind::Number { lo, hi }))
    }

    /// Free text.
    pub fn write(&mut self, name: &str, spec: WriteSpec) -> WriteSlot {
        WriteSlot(self.slot(name, SlotKind::Write(spec)))
    }

    /// Calibrates the choice made last: its probabilities are divided by those under the same program with neutral
    /// content (Zhao et al. 2021), which removes the model's liking for the option's text as such. Costs a second pass.
    pub fn calibrate(&mut self) -> &mut Self {
        if let Some(slot) = self.slots.last_mut() {
            slot.calibrated = true;
        }
        self
    }

    /// What follows, up to the next `when` or [`Program::always`], is read and asked only if the pick was answered with
    /// this option, counted from 0 in the declared order. A slot there that was not asked has no answer.
    ///
    /// ```
    /// # use habitue_llm::{Program, WriteSpec};
    /// let mut program = Program::new();
    /// program.text("Then: ");
    /// let next = program.pick("move", ["search", "leave"]);
    /// program.when(next, 0).text(" for: ");
    /// let words = program.write("words", WriteSpec::new(16).stop("\n"));
    /// program.when(next, 1).text(". Back: ");
    /// let back = program.pick("return", ["tomorrow", "never"]);
    /// assert!(program.check().is_ok());
    /// # let _ = (words, back);
    /// ```
    pub fn when(&mut self, slot: PickSlot, option: usize) -> &mut Self {
        self.segments.push(Segment::When(Some((slot.0, option))));
        self
    }

    /// Ends what depends on a pick.
    pub fn always(&mut self) -> &mut Self {
        self.segments.push(Segment::When(None));
        self
    }

    fn slot(&mut self, name: &str, kind: SlotKind) -> usize {
        self.slots.push(Slot { name: name.to_owned(), kind, calibrated: false });
        self.segments.push(Segment::Slot(self.slots.len() - 1));
        self.slots.len() - 1
    }

    /// An option of a pick, as declared; `None` if the slot is no pick or has no such option.
    fn option(&self, slot: usize, option: usize) -> Option<&str> {
        let SlotKind::Pick { list, .. } = self.slots.get(slot)?.kind else { return None };
        self.lists.get(list)?.options.get(option).map(String::as_str)
    }

    /// The program as a person would read it, slots in double angle brackets.
    pub fn outline(&self) -> String {
        let mut text = String::new();
        for segment in &self.segments {
            // Writing to a string cannot fail.
            let _ = match segment {
                Segment::Turn(role) => writeln!(text, "\n[{role:?}]"),
                Segment::Text { text: piece, .. } => write!(text, "{piece}"),
                Segment::List(list) => {
                    let listed = &self.lists[*list];
                    let style = listed.style.unwrap_or(ListStyle::Dashed);
                    let lines =
                        listed.options.iter().enumerate().map(|(place, option)| style.line(place, option));
                    write!(text, "{}", lines.collect::<String>())
                }
                Segment::Slot(slot) => write!(text, "<<{}>>", self.slots[*slot].name),
                Segment::When(None) => writeln!(text, "\n[always]"),
                Segment::When(Some((slot, option))) => {
                    let option = self.option(*slot, *option).unwrap_or_default();
                    writeln!(text, "\n[when {} is \"{option}\"]", self.slots[*slot].name)
                }
            };
        }
        text
    }
}
