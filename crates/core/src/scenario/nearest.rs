//! The name somebody may have meant.

/// How alike two names must be (1 is equal) for one to be offered in place of the other.
const ALIKE: f64 = 0.55;

/// The known name most like the wanted one (Damerau-Levenshtein distance over length; case, `-` and `_` do not
/// count), if any is like it. Of equally like names the first.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let fold = |name: &str| name.to_lowercase().replace('-', "_");
    let folded = fold(wanted);
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        let alike = strsim::normalized_damerau_levenshtein(&folded, &fold(name));
        if alike >= ALIKE && best.is_none_or(|(most, _)| alike > most) {
            best = Some((alike, name));
        }
    }
    best.map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        assert_eq!(nearest("popularty", ["random", "popularity"]).as_deref(), Some("popularity"));
        assert_eq!(nearest("Max-Turns", ["max_turns"]).as_deref(), Some("max_turns"));
        assert_eq!(nearest("colour", ["size", "name"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
