//! Pictures brought to another size, lines and pixels each by themselves, whatever that does to their proportions.

/// Lines, and pixels of a line.
pub(super) type Size = [usize; 2];

/// Planes of `from` brought to the size `to`, channel after channel.
pub(super) fn resized(pixels: &[u8], from: Size, to: Size) -> Vec<u8> {
    if from == to {
        return pixels.to_vec();
    }
    let (down, across) = (windows(from[0], to[0]), windows(from[1], to[1]));
    let mut result = Vec::with_capacity(pixels.len() / (from[0] * from[1]).max(1) * to[0] * to[1]);
    for plane in pixels.chunks_exact(from[0] * from[1]) {
        let narrow: Vec<f32> =
            plane.chunks_exact(from[1]).flat_map(|line| across.iter().map(|of| of.mean(line))).collect();
        let columns: Vec<Vec<f32>> =
            (0..to[1]).map(|x| narrow.iter().skip(x).step_by(to[1]).copied().collect()).collect();
        for of in &down {
            // Means of bytes are within what a byte holds.
            result.extend(columns.iter().map(|column| of.mean(column).round() as u8));
        }
    }
    result
}

/// What a new pixel is made of: pixels side by side, and how much each counts.
struct Window {
    first: usize,
    weights: Vec<f32>,
}

impl Window {
    fn mean<T: Copy + Into<f32>>(&self, line: &[T]) -> f32 {
        line[self.first..].iter().zip(&self.weights).map(|(value, weight)| (*value).into() * weight).sum()
    }
}

/// The windows of a side: triangles as wide as two new pixels, so that none is left out where many become one, and
/// straight lines between the old ones where few become many.
fn windows(from: usize, to: usize) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let window = |at: usize| {
        let middle = (at as f64 + 0.5) * scale;
        let first = (middle - reach).floor().max(0.0) as usize;
        let end = ((middle + reach).ceil() as usize).min(from);
        let weight = |i: usize| (1.0 - (i as f64 + 0.5 - middle).abs() / reach).max(0.0);
        let sum: f64 = (first..end).map(weight).sum();
        Window { first, weights: (first..end).map(|i| (weight(i) / sum) as f32).collect() }
    };
    (0..to).map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_change_and_what_is_even_stays() {
        for (from, to) in [([5, 7], [3, 2]), ([3, 2], [9, 9]), ([1, 1], [4, 1]), ([64, 64], [1, 1])] {
            let planes = [vec![17; from[0] * from[1]], vec![255; from[0] * from[1]]].concat();
            let found = resized(&planes, from, to);
            assert_eq!(found, [vec![17; to[0] * to[1]], vec![255; to[0] * to[1]]].concat(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn values_are_as_worked_out_by_hand() {
        assert_eq!(resized(&[1, 2, 3, 4], [2, 2], [2, 2]), [1, 2, 3, 4]);
        // Four to two: triangles that reach over two pixels; at the edge three of them, by 3, 3 and 1 in 7.
        let found = resized(&[0, 70, 140, 210], [1, 4], [1, 2]);
        assert_eq!(found, [50, 160]);
        // One line to four pixels: straight between the middles, level beyond them.
        assert_eq!(resized(&[0, 100], [2, 1], [4, 1]), [0, 25, 75, 100]);
    }
}
