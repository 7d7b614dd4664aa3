//! Personas drawn from a specification.

use habitue_core::scenario::persona::{AgeSpec, BetaSpec, Count, PersonaSpec};
use habitue_core::scenario::{FieldProblem, nearest};
use habitue_core::{Catalogue, CategoryId, Habits, Persona, Purpose, Stream, Streams};
use rand::RngExt;
use rand_distr::{Beta, Distribution, Gamma, Normal};

/// Why personas could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("personas of population \"{population}\": {} is \"{}\", expected {}{}", problem.field, problem.value,
    problem.expected, nearest.as_ref().map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default())]
pub struct SpecError {
    /// The population.
    pub population: String,
    /// The field of the specification.
    pub problem: FieldProblem,
    /// The valid name most like the value.
    pub nearest: Option<String>,
}

/// What a stream of a persona decides: its counter. Each has a stream of its own, so that another list of names does not
/// change anybody's interests.
#[derive(Debug, Clone, Copy)]
enum Part {
    Interests = 0,
    Habits = 1,
    Age = 2,
    Gender = 3,
    Name = 4,
    Occupation = 5,
    Traits = 6,
}

/// Draws `size` personas with keys `"{population}-0"`, `"{population}-1"`, ...; `first_user` is the id of the first,
/// which keys the random streams: a user's persona does not depend on how many others there are.
///
/// Interests are a Dirichlet draw (normalised Gamma variates) over categories chosen without repetition; habits are Beta
/// variates; ages normal within their limits.
///
/// # Errors
/// The first field outside its range, or a category that the catalogue does not have.
pub fn generate(
    spec: &PersonaSpec,
    population: &str,
    size: u32,
    first_user: u32,
    catalogue: &Catalogue,
    streams: Streams,
) -> Result<Vec<Persona>, SpecError> {
    let fail = |problem, nearest| SpecError { population: population.to_owned(), problem, nearest };
    let sampler = Sampler::new(spec, catalogue).map_err(|(problem, nearest)| fail(problem, nearest))?;
    (0..size)
        .map(|n| {
            let part = |part: Part| {
                streams.stream(Purpose::Persona, u64::from(first_user) + u64::from(n), part as u64)
            };
            sampler.persona(format!("{population}-{n}"), part).map_err(|problem| fail(problem, None))
        })
        .collect()
}

struct Sampler<'a> {
    spec: &'a PersonaSpec,
    /// Weight of every category, by id.
    categories: Vec<f64>,
}

/// What a user likes, with weights that sum to 1, and dislikes.
struct Tastes {
    interests: Vec<(CategoryId, f32)>,
    dislikes: Vec<CategoryId>,
}

impl<'a> Sampler<'a> {
    fn new(spec: &'a PersonaSpec, catalogue: &Catalogue) -> Result<Self, (FieldProblem, Option<String>)> {
        spec.check().map_err(|problem| (problem, None))?;
        let known = catalogue.categories();
        if known.is_empty() {
            let problem = FieldProblem::new("categories", "", "a catalogue with at least one category");
            return Err((problem, None));
        }
        if let Some(name) = spec.categories.keys().find(|name| !known.contains(name)) {
            let problem = FieldProblem::new("categories", name, "a category of the catalogue");
            return Err((problem, nearest(name, known.iter().map(String::as_str))));
        }
        let categories = known
            .iter()
            .map(|name| match spec.categories.get(name) {
                Some(weight) => *weight,
                None if spec.categories.is_empty() => 1.0,
                None => 0.0,
            })
            .collect();
        Ok(Self { spec, categories })
    }

    fn persona(&self, key: String, part: impl Fn(Part) -> Stream) -> Result<Persona, FieldProblem> {
        let spec = self.spec;
        let stream = &mut part(Part::Interests);
        let tastes = self.tastes(stream)?;
        let stream = &mut part(Part::Habits);
        let habits = Habits {
            activity: beta("habits.activity", spec.habits.activity, stream)?,
            patience: beta("habits.patience", spec.habits.patience, stream)?,
            diversity: beta("habits.diversity", spec.habits.diversity, stream)?,
            conformity: beta("habits.conformity", spec.habits.conformity, stream)?,
        };
        let genders: Vec<f64> = spec.genders.values().copied().collect();
        let gender = pick(&genders, &mut part(Part::Gender));
        let mut traits = vec![1.0; spec.traits.len()];
        let stream = &mut part(Part::Traits);
        let traits = several(&mut traits, count(spec.traits_per_user, stream), stream);
        Ok(Persona {
            key,
            name: any(&spec.names, &mut part(Part::Name)),
            age: Some(age(spec.age, &mut part(Part::Age))?),
            gender: gender.and_then(|gender| spec.genders.keys().nth(gender)).cloned().unwrap_or_default(),
            occupation: any(&spec.occupations, &mut part(Part::Occupation)),
            traits: traits.into_iter().map(|position| spec.traits[position].clone()).collect(),
            interests: tastes.interests,
            dislikes: tastes.dislikes,
            habits,
            text: String::new(),
            history: Vec::new(),
        })
    }

    fn tastes(&self, stream: &mut Stream) -> Result<Tastes, FieldProblem> {
        let mut weights = self.categories.clone();
        let liked = several(&mut weights, count(self.spec.interests, stream), stream);
        let gamma = Gamma::new(self.spec.concentration, 1.0).map_err(|error| {
            FieldProblem::new("concentration", self.spec.concentration, error.to_string())
        })?;
        // A variate that underflows to 0 would be a liked category without weight.
        let parts: Vec<f64> = liked.iter().map(|_| gamma.sample(stream).max(1e-12)).collect();
        let sum: f64 = parts.iter().sum();
        let mut free: Vec<f64> = vec![1.0; self.categories.len()];
        for position in &liked {
            free[*position] = 0.0;
        }
        let disliked = several(&mut free, count(self.spec.dislikes, stream), stream);
        let interests = liked.iter().zip(parts).map(|(liked, part)| (id(*liked), (part / sum) as f32));
        Ok(Tastes { interests: interests.collect(), dislikes: disliked.into_iter().map(id).collect() })
    }
}

fn id(position: usize) -> CategoryId {
    CategoryId(position as u16)
}

fn count(count: Count, stream: &mut Stream) -> usize {
    stream.random_range(count.min..=count.max) as usize
}

/// A position in proportion to weights; none if all are 0.
fn pick(weights: &[f64], stream: &mut Stream) -> Option<usize> {
    let mut left = stream.random::<f64>() * weights.iter().sum::<f64>();
    let mut last = None;
    for (position, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = Some(position);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

/// So many different positions one after the other, each in proportion to the weights left; fewer if there are not so
/// many with weight. Takes the weight of what it picks.
fn several(weights: &mut [f64], count: usize, stream: &mut Stream) -> Vec<usize> {
    let mut picked = Vec::new();
    while picked.len() < count
        && let Some(position) = pick(weights, stream)
    {
        weights[position] = 0.0;
        picked.push(position);
    }
    picked
}

/// Any of a list; the empty text if the list is empty.
fn any(list: &[String], stream: &mut Stream) -> String {
    if list.is_empty() { String::new() } else { list[stream.random_range(0..list.len())].clone() }
}

fn beta(habit: &str, spec: BetaSpec, stream: &mut Stream) -> Result<f32, FieldProblem> {
    Beta::new(spec.mean * spec.concentration, (1.0 - spec.mean) * spec.concentration)
        .map(|beta| beta.sample(stream) as f32)
        .map_err(|error| FieldProblem::new(habit, format!("{spec:?}"), error.to_string()))
}

fn age(spec: AgeSpec, stream: &mut Stream) -> Result<u8, FieldProblem> {
    let normal = Normal::new(spec.mean, spec.spread)
        .map_err(|error| FieldProblem::new("age.spread", spec.spread, error.to_string()))?;
    // The mean lies within the limits and the spread is at most 100 years, so about 1 in 250 draws is accepted at worst.
    loop {
        let years = normal.sample(stream).round();
        if (f64::from(spec.min)..=f64::from(spec.max)).contains(&years) {
            return Ok(years as u8);
        }
    }
}

#[cfg(test)]
mod tests;
