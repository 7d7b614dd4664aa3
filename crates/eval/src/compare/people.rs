//! Whether two alternatives have the same users, living with the same luck.

use habitue_core::scenario::{CatalogueSource, Design};
use habitue_store::RunReader;

use super::alternatives::Arm;
use super::error::CompareError;

/// How two alternatives are compared.
pub(super) struct Pairing {
    /// Whether users are compared with themselves.
    pub(super) paired: bool,
    /// Why, or why not.
    pub(super) why: String,
    pub(super) warning: Option<String>,
}

/// Users can be compared with themselves if they are the same people in runs of the same seed: then every draw that decides
/// what they do comes from the same stream in both.
pub(super) fn pairing(runs: &[RunReader], one: &Arm, other: &Arm) -> Result<Pairing, CompareError> {
    let alone = |why: &str| Pairing { paired: false, why: why.to_owned(), warning: None };
    if one.run == other.run {
        let paired = runs[one.run].scenario().design == Design::Paired;
        let why = if paired { "every user lives in both arms" } else { "every user lives in one arm" };
        return Ok(Pairing { paired, ..alone(why) });
    }
    if one.facts.seed != other.facts.seed {
        return Ok(Pairing {
            warning: own_items(runs, one, other),
            ..alone("the runs have different seeds")
        });
    }
    if !same_people(&runs[one.run], &runs[other.run])? {
        return Ok(alone("the runs have the same seed but not the same users"));
    }
    if one.users == other.users {
        return Ok(Pairing { paired: true, ..alone("the runs have the same seed and the same users") });
    }
    let shared = one.users.iter().filter(|user| other.users.binary_search(user).is_ok()).count();
    let warning = (shared > 0).then(|| {
        format!(
            "\"{}\" and \"{}\" share {shared} of their users, but not all. They are tested as if no user were shared, which as \
             a rule makes p-values too large.",
            one.facts.name, other.facts.name
        )
    });
    Ok(Pairing { warning, ..alone("the arms hold different users") })
}

/// The seed that draws users draws generated items too, and all users of a run meet the same items.
fn own_items(runs: &[RunReader], one: &Arm, other: &Arm) -> Option<String> {
    let drawn = |arm: &Arm| matches!(runs[arm.run].scenario().catalogue, CatalogueSource::Generate(_));
    (drawn(one) || drawn(other)).then(|| {
        format!(
            "\"{}\" and \"{}\" have different seeds, which draw the items too. All users of a run meet the same items, so such \
             runs differ by more than their users do: p-values are too small. Give runs the same seed, or a catalogue from a file.",
            one.facts.name, other.facts.name
        )
    })
}

/// Whether two runs have the same users, of the same personas, in the same order.
pub(super) fn same_people(one: &RunReader, other: &RunReader) -> Result<bool, CompareError> {
    let (mut ours, mut theirs) = (one.users(), other.users());
    loop {
        match (ours.next().transpose()?, theirs.next().transpose()?) {
            (None, None) => return Ok(true),
            (Some(a), Some(b))
                if (a.user, a.population, &a.persona) == (b.user, b.population, &b.persona) => {}
            _ => return Ok(false),
        }
    }
}
