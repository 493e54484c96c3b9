//! The functions of two variables in the supplement of AdaSwarm (Mohapatra et al. 2020), with their usual boxes.
//! Ackley and Rosenbrock, also in that table, are the ones of any dimension taken at two.

use super::{Dims, Domain, Function};
use crate::reference::functions::two_dimensional;

/// `(1.5 - u + u v)^2 + (2.25 - u + u v^2)^2 + (2.625 - u + u v^3)^2`. Two dimensions, ±4.5,
/// minimum 0 at (3, 0.5). Beale 1958.
pub static BEALE: Function = Function {
    name: "beale",
    aliases: &[],
    source: "Beale 1958",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-4.5, 4.5),
    value: |_| 0.0,
    minimizer: |_| vec![3.0, 0.5],
    shift: 1.35,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/beale.wgsl"),
    twin: two_dimensional::beale,
};

/// `(1 + (u + v + 1)^2 (19 - 14u + 3u^2 - 14v + 6uv + 3v^2))` times
/// `(30 + (2u - 3v)^2 (18 - 32u + 12u^2 + 48v - 36uv + 27v^2))`. Two dimensions, ±2, minimum 3 at (0, -1).
/// Goldstein and Price 1971.
pub static GOLDSTEIN_PRICE: Function = Function {
    name: "goldstein-price",
    aliases: &[],
    source: "Goldstein and Price 1971",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-2.0, 2.0),
    value: |_| 3.0,
    minimizer: |_| vec![0.0, -1.0],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/goldstein-price.wgsl"),
    twin: two_dimensional::goldstein_price,
};

/// `(u + 2v - 7)^2 + (2u + v - 5)^2`. Two dimensions, ±10, minimum 0 at (1, 3).
/// Collected by Jamil and Yang 2013.
pub static BOOTH: Function = Function {
    name: "booth",
    aliases: &[],
    source: "Booth, collected by Jamil and Yang 2013",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-10.0, 10.0),
    value: |_| 0.0,
    minimizer: |_| vec![1.0, 3.0],
    shift: 3.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/booth.wgsl"),
    twin: two_dimensional::booth,
};

/// `100 sqrt |v - 0.01 u^2| + 0.01 |u + 10|`. Two dimensions, u in [-15, -5], v in ±3, minimum 0 at (-10, 1).
/// Bukin 1997.
pub static BUKIN_6: Function = Function {
    name: "bukin-6",
    aliases: &[],
    source: "Bukin 1997, number 6",
    dims: Dims::Fixed(2),
    domain: Domain::Sides(&[(-15.0, -5.0), (-3.0, 3.0)]),
    value: |_| 0.0,
    minimizer: |_| vec![-10.0, 1.0],
    shift: 0.9,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/bukin-6.wgsl"),
    twin: two_dimensional::bukin_6,
};

/// `0.26 (u^2 + v^2) - 0.48 u v`. Two dimensions, ±10, minimum 0 at (0, 0).
/// Collected by Jamil and Yang 2013.
pub static MATYAS: Function = Function {
    name: "matyas",
    aliases: &[],
    source: "Matyas, collected by Jamil and Yang 2013",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-10.0, 10.0),
    value: |_| 0.0,
    minimizer: |_| vec![0.0, 0.0],
    shift: 3.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/matyas.wgsl"),
    twin: two_dimensional::matyas,
};

/// `sin^2(3 pi u) + (u - 1)^2 (1 + sin^2(3 pi v)) + (v - 1)^2 (1 + sin^2(2 pi v))`. Two dimensions, ±10,
/// minimum 0 at (1, 1). After Levy and Montalvo 1985: ten times F13 of two coordinates, without its penalty.
pub static LEVI_13: Function = Function {
    name: "levi-13",
    aliases: &["levy-13"],
    source: "After Levy and Montalvo 1985, number 13",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-10.0, 10.0),
    value: |_| 0.0,
    minimizer: |_| vec![1.0, 1.0],
    shift: 3.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/levi-13.wgsl"),
    twin: two_dimensional::levi_13,
};

/// `(u^2 + v - 11)^2 + (u + v^2 - 7)^2`. Two dimensions, ±5, minimum 0 at (3, 2) and near (-2.805, 3.131),
/// (-3.779, -3.283) and (3.584, -1.848). Himmelblau 1972.
pub static HIMMELBLAU: Function = Function {
    name: "himmelblau",
    aliases: &[],
    source: "Himmelblau 1972",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-5.0, 5.0),
    value: |_| 0.0,
    minimizer: |_| vec![3.0, 2.0],
    shift: 1.5,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/himmelblau.wgsl"),
    twin: two_dimensional::himmelblau,
};

/// `2u^2 - 1.05u^4 + u^6/6 + u v + v^2`. Two dimensions, ±5, minimum 0 at (0, 0).
/// Collected by Jamil and Yang 2013.
pub static THREE_HUMP_CAMEL: Function = Function {
    name: "three-hump-camel",
    aliases: &["three-hump"],
    source: "Collected by Jamil and Yang 2013",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-5.0, 5.0),
    value: |_| 0.0,
    minimizer: |_| vec![0.0, 0.0],
    shift: 1.5,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/three-hump-camel.wgsl"),
    twin: two_dimensional::three_hump_camel,
};

/// `-cos u cos v exp(-(u - pi)^2 - (v - pi)^2)`. Two dimensions, ±100, minimum -1 at (pi, pi). Easom 1990.
/// In `f32` it is flat 0 from some 10 units away.
pub static EASOM: Function = Function {
    name: "easom",
    aliases: &[],
    source: "Easom 1990",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-100.0, 100.0),
    value: |_| -1.0,
    minimizer: |_| vec![std::f64::consts::PI; 2],
    shift: 30.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/easom.wgsl"),
    twin: two_dimensional::easom,
};

/// `-0.0001 (|sin u sin v exp |100 - sqrt(u^2 + v^2) / pi|| + 1)^0.1`. Two dimensions, ±10,
/// minimum -2.062612 at (±1.349407, ±1.349407). Mishra 2006.
pub static CROSS_IN_TRAY: Function = Function {
    name: "cross-in-tray",
    aliases: &[],
    source: "Mishra 2006",
    dims: Dims::Fixed(2),
    domain: Domain::Cube(-10.0, 10.0),
    value: |_| -2.062_611_870_822_737,
    minimizer: |_| vec![1.349_406_617_153_911; 2],
    shift: 3.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/cross-in-tray.wgsl"),
    twin: two_dimensional::cross_in_tray,
};
