//! Matrix factorisation of who liked what.

use habitue_core::{ItemId, Purpose, Streams};
use rand::RngExt;

/// Length of a factor vector.
const FACTORS: usize = 16;
/// Passes over users and items.
const ROUNDS: usize = 10;
/// Weight of the squared factors.
const RIDGE: f64 = 10.0;
/// What a liked item weighs more than one that is not known to be liked.
const CONFIDENCE: f64 = 15.0;

type Row = [f64; FACTORS];

/// Factors of implicit feedback by alternating least squares (Hu, Koren and Volinsky, "Collaborative Filtering for
/// Implicit Feedback Datasets", ICDM 2008): a liked item is a 1 of weight 1 + `CONFIDENCE`, every other one a 0 of weight 1.
pub(super) struct Factors {
    users: Vec<Row>,
    items: Vec<Row>,
}

impl Factors {
    /// Of the liked items of every user. First factors come from the stream ([`Purpose::Training`], 0, 0).
    pub(super) fn new(liked: &[Vec<ItemId>], items: usize, streams: Streams) -> Self {
        let by_user: Vec<Vec<usize>> =
            liked.iter().map(|own| own.iter().map(|item| item.index()).collect()).collect();
        let mut by_item = vec![Vec::new(); items];
        for (user, own) in by_user.iter().enumerate() {
            for &item in own {
                by_item[item].push(user);
            }
        }
        let mut stream = streams.stream(Purpose::Training, 0, 0);
        let mut draw = || -> f64 { stream.random_range(-0.1..0.1) };
        let mut item_rows: Vec<Row> = (0..items).map(|_| std::array::from_fn(|_| draw())).collect();
        let mut user_rows = vec![[0.0; FACTORS]; by_user.len()];
        for _ in 0..ROUNDS {
            solve(&by_user, &item_rows, &mut user_rows);
            solve(&by_item, &user_rows, &mut item_rows);
        }
        solve(&by_user, &item_rows, &mut user_rows);
        Self { users: user_rows, items: item_rows }
    }

    /// About 1 for what the user is expected to like, about 0 for the rest.
    pub(super) fn score(&self, user: usize, item: ItemId) -> f64 {
        dot(&self.users[user], &self.items[item.index()])
    }
}

fn dot(one: &Row, other: &Row) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The rows that fit best to the others, given which of them each is paired with.
fn solve(pairs: &[Vec<usize>], others: &[Row], rows: &mut [Row]) {
    let mut shared = [[0.0; FACTORS]; FACTORS];
    for (at, line) in shared.iter_mut().enumerate() {
        line[at] = RIDGE;
    }
    for other in others {
        add(&mut shared, other, 1.0);
    }
    for (own, row) in pairs.iter().zip(rows) {
        let (mut normal, mut right) = (shared, [0.0; FACTORS]);
        for &other in own {
            add(&mut normal, &others[other], CONFIDENCE);
            right
                .iter_mut()
                .zip(&others[other])
                .for_each(|(sum, factor)| *sum += (1.0 + CONFIDENCE) * factor);
        }
        *row = cholesky(&mut normal, right);
    }
}

fn add(matrix: &mut [Row; FACTORS], row: &Row, weight: f64) {
    for (line, factor) in matrix.iter_mut().zip(row) {
        line.iter_mut().zip(row).for_each(|(sum, other)| *sum += weight * factor * other);
    }
}

/// The solution of `matrix x = right`; the matrix is positive definite, as it has a ridge.
fn cholesky(matrix: &mut [Row; FACTORS], right: Row) -> Row {
    for at in 0..FACTORS {
        for line in at..FACTORS {
            let before: f64 = (0..at).map(|k| matrix[line][k] * matrix[at][k]).sum();
            let rest = matrix[line][at] - before;
            matrix[line][at] = if line == at { rest.sqrt() } else { rest / matrix[at][at] };
        }
    }
    let mut x = right;
    for at in 0..FACTORS {
        let before: f64 = (0..at).map(|k| matrix[at][k] * x[k]).sum();
        x[at] = (x[at] - before) / matrix[at][at];
    }
    for at in (0..FACTORS).rev() {
        let after: f64 = (at + 1..FACTORS).map(|k| matrix[k][at] * x[k]).sum();
        x[at] = (x[at] - after) / matrix[at][at];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        let mut matrix = [[0.0; FACTORS]; FACTORS];
        for (at, line) in matrix.iter_mut().enumerate() {
            line[at] = 2.0;
        }
        let rows: Vec<Row> =
            (0..9).map(|n| std::array::from_fn(|k| ((n * 7 + k * 3) % 5) as f64 - 2.0)).collect();
        for row in &rows {
            add(&mut matrix, row, 1.5);
        }
        let wanted: Row = std::array::from_fn(|k| k as f64 - 4.0);
        let right: Row = std::array::from_fn(|k| dot(&matrix[k], &wanted));
        let found = cholesky(&mut matrix.clone(), right);
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn users_are_expected_to_like_what_their_like_liked() {
        // Two tastes; user 0 has not met item 9, user 20 not item 10.
        let liked: Vec<Vec<ItemId>> = (0..40)
            .map(|user| {
                let own = if user < 20 { 0..10 } else { 10..20 };
                own.filter(|item| (user, *item) != (0, 9) && (user, *item) != (20, 10)).map(ItemId).collect()
            })
            .collect();
        let factors = Factors::new(&liked, 20, Streams::new(1));
        assert!(factors.score(0, ItemId(9)) > 0.5 && factors.score(0, ItemId(10)).abs() < 0.2);
        assert!(factors.score(20, ItemId(10)) > 0.5 && factors.score(20, ItemId(9)).abs() < 0.2);
    }
}
