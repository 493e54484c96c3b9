//! The pull of a swarm beside the gradient it stands for (Mohapatra et al. 2020, AdaSwarm, figure 1), along a function of
//! one variable. Only their signs are meant to agree.

use serde::Serialize;

use super::Goal;
use crate::Result;
use crate::gpu::Gpu;
use crate::optimizer::{EmPso, Emulated};
use crate::run::Run;

/// Places at which both are taken, evenly spread over the box.
const PLACES: u32 = 2000;
/// Members and generations of the swarm that is asked for its best position.
const SWARM: (u32, u32) = (25, 100);

/// Pull and gradient along the box.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pull {
    /// The best position of the swarm, to which it pulls.
    pub best: f64,
    /// Share of the box in which both have the same sign, 0 to 1.
    pub agree: f64,
    /// Share of it in which their signs are opposite.
    pub oppose: f64,
    /// Share of it in which the function is level, so that there is no sign to agree with.
    pub level: f64,
    /// (x, f'(x)) by central differences.
    #[serde(skip)]
    pub slopes: Vec<(f64, f64)>,
    /// (x, (s / eta) (x - best)).
    #[serde(skip)]
    pub pulls: Vec<(f64, f64)>,
}

impl Goal {
    /// The pull on a function of one variable, none on any other. With s at its expected value, (c1 + c2) / 2, and the
    /// constants of [`Emulated`]; the best position is that of an [`EmPso`] of 25 members after 100 generations, seed 1.
    ///
    /// # Errors
    /// Those of [`Goal::formula`] and of the device.
    pub fn pull(&self, gpu: &Gpu) -> Result<Option<Pull>> {
        if self.dims != 1 {
            return Ok(None);
        }
        let (formula, swarm) = (self.formula()?, EmPso::default());
        let mut run = Run::new(gpu, &formula, &swarm).members(SWARM.0).generations(SWARM.1).seed(1).start()?;
        run.until_stopped(|_| true)?;
        let best = f64::from(run.best()?[0]);
        Ok(Some(self.around(best)?))
    }

    /// Pull to `best` and gradient over the box.
    fn around(&self, best: f64) -> Result<Pull> {
        let function = Self::known(&self.function)?;
        let (low, high) = function.domain.cube();
        let (low, high) = (f64::from(low), f64::from(high));
        let Emulated { cognitive, social, eta, .. } = Emulated::default();
        let strength = f64::from(0.5 * (cognitive + social) / eta);
        let value = |x: f64| function.evaluate(&[x], self.shift);
        let mut pull = Pull { best, agree: 0.0, oppose: 0.0, level: 0.0, slopes: Vec::new(), pulls: Vec::new() };
        for place in 0..PLACES {
            let x = low + (high - low) * (f64::from(place) + 0.5) / f64::from(PLACES);
            let h = 1e-6 * x.abs().max(1.0);
            let slope = (value(x + h) - value(x - h)) / (2.0 * h);
            let towards = strength * (x - best);
            let count = match slope * towards {
                product if product > 0.0 => &mut pull.agree,
                product if product < 0.0 => &mut pull.oppose,
                _ => &mut pull.level,
            };
            *count += 1.0 / f64::from(PLACES);
            pull.slopes.push((x, slope));
            pull.pulls.push((x, towards));
        }
        Ok(pull)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_agree_where_there_is_one_minimum_and_not_where_there_are_more() {
        let goal = |name: &str| Goal { function: name.into(), dims: 1, shift: 0.0, tolerance: 1e-3 };
        let cubic = goal("cubic").around(2.0).unwrap();
        assert!((cubic.agree - 1.0).abs() < 1e-9 && cubic.oppose == 0.0, "{}", cubic.agree);
        // 3 z^2 - 6 z at 1, and 8.5 (1 - 2).
        let at = |points: &[(f64, f64)]| points.iter().find(|(x, _)| *x >= 1.0).unwrap().1;
        assert!((at(&cubic.slopes) + 3.0).abs() < 0.01 && (at(&cubic.pulls) + 8.5).abs() < 0.02);
        let half = goal("cbrt-sin").around(-1.0).unwrap();
        // Level below 0, and above 1.8 it falls again.
        assert!((half.level - 0.5).abs() < 1e-3 && (half.agree - 0.45).abs() < 0.01, "{} {}", half.level, half.agree);
        let waves = goal("rastrigin").around(0.0).unwrap();
        assert!((0.4..0.7).contains(&waves.agree) && waves.oppose > 0.3, "{}", waves.agree);
    }
}
