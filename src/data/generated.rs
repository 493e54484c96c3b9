//! Points drawn from a seed: small problems in the plane, each with its own difficulty, and a line of numbers.
//!
//! One function per set. Those of classes draw `points` points, classes in turn, `noise` being the standard deviation
//! of what is added to either coordinate (in units of the figure, whose size is about 1 or 2).

use std::f64::consts::{PI, SQRT_2, TAU};

use rand_philox::{Philox, u32_to_unit_f64};

/// A place in the plane and its class.
pub(super) type Point = ([f64; 2], usize);

/// Two half squares with a gap of 0.2 along the line x1 + x2 = 0: a single neuron will do.
pub(super) fn linear(random: &mut Philox, points: usize, noise: f64) -> Vec<Point> {
    draw(random, points, noise, 2, |random, class| {
        let [x, y] = [between(random, -1.0, 1.0), between(random, -1.0, 1.0)];
        let side = if class == 0 { -1.0 } else { 1.0 };
        let flip = if (x + y) * side < 0.0 { -1.0 } else { 1.0 };
        let gap = side * 0.1 / SQRT_2;
        [flip * x + gap, flip * y + gap]
    })
}

/// Two half circles, each reaching into the other.
pub(super) fn moons(random: &mut Philox, points: usize, noise: f64) -> Vec<Point> {
    draw(random, points, noise, 2, |random, class| {
        let (sine, cosine) = between(random, 0.0, PI).sin_cos();
        if class == 0 { [cosine, sine] } else { [1.0 - cosine, 0.5 - sine] }
    })
}

/// A circle of radius 1 around one of radius 0.5.
pub(super) fn circles(random: &mut Philox, points: usize, noise: f64) -> Vec<Point> {
    draw(random, points, noise, 2, |random, class| polar([1.0, 0.5][class], between(random, 0.0, TAU)))
}

/// Two arms of one and a half turns wound into each other: hard for small networks.
pub(super) fn spirals(random: &mut Philox, points: usize, noise: f64) -> Vec<Point> {
    draw(random, points, noise, 2, |random, class| {
        // The root spreads the points evenly along the arm, which grows longer as it goes out.
        let radius = between(random, 0.01, 1.0).sqrt();
        polar(radius, 3.0 * PI * radius + PI * class as f64)
    })
}

/// Four squares in the corners of [-1, 1]², opposite corners alike: no line tells them apart.
pub(super) fn xor(random: &mut Philox, points: usize, noise: f64) -> Vec<Point> {
    draw(random, points, noise, 2, |random, class| {
        let [x, y] = [between(random, 0.1, 1.0), between(random, 0.1, 1.0)];
        let side = if random.next_u32() & 1 == 0 { -1.0 } else { 1.0 };
        [side * x, if class == 0 { side * y } else { -side * y }]
    })
}

/// Three round clouds, their centres 3 from the middle and 5.2 from each other.
pub(super) fn blobs(random: &mut Philox, points: usize, noise: f64) -> Vec<Point> {
    draw(random, points, noise, 3, |_, class| polar(3.0, TAU / 3.0 * class as f64))
}

/// Numbers evenly spread from -3 to 3, each with twice itself plus 7.
pub(super) fn line(random: &mut Philox, points: usize, noise: f64) -> Vec<[f64; 2]> {
    let pair = |index| {
        let x = -3.0 + 6.0 * index as f64 / (points - 1) as f64;
        [x, 2.0 * x + 7.0 + normal(random, noise)[0]]
    };
    (0..points).map(pair).collect()
}

fn draw(
    random: &mut Philox,
    points: usize,
    noise: f64,
    classes: usize,
    place: impl Fn(&mut Philox, usize) -> [f64; 2],
) -> Vec<Point> {
    let point = |index| {
        let class = index % classes;
        let [x, y] = place(random, class);
        let [dx, dy] = normal(random, noise);
        ([x + dx, y + dy], class)
    };
    (0..points).map(point).collect()
}

/// Two normal numbers of this deviation, from two uniform ones (Box and Muller 1958).
pub(super) fn normal(random: &mut Philox, deviation: f64) -> [f64; 2] {
    let radius = deviation * (-2.0 * u32_to_unit_f64(random.next_u32()).ln()).sqrt();
    polar(radius, between(random, 0.0, TAU))
}

pub(super) fn between(random: &mut Philox, low: f64, high: f64) -> f64 {
    low + (high - low) * u32_to_unit_f64(random.next_u32())
}

fn polar(radius: f64, angle: f64) -> [f64; 2] {
    let (sine, cosine) = angle.sin_cos();
    [radius * cosine, radius * sine]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_every_point_is_on_its_figure() {
        let mut random = Philox::from_u64_seed(1);
        assert!(
            linear(&mut random, 500, 0.0)
                .iter()
                .all(|([x, y], class)| (x + y > 0.0) == (*class == 1) && (x + y).abs() / SQRT_2 >= 0.1 - 1e-12)
        );
        assert!(moons(&mut random, 500, 0.0).iter().all(|&([x, y], class)| {
            let [x, y] = if class == 0 { [x, y] } else { [1.0 - x, 0.5 - y] };
            (x.hypot(y) - 1.0).abs() < 1e-12 && y >= 0.0
        }));
        assert!(
            circles(&mut random, 500, 0.0)
                .iter()
                .all(|([x, y], class)| (x.hypot(*y) - [1.0, 0.5][*class]).abs() < 1e-12)
        );
        assert!(xor(&mut random, 500, 0.0).iter().all(|([x, y], class)| (x * y > 0.0) == (*class == 0)));
        assert!(spirals(&mut random, 500, 0.0).iter().all(|([x, y], class)| {
            let angle = 3.0 * PI * x.hypot(*y) + PI * *class as f64;
            (angle.sin() * x - angle.cos() * y).abs() < 1e-9
        }));
    }

    #[test]
    fn a_line_is_even_and_straight() {
        let pairs = line(&mut Philox::from_u64_seed(1), 200, 0.0);
        assert_eq!((pairs[0], pairs[199]), ([-3.0, 1.0], [3.0, 13.0]));
        assert!(pairs.windows(2).all(|two| (two[1][0] - two[0][0] - 6.0 / 199.0).abs() < 1e-12));
        assert!(pairs.iter().all(|[x, y]| (y - 2.0 * x - 7.0).abs() < 1e-12));
        let noisy = line(&mut Philox::from_u64_seed(1), 30_000, 0.5);
        let squares: f64 = noisy.iter().map(|[x, y]| (y - 2.0 * x - 7.0).powi(2)).sum();
        assert!(((squares / 30_000.0).sqrt() / 0.5 - 1.0).abs() < 0.02);
    }

    #[test]
    fn noise_has_the_deviation_asked_for() {
        let points = blobs(&mut Philox::from_u64_seed(2), 30_000, 0.7);
        let mut squares = [0.0; 2];
        for ([x, y], class) in &points {
            let centre = polar(3.0, TAU / 3.0 * *class as f64);
            squares[0] += (x - centre[0]).powi(2) / points.len() as f64;
            squares[1] += (y - centre[1]).powi(2) / points.len() as f64;
        }
        // The deviation of 30,000 draws is off by 0.4 % (one sigma); 2 % is five of them.
        assert!(squares.iter().all(|square| (square.sqrt() / 0.7 - 1.0).abs() < 0.02), "{squares:?}");
    }
}
