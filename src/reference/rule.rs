//! Twin of `shaders/optimizer/rule/` and `shaders/optimizer/decay/`: the update rules of one coordinate, in `f64`.

use crate::optimizer::{Decay, Name, Rule};

/// A written decay in Rust: from progress, generation and horizon. Nobody here reads WGSL.
pub type Written = fn(f64, f64, f64) -> f64;

/// A rule and what it remembers of one coordinate.
#[derive(Clone, Debug)]
pub struct Stepper {
    /// The rule with its settings.
    pub rule: Rule,
    /// What the rule's decay is, where it is written.
    pub written: Written,
    /// Gradients: averaged, or added up.
    gradients: f64,
    /// Their squares: averaged, or added up.
    squares: f64,
    /// The largest average of squares; for AdaDelta the averaged squares of steps.
    other: f64,
}

impl Stepper {
    /// Before the first step.
    pub fn new(rule: &Rule) -> Self {
        Self { rule: rule.clone(), written: |_, _, _| 1.0, gradients: 0.0, squares: 0.0, other: 0.0 }
    }

    /// What the rule makes of a gradient; t counts steps from 1.
    pub fn step(&mut self, t: u32, gradient: f64) -> f64 {
        let (beta1, beta2) = (f64::from(self.rule.beta1), f64::from(self.rule.beta2));
        let epsilon = f64::from(self.rule.epsilon);
        let average = |old: f64, new: f64, beta: f64| beta * old + (1.0 - beta) * new;
        let corrected = |value: f64, beta: f64| value / (1.0 - beta.powf(f64::from(t)));
        match self.rule.rule {
            Name::Sgd => gradient,
            Name::Momentum => {
                self.gradients = beta1 * self.gradients + gradient;
                self.gradients
            }
            Name::Nesterov => {
                self.gradients = beta1 * self.gradients + gradient;
                gradient + beta1 * self.gradients
            }
            Name::Adagrad => {
                self.squares += gradient * gradient;
                gradient / (self.squares.sqrt() + epsilon)
            }
            Name::Adadelta => {
                self.squares = average(self.squares, gradient * gradient, beta2);
                let step = (self.other + epsilon).sqrt() / (self.squares + epsilon).sqrt() * gradient;
                self.other = average(self.other, step * step, beta2);
                step
            }
            Name::Rmsprop => {
                self.squares = average(self.squares, gradient * gradient, beta2);
                gradient / (self.squares.sqrt() + epsilon)
            }
            Name::Adam => {
                self.gradients = average(self.gradients, gradient, beta1);
                self.squares = average(self.squares, gradient * gradient, beta2);
                corrected(self.gradients, beta1) / (corrected(self.squares, beta2).sqrt() + epsilon)
            }
            Name::Amsgrad => {
                self.gradients = average(self.gradients, gradient, beta1);
                self.squares = average(self.squares, gradient * gradient, beta2);
                self.other = self.other.max(self.squares);
                corrected(self.gradients, beta1) / (corrected(self.other, beta2).sqrt() + epsilon)
            }
        }
    }

    /// The rate of a generation.
    pub fn rate(&self, generation: u32, horizon: u32) -> f64 {
        let left = share_left(&self.rule.decay, self.rule.rate_end, &self.rule, self.written, (generation, horizon));
        f64::from(self.rule.rate) * left
    }

    /// Where x moves to at this rate; one unit is the size of a first coordinate.
    pub fn stepped(&mut self, t: u32, rate: f64, x: f64, gradient: f64, unit: f64) -> f64 {
        x - rate * (unit * self.step(t, gradient) + f64::from(self.rule.weight_decay) * x)
    }
}

/// What is left in this generation, before the horizon, of what falls to a share `end`; `steps` has the numbers of a step
/// schedule.
pub fn share_left(decay: &Decay, end: f32, steps: &Rule, written: Written, (generation, horizon): (u32, u32)) -> f64 {
    let progress = (f64::from(generation) / f64::from(horizon)).min(1.0);
    let end = f64::from(end);
    match decay {
        Decay::Constant => 1.0,
        Decay::Linear => end + (1.0 - end) * (1.0 - progress),
        Decay::Cosine => end + (1.0 - end) * (0.5 + 0.5 * (std::f64::consts::PI * progress).cos()),
        Decay::Step => f64::from(steps.step_factor).powf((progress / f64::from(steps.step_every) + 1e-4).floor()),
        Decay::Written(_) => {
            let value = written(progress, generation.into(), horizon.into());
            if value.is_finite() { value } else { 0.0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps of each rule by hand, on the gradients 2, -1, 2.
    #[test]
    fn the_first_steps_are_those_of_the_papers() {
        let steps = |rule: Name, beta1: f32, beta2: f32, epsilon: f32| {
            let mut stepper = Stepper::new(&Rule { rule, beta1, beta2, epsilon, ..Rule::default() });
            [(1, 2.0), (2, -1.0), (3, 2.0)].map(|(t, gradient)| stepper.step(t, gradient))
        };
        let tiny = 1e-30;
        let near = |found: [f64; 3], wanted: [f64; 3]| {
            let off = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-12, "{found:?} for {wanted:?}");
        };
        near(steps(Name::Sgd, 0.5, 0.5, tiny), [2.0, -1.0, 2.0]);
        near(steps(Name::Momentum, 0.5, 0.5, tiny), [2.0, 0.0, 2.0]);
        near(steps(Name::Nesterov, 0.5, 0.5, tiny), [3.0, -1.0, 3.0]);
        near(steps(Name::Adagrad, 0.5, 0.5, tiny), [1.0, -1.0 / 5f64.sqrt(), 2.0 / 3.0]);
        near(steps(Name::Rmsprop, 0.5, 0.5, tiny), [2.0 / 2f64.sqrt(), -1.0 / 1.5f64.sqrt(), 2.0 / 2.75f64.sqrt()]);
        // Averages 1, 0, 1 of gradients and 2, 1.5, 2.75 of squares, over 1/2, 3/4, 7/8.
        near(steps(Name::Adam, 0.5, 0.5, tiny), [1.0, 0.0, 1.0 / 0.875 / (2.75f64 / 0.875).sqrt()]);
        near(steps(Name::Amsgrad, 0.5, 0.5, tiny), [1.0, 0.0, 1.0 / 0.875 / (2.75f64 / 0.875).sqrt()]);
        // With epsilon 1: sqrt(1 / 3) 2, whose square is 4/3; then sqrt((2/3 + 1) / 2.5), its square 2/3, average 2/3.
        let first = 2.0 * (1.0 / 3.0f64).sqrt();
        let second = -(5.0 / 3.0 / 2.5f64).sqrt();
        near(steps(Name::Adadelta, 0.5, 0.5, 1.0), [first, second, 2.0 * (5.0 / 3.0 / 3.75f64).sqrt()]);
    }

    /// After a large gradient the average of squares falls; what AMSGrad divides by does not.
    #[test]
    fn the_largest_average_of_squares_stays() {
        let rule = |rule| Stepper::new(&Rule { rule, beta1: 0.0, beta2: 0.5, ..Rule::default() });
        let (mut adam, mut amsgrad) = (rule(Name::Adam), rule(Name::Amsgrad));
        assert_eq!(adam.step(1, 4.0), amsgrad.step(1, 4.0));
        let (adam, amsgrad) = (adam.step(2, 1.0), amsgrad.step(2, 1.0));
        // Squares: 8, then 4.5; over 3/4.
        assert!((adam - 1.0 / 6f64.sqrt()).abs() < 1e-7 && (amsgrad - 1.0 / (8.0 / 0.75f64).sqrt()).abs() < 1e-7);
    }

    #[test]
    fn schedules_begin_at_the_rate_and_end_where_they_say() {
        let rate = |decay, generation| {
            let rule = Rule { rate: 2.0, rate_end: 0.25, step_every: 0.25, step_factor: 0.5, decay, ..Rule::default() };
            Stepper { written: |progress, _, _| 1.0 / progress, ..Stepper::new(&rule) }.rate(generation, 8)
        };
        let close = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-12, "{found} for {wanted}");
        for (decay, rates) in [
            (Decay::Constant, [2.0, 2.0, 2.0]),
            (Decay::Linear, [2.0, 1.25, 0.5]),
            (Decay::Cosine, [2.0, 1.25, 0.5]),
            (Decay::Step, [2.0, 0.5, 0.125]),
            (Decay::Written("1.0 / progress".into()), [0.0, 4.0, 2.0]),
        ] {
            [0, 4, 8]
                .into_iter()
                .zip(rates)
                .for_each(|(generation, wanted)| close(rate(decay.clone(), generation), wanted));
            close(rate(decay, 20), rates[2]);
        }
    }
}
