//! How well picks agree with what was liked.

use habitue_core::{Purpose, Streams};
use rand::RngExt;
use serde::Serialize;

/// How often an interval should hold the true value.
pub const LEVEL: f64 = 0.95;

/// Bootstrap replicates.
pub const REPLICATES: usize = 1000;

/// What one user did with one list.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Answers {
    /// Items on the list.
    pub shown: u32,
    /// Liked items on the list.
    pub liked: u32,
    /// Items picked.
    pub picked: u32,
    /// Liked items picked.
    pub right: u32,
    /// Share of pairs of a liked item and another in which the liked one has the higher score, equal scores counting half;
    /// `None` without scores or pairs.
    pub auc: Option<f64>,
}

impl Answers {
    /// From whether each item is liked and picked, and its score where there are scores.
    pub fn new(items: impl IntoIterator<Item = (bool, bool, Option<f64>)>) -> Self {
        let (mut answers, mut liked, mut others) = (Self::default(), Vec::new(), Vec::new());
        for (is_liked, is_picked, score) in items {
            answers.shown += 1;
            answers.liked += u32::from(is_liked);
            answers.picked += u32::from(is_picked);
            answers.right += u32::from(is_liked && is_picked);
            if is_liked { &mut liked } else { &mut others }.extend(score);
        }
        let pairs = liked.iter().flat_map(|one| others.iter().map(move |other| one.total_cmp(other)));
        let won: f64 = pairs.map(|order| 0.5 * f64::from(order as i8) + 0.5).sum();
        let count = liked.len() * others.len();
        let scored = liked.len() + others.len() == answers.shown as usize && count > 0;
        answers.auc = scored.then(|| won / count as f64);
        answers
    }

    /// Share of items picked if and only if they are liked.
    pub fn accuracy(&self) -> f64 {
        let wrong = self.picked + self.liked - 2 * self.right;
        1.0 - ratio(wrong, self.shown)
    }

    /// Share of picked items that are liked; 0 if nothing is picked.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.picked)
    }

    /// Share of liked items that are picked; 0 if nothing is liked.
    pub fn recall(&self) -> f64 {
        ratio(self.right, self.liked)
    }

    /// The harmonic mean of precision and recall; 0 if both are.
    pub fn f1(&self) -> f64 {
        ratio(2 * self.right, self.picked + self.liked)
    }
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

/// A measure with its percentile bootstrap interval over users.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Measure {
    /// The value; `None` where it is not defined.
    pub value: Option<f64>,
    /// Its interval, level [`LEVEL`]; `None` with fewer than two users, or if a replicate in twenty had no value.
    pub interval: Option<(f64, f64)>,
}

/// How well users' picks agree with what they liked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alignment {
    /// Users with a list.
    pub users: usize,
    /// Mean over users, as `Agent4Rec` reports, of the share of items picked if and only if they are liked.
    pub accuracy: Measure,
    /// Mean over users of the share of picked items that are liked; 0 for a user who picks nothing.
    pub precision: Measure,
    /// Mean over users of the share of liked items that are picked.
    pub recall: Measure,
    /// Mean over users of the harmonic mean of the two; 0 for a user who picks nothing.
    pub f1: Measure,
    /// All lists as one.
    pub pooled_accuracy: Measure,
    /// All lists as one.
    pub pooled_precision: Measure,
    /// All lists as one.
    pub pooled_recall: Measure,
    /// All lists as one.
    pub pooled_f1: Measure,
    /// Mean number of items on a list.
    pub shown: Measure,
    /// Mean number of items picked.
    pub picked: Measure,
    /// Mean number of items liked.
    pub liked: Measure,
    /// Pearson's correlation over lists of the number picked with the number liked; undefined if one of them never changes.
    pub correlation: Measure,
    /// Mean over users of the share of pairs of a liked item and another that are in the right order: what the picks could
    /// be like with the best threshold, whatever the base rate. Undefined without scores.
    pub auc: Measure,
}

const MEASURES: usize = 13;
const SUMS: usize = 14;

/// What lists contribute to all sums.
fn sums(lists: &[Answers]) -> [f64; SUMS] {
    let mut sums = [0.0; SUMS];
    for answers in lists {
        let [shown, liked, picked, right] =
            [answers.shown, answers.liked, answers.picked, answers.right].map(f64::from);
        let terms = [
            1.0,
            answers.accuracy(),
            answers.precision(),
            answers.recall(),
            answers.f1(),
            shown,
            liked,
            picked,
            right,
            picked * picked,
            liked * liked,
            picked * liked,
            answers.auc.unwrap_or(0.0),
            f64::from(u8::from(answers.auc.is_some())),
        ];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    sums
}

/// The measures, in the order of [`Alignment`].
fn measures(sums: &[f64; SUMS]) -> [Option<f64>; MEASURES] {
    let of = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let [lists, accuracy, precision, recall, f1, shown, liked, picked, right, pp, ll, pl, auc, scored] =
        *sums;
    let pooled = |part, whole| of(part, whole).or((shown > 0.0).then_some(0.0));
    let spread = |squares: f64, sum: f64| lists * squares - sum * sum;
    let both = spread(pp, picked) * spread(ll, liked);
    [
        of(accuracy, lists),
        of(precision, lists),
        of(recall, lists),
        of(f1, lists),
        of(shown - picked - liked + 2.0 * right, shown),
        pooled(right, picked),
        pooled(right, liked),
        pooled(2.0 * right, picked + liked),
        of(shown, lists),
        of(picked, lists),
        of(liked, lists),
        (both > 1e-9).then(|| (lists * pl - picked * liked) / both.sqrt()),
        of(auc, scored),
    ]
}

/// Measures of the lists of every user, with percentile bootstrap intervals over users (Efron, 1979): all lists of a user
/// are drawn together. Replicate `b` draws from the stream ([`Purpose::Bootstrap`], `b`, 0).
pub fn align(users: &[Vec<Answers>], streams: Streams) -> Alignment {
    let rows: Vec<[f64; SUMS]> =
        users.iter().filter(|lists| !lists.is_empty()).map(|lists| sums(lists)).collect();
    let total = |draw: &mut dyn FnMut(usize) -> usize| {
        let mut total = [0.0; SUMS];
        for at in 0..rows.len() {
            total.iter_mut().zip(&rows[draw(at)]).for_each(|(sum, term)| *sum += term);
        }
        measures(&total)
    };
    let whole = total(&mut |at| at);
    let mut replicates: [Vec<f64>; MEASURES] = Default::default();
    if rows.len() > 1 {
        for replicate in 0..REPLICATES {
            let mut stream = streams.stream(Purpose::Bootstrap, replicate as u64, 0);
            let drawn = total(&mut |_| stream.random_range(0..rows.len() as u64) as usize);
            replicates.iter_mut().zip(drawn).for_each(|(all, one)| all.extend(one));
        }
    }
    let mut all = whole.into_iter().zip(replicates).map(|(value, known)| {
        let interval = value.and_then(|_| interval(known));
        Measure { value, interval }
    });
    let mut next = || all.next().unwrap_or_default();
    Alignment {
        users: rows.len(),
        accuracy: next(),
        precision: next(),
        recall: next(),
        f1: next(),
        pooled_accuracy: next(),
        pooled_precision: next(),
        pooled_recall: next(),
        pooled_f1: next(),
        shown: next(),
        picked: next(),
        liked: next(),
        correlation: next(),
        auc: next(),
    }
}

/// The middle [`LEVEL`] of the replicates, with linear interpolation.
fn interval(mut known: Vec<f64>) -> Option<(f64, f64)> {
    if known.len() * 20 < REPLICATES * 19 {
        return None;
    }
    known.sort_by(f64::total_cmp);
    let at = |probability: f64| {
        let place = probability * (known.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(known.len() - 1);
        known[below] + (place - below as f64) * (known[above] - known[below])
    };
    Some((at(0.5 - LEVEL / 2.0), at(0.5 + LEVEL / 2.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(shown: u32, liked: u32, picked: u32, right: u32) -> Answers {
        Answers { shown, liked, picked, right, auc: None }
    }

    fn near(measure: Measure, expected: f64) {
        assert!((measure.value.unwrap() - expected).abs() < 1e-12, "{measure:?}, expected {expected}");
    }

    #[test]
    fn measures_are_those_worked_out_by_hand() {
        // 10 items, 4 liked, 5 picked, 3 of them right: 3 wrongly picked or left out.
        let one = answers(10, 4, 5, 3);
        // 5 items, 1 liked, nothing picked.
        let none = answers(5, 1, 0, 0);
        let found = align(&[vec![one], vec![none], vec![]], Streams::new(1));
        assert_eq!(found.users, 2);
        near(found.accuracy, 0.75);
        near(found.precision, 0.3);
        near(found.recall, 0.375);
        near(found.f1, 1.0 / 3.0);
        near(found.pooled_accuracy, 11.0 / 15.0);
        near(found.pooled_precision, 3.0 / 5.0);
        near(found.pooled_recall, 3.0 / 5.0);
        near(found.pooled_f1, 6.0 / 10.0);
        near(found.shown, 7.5);
        near(found.picked, 2.5);
        near(found.liked, 2.5);
        near(found.correlation, 1.0);
        assert_eq!(found.auc, Measure::default());
    }

    #[test]
    fn answers_are_counted_and_scores_compared_in_pairs() {
        let items = [(true, true, 0.9), (true, false, 0.3), (false, true, 0.6), (false, false, 0.3)];
        let found = Answers::new(items.map(|(liked, picked, score)| (liked, picked, Some(score))));
        // Of four pairs: 0.9 beats both, 0.3 loses one and draws one.
        assert_eq!(found, Answers { auc: Some(2.5 / 4.0), ..answers(4, 2, 2, 1) });
        assert_eq!(Answers::new([(true, true, None), (false, true, Some(1.0))]).auc, None);
        assert_eq!(Answers::new([(true, true, Some(1.0))]).auc, None, "there is no pair");
    }

    #[test]
    fn a_number_that_never_changes_has_no_correlation_and_a_user_alone_no_interval() {
        let found = align(&[vec![answers(4, 2, 1, 1)], vec![answers(4, 2, 3, 1)]], Streams::new(1));
        assert_eq!(found.correlation, Measure::default());
        let alone = align(&[vec![answers(4, 2, 1, 1)]], Streams::new(1));
        assert_eq!((alone.f1.value.is_some(), alone.f1.interval), (true, None));
        assert_eq!(align(&[], Streams::new(1)).f1, Measure::default());
    }

    #[test]
    fn intervals_are_about_the_binomial_ones() {
        // Of 400 users one in four picks right: standard error sqrt(0.25 * 0.75 / 400) = 0.02165.
        let users: Vec<Vec<Answers>> =
            (0..400).map(|n| vec![answers(2, 1, 1, u32::from(n % 4 == 0))]).collect();
        let (low, high) = align(&users, Streams::new(3)).precision.interval.unwrap();
        assert!(
            (low - (0.25 - 0.0424)).abs() < 0.006 && (high - (0.25 + 0.0424)).abs() < 0.006,
            "{low} {high}"
        );
    }
}
