//! How well a model decides as the teacher does, on catalogues and interests that no lesson had.

use std::collections::BTreeMap;
use std::sync::Arc;

use habitue_llm::Backend;
use serde::Serialize;

use crate::lessons::{self, Kind, LessonError, Lot, Mark};

/// The marks of one kind of decision.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Grade {
    /// Decisions.
    pub decisions: usize,
    /// Share of decisions in which the model's most likely option is the teacher's.
    pub agreement: f64,
    /// The share that always naming the option which is the teacher's most often would reach.
    pub constant_agreement: f64,
    /// Mean cross-entropy of the model under the teacher's probabilities, in nats.
    pub log_loss: f64,
    /// Mean entropy of the teacher, in nats: the lowest log-loss there can be.
    pub entropy: f64,
    /// Log-loss of always saying the teacher's mean probabilities, in nats: what is reached without reading. Over choices
    /// with as many options.
    pub constant_log_loss: f64,
}

/// Grades by kind of decision.
pub type Grades = BTreeMap<&'static str, Grade>;

/// Examines a model in towns `first` and so many after it.
///
/// # Errors
/// If the model fails.
pub fn examine(
    model: &Arc<dyn Backend>,
    seed: u64,
    first: u64,
    towns: u64,
    lot: Lot,
) -> Result<Grades, LessonError> {
    let mut marks: BTreeMap<Kind, Vec<Mark>> = BTreeMap::new();
    for town in first..first + towns {
        for mark in lessons::examine(seed, town, lot, model)? {
            marks.entry(mark.kind).or_default().push(mark);
        }
    }
    Ok(marks.into_iter().map(|(kind, marks)| (kind.name(), grade(&marks))).collect())
}

fn most(probabilities: &[f64]) -> usize {
    (0..probabilities.len())
        .fold(0, |best, at| if probabilities[at] > probabilities[best] { at } else { best })
}

fn cross_entropy(teacher: &[f64], model: &[f64]) -> f64 {
    let term = |(p, q): (&f64, &f64)| if *p > 0.0 { -p * q.max(1e-12).ln() } else { 0.0 };
    teacher.iter().zip(model).map(term).sum()
}

fn grade(marks: &[Mark]) -> Grade {
    // What a model without eyes would say: by number of options, the mean of the teacher.
    let mut constants: BTreeMap<usize, (Vec<f64>, f64)> = BTreeMap::new();
    for mark in marks {
        let zero = || (vec![0.0; mark.teacher.len()], 0.0);
        let (sums, count) = constants.entry(mark.teacher.len()).or_insert_with(zero);
        sums.iter_mut().zip(&mark.teacher).for_each(|(sum, share)| *sum += share);
        *count += 1.0;
    }
    for (sums, count) in constants.values_mut() {
        for sum in sums {
            *sum /= *count;
        }
    }
    let total = marks.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Mark) -> f64| marks.iter().map(of).sum::<f64>() / total;
    let same = |one: usize, other: usize| if one == other { 1.0 } else { 0.0 };
    let constant = |mark: &Mark| &constants[&mark.teacher.len()].0;
    Grade {
        decisions: marks.len(),
        agreement: mean(&|mark| same(most(&mark.teacher), most(&mark.model))),
        constant_agreement: mean(&|mark| same(most(&mark.teacher), most(constant(mark)))),
        log_loss: mean(&|mark| cross_entropy(&mark.teacher, &mark.model)),
        entropy: mean(&|mark| cross_entropy(&mark.teacher, &mark.teacher)),
        constant_log_loss: mean(&|mark| cross_entropy(&mark.teacher, constant(mark))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_by_hand() {
        let mark = |teacher: [f64; 2], model: [f64; 2]| Mark {
            kind: Kind::Action,
            teacher: teacher.to_vec(),
            model: model.to_vec(),
        };
        let grade = grade(&[mark([0.8, 0.2], [0.5, 0.5]), mark([0.0, 1.0], [0.25, 0.75])]);
        assert_eq!(grade.decisions, 2);
        assert!((grade.agreement - 1.0).abs() < 1e-12);
        // The mean teacher says (0.4, 0.6): right once.
        assert!((grade.constant_agreement - 0.5).abs() < 1e-12);
        let expected = f64::midpoint(-(0.5_f64.ln()), -(0.75_f64.ln()));
        assert!((grade.log_loss - expected).abs() < 1e-12);
        let entropy = -(0.8 * 0.8_f64.ln() + 0.2 * 0.2_f64.ln()) / 2.0;
        assert!((grade.entropy - entropy).abs() < 1e-12);
        let constant = -(0.8 * 0.4_f64.ln() + 0.2 * 0.6_f64.ln() + 0.6_f64.ln()) / 2.0;
        assert!((grade.constant_log_loss - constant).abs() < 1e-12);
    }
}
