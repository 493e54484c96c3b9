//! F1 to F13: the functions of any dimension on which population methods are usually compared, with the boxes of
//! Yao, Liu and Lin 1999 (Evolutionary programming made faster) and of Mirjalili et al. 2014 (Grey wolf optimizer).

use super::{Dims, Domain, Function};
use crate::reference::functions::classic;

/// F1, `sum z_i^2`. Any dimension, ±100, minimum 0 at 0. De Jong 1975.
pub static SPHERE: Function = Function {
    name: "sphere",
    aliases: &["f1"],
    source: "De Jong 1975, F1",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-100.0, 100.0),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 30.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/sphere.wgsl"),
    twin: classic::sphere,
};

/// F2, `sum |z_i| + prod |z_i|`. Any dimension, ±10, minimum 0 at 0. Schwefel 1981.
/// The shader's product stops growing at 1e37, which random points of the box reach at about 65 dimensions.
pub static SCHWEFEL_2_22: Function = Function {
    name: "schwefel-2.22",
    aliases: &["f2"],
    source: "Schwefel 1981, problem 2.22",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-10.0, 10.0),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 3.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/schwefel-2.22.wgsl"),
    twin: classic::schwefel_2_22,
};

/// F3, `sum_i (z_1 + ... + z_i)^2`. Any dimension, ±100, minimum 0 at 0. Schwefel 1981.
pub static SCHWEFEL_1_2: Function = Function {
    name: "schwefel-1.2",
    aliases: &["f3"],
    source: "Schwefel 1981, problem 1.2",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-100.0, 100.0),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 30.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/schwefel-1.2.wgsl"),
    twin: classic::schwefel_1_2,
};

/// F4, `max |z_i|`. Any dimension, ±100, minimum 0 at 0. Schwefel 1981.
pub static SCHWEFEL_2_21: Function = Function {
    name: "schwefel-2.21",
    aliases: &["f4"],
    source: "Schwefel 1981, problem 2.21",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-100.0, 100.0),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 30.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/schwefel-2.21.wgsl"),
    twin: classic::schwefel_2_21,
};

/// F5, `sum 100 (z_{i+1} - z_i^2)^2 + (z_i - 1)^2`. Two dimensions or more, ±30, minimum 0 at 1.
/// Rosenbrock 1960 has two; the chain is the usual extension.
pub static ROSENBROCK: Function = Function {
    name: "rosenbrock",
    aliases: &["f5"],
    source: "Rosenbrock 1960",
    dims: Dims::AtLeast(2),
    domain: Domain::Cube(-30.0, 30.0),
    value: |_| 0.0,
    minimizer: |dims| vec![1.0; dims as usize],
    shift: 9.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/rosenbrock.wgsl"),
    twin: classic::rosenbrock,
};

/// F6, `sum (z_i + 0.5)^2`. Any dimension, ±100, minimum 0 at -0.5. Yao et al. 1999 print `floor(z_i + 0.5)`;
/// the code behind the published means has no floor, so neither have we: it is a sphere around -0.5.
pub static STEP: Function = Function {
    name: "step",
    aliases: &["f6"],
    source: "Yao et al. 1999, f6, without its floor",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-100.0, 100.0),
    value: |_| 0.0,
    minimizer: |dims| vec![-0.5; dims as usize],
    shift: 30.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/step.wgsl"),
    twin: classic::step,
};

/// F7, `sum i z_i^4 + noise in [0, 1)`. Any dimension, ±1.28, minimum 0 at 0 where the noise is 0.
/// De Jong 1975 adds Gaussian noise; uniform noise is Yao et al. 1999.
pub static QUARTIC: Function = Function {
    name: "quartic",
    aliases: &["f7", "quartic-noise"],
    source: "De Jong 1975, F4; noise as in Yao et al. 1999, f7",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-1.28, 1.28),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 0.384,
    noise: 1.0,
    wgsl: include_str!("../../../shaders/functions/quartic.wgsl"),
    twin: classic::quartic,
};

/// F8, `-sum z_i sin(sqrt |z_i|)`. Any dimension, ±500, minimum -418.9829 a dimension at 420.9687. Schwefel 1981.
/// The minimizer is near the upper side, and beyond the box there are lower values: it shifts down.
pub static SCHWEFEL: Function = Function {
    name: "schwefel",
    aliases: &["f8", "schwefel-2.26"],
    source: "Schwefel 1981, problem 2.26",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-500.0, 500.0),
    value: |dims| -418.982_887_272_433_7 * f64::from(dims),
    minimizer: |dims| vec![420.968_746_359_982; dims as usize],
    shift: -150.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/schwefel.wgsl"),
    twin: classic::schwefel,
};

/// F9, `sum z_i^2 - 10 cos(2 pi z_i) + 10`. Any dimension, ±5.12, minimum 0 at 0. Rastrigin 1974.
pub static RASTRIGIN: Function = Function {
    name: "rastrigin",
    aliases: &["f9"],
    source: "Rastrigin 1974",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-5.12, 5.12),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 1.536,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/rastrigin.wgsl"),
    twin: classic::rastrigin,
};

/// F10, `-20 exp(-0.2 sqrt(mean z_i^2)) - exp(mean cos(2 pi z_i)) + 20 + e`. Any dimension, ±32, minimum 0 at 0.
/// Ackley 1987.
pub static ACKLEY: Function = Function {
    name: "ackley",
    aliases: &["f10"],
    source: "Ackley 1987",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-32.0, 32.0),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 9.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/ackley.wgsl"),
    twin: classic::ackley,
};

/// F11, `sum z_i^2 / 4000 - prod cos(z_i / sqrt i) + 1`. Any dimension, ±600, minimum 0 at 0. Griewank 1981.
pub static GRIEWANK: Function = Function {
    name: "griewank",
    aliases: &["f11"],
    source: "Griewank 1981",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-600.0, 600.0),
    value: |_| 0.0,
    minimizer: |dims| vec![0.0; dims as usize],
    shift: 180.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/griewank.wgsl"),
    twin: classic::griewank,
};

/// F12, `pi/D (10 sin^2(pi y_1) + sum (y_i - 1)^2 (1 + 10 sin^2(pi y_{i+1})) + (y_D - 1)^2)` with
/// `y = 1 + (z + 1) / 4`, plus `sum u(z_i, 10, 100, 4)`, where `u(z, a, k, m)` is `k (|z| - a)^m` beyond `a`, else 0.
/// Any dimension, ±50, minimum 0 at -1. Yao et al. 1999 after Levy and Montalvo 1985.
pub static PENALIZED_1: Function = Function {
    name: "penalized-1",
    aliases: &["f12"],
    source: "Yao et al. 1999, f12, after Levy and Montalvo 1985",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-50.0, 50.0),
    value: |_| 0.0,
    minimizer: |dims| vec![-1.0; dims as usize],
    shift: 15.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/penalized-1.wgsl"),
    twin: classic::penalized_1,
};

/// F13, `0.1 (sin^2(3 pi z_1) + sum (z_i - 1)^2 (1 + sin^2(3 pi z_{i+1})) + (z_D - 1)^2 (1 + sin^2(2 pi z_D)))`
/// plus `sum u(z_i, 5, 100, 4)`, `u` as in F12. Any dimension, ±50, minimum 0 at 1.
/// Yao et al. 1999 after Levy and Montalvo 1985.
pub static PENALIZED_2: Function = Function {
    name: "penalized-2",
    aliases: &["f13"],
    source: "Yao et al. 1999, f13, after Levy and Montalvo 1985",
    dims: Dims::AtLeast(1),
    domain: Domain::Cube(-50.0, 50.0),
    value: |_| 0.0,
    minimizer: |dims| vec![1.0; dims as usize],
    shift: 15.0,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/penalized-2.wgsl"),
    twin: classic::penalized_2,
};
