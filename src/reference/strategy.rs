//! Twin of `shaders/optimizer/strategy.wgsl` and of what goes with it: noise, utilities, where the noise leans, and the
//! six updates with their rules, one coordinate after the other, in `f64`.

use super::finite_or_worst;
use super::random::{NOISE, START, normal, uniform};
use super::rule::{Stepper, Written, share_left};
use crate::optimizer::{
    Ars, Decay, Eggroll, OpenAiEs, Pepg, Rule, SMALLEST_SHARE, SepCmaEs, Shaping, Snes, Update as Moves,
};
use crate::population::{Domain, Start, WORST};

/// Which strategy, with its settings.
#[derive(Clone, Debug)]
pub enum Update {
    /// `descend.wgsl` with full noise.
    OpenAiEs(OpenAiEs),
    /// `descend.wgsl` with noise of low rank.
    Eggroll(Eggroll),
    /// `snes.wgsl`.
    Snes(Snes),
    /// `pepg.wgsl`.
    Pepg(Pepg),
    /// `ars.wgsl` and `random-search.wgsl`.
    Ars(Ars),
    /// `sep-cma-es.wgsl`.
    SepCmaEs(SepCmaEs),
}

/// An evolution strategy.
#[derive(Clone, Debug)]
pub struct Strategy {
    update: Update,
    domain: Domain,
    members: usize,
    seed: u64,
    horizon: u32,
    /// What the schedule of sigma is, where it is written.
    pub written: Written,
    /// Generations told so far.
    pub generation: u32,
    /// The mean.
    pub centre: Vec<f64>,
    /// Standard deviation of every coordinate.
    pub spread: Vec<f64>,
    /// The update rule of every coordinate, where there is one.
    pub rules: Vec<Stepper>,
    /// The paths p_s and p_c of Sep-CMA-ES.
    pub paths: Vec<[f64; 2]>,
    /// Its diagonal matrix.
    pub variance: Vec<f64>,
    /// Its step size.
    pub step_size: f64,
    /// The best centre so far.
    pub best: Vec<f64>,
    /// Its fitness.
    pub best_fitness: f64,
}

impl Update {
    fn sigma(&self) -> f64 {
        f64::from(match self {
            Self::OpenAiEs(s) => s.sigma,
            Self::Eggroll(s) => s.sigma,
            Self::Snes(s) => s.sigma,
            Self::Pepg(s) => s.sigma,
            Self::Ars(s) => s.sigma,
            Self::SepCmaEs(s) => s.sigma,
        })
    }

    fn rule(&self) -> Option<&Rule> {
        match self {
            Self::OpenAiEs(s) => Some(&s.rule),
            Self::Eggroll(s) => Some(&s.rule),
            Self::Pepg(s) => Some(&s.rule),
            Self::Ars(s) => Some(&s.rule),
            Self::Snes(_) | Self::SepCmaEs(_) => None,
        }
    }

    /// The schedule of sigma and the share of it at the end, where it has one.
    fn fall(&self) -> Option<(&Decay, f32)> {
        match self {
            Self::OpenAiEs(s) => Some((&s.sigma_decay, s.sigma_end)),
            Self::Eggroll(s) => Some((&s.sigma_decay, s.sigma_end)),
            Self::Ars(s) => Some((&s.sigma_decay, s.sigma_end)),
            Self::Snes(_) | Self::Pepg(_) | Self::SepCmaEs(_) => None,
        }
    }

    /// Whether neighbours share noise, with opposite signs.
    pub fn antithetic(&self) -> bool {
        !matches!(self, Self::Snes(_) | Self::SepCmaEs(_))
    }
}

impl Strategy {
    /// A first centre of `dims` coordinates; schedules run over `horizon` generations.
    pub fn start(update: Update, members: u32, dims: u32, domain: Domain, seed: u64, horizon: u32) -> Self {
        let first = |i| match domain.start {
            Start::Uniform => {
                let r = uniform(seed, 0, i, 0, START);
                f64::from(domain.low) * (1.0 - r) + f64::from(domain.high) * r
            }
            Start::Normal => normal(seed, 0, i, 0, START),
        };
        let centre: Vec<f64> = (0..dims).map(first).collect();
        let step_size = update.sigma() * f64::from(domain.unit());
        let count = dims as usize;
        let rules = update.rule().map(|rule| vec![Stepper::new(rule); count]).unwrap_or_default();
        Self {
            update,
            domain,
            members: members as usize,
            seed,
            horizon,
            written: |_, _, _| 1.0,
            generation: 0,
            spread: vec![step_size; count],
            rules,
            paths: vec![[0.0; 2]; count],
            variance: vec![1.0; count],
            step_size,
            best: centre.clone(),
            best_fitness: WORST.into(),
            centre,
        }
    }

    /// The noise of one column: independent normals, or, for the matrix of a group, a product of two thin ones.
    pub fn noise(&self, column: u32) -> Vec<f64> {
        let draw = |row| normal(self.seed, self.generation, row, column, NOISE);
        let rank = match &self.update {
            Update::Eggroll(eggroll) if !self.domain.groups.is_empty() => eggroll.rank,
            _ => return (0..self.centre.len() as u32).map(draw).collect(),
        };
        let mut noise = vec![0.0; self.centre.len()];
        let mut row = 0;
        let mut rows = |count: u32| {
            let drawn: Vec<f64> = (row..row + count).map(draw).collect();
            row += count;
            drawn
        };
        for group in &self.domain.groups {
            let inputs = group.width - u32::from(group.bias);
            let (left, right) = (rows(rank * group.blocks), rows(rank * inputs));
            let biases = if group.bias { rows(group.blocks) } else { Vec::new() };
            for unit in 0..group.blocks {
                let start = (group.offset + unit * group.width) as usize;
                for input in 0..inputs {
                    let factor =
                        |r: u32| left[(r * group.blocks + unit) as usize] * right[(r * inputs + input) as usize];
                    noise[start + input as usize] = (0..rank).map(factor).sum::<f64>() / f64::from(rank).sqrt();
                }
                if group.bias {
                    noise[start + inputs as usize] = biases[unit as usize];
                }
            }
        }
        noise
    }

    /// The noise of every member, with its sign.
    fn leanings(&self) -> Vec<Vec<f64>> {
        let one = |member: usize| {
            if !self.update.antithetic() {
                return self.noise(member as u32);
            }
            let sign = if member % 2 == 1 { -1.0 } else { 1.0 };
            self.noise(member as u32 / 2).into_iter().map(|e| sign * e).collect()
        };
        (0..self.members).map(one).collect()
    }

    /// The candidates: the members, then the centre. The noise has the spread of this generation first.
    pub fn ask(&mut self) -> Vec<Vec<f64>> {
        if let (Some((decay, end)), Some(rule)) = (self.update.fall(), self.update.rule()) {
            let left = share_left(decay, end, rule, self.written, (self.generation, self.horizon));
            let spread = self.update.sigma() * f64::from(self.domain.unit()) * left.max(SMALLEST_SHARE.into());
            self.spread.fill(spread);
        }
        let (low, high) = self.domain.walls();
        let member = |noise: Vec<f64>| {
            let moved = noise.iter().zip(&self.centre).zip(&self.spread).map(|((e, x), s)| x + s * e);
            moved.map(|x| x.clamp(low.into(), high.into())).collect()
        };
        self.leanings().into_iter().map(member).chain(std::iter::once(self.centre.clone())).collect()
    }

    /// Takes the fitness of all candidates.
    pub fn tell(&mut self, fitness: &[f64]) {
        let fitness: Vec<f64> = fitness.iter().map(|f| finite_or_worst(*f)).collect();
        let (members, now) = (&fitness[..self.members], fitness[self.members]);
        if now < self.best_fitness || self.generation == 0 {
            self.best_fitness = now;
            self.best.clone_from(&self.centre);
        }
        let utility = utilities(&self.update, members);
        let noise = self.leanings();
        let sum =
            |of: &dyn Fn(f64) -> f64, i: usize| -> f64 { utility.iter().zip(&noise).map(|(u, e)| u * of(e[i])).sum() };
        let first: Vec<f64> = (0..self.centre.len()).map(|i| sum(&|e| e, i)).collect();
        let second: Vec<f64> = (0..self.centre.len()).map(|i| sum(&|e| e * e - 1.0, i)).collect();
        let (count, unit) = (self.members as f64, f64::from(self.domain.unit()));
        match self.update.clone() {
            Update::OpenAiEs(_) | Update::Eggroll(_) => {
                for (i, lean) in first.iter().enumerate() {
                    if let Some(turn) = self.turn(i as u32) {
                        self.descend(i, turn, -lean / (count * self.spread[i] / unit));
                    }
                }
            }
            Update::Snes(snes) => self.snes(&snes, &first, &second),
            Update::Pepg(pepg) => {
                for (i, lean) in first.iter().enumerate() {
                    self.descend(i, self.generation + 1, -lean / count * self.spread[i] / unit);
                    let most = f64::from(pepg.sigma_change);
                    let change = f64::from(pepg.sigma_rate) * second[i] / count;
                    self.spread[i] *= 1.0 + change.clamp(-most, most);
                }
            }
            Update::Ars(ars) => {
                for (i, lean) in first.iter().enumerate() {
                    self.descend(i, self.generation + 1, -lean / top(&ars, self.members) as f64);
                }
            }
            Update::SepCmaEs(_) => self.sep_cma_es(&first, &second),
        }
        self.generation += 1;
    }

    fn place(&mut self, i: usize, x: f64) {
        let (low, high) = self.domain.walls();
        self.centre[i] = x.clamp(low.into(), high.into());
    }

    /// Which step of coordinate i this is, counted from 1; none where its layer rests in this generation.
    fn turn(&self, i: u32) -> Option<u32> {
        let moves = match &self.update {
            Update::OpenAiEs(s) => s.update,
            Update::Eggroll(s) => s.update,
            _ => Moves::All,
        };
        let groups = &self.domain.groups;
        if moves == Moves::All || groups.is_empty() {
            return Some(self.generation + 1);
        }
        let count = groups.len() as u32;
        let group = groups.iter().rposition(|group| group.offset <= i).unwrap_or(0) as u32;
        let moving = |generation: &u32| group + generation % count + 1 >= count;
        moving(&self.generation).then(|| (0..=self.generation).filter(moving).count() as u32)
    }

    /// One step of the update rule against a gradient in units of the domain.
    fn descend(&mut self, i: usize, turn: u32, gradient: f64) {
        let rate = self.rules[i].rate(self.generation, self.horizon);
        let unit = f64::from(self.domain.unit());
        let x = self.rules[i].stepped(turn, rate, self.centre[i], gradient, unit);
        self.place(i, x);
    }

    fn snes(&mut self, snes: &Snes, first: &[f64], second: &[f64]) {
        let dims = first.len() as f64;
        let usual = (3.0 + dims.ln()) / (5.0 * dims.sqrt());
        let rate = snes.sigma_rate.map_or(usual, f64::from);
        for i in 0..first.len() {
            let x = self.centre[i] + f64::from(snes.mean_rate) * self.spread[i] * first[i];
            self.place(i, x);
            self.spread[i] *= (0.5 * rate * second[i]).clamp(-1.0, 1.0).exp();
        }
    }

    /// Hansen's tutorial (2016), with c_1 and c_mu times (n + 2) / 3.
    fn sep_cma_es(&mut self, first: &[f64], second: &[f64]) {
        let n = first.len() as f64;
        let weights = recombination(self.members);
        let mu = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let c_s = (mu + 2.0) / (n + mu + 5.0);
        let d_s = 1.0 + 2.0 * (((mu - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_s;
        let c_c = (4.0 + mu / n) / (n + 4.0 + 2.0 * mu / n);
        let c_1 = ((n + 2.0) / 3.0 * 2.0 / ((n + 1.3).powi(2) + mu)).min(0.9);
        let c_mu = (n + 2.0) / 3.0 * 2.0 * (mu - 2.0 + 1.0 / mu) / ((n + 2.0).powi(2) + mu);
        let c_mu = c_mu.clamp(0.0, 1.0 - c_1);
        let expected = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
        for (path, lean) in self.paths.iter_mut().zip(first) {
            path[0] = (1.0 - c_s) * path[0] + (c_s * (2.0 - c_s) * mu).sqrt() * lean;
        }
        let length = self.paths.iter().map(|path| path[0] * path[0]).sum::<f64>().sqrt();
        let settled = (1.0 - (1.0 - c_s).powi(2 * (self.generation as i32 + 1))).sqrt();
        let h = f64::from(u8::from(length / settled < (1.4 + 2.0 / (n + 1.0)) * expected));
        let sigma = self.step_size;
        self.step_size *= (c_s / d_s * (length / expected - 1.0)).clamp(-1.0, 1.0).exp();
        for i in 0..first.len() {
            let c = self.variance[i];
            let y = c.sqrt() * first[i];
            let x = self.centre[i] + sigma * y;
            self.place(i, x);
            let path = (1.0 - c_c) * self.paths[i][1] + h * (c_c * (2.0 - c_c) * mu).sqrt() * y;
            self.paths[i][1] = path;
            let kept = 1.0 - c_1 - c_mu + (1.0 - h) * c_1 * c_c * (2.0 - c_c);
            self.variance[i] = kept * c + c_1 * path * path + c_mu * c * (second[i] + 1.0);
            self.spread[i] = self.step_size * self.variance[i].sqrt();
        }
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

/// What every member's fitness is worth; higher is better.
pub fn utilities(update: &Update, fitness: &[f64]) -> Vec<f64> {
    let n = fitness.len() as f64;
    match update {
        Update::OpenAiEs(OpenAiEs { shaping, .. })
        | Update::Eggroll(Eggroll { shaping, .. })
        | Update::Pepg(Pepg { shaping, .. }) => match shaping {
            Shaping::Ranks => {
                let centred: Vec<f64> = (0..fitness.len()).map(|rank| 0.5 - rank as f64 / (n - 1.0)).collect();
                by_rank(fitness, &centred)
            }
            Shaping::Standard => standard(fitness),
        },
        Update::Snes(_) => {
            let raw = (1..=fitness.len()).map(|i| ((n / 2.0 + 1.0).ln() - (i as f64).ln()).max(0.0));
            let raw: Vec<f64> = raw.collect();
            let sum: f64 = raw.iter().sum();
            by_rank(fitness, &raw.iter().map(|u| u / sum - 1.0 / n).collect::<Vec<_>>())
        }
        Update::Ars(ars) => rewards(ars, fitness),
        Update::SepCmaEs(_) => by_rank(fitness, &recombination(fitness.len())),
    }
}

/// `table[r]` for the value of rank r, the lowest first; equals share the mean of theirs.
pub fn by_rank(values: &[f64], table: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let one = |value: &f64| {
        let better = sorted.partition_point(|other| other < value);
        let equal = sorted.partition_point(|other| other <= value) - better;
        table[better..better + equal].iter().sum::<f64>() / equal as f64
    };
    values.iter().map(one).collect()
}

/// (mean - f) / sqrt(variance + 1e-5), what is not finite as the worst of the others.
fn standard(fitness: &[f64]) -> Vec<f64> {
    let worst = fitness.iter().copied().filter(|f| *f < WORST.into()).fold(f64::NEG_INFINITY, f64::max);
    let known: Vec<f64> = fitness.iter().map(|f| if worst.is_finite() { f.min(worst) } else { 0.0 }).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let variance = known.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / known.len() as f64;
    known.iter().map(|f| (mean - f) / (variance + 1e-5).sqrt()).collect()
}

/// Pairs that count in augmented random search.
fn top(ars: &Ars, members: usize) -> usize {
    let pairs = members / 2;
    ((ars.top * pairs as f32).round() as usize).clamp(1, pairs)
}

/// Rewards of the pairs with the best member, in deviations of them all; the others' are 0.
fn rewards(ars: &Ars, fitness: &[f64]) -> Vec<f64> {
    let worst = f64::from(WORST);
    let best = |pair: &[f64]| if pair[0].max(pair[1]) >= worst { worst } else { pair[0].min(pair[1]) };
    let bests: Vec<f64> = fitness.chunks(2).map(best).collect();
    let table: Vec<f64> = (0..bests.len()).map(|rank| if rank < top(ars, fitness.len()) { 1.0 } else { 0.0 }).collect();
    let chosen = by_rank(&bests, &table);
    let share = |member: usize| if bests[member / 2] < worst { chosen[member / 2] } else { 0.0 };
    let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
        fitness.iter().enumerate().filter(|(m, _)| share(*m) > 0.0).map(|(m, f)| share(m) * of(*f)).sum()
    };
    let count = sum(&|_| 1.0);
    let mean = sum(&|f| f) / count;
    let deviation = (sum(&|f| (f - mean).powi(2)) / count).sqrt();
    let one = |(m, f): (usize, &f64)| if share(m) > 0.0 { share(m) * (mean - f) / deviation.max(1e-20) } else { 0.0 };
    fitness.iter().enumerate().map(one).collect()
}

/// Weights of CMA-ES by rank: ln((n + 1) / 2) - ln i for the better half, in shares of their sum.
fn recombination(members: usize) -> Vec<f64> {
    let half = members / 2;
    let raw = |i: usize| if i <= half { ((members as f64 + 1.0) / 2.0).ln() - (i as f64).ln() } else { 0.0 };
    let sum: f64 = (1..=members).map(raw).sum();
    (1..=members).map(|i| raw(i) / sum).collect()
}
