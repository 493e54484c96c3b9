//! Twin of `shaders/optimizer/spso-2011.wgsl`: the same draws, one member after the other, in `f64`.

use super::finite_or_worst;
use super::random::{DIRECTION, INFORM, LAUNCH, RADIUS, START, normal, uniform, words};
use crate::optimizer::Spso2011;
use crate::population::{Domain, Start, WORST};

/// A standard particle swarm.
#[derive(Clone, Debug)]
pub struct StandardSwarm {
    settings: Spso2011,
    domain: Domain,
    seed: u64,
    /// Generations told so far.
    pub generation: u32,
    /// Generation of the last draw of informants.
    pub epoch: u32,
    /// Where the members are.
    pub positions: Vec<Vec<f64>>,
    /// Their last step, turned by a wall that stopped it.
    pub velocity: Vec<Vec<f64>>,
    /// The best position of each member.
    pub personal: Vec<Vec<f64>>,
    /// Its fitness.
    pub own_fitness: Vec<f64>,
    /// The best position of all.
    pub best: Vec<f64>,
    /// Its fitness.
    pub best_fitness: f64,
}

impl StandardSwarm {
    /// First positions of `members` candidates of `dims` coordinates, and velocities that lead to others.
    pub fn start(settings: Spso2011, members: u32, dims: u32, domain: Domain, seed: u64) -> Self {
        let point = |member, i, purpose| match domain.start {
            Start::Uniform => {
                let r = uniform(seed, 0, i, member, purpose);
                f64::from(domain.low) * (1.0 - r) + f64::from(domain.high) * r
            }
            Start::Normal => normal(seed, 0, i, member, purpose),
        };
        let vmax = f64::from(settings.vmax.or(domain.step).unwrap_or(WORST));
        let launch = |member, i| (point(member, i, LAUNCH) - point(member, i, START)).clamp(-vmax, vmax);
        let positions: Vec<Vec<f64>> =
            (0..members).map(|member| (0..dims).map(|i| point(member, i, START)).collect()).collect();
        let velocity = (0..members).map(|member| (0..dims).map(|i| launch(member, i)).collect()).collect();
        Self {
            settings,
            domain,
            seed,
            generation: 0,
            epoch: 0,
            velocity,
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
            let leaders = self.leaders();
            for (member, leader) in leaders.into_iter().enumerate() {
                self.advance(member, leader);
            }
        }
        &self.positions
    }

    /// Whom each member follows: the best of itself and those that tell it; itself wins ties, then the first.
    pub fn leaders(&self) -> Vec<usize> {
        let members = self.positions.len();
        let mut leaders: Vec<usize> = (0..members).collect();
        for teller in 0..members {
            for k in 0..self.settings.informants {
                let word = words(self.seed, self.epoch, teller as u32, k / 4, INFORM)[k as usize % 4];
                let listener = ((u64::from(word) * members as u64) >> 32) as usize;
                if self.own_fitness[teller] < self.own_fitness[leaders[listener]] {
                    leaders[listener] = teller;
                }
            }
        }
        leaders
    }

    /// Jumps to a random point of the ball around the centre that the member lies on; a wall stops it and turns its
    /// velocity, halved.
    fn advance(&mut self, member: usize, leader: usize) {
        let (inertia, pull) = (f64::from(self.settings.inertia), f64::from(self.settings.pull));
        let x = self.positions[member].clone();
        let offset = |i: usize| {
            let toward = |other: usize| pull * (self.personal[other][i] - x[i]);
            if leader == member { toward(member) / 2.0 } else { (toward(member) + toward(leader)) / 3.0 }
        };
        let direction = |i: usize| normal(self.seed, self.generation, i as u32, member as u32, DIRECTION);
        let length = |of: &dyn Fn(usize) -> f64| (0..x.len()).map(|i| of(i).powi(2)).sum::<f64>().sqrt();
        let radius = uniform(self.seed, self.generation, 0, member as u32, RADIUS) * length(&offset);
        let reach = radius / length(&direction).max(1e-15);
        let jumps: Vec<f64> = (0..x.len()).map(|i| offset(i) + reach * direction(i)).collect();

        let vmax = f64::from(self.settings.vmax.or(self.domain.step).unwrap_or(WORST));
        let (low, high) = self.domain.walls();
        for (i, jump) in jumps.into_iter().enumerate() {
            let v = (inertia * self.velocity[member][i] + jump).clamp(-vmax, vmax);
            let there = x[i] + v;
            let within = there.clamp(low.into(), high.into());
            self.velocity[member][i] = if within == there { v } else { -0.5 * v };
            self.positions[member][i] = within;
        }
    }

    /// Takes the fitness of all candidates; without a better best, informants are drawn again.
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
        self.generation += 1;
        if self.own_fitness[winner] >= self.best_fitness {
            self.epoch = self.generation;
        }
        self.best_fitness = self.own_fitness[winner];
        self.best.clone_from(&self.personal[winner]);
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
