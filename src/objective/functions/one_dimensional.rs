//! The eight functions of one variable in the tables of AdaSwarm (Mohapatra et al. 2020, arXiv:2006.09875).
//! The paper prints no boxes; these are ours.

use super::{Dims, Domain, Function};
use crate::reference::functions::one_dimensional;

/// `z^10 - 3 z^5`. One dimension, ±2, minimum -2.25 at the fifth root of 1.5.
pub static POLY_10: Function = Function {
    name: "poly-10",
    aliases: &[],
    source: "Mohapatra et al. 2020, tables I and II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(-2.0, 2.0),
    value: |_| -2.25,
    minimizer: |_| vec![1.084_471_771_197_698_6],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/poly-10.wgsl"),
    twin: one_dimensional::poly_10,
};

/// `z^3 - 3 z^2 + 7`. One dimension, [0, 4], minimum 3 at 2. Below -1 it is lower, without bound.
pub static CUBIC: Function = Function {
    name: "cubic",
    aliases: &[],
    source: "Mohapatra et al. 2020, tables I and II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(0.0, 4.0),
    value: |_| 3.0,
    minimizer: |_| vec![2.0],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/cubic.wgsl"),
    twin: one_dimensional::cubic,
};

/// `z^2 - exp(cos(z^2))`. One dimension, ±2, minimum -e at 0.
pub static EXP_COS: Function = Function {
    name: "exp-cos",
    aliases: &[],
    source: "Mohapatra et al. 2020, tables I and II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(-2.0, 2.0),
    value: |_| -std::f64::consts::E,
    minimizer: |_| vec![0.0],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/exp-cos.wgsl"),
    twin: one_dimensional::exp_cos,
};

/// `z^15 - sin z + exp(z^6)`. One dimension, ±1.2, minimum 0.474706 at 0.651208.
/// The shader is level beyond |z| = 2, where the function would leave `f32`.
pub static POLY_EXP: Function = Function {
    name: "poly-exp",
    aliases: &[],
    source: "Mohapatra et al. 2020, tables I and II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(-1.2, 1.2),
    value: |_| 0.474_705_780_320_563_4,
    minimizer: |_| vec![0.651_208_398_183_123_3],
    shift: 0.36,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/poly-exp.wgsl"),
    twin: one_dimensional::poly_exp,
};

/// `sqrt |z|`. One dimension, [0, 2], minimum 0 at 0. The paper has `sqrt z`, the same on the box;
/// the absolute value makes it whole when shifted.
pub static SQRT: Function = Function {
    name: "sqrt",
    aliases: &[],
    source: "Mohapatra et al. 2020, table II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(0.0, 2.0),
    value: |_| 0.0,
    minimizer: |_| vec![0.0],
    shift: 0.3,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/sqrt.wgsl"),
    twin: one_dimensional::sqrt,
};

/// `|z|`. One dimension, ±2, minimum 0 at 0.
pub static ABS: Function = Function {
    name: "abs",
    aliases: &[],
    source: "Mohapatra et al. 2020, table II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(-2.0, 2.0),
    value: |_| 0.0,
    minimizer: |_| vec![0.0],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/abs.wgsl"),
    twin: one_dimensional::abs,
};

/// `z^(1/3) + sin z` for positive `z`, else 0. One dimension, ±2, minimum 0 at every `z <= 0`; we name -1.
pub static CBRT_SIN: Function = Function {
    name: "cbrt-sin",
    aliases: &[],
    source: "Mohapatra et al. 2020, table II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(-2.0, 2.0),
    value: |_| 0.0,
    minimizer: |_| vec![-1.0],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/cbrt-sin.wgsl"),
    twin: one_dimensional::cbrt_sin,
};

/// `z` for positive `z`, else `z^2`. One dimension, ±2, minimum 0 at 0.
pub static KINK: Function = Function {
    name: "kink",
    aliases: &[],
    source: "Mohapatra et al. 2020, table II",
    dims: Dims::Fixed(1),
    domain: Domain::Cube(-2.0, 2.0),
    value: |_| 0.0,
    minimizer: |_| vec![0.0],
    shift: 0.6,
    noise: 0.0,
    wgsl: include_str!("../../../shaders/functions/kink.wgsl"),
    twin: one_dimensional::kink,
};
