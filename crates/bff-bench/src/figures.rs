//! Figures from many figures: medians, percentiles, and what one more of something costs.

/// The middle one; zero of nothing.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 }
}

/// The value that `percent` of the sorted values do not exceed (nearest rank); zero of nothing.
#[must_use]
pub fn percentile(sorted: &[u64], percent: f64) -> u64 {
    let count = sorted.len() as f64;
    // A rank is a small whole number: it survives the way through a float.
    let rank = (percent / 100.0 * count).ceil().max(1.0) as usize;
    sorted.get(rank - 1).or(sorted.last()).copied().unwrap_or_default()
}

/// Least squares: the coefficients `c` for which `c[0] * x[0] + c[1] * x[1] + ...` comes nearest to `y`, relative to
/// `y`, over all points `(x, y)`. None when the points do not determine them.
#[must_use]
pub fn fit<const N: usize>(points: &[([f64; N], f64)]) -> Option<[f64; N]> {
    let mut rows = [([0.0; N], 0.0); N];
    for (x, y) in points.iter().filter(|(_, y)| *y > 0.0) {
        for (row, a) in rows.iter_mut().zip(x) {
            for (cell, b) in row.0.iter_mut().zip(x) {
                *cell += a * b / (y * y);
            }
            row.1 += a / y;
        }
    }
    solve(rows)
}

/// Gauss-Jordan elimination with the largest pivot.
fn solve<const N: usize>(mut rows: [([f64; N], f64); N]) -> Option<[f64; N]> {
    for column in 0..N {
        let size = |row: &([f64; N], f64)| row.0.get(column).copied().unwrap_or_default().abs();
        let best = (column..N).max_by(|a, b| {
            let of = |place: &usize| rows.get(*place).map_or(0.0, size);
            of(a).total_cmp(&of(b))
        })?;
        rows.swap(column, best);
        let pivot_row = *rows.get(column)?;
        let pivot = *pivot_row.0.get(column)?;
        if pivot.abs() < 1e-18 {
            return None;
        }
        for (place, row) in rows.iter_mut().enumerate() {
            let factor = row.0.get(column)? / pivot;
            if place == column {
                continue;
            }
            for (cell, of_pivot) in row.0.iter_mut().zip(pivot_row.0) {
                *cell -= factor * of_pivot;
            }
            row.1 -= factor * pivot_row.1;
        }
    }
    let mut solution = [0.0; N];
    for (place, (value, row)) in solution.iter_mut().zip(&rows).enumerate() {
        *value = row.1 / row.0.get(place)?;
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(median(&[]).to_bits(), 0.0_f64.to_bits());
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=100).collect();
        let found = [0.0, 50.0, 99.0, 99.9, 100.0].map(|percent| percentile(&values, percent));
        assert_eq!(found, [1, 50, 99, 100, 100]);
        assert_eq!((percentile(&[], 50.0), percentile(&[7], 99.0)), (0, 7));
    }

    #[test]
    fn a_fit_finds_what_the_points_were_made_of() {
        let made = |n: f64, kb: f64| ([1.0, n, n * kb], 20.0 + 15.0 * n + 0.7 * n * kb);
        let points =
            [made(1.0, 1.0), made(16.0, 1.0), made(1.0, 64.0), made(16.0, 64.0), made(4.0, 4.0)];
        let found = fit(&points).unwrap();
        for (coefficient, expected) in found.iter().zip([20.0, 15.0, 0.7]) {
            assert!((coefficient - expected).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn points_that_say_too_little_have_no_fit() {
        assert_eq!(fit(&[([1.0, 2.0], 3.0), ([1.0, 2.0], 3.0)]), None);
    }
}
