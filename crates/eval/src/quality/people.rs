//! Groups of users.

use habitue_core::{Persona, UserId};

/// Groups of an attribute; users beyond are "other".
const MOST: usize = 8;

const AGES: [(u8, &str); 4] =
    [(25, "below 25"), (35, "25 to 34"), (50, "35 to 49"), (u8::MAX, "50 and above")];
const ACTIVITIES: [&str; 3] = ["below 1/3", "1/3 to 2/3", "above 2/3"];

/// Attributes by which users are grouped.
#[derive(Debug, Clone)]
pub(crate) struct People {
    attributes: Vec<Grouping>,
}

/// Users by one attribute.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    pub(super) name: &'static str,
    /// In the order in which they are shown.
    pub(super) groups: Vec<String>,
    /// By user: the place of their group.
    of: Vec<u8>,
}

impl Grouping {
    fn new(name: &'static str, groups: impl IntoIterator<Item = String>) -> Self {
        Self { name, groups: groups.into_iter().collect(), of: Vec::new() }
    }

    /// The place of a user's group.
    pub(super) fn of(&self, user: UserId) -> usize {
        usize::from(self.of[user.index()])
    }

    /// Puts the next user into the group of this name, which is added if it is new and there is room.
    fn named(&mut self, name: &str) {
        let place = self.groups.iter().position(|group| group == name).unwrap_or_else(|| {
            if self.groups.len() <= MOST {
                self.groups.push(if self.groups.len() == MOST { "other" } else { name }.to_owned());
            }
            self.groups.len() - 1
        });
        self.of.push(place as u8);
    }
}

impl People {
    /// For users of these populations.
    pub(crate) fn new(populations: impl IntoIterator<Item = String>) -> Self {
        let unknown = "not known".to_owned();
        Self {
            attributes: vec![
                Grouping::new("population", populations),
                Grouping::new("gender", []),
                Grouping::new("age", AGES.map(|(_, name)| name.to_owned()).into_iter().chain([unknown])),
                Grouping::new("activity (0 to 1)", ACTIVITIES.map(str::to_owned)),
            ],
        }
    }

    /// The next user.
    pub(crate) fn push(&mut self, population: usize, persona: &Persona) {
        let age =
            persona.age.and_then(|age| AGES.iter().position(|(below, _)| age < *below || *below == u8::MAX));
        let activity = persona.habits.activity;
        let [populations, genders, ages, activities] = &mut self.attributes[..] else { return };
        populations.of.push(population.min(usize::from(u8::MAX)) as u8);
        genders.named(if persona.gender.is_empty() { "not known" } else { &persona.gender });
        ages.of.push(age.unwrap_or(AGES.len()) as u8);
        activities.of.push(((activity * 3.0) as usize).min(2) as u8);
    }

    /// Attributes by which users differ.
    pub(super) fn groupings(&self) -> Vec<&Grouping> {
        let differ = |grouping: &&Grouping| grouping.of.windows(2).any(|pair| pair[0] != pair[1]);
        self.attributes.iter().filter(differ).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_grouped_by_what_tells_them_apart() {
        let mut people = People::new(["casual".to_owned()]);
        for (age, gender) in [(Some(24), "F"), (Some(25), "M"), (None, ""), (Some(255), "F")] {
            people.push(0, &Persona { age, gender: gender.to_owned(), ..Persona::default() });
        }
        let groupings = people.groupings();
        let names: Vec<&str> = groupings.iter().map(|grouping| grouping.name).collect();
        assert_eq!(names, ["gender", "age"]);
        assert_eq!((&groupings[0].of[..], &groupings[1].of[..]), (&[0, 1, 2, 0][..], &[0, 1, 4, 3][..]));
        assert_eq!(groupings[0].groups, ["F", "M", "not known"]);
    }

    #[test]
    fn groups_do_not_grow_without_end() {
        let mut people = People::new(["casual".to_owned()]);
        for number in 0..40 {
            people.push(0, &Persona { gender: number.to_string(), ..Persona::default() });
        }
        let gender = people.groupings()[0];
        assert_eq!((gender.groups.len(), gender.groups[8].as_str(), gender.of[39]), (9, "other", 8));
    }
}
