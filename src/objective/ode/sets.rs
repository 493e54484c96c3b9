//! Sets of values that fill ranges evenly.

use crate::{Error, Result, threefry};

/// Ranges at most.
const MOST: usize = 64;

/// `count` sets of values, one after the other, each with a value of every range (lowest and highest, both included).
///
/// One range is cut into equal parts. Several are filled by the additive recurrence of Roberts 2018: multiples of the
/// powers of the one root above 1 of x^(d + 1) = x + 1, without their whole parts, from a start that `seed` draws. The
/// first sets alone fill the ranges evenly too.
///
/// # Errors
/// [`Error::Setting`] for an empty range, or too many of them.
pub fn spread(ranges: &[(f32, f32)], count: usize, seed: u64) -> Result<Vec<f32>> {
    if let Some((low, high)) = ranges.iter().find(|(low, high)| !(low < high && (high - low).is_finite())) {
        return Err(Error::setting("range", format!("{low}..{high}"), "give two finite numbers, the lower one first"));
    }
    if ranges.len() > MOST {
        return Err(Error::setting("ranges", ranges.len(), format!("{MOST} at most")));
    }
    let value = |(low, high): (f32, f32), share: f64| {
        ((f64::from(low) + share * (f64::from(high) - f64::from(low))) as f32).clamp(low, high)
    };
    if let [range] = ranges {
        let last = count.saturating_sub(1).max(1) as f64;
        return Ok((0..count).map(|n| value(*range, n as f64 / last)).collect());
    }
    let dims = ranges.len() as i32;
    let root = (0..200).fold(2.0f64, |root, _| (1.0 + root).powf(1.0 / f64::from(dims + 1)));
    let start = |place: usize| {
        let words = threefry::seeded([place as u32, 0, 0, 0], seed);
        f64::from(words[0]) / 4_294_967_296.0
    };
    let axes: Vec<(f64, f64)> = (0..ranges.len()).map(|place| (start(place), root.powi(-(place as i32) - 1))).collect();
    let share = |n: usize, (start, step): (f64, f64)| (start + (n as f64 * step).fract()).fract();
    Ok((0..count)
        .flat_map(|n| ranges.iter().zip(&axes).map(move |(range, axis)| value(*range, share(n, *axis))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_cut_into_equal_parts() {
        assert_eq!(spread(&[(1.0, 3.0)], 5, 1).unwrap(), [1.0, 1.5, 2.0, 2.5, 3.0]);
        assert_eq!(spread(&[(1.0, 3.0)], 1, 1).unwrap(), [1.0]);
        assert!(spread(&[(3.0, 1.0)], 5, 1).is_err() && spread(&[(0.0, f32::NAN)], 5, 1).is_err());
    }

    #[test]
    fn several_ranges_are_filled_evenly_from_the_seed() {
        let sets = spread(&[(0.0, 1.0), (-2.0, 2.0), (0.0, 1.0)], 4096, 7).unwrap();
        assert_eq!(sets, spread(&[(0.0, 1.0), (-2.0, 2.0), (0.0, 1.0)], 4096, 7).unwrap());
        assert_ne!(sets, spread(&[(0.0, 1.0), (-2.0, 2.0), (0.0, 1.0)], 4096, 8).unwrap());
        // Every one of 8 x 8 x 8 cells holds about 8 sets.
        let mut cells = vec![0; 512];
        for set in sets.chunks(3) {
            let cell = |share: f32| ((8.0 * share) as usize).min(7);
            cells[cell(set[0]) * 64 + cell((set[1] + 2.0) / 4.0) * 8 + cell(set[2])] += 1;
        }
        assert!(cells.iter().all(|count| (3..=14).contains(count)), "{cells:?}");
    }
}
