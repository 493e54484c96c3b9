//! Twin of `shaders/optimizer/gwo.wgsl`: the same draws, one wolf after the other, in `f64`.

use std::cmp::Ordering;

use super::finite_or_worst;
use super::random::{LEADER, START, normal, uniform};
use crate::optimizer::Leaders;
use crate::population::{Domain, Start, WORST};

/// A copy of one of the best positions seen so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Leader {
    /// Its fitness.
    pub fitness: f64,
    /// Where it was.
    pub position: Vec<f64>,
}

/// A pack of grey wolves.
#[derive(Clone, Debug)]
pub struct Gwo {
    rule: Leaders,
    domain: Domain,
    seed: u64,
    horizon: u32,
    /// Generations told so far.
    pub generation: u32,
    /// Where the wolves are.
    pub positions: Vec<Vec<f64>>,
    /// Alpha, beta and delta; at 0 until there is one.
    pub leaders: [Leader; 3],
}

impl Gwo {
    /// First positions of `members` wolves of `dims` coordinates; `a` falls from 2 to 0 over `horizon` generations.
    pub fn start(rule: Leaders, members: u32, dims: u32, domain: Domain, seed: u64, horizon: u32) -> Self {
        let first = |member, i| match domain.start {
            Start::Uniform => {
                let r = uniform(seed, 0, i, member, START);
                f64::from(domain.low) * (1.0 - r) + f64::from(domain.high) * r
            }
            Start::Normal => normal(seed, 0, i, member, START),
        };
        let positions = (0..members).map(|member| (0..dims).map(|i| first(member, i)).collect()).collect();
        let none = Leader { fitness: WORST.into(), position: vec![0.0; dims as usize] };
        let leaders = [none.clone(), none.clone(), none];
        Self { rule, domain, seed, horizon, generation: 0, positions, leaders }
    }

    /// Moves to the next candidates, each to the mean of three positions around the leaders (eq. 3.7); in generation 0
    /// they are the first positions.
    pub fn ask(&mut self) -> &[Vec<f64>] {
        if self.generation > 0 {
            let a = 2.0 - 2.0 * (f64::from(self.generation - 1) / f64::from(self.horizon)).min(1.0);
            let (low, high) = self.domain.walls();
            for member in 0..self.positions.len() {
                for i in 0..self.positions[member].len() {
                    let sum: f64 = (0..3).map(|k| self.around(k, member, i, a)).sum();
                    self.positions[member][i] = (sum / 3.0).clamp(low.into(), high.into());
                }
            }
        }
        &self.positions
    }

    /// X'_k = X_k - A |C X_k - X| with A = 2 a r1 - a and C = 2 r2 (eqs. 3.3 to 3.6).
    fn around(&self, k: u32, member: usize, i: usize, a: f64) -> f64 {
        let r = |purpose| uniform(self.seed, self.generation, i as u32, member as u32, purpose);
        let leader = self.leaders[k as usize].position[i];
        let reach = 2.0 * a * r(LEADER + 2 * k) - a;
        let sway = 2.0 * r(LEADER + 2 * k + 1);
        leader - reach * (sway * leader - self.positions[member][i]).abs()
    }

    /// Takes the fitness of all wolves.
    pub fn tell(&mut self, fitness: &[f64]) {
        let fitness: Vec<f64> = fitness.iter().map(|f| finite_or_worst(*f)).collect();
        match self.rule {
            Leaders::Original => self.lead_original(&fitness),
            Leaders::BestThree => self.lead_best_3(&fitness),
        }
        self.generation += 1;
    }

    /// The rule of the authors' code: wolves in order; one that beats alpha replaces it and the old alpha is dropped,
    /// else one that beats beta replaces beta, else one that beats delta delta. Equals of a leader change nothing.
    fn lead_original(&mut self, fitness: &[f64]) {
        for (position, &fitness) in self.positions.iter().zip(fitness) {
            let [alpha, beta, delta] = &mut self.leaders;
            let wolf = || Leader { fitness, position: position.clone() };
            if fitness < alpha.fitness {
                *alpha = wolf();
            }
            if fitness > alpha.fitness && fitness < beta.fitness {
                *beta = wolf();
            }
            if fitness > alpha.fitness && fitness > beta.fitness && fitness < delta.fitness {
                *delta = wolf();
            }
        }
    }

    /// The three best ever seen: former leaders before wolves, wolves in order, where they are equal.
    fn lead_best_3(&mut self, fitness: &[f64]) {
        let wolves = self.positions.iter().zip(fitness);
        let wolves = wolves.map(|(position, &fitness)| Leader { fitness, position: position.clone() });
        let mut all: Vec<Leader> = self.leaders.iter().cloned().chain(wolves).collect();
        all.sort_by(|a, b| a.fitness.partial_cmp(&b.fitness).unwrap_or(Ordering::Equal));
        self.leaders.clone_from_slice(&all[..3]);
    }

    /// Best fitness after so many generations more.
    pub fn run(&mut self, generations: u32, objective: impl Fn(&[f64]) -> f64) -> f64 {
        for _ in 0..generations {
            let fitness: Vec<f64> = self.ask().iter().map(|x| objective(x)).collect();
            self.tell(&fitness);
        }
        self.leaders[0].fitness
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fitness of the leaders after one generation of wolves with this fitness.
    fn led(rule: Leaders, fitness: &[f64]) -> [f64; 3] {
        let mut pack = Gwo::start(rule, fitness.len() as u32, 1, Domain::boxed(-1.0, 1.0), 0, 10);
        pack.tell(fitness);
        pack.leaders.map(|leader| leader.fitness)
    }

    #[test]
    fn the_original_rule_drops_a_beaten_leader() {
        let none = f64::from(WORST);
        assert_eq!(led(Leaders::Original, &[3.0, 2.0, 1.0]), [1.0, none, none]);
        assert_eq!(led(Leaders::Original, &[1.0, 3.0, 2.0, 4.0]), [1.0, 2.0, 4.0]);
        assert_eq!(led(Leaders::Original, &[1.0, 1.0, 2.0, 2.0]), [1.0, 2.0, none]);
    }

    #[test]
    fn the_best_3_rule_moves_a_beaten_leader_down() {
        assert_eq!(led(Leaders::BestThree, &[3.0, 2.0, 1.0]), [1.0, 2.0, 3.0]);
        assert_eq!(led(Leaders::BestThree, &[1.0, 1.0, 2.0, 1.0]), [1.0, 1.0, 1.0]);
    }
}
