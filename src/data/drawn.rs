//! Pictures of the ten digits, drawn by a pen of our own from a seed: no two alike, nothing to download.
//!
//! A digit is a few strokes through given points. For every picture the points move a little, each by itself; the figure
//! is slanted, turned, stretched and shifted; pens are thin or thick, ink pale or dark; and the paper is grainy.

use std::f64::consts::PI;

use rand_philox::Philox;

use super::generated::{between, normal};

/// Lines of a picture, and pixels of a line, as in MNIST.
pub(super) const SIDE: usize = 28;

/// A place: to the right and down, in heights of the figure.
type Place = [f64; 2];
/// Places that the pen goes through smoothly; at one that is said twice it turns sharply.
type Stroke = &'static [Place];

/// The ways to write each digit, 1 high and at most 0.7 wide.
const WAYS: [&[&[Stroke]]; 10] = [
    &[&[&[
        [0.35, 0.0],
        [0.1, 0.15],
        [0.0, 0.5],
        [0.1, 0.85],
        [0.35, 1.0],
        [0.6, 0.85],
        [0.7, 0.5],
        [0.6, 0.15],
        [0.35, 0.0],
    ]]],
    &[
        &[&[[0.35, 0.0], [0.35, 0.5], [0.35, 1.0]]],
        &[&[[0.15, 0.22], [0.38, 0.0], [0.38, 0.0], [0.38, 0.5], [0.38, 1.0]]],
        &[&[[0.15, 0.22], [0.36, 0.0], [0.36, 0.0], [0.36, 1.0]], &[[0.12, 1.0], [0.6, 1.0]]],
    ],
    &[
        &[&[[0.05, 0.25], [0.2, 0.03], [0.5, 0.03], [0.63, 0.25], [0.5, 0.5], [0.05, 1.0], [0.05, 1.0], [0.68, 1.0]]],
        &[&[
            [0.05, 0.25],
            [0.2, 0.03],
            [0.5, 0.03],
            [0.62, 0.25],
            [0.42, 0.62],
            [0.12, 0.97],
            [0.05, 0.82],
            [0.25, 0.84],
            [0.68, 1.0],
        ]],
    ],
    &[
        &[&[
            [0.05, 0.12],
            [0.3, 0.0],
            [0.6, 0.12],
            [0.56, 0.35],
            [0.28, 0.46],
            [0.28, 0.46],
            [0.62, 0.6],
            [0.65, 0.85],
            [0.35, 1.0],
            [0.03, 0.88],
        ]],
        &[&[
            [0.05, 0.0],
            [0.62, 0.0],
            [0.62, 0.0],
            [0.3, 0.4],
            [0.3, 0.4],
            [0.62, 0.55],
            [0.64, 0.85],
            [0.33, 1.0],
            [0.03, 0.9],
        ]],
    ],
    &[
        &[&[[0.12, 0.0], [0.04, 0.55], [0.04, 0.55], [0.66, 0.55]], &[[0.52, 0.15], [0.5, 1.0]]],
        &[&[[0.5, 1.0], [0.5, 0.0], [0.5, 0.0], [0.0, 0.68], [0.0, 0.68], [0.7, 0.68]]],
    ],
    &[&[&[
        [0.6, 0.0],
        [0.12, 0.0],
        [0.12, 0.0],
        [0.08, 0.43],
        [0.08, 0.43],
        [0.38, 0.36],
        [0.64, 0.58],
        [0.58, 0.86],
        [0.3, 1.0],
        [0.02, 0.9],
    ]]],
    &[
        &[&[
            [0.52, 0.0],
            [0.2, 0.22],
            [0.03, 0.62],
            [0.12, 0.92],
            [0.38, 1.0],
            [0.63, 0.8],
            [0.52, 0.55],
            [0.28, 0.53],
            [0.06, 0.72],
        ]],
        &[&[[0.1, 0.0], [0.04, 0.5], [0.1, 0.9], [0.35, 1.0], [0.6, 0.84], [0.52, 0.58], [0.28, 0.54], [0.06, 0.7]]],
    ],
    &[
        &[&[[0.02, 0.0], [0.66, 0.0], [0.66, 0.0], [0.4, 0.5], [0.25, 1.0]]],
        &[&[[0.02, 0.0], [0.66, 0.0], [0.66, 0.0], [0.42, 0.5], [0.3, 1.0]], &[[0.18, 0.5], [0.6, 0.48]]],
        &[&[[0.04, 0.18], [0.06, 0.0], [0.06, 0.0], [0.66, 0.0], [0.66, 0.0], [0.45, 0.45], [0.3, 1.0]]],
    ],
    &[&[&[
        [0.35, 0.47],
        [0.1, 0.3],
        [0.15, 0.07],
        [0.35, 0.0],
        [0.57, 0.07],
        [0.6, 0.3],
        [0.35, 0.47],
        [0.06, 0.68],
        [0.1, 0.92],
        [0.35, 1.0],
        [0.62, 0.92],
        [0.66, 0.68],
        [0.35, 0.47],
    ]]],
    &[
        &[&[
            [0.62, 0.3],
            [0.5, 0.05],
            [0.25, 0.02],
            [0.06, 0.22],
            [0.12, 0.45],
            [0.35, 0.52],
            [0.6, 0.32],
            [0.63, 0.2],
            [0.63, 0.2],
            [0.6, 0.65],
            [0.54, 1.0],
        ]],
        &[&[
            [0.62, 0.3],
            [0.5, 0.05],
            [0.25, 0.02],
            [0.06, 0.22],
            [0.12, 0.45],
            [0.35, 0.52],
            [0.6, 0.32],
            [0.63, 0.2],
            [0.63, 0.2],
            [0.58, 0.75],
            [0.38, 1.0],
            [0.1, 0.92],
        ]],
    ],
];

/// Height of a figure in pixels, before it is stretched.
const HEIGHT: f64 = 19.0;
/// Deviation of each point by itself, in heights.
const UNSTEADY: f64 = 0.045;
/// Straight pieces between two points.
const PIECES: usize = 6;

/// `count` pictures, digits in turn, and the digit of each; `noise` is the deviation of the grain, 1 being full ink.
pub(super) fn digits(random: &mut Philox, count: usize, noise: f64) -> (Vec<u8>, Vec<u8>) {
    let mut pixels = Vec::with_capacity(count * SIDE * SIDE);
    let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
    for &digit in &labels {
        let ink = drawn(random, digit.into());
        for pair in ink.chunks(2) {
            // The draws come in pairs.
            let grain = if noise > 0.0 { normal(random, noise) } else { [0.0; 2] };
            pixels.extend(pair.iter().zip(grain).map(|(ink, grain)| ((ink + grain) * 255.0).round() as u8));
        }
    }
    (pixels, labels)
}

/// The ink of one digit, line after line, 0 to 1.
fn drawn(random: &mut Philox, digit: usize) -> Vec<f64> {
    let ways = WAYS[digit];
    let way = ways[between(random, 0.0, ways.len() as f64) as usize % ways.len()];
    let [slant, turn] = normal(random, 1.0);
    let (slant, turn) = (0.2 * slant.clamp(-2.5, 2.5), PI / 20.0 * turn.clamp(-2.5, 2.5));
    let [wide, high] = [between(random, 0.7, 1.2), between(random, 0.8, 1.1)];
    let shift = [between(random, -2.5, 2.5), between(random, -2.0, 2.0)];
    let radius = between(random, 0.6, 1.7);
    let darkness = between(random, 0.65, 1.0);
    let (sine, cosine) = turn.sin_cos();
    let put = |[x, y]: Place| {
        let (x, y) = (wide * (x - 0.35), high * (y - 0.5));
        let x = x - slant * y;
        let middle = (SIDE - 1) as f64 / 2.0;
        let [x, y] = [cosine * x - sine * y, sine * x + cosine * y];
        [middle + HEIGHT * x + shift[0], middle + HEIGHT * y + shift[1]]
    };
    let mut ink = vec![0.0; SIDE * SIDE];
    for stroke in way {
        let mut points: Vec<Place> = Vec::new();
        for (at, point) in stroke.iter().enumerate() {
            let moved = match points.last() {
                Some(last) if at > 0 && stroke[at - 1] == *point => *last,
                _ => {
                    let [dx, dy] = normal(random, UNSTEADY);
                    put([point[0] + dx, point[1] + dy])
                }
            };
            points.push(moved);
        }
        for two in smooth(&points).windows(2) {
            line(&mut ink, [two[0], two[1]], radius, darkness);
        }
    }
    ink
}

/// A curve through points, in straight pieces (Catmull and Rom 1974).
fn smooth(points: &[Place]) -> Vec<Place> {
    let last = points.len() - 1;
    let mut curve = vec![points[0]];
    for at in 0..last {
        let around = [points[at.saturating_sub(1)], points[at], points[at + 1], points[(at + 2).min(last)]];
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
            let weights = [
                ((2.0 - t) * t - 1.0) * t,
                (3.0 * t - 5.0) * t * t + 2.0,
                ((4.0 - 3.0 * t) * t + 1.0) * t,
                (t - 1.0) * t * t,
            ];
            let sum = |axis: usize| around.iter().zip(weights).map(|(point, w)| point[axis] * w).sum::<f64>() / 2.0;
            curve.push([sum(0), sum(1)]);
        }
    }
    curve
}

/// Draws a straight piece: full ink up to the pen's radius, fading over one pixel; ink over ink is no darker.
fn line(ink: &mut [f64], [from, to]: [Place; 2], radius: f64, darkness: f64) {
    let reach = radius + 0.5;
    let range = |axis: usize| {
        let (low, high) = (from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach);
        low.ceil().max(0.0) as usize..=high.floor().min((SIDE - 1) as f64).max(-1.0) as usize
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = (along[0] * along[0] + along[1] * along[1]).max(1e-12);
    for y in range(1) {
        for x in range(0) {
            let away = [x as f64 - from[0], y as f64 - from[1]];
            let t = ((away[0] * along[0] + away[1] * along[1]) / length).clamp(0.0, 1.0);
            let distance = (away[0] - t * along[0]).hypot(away[1] - t * along[1]);
            let pixel = &mut ink[y * SIDE + x];
            *pixel = pixel.max(darkness * (reach - distance).clamp(0.0, 1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(seed: u64, noise: f64) -> (Vec<u8>, Vec<u8>) {
        digits(&mut Philox::from_u64_seed(seed), 200, noise)
    }

    #[test]
    fn one_seed_gives_one_set_and_no_two_pictures_are_alike() {
        assert_eq!(some(1, 0.1), some(1, 0.1));
        assert_ne!(some(1, 0.1).0, some(2, 0.1).0);
        let (pixels, labels) = some(1, 0.0);
        assert_eq!(
            (pixels.len(), labels[..12].to_vec()),
            (200 * SIDE * SIDE, vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
        );
        let mut pictures: Vec<&[u8]> = pixels.chunks(SIDE * SIDE).collect();
        pictures.sort_unstable();
        assert!(pictures.windows(2).all(|two| two[0] != two[1]));
    }

    #[test]
    fn figures_are_within_the_picture_and_ink_is_ink() {
        let (pixels, _) = some(3, 0.0);
        for (at, picture) in pixels.chunks(SIDE * SIDE).enumerate() {
            let inked = picture.iter().filter(|&&pixel| pixel > 100).count();
            // A thin one of 19 pixels at least, a thick one of less than half of all.
            assert!((12..350).contains(&inked), "picture {at} has {inked} dark pixels");
            let edge = (0..SIDE).filter(|i| picture[*i] > 100 || picture[SIDE * (SIDE - 1) + i] > 100).count();
            assert!(edge < 10, "picture {at} is cut off: {edge}");
        }
    }

    #[test]
    fn curves_go_through_their_points() {
        let points = [[0.0, 0.0], [1.0, 2.0], [1.0, 2.0], [4.0, -1.0]];
        let curve = smooth(&points);
        for (at, point) in points.iter().enumerate() {
            let found = curve[at * PIECES];
            assert!((found[0] - point[0]).hypot(found[1] - point[1]) < 1e-12, "{found:?}");
        }
    }
}
