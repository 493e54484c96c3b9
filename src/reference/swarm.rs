//! Twin of `shaders/optimizer/swarm.wgsl` and `follow.wgsl`, and of the velocity rules `pso.wgsl`, `mpso.wgsl`,
//! `empso.wgsl` and `rempso.wgsl`: the same functions and draws, one member and one coordinate after the other, in `f64`.

use super::finite_or_worst;
use super::random::{AXES, COGNITIVE, SOCIAL, START, normal, uniform, words};
use crate::optimizer::{EmPso, Form, MPso, Neighbourhood, Pso, Recurrence, RemPso, Schedule};
use crate::population::{Domain, Start, WORST};
use crate::shuffle::shuffled;

/// Which velocity rule, with its settings.
#[derive(Clone, Debug)]
pub enum Rule {
    /// `pso.wgsl`.
    Pso(Pso),
    /// `mpso.wgsl`.
    MPso(MPso),
    /// `empso.wgsl`.
    EmPso(EmPso),
    /// `rempso.wgsl`.
    RemPso(RemPso),
}

/// A particle swarm.
#[derive(Clone, Debug)]
pub struct Swarm {
    rule: Rule,
    domain: Domain,
    seed: u64,
    horizon: u32,
    /// Generations told so far.
    pub generation: u32,
    /// Where the members are.
    pub positions: Vec<Vec<f64>>,
    /// Their last step, before walls.
    pub velocity: Vec<Vec<f64>>,
    /// What MPSO, EMPSO and REMPSO remember beside it.
    pub momentum: Vec<Vec<f64>>,
    /// The best position of each member.
    pub personal: Vec<Vec<f64>>,
    /// Its fitness.
    pub own_fitness: Vec<f64>,
    /// The best position of all.
    pub best: Vec<f64>,
    /// Its fitness.
    pub best_fitness: f64,
}

impl Rule {
    /// The new velocity of one coordinate, before it is limited. `toward_own` and `toward_leader` already hold r1 and
    /// r2; `momentum` is brought up to date.
    pub fn moved(
        &self,
        (generation, horizon): (u32, u32),
        v: f64,
        momentum: &mut f64,
        toward_own: f64,
        toward_leader: f64,
    ) -> f64 {
        let pull = |c1: f32, c2: f32| f64::from(c1) * toward_own + f64::from(c2) * toward_leader;
        match self {
            Self::Pso(pso) => {
                let u = (f64::from(generation) / f64::from(horizon)).min(1.0);
                let [inertia, cognitive, social] = match pso.schedule {
                    Schedule::Constant => [pso.inertia, pso.cognitive, pso.social].map(f64::from),
                    Schedule::Adaptive => [0.9 - 0.5 * u, 3.5 - 3.0 * u, 0.5 + 3.0 * u],
                };
                inertia * v + cognitive * toward_own + social * toward_leader
            }
            Self::MPso(mpso) => {
                let (lambda, pull) = (f64::from(mpso.momentum), pull(mpso.cognitive, mpso.social));
                match mpso.form {
                    Recurrence::Standard => (1.0 - lambda) * (f64::from(mpso.inertia) * v + pull) + lambda * v,
                    Recurrence::Printed => {
                        let before = std::mem::replace(momentum, v);
                        (1.0 - lambda) * (v + pull) + lambda * before
                    }
                }
            }
            Self::EmPso(empso) => {
                let (beta, pull) = (f64::from(empso.beta), pull(empso.cognitive, empso.social));
                let correction = if empso.bias_correction { 1.0 - beta.powi(generation as i32) } else { 1.0 };
                let average = beta * *momentum + (1.0 - beta) * v;
                let now = average / correction + pull;
                *momentum = match empso.form {
                    Form::Equations => average,
                    Form::Listing => beta * *momentum + (1.0 - beta) * now,
                };
                now
            }
            Self::RemPso(rempso) => {
                let beta = f64::from(rempso.beta);
                *momentum = beta * *momentum + (1.0 - beta) * v;
                *momentum + pull(rempso.cognitive, rempso.social)
            }
        }
    }

    fn vmax(&self) -> Option<f32> {
        match self {
            Self::Pso(pso) => pso.vmax,
            Self::MPso(mpso) => mpso.vmax,
            Self::EmPso(empso) => empso.vmax,
            Self::RemPso(rempso) => rempso.vmax,
        }
    }

    fn neighbourhood(&self) -> Neighbourhood {
        match self {
            Self::Pso(pso) => pso.neighbourhood,
            Self::MPso(_) | Self::EmPso(_) | Self::RemPso(_) => Neighbourhood::Global,
        }
    }
}

impl Swarm {
    /// First positions of `members` candidates of `dims` coordinates; schedules run over `horizon` generations.
    pub fn start(rule: Rule, members: u32, dims: u32, domain: Domain, seed: u64, horizon: u32) -> Self {
        let first = |member, i| match domain.start {
            Start::Uniform => {
                let r = uniform(seed, 0, i, member, START);
                f64::from(domain.low) * (1.0 - r) + f64::from(domain.high) * r
            }
            Start::Normal => normal(seed, 0, i, member, START),
        };
        let positions: Vec<Vec<f64>> =
            (0..members).map(|member| (0..dims).map(|i| first(member, i)).collect()).collect();
        let zeros = vec![vec![0.0; dims as usize]; members as usize];
        Self {
            rule,
            domain,
            seed,
            horizon,
            generation: 0,
            velocity: zeros.clone(),
            momentum: zeros,
            personal: positions.clone(),
            own_fitness: vec![WORST.into(); members as usize],
            best: positions[0].clone(),
            best_fitness: WORST.into(),
            positions,
        }
    }

    /// Moves to the next candidates; in generation 0 they are the first positions.
    pub fn ask(&mut self) -> &[Vec<f64>] {
        if self.generation > 0 {
            for member in 0..self.positions.len() {
                let leader = match self.rule.neighbourhood() {
                    Neighbourhood::Global => &self.best,
                    Neighbourhood::Ring => &self.personal[self.ring_leader(member)],
                };
                let toward_leader = self.scaled(member, leader, SOCIAL);
                let toward_own = self.scaled(member, &self.personal[member], COGNITIVE);
                for i in 0..self.best.len() {
                    self.advance(member, i, toward_own[i], toward_leader[i]);
                }
            }
        }
        &self.positions
    }

    /// What leads a member to a point, each coordinate by its own random share; in REMPSO that of the turned axes.
    fn scaled(&self, member: usize, point: &[f64], purpose: u32) -> Vec<f64> {
        let mut toward: Vec<f64> = point.iter().zip(&self.positions[member]).map(|(point, x)| point - x).collect();
        let turn = |toward: &mut [f64], back: f64| {
            if let Rule::RemPso(rempso) = &self.rule {
                let (sine, cosine) = f64::from(rempso.angle).to_radians().sin_cos();
                let pairs = rempso.pairs_of(toward.len() as u32) as usize;
                for pair in axes(self.seed, toward.len() as u32).chunks(2).take(pairs) {
                    let (one, other) = (toward[pair[0]], toward[pair[1]]);
                    toward[pair[0]] = cosine * one + back * sine * other;
                    toward[pair[1]] = cosine * other - back * sine * one;
                }
            }
        };
        turn(&mut toward, 1.0);
        for (i, toward) in toward.iter_mut().enumerate() {
            *toward *= uniform(self.seed, self.generation, i as u32, member as u32, purpose);
        }
        turn(&mut toward, -1.0);
        toward
    }

    /// Moves one coordinate and keeps it within the walls; the velocity is kept when a wall stops it.
    fn advance(&mut self, member: usize, i: usize, toward_own: f64, toward_leader: f64) {
        let x = self.positions[member][i];
        let clock = (self.generation, self.horizon);
        let momentum = &mut self.momentum[member][i];
        let v = self.rule.moved(clock, self.velocity[member][i], momentum, toward_own, toward_leader);
        let vmax = f64::from(self.rule.vmax().or(self.domain.step).unwrap_or(WORST));
        let (low, high) = self.domain.walls();
        let v = v.clamp(-vmax, vmax);
        self.velocity[member][i] = v;
        self.positions[member][i] = (x + v).clamp(low.into(), high.into());
    }

    /// The best of a member and its two neighbours on the ring; the member itself wins ties, then the left one.
    pub fn ring_leader(&self, member: usize) -> usize {
        let members = self.positions.len();
        let mut leader = member;
        for neighbour in [(member + members - 1) % members, (member + 1) % members] {
            if self.own_fitness[neighbour] < self.own_fitness[leader] {
                leader = neighbour;
            }
        }
        leader
    }

    /// Takes the fitness of all candidates: who beat its own record, and who holds the best one, the first of equals.
    pub fn tell(&mut self, fitness: &[f64]) {
        for (member, f) in fitness.iter().enumerate() {
            let f = finite_or_worst(*f);
            if f < self.own_fitness[member] {
                self.own_fitness[member] = f;
                self.personal[member].clone_from(&self.positions[member]);
            }
        }
        let mut winner = 0;
        for member in 1..self.own_fitness.len() {
            if self.own_fitness[member] < self.own_fitness[winner] {
                winner = member;
            }
        }
        self.best_fitness = self.own_fitness[winner];
        self.best.clone_from(&self.personal[winner]);
        self.generation += 1;
    }

    /// Best fitness after so many generations more.
    pub fn run(&mut self, generations: u32, objective: impl Fn(&[f64]) -> f64) -> f64 {
        for _ in 0..generations {
            let fitness: Vec<f64> = self.ask().iter().map(|x| objective(x)).collect();
            self.tell(&fitness);
        }
        self.best_fitness
    }
}

/// The random order of `width` coordinates in which REMPSO pairs them.
pub fn axes(seed: u64, width: u32) -> Vec<usize> {
    let keys = words(seed, 0, 0, 0, AXES);
    (0..width).map(|place| shuffled(place, width, keys) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_in_a_random_order() {
        for width in [1, 2, 3, 4, 5, 16, 17, 30, 1000] {
            let mut order = axes(7, width);
            assert!(width < 16 || order != axes(8, width), "{width}: the same for two seeds");
            order.sort_unstable();
            assert!(order.into_iter().eq(0..width as usize), "{width}: not every coordinate once");
        }
        // Each coordinate is first about equally often: 400 of 2,000, four standard errors of 18.
        let mut first = [0; 5];
        (0..2000).for_each(|seed| first[axes(seed, 5)[0]] += 1);
        assert!(first.iter().all(|count| (328..=472).contains(count)), "{first:?}");
    }
}
