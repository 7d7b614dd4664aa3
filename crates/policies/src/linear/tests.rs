use habitue_core::ItemId;

use super::*;

/// Item, shared features and reward of an impression.
type Row = (ItemId, Vec<(usize, f64)>, f64);

/// A ridge regression on all coefficients at once, without the block structure.
fn dense(rows: &[Row], k: usize, items: usize, ridge: f64) -> (Cholesky, Vec<f64>) {
    let size = k + items;
    let (mut precision, mut target) = (vec![0.0; size * size], vec![0.0; size]);
    (0..size).for_each(|at| precision[at * size + at] = ridge);
    for (item, features, reward) in rows {
        let mut features = features.clone();
        features.push((k + item.index(), 1.0));
        for (row, value) in &features {
            target[*row] += value * reward;
            for (column, other) in &features {
                precision[row * size + column] += value * other;
            }
        }
    }
    let factor = Cholesky::new(precision, size);
    let solution = factor.solve(&target);
    (factor, solution)
}

#[test]
fn blocks_give_the_regression_on_all_coefficients() {
    let (k, items, ridge) = (3, 4, 0.7);
    let rows: Vec<Row> = (0..40_u32)
        .map(|at| {
            let features = vec![(0, 1.0), (1 + at as usize % 2, f64::from(at % 7) * 0.3)];
            // The last item is never shown.
            (ItemId(at % 3), features, f64::from(at * at % 5 > 2))
        })
        .collect();
    let mut evidence = Evidence::new(k);
    for (item, features, reward) in &rows {
        evidence.add(*item, features, *reward);
    }
    let solution = Solution::new(&evidence, ridge);
    let (factor, expected) = dense(&rows, k, items, ridge);
    for (at, value) in solution.shared.iter().chain(solution.own.iter().map(|(theta, _)| theta)).enumerate() {
        assert!((value - expected[at]).abs() < 1e-10, "coefficient {at}: {value} and {}", expected[at]);
    }
    let inverse = solution.factor.inverse();
    let spreads = solution.spreads(&evidence);
    for item in 0..3 {
        let z = [1.0, 0.4, -0.8];
        let mut whole = vec![0.0; k + items];
        whole[..k].copy_from_slice(&z);
        whole[k + item] = 1.0;
        let variance: f64 = factor.solve(&whole).iter().zip(&whole).map(|(a, b)| a * b).sum();
        let (g, c) = spreads[item].as_ref().unwrap();
        let quadratic: f64 = (0..k)
            .flat_map(|a| (0..k).map(move |b| (a, b)))
            .map(|(a, b)| z[a] * inverse[a * k + b] * z[b])
            .sum();
        let bend: f64 = z.iter().zip(g).map(|(a, b)| a * b).sum();
        assert!((quadratic - 2.0 * bend + c - variance).abs() < 1e-10);
    }
}

#[test]
fn back_substitution_draws_with_the_inverse_as_covariance() {
    let factor = Cholesky::new(vec![4.0, 0.0, 1.0, 3.0], 2);
    // L'^-1 applied to the unit vectors gives the columns of L'^-1; their outer products sum to A^-1.
    let mut columns = [[1.0, 0.0], [0.0, 1.0]];
    for column in &mut columns {
        factor.back(column);
    }
    let inverse = factor.inverse();
    for (row, column) in [(0, 0), (0, 1), (1, 1)] {
        let sum: f64 = columns.iter().map(|draw| draw[row] * draw[column]).sum();
        assert!((sum - inverse[row * 2 + column]).abs() < 1e-12);
    }
}
