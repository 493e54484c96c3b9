//! What the evolution strategies share: a population around a centre, utilities, where the noise leans, the best
//! centre so far.

use std::fmt::Write as _;

use super::descent::{Update, groups};
use super::rule::Rule;
use super::sigma::Sigma;
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads, View, WORKGROUP};
use crate::population::{Bound, Context, Domain, Group, Noise, Perturbed, Points, Shape, Step, WORST};
use crate::{Error, Result};

/// Members up to which ranks are counted; more are sorted.
const COUNTED: u32 = 4096;

/// The setting of the strategies whose estimate goes to an update rule.
pub(super) const UPDATE: (&str, &str) =
    ("update", "all layers in every generation, or position-wise: the last one, the last two, ... all, a turn each");

/// How fitness becomes utility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shaping {
    /// Ranks, evenly from 0.5 for the best to -0.5 (Salimans et al. 2017).
    #[default]
    Ranks,
    /// Standard scores (Sarkar et al. 2025).
    Standard,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Pass {
    run: u32,
    step: u32,
}

/// A strategy under construction; [`Strategy::finish`] makes it a [`Step`].
pub(super) struct Strategy<'a> {
    context: &'a Context,
    dims: u32,
    members: u32,
    perturbed: Perturbed,
    bindings: Bindings,
    constants: Source,
    best: Buffer<f32>,
    best_fitness: Buffer<f32>,
    utility: Buffer<f32>,
    state: Vec<(String, View)>,
    tell: Recording,
    start: Recording,
    ask: Recording,
}

impl<'a> Strategy<'a> {
    /// `sigma`: first standard deviation of the noise, in units of the domain.
    pub(super) fn new(context: &'a Context, shape: Shape, domain: &Domain, noise: Noise, sigma: f32) -> Result<Self> {
        let gpu = &context.gpu;
        let least = if noise.antithetic { 2 } else { 4 };
        if shape.members < least || (noise.antithetic && !shape.members.is_multiple_of(2)) {
            let remedy = if noise.antithetic { "give an even number: members come in pairs" } else { "at least 4" };
            return Err(Error::setting("population", shape.members, remedy));
        }
        let dims = shape.coordinates();
        let members = shape.members;
        let with_centre = Shape { members: members + 1, ..shape };
        let fitness = Points::fitness_buffer(gpu, "fitness", with_centre)?;
        let perturbed = Perturbed::new(context, shape, domain, noise, &fitness)?;
        let best = gpu.buffer::<f32>("best", dims.into())?;
        let best_fitness = gpu.upload("best fitness", &[WORST])?;
        let kept = gpu.buffer::<u32>("kept", 1)?;
        let utility = gpu.buffer::<f32>("utility", u64::from(members.next_multiple_of(8)))?;
        let leaning = gpu.buffer::<f32>("leaning", 2 * u64::from(dims))?;
        let bindings = Bindings::new()
            .with("bounds", gpu.uniform("bounds", &domain.bounds())?.view())
            .with("first_sigma", gpu.uniform("sigma", &sigma)?.view())
            .with("fitness", fitness.view())
            .with("centre", perturbed.centre.view())
            .with("spread", perturbed.spread.view())
            .with("best", best.view())
            .with("best_fitness", best_fitness.view())
            .with("kept", kept.view())
            .with("utility", utility.view())
            .with("leaning", leaning.view())
            .and(&context.clock);
        let constants = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("REDUCE", gpu.reduction_width())
            .constant("DIMS", dims)
            .constant("MEMBERS", members)
            .constant("CENTRE", members)
            .constant("SHARED", perturbed.shared)
            .constant("CHANGING", context.changing.into());
        let mut strategy = Self {
            context,
            dims,
            members,
            state: vec![
                ("centre".into(), perturbed.centre.view()),
                ("spread".into(), perturbed.spread.view()),
                ("best".into(), best.view()),
                ("best_fitness".into(), best_fitness.view()),
            ],
            perturbed,
            bindings,
            constants,
            best,
            best_fitness,
            utility,
            tell: Recording::new(),
            start: Recording::new(),
            ask: Recording::new(),
        };
        let source = strategy.source()?;
        let bindings = strategy.bindings.clone();
        strategy.start.dispatch(gpu, &gpu.kernel("start", &source)?, &bindings, Threads::Line(dims))?;
        if let Some(begin) = &context.begin {
            begin.vector(&strategy.perturbed.centre, &mut strategy.start)?;
        }
        strategy.tell.dispatch(gpu, &gpu.kernel("judge", &source)?, &bindings, Threads::Groups(1))?;
        Ok(strategy)
    }

    /// The constants and `strategy.wgsl`, for an update kernel to go with.
    pub(super) fn source(&self) -> Result<Source> {
        self.constants.clone().piece("strategy", include_str!("../../shaders/optimizer/strategy.wgsl"))
    }

    /// Coordinates.
    pub(super) fn dims(&self) -> u32 {
        self.dims
    }

    /// Members, the centre not counted.
    pub(super) fn members(&self) -> u32 {
        self.members
    }

    /// A buffer of a strategy's own, bound as `name`; it is part of the checkpoint.
    pub(super) fn keep<T: bytemuck::Pod>(&mut self, name: &str, values: &[T]) -> Result<()> {
        let buffer = self.context.gpu.upload(name, values)?;
        self.bindings = self.bindings.clone().with(name, buffer.view());
        self.state.push((name.into(), buffer.view()));
        Ok(())
    }

    /// Binds an update rule; returns its functions.
    pub(super) fn rule(&mut self, rule: &Rule) -> Result<Source> {
        let bound = Rule::bind(self.context, std::slice::from_ref(rule), self.dims.into())?;
        self.bindings = self.bindings.clone().and(&bound.bindings);
        self.state.push(("moments".into(), bound.moments));
        Ok(bound.source)
    }

    /// Records the standard deviation of a generation's noise, where it has a schedule.
    pub(super) fn fall(&mut self, sigma: &Sigma, rule: &Rule) -> Result<()> {
        let Some((source, fall)) = sigma.fall(rule)? else { return Ok(()) };
        let gpu = &self.context.gpu;
        let bindings = self.bindings.clone().with("fall", gpu.uniform("fall", &fall)?.view());
        let kernel = gpu.kernel("set_spread", &self.constants.clone().join(&source))?;
        self.ask.dispatch(gpu, &kernel, &bindings, Threads::Line(self.dims))
    }

    /// Binds a view as `name`.
    pub(super) fn also(&mut self, name: &str, view: View) {
        self.bindings = self.bindings.clone().with(name, view);
    }

    /// What every kernel of the strategy may want to know.
    pub(super) fn constants(&self) -> Source {
        self.constants.clone()
    }

    /// Settings of a strategy's own, bound as `settings`.
    pub(super) fn settings<T: bytemuck::Pod>(&mut self, settings: &T) -> Result<()> {
        let uniform = self.context.gpu.uniform("settings", settings)?;
        self.bindings = self.bindings.clone().with("settings", uniform.view());
        Ok(())
    }

    /// Records utilities: `table[r]` for the member of rank r, equals sharing theirs.
    pub(super) fn rank(&mut self, table: &[f64]) -> Result<()> {
        let (values, into) = (self.perturbed.points.fitness.view(), self.utility.view());
        self.rank_of(&values, &into, table)
    }

    /// Records `table[r]` for the value of rank r, for as many values as the table is long.
    pub(super) fn rank_of(&mut self, values: &View, into: &View, table: &[f64]) -> Result<()> {
        let gpu = &self.context.gpu;
        let count = table.len() as u32;
        // In two parts, since sums over many ranks have no digits left for the difference of neighbours.
        let mut sum = 0.0;
        let shares: Vec<[f32; 2]> = std::iter::once([0.0; 2])
            .chain(table.iter().map(|utility| {
                sum += utility;
                [sum as f32, (sum - f64::from(sum as f32)) as f32]
            }))
            .collect();
        let sorted_len = if count > COUNTED { count.next_power_of_two() } else { 1 };
        let sorted = gpu.buffer::<f32>("sorted", sorted_len.into())?;
        let bindings = self
            .bindings
            .clone()
            .with("fitness", values.clone())
            .with("utility", into.clone())
            .with("shares", gpu.upload("shares", &shares)?.view())
            .with("sorted", sorted.view());
        let source = self.utilities(count, sorted_len)?;
        if count <= COUNTED {
            let kernel = gpu.kernel("rank_by_counting", &source)?;
            return self.tell.dispatch(gpu, &kernel, &bindings, Threads::Line(count));
        }
        self.tell.dispatch(gpu, &gpu.kernel("sort_begin", &source)?, &bindings, Threads::Line(sorted_len))?;
        let sort = gpu.kernel("sort_pass", &source)?;
        for run in (1..=sorted_len.ilog2()).map(|power| 1 << power) {
            let mut step = run / 2;
            while step > 0 {
                let bindings = bindings.clone().with("pass_of", gpu.uniform("pass", &Pass { run, step })?.view());
                self.tell.dispatch(gpu, &sort, &bindings, Threads::Line(sorted_len / 2))?;
                step /= 2;
            }
        }
        self.tell.dispatch(gpu, &gpu.kernel("rank_by_sorting", &source)?, &bindings, Threads::Line(count))
    }

    /// Records utilities by `shaping`.
    pub(super) fn shape(&mut self, shaping: Shaping) -> Result<()> {
        match shaping {
            Shaping::Ranks => {
                let last = f64::from(self.members - 1).max(1.0);
                let table: Vec<f64> = (0..self.members).map(|rank| 0.5 - f64::from(rank) / last).collect();
                self.rank(&table)
            }
            Shaping::Standard => {
                let gpu = &self.context.gpu;
                let source = self.utilities(self.members, 1)?;
                let kernel = gpu.kernel("standardize", &source)?;
                self.tell.dispatch(gpu, &kernel, &self.bindings, Threads::Groups(1))
            }
        }
    }

    fn utilities(&self, count: u32, sorted: u32) -> Result<Source> {
        Source::new()
            .constant("RANKED", count)
            .constant("SORTED", sorted)
            .join(&self.constants)
            .constant_f32("SMALLEST_VARIANCE", 1e-5)
            .piece("utility", include_str!("../../shaders/optimizer/utility.wgsl"))
    }

    /// Records the sums of the noise weighted by utility; of its squares too where `second` is set.
    pub(super) fn lean(&mut self, second: bool) -> Result<()> {
        let gpu = &self.context.gpu;
        if let Some(rank) = self.perturbed.rank.filter(|_| !second) {
            return self.lean_by_factors(rank);
        }
        let source = self
            .constants
            .clone()
            .constant("SECOND", second.into())
            .join(&self.perturbed.quads)
            .piece("lean", include_str!("../../shaders/optimizer/lean.wgsl"))?;
        let kernel = gpu.kernel("lean", &source)?;
        self.over_windows(&[(kernel, self.dims)])
    }

    /// The same from the factors of the noise, which are far fewer than its coordinates.
    fn lean_by_factors(&mut self, rank: u32) -> Result<()> {
        let mut kernels = Vec::new();
        for (group, [left, right, biases]) in &self.perturbed.factors {
            let inputs = group.width - u32::from(group.bias);
            let bias_tiles = if group.bias { group.blocks.div_ceil(4) } else { 0 };
            let source = self
                .constants
                .clone()
                .constant("NOISE_QUADS", self.perturbed.stride / 4)
                .constant("RANK", rank)
                .constant_f32("ROOT", 1.0 / (rank as f32).sqrt())
                .constant("LEFT", *left)
                .constant("RIGHT", *right)
                .constant("BIASES", *biases)
                .constant("UNITS", group.blocks)
                .constant("INPUTS", inputs)
                .constant("OFFSET", group.offset)
                .constant("WIDTH", group.width)
                .constant("BIAS_TILES", bias_tiles)
                .piece("lean_low_rank", include_str!("../../shaders/optimizer/lean_low_rank.wgsl"))?;
            let kernel = self.context.gpu.kernel("lean_low_rank", &source)?;
            kernels.push((kernel, group.blocks.div_ceil(4) * inputs.div_ceil(4) + bias_tiles));
        }
        self.over_windows(&kernels)
    }

    /// Records kernels with their threads for every window of the noise.
    fn over_windows(&mut self, kernels: &[(Kernel, u32)]) -> Result<()> {
        // A single window still holds the noise that the members were scored with.
        let again = self.perturbed.windows.len() > 1;
        for (window, chunk) in self.perturbed.windows.iter().zip(&self.perturbed.points.chunks) {
            if again {
                self.tell.append(&chunk.fill);
            }
            let bindings =
                self.bindings.clone().with("noise", window.noise.clone()).with("noise_window", window.uniform.clone());
            for (kernel, threads) in kernels {
                self.tell.dispatch(&self.context.gpu, kernel, &bindings, Threads::Line(*threads))?;
            }
        }
        Ok(())
    }

    /// Records the kernel `entry` of `source`, over coordinates unless told otherwise.
    pub(super) fn then(&mut self, entry: &str, source: &Source, threads: Threads) -> Result<()> {
        let gpu = &self.context.gpu;
        self.tell.dispatch(gpu, &gpu.kernel(entry, source)?, &self.bindings, threads)
    }

    pub(super) fn finish(self) -> Box<dyn Step> {
        let bound = Bound::new(self.perturbed.points, self.best, self.best_fitness, self.state);
        Box::new(Bound { start: self.start, ask: self.ask, tell: self.tell, ..bound })
    }
}

/// A strategy whose estimate goes to an update rule.
pub(super) fn descent(
    context: &Context,
    shape: Shape,
    domain: &Domain,
    noise: Noise,
    sigma: &Sigma,
    (shaping, update): (Shaping, Update),
    rule: &Rule,
) -> Result<Box<dyn Step>> {
    let mut strategy = Strategy::new(context, shape, domain, noise, sigma.first)?;
    strategy.fall(sigma, rule)?;
    strategy.shape(shaping)?;
    strategy.lean(false)?;
    let rule = strategy.rule(rule)?;
    let turns = match update {
        Update::All => include_str!("../../shaders/optimizer/turns.wgsl").to_string(),
        Update::PositionWise => turns(&groups(domain, strategy.dims())),
    };
    let source = strategy.source()?.join(&rule).piece("turns", &turns)?;
    let source = source.piece("descend", include_str!("../../shaders/optimizer/descend.wgsl"))?;
    let threads = Threads::Line(strategy.dims());
    strategy.then("descend", &source, threads)?;
    Ok(strategy.finish())
}

/// `turn_of(coordinate)` where generation g moves the last (g mod L) + 1 of L groups: how often its group has moved after
/// this generation, or 0 where it does not move now. The l-th group from below moves l times in L generations.
fn turns(groups: &[Group]) -> String {
    let count = groups.len();
    let mut text = format!(
        "//! import clock
fn turn_of(coordinate: u32) -> u32 {{
    let turn = clock.generation % {count}u;
    var moves = {count}u;
"
    );
    for (index, group) in groups.iter().enumerate().rev().skip(1) {
        let end = group.offset + group.blocks * group.width;
        let _ = writeln!(text, "    if coordinate < {end}u {{ moves = {}u; }}", index + 1);
    }
    let _ = writeln!(
        text,
        "    let before = {count}u - moves;
    return select(clock.generation / {count}u * moves + turn + 1u - before, 0u, turn < before);
}}"
    );
    text
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;
    use std::sync::OnceLock;

    use proptest::prelude::{ProptestConfig, Strategy as _, prop, prop_oneof, proptest};

    use super::*;
    use crate::gpu::{Gpu, Pick, same_layout};
    use crate::reference::strategy::by_rank;

    #[test]
    fn passes_are_laid_out_as_in_the_shader() {
        let fields = [("run", offset_of!(Pass, run)), ("step", offset_of!(Pass, step))];
        same_layout(include_str!("../../shaders/optimizer/utility.wgsl"), "Pass", size_of::<Pass>(), &fields);
    }

    /// Utilities of this fitness by `table`, from the device; none without one.
    fn ranked(fitness: &[f32], table: &[f64]) -> Option<Vec<f32>> {
        static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
        let gpu = GPU.get_or_init(|| Gpu::open(&Pick::Best).ok()).as_ref()?;
        let clock = gpu.upload("clock", &[1u32, 2, 0, 9, 9, 0, 0, 0]).unwrap();
        let context = Context::new(gpu, clock.view());
        let shape = Shape { blocks: 1, members: fitness.len() as u32, width: 1 };
        let noise = Noise { antithetic: false, rank: None };
        let mut strategy = Strategy::new(&context, shape, &Domain::boxed(0.0, 1.0), noise, 1.0).unwrap();
        strategy.rank(table).unwrap();
        gpu.write(&strategy.perturbed.points.fitness.view(), fitness);
        let mut utility: Vec<f32> = gpu.run(&strategy.tell, &[strategy.utility.view()]).unwrap().values(0);
        assert!(utility[fitness.len()..].iter().all(|u| *u == 0.0), "padding has a utility");
        utility.truncate(fitness.len());
        Some(utility)
    }

    fn centred(members: usize) -> Vec<f64> {
        (0..members).map(|rank| 0.5 - rank as f64 / (members as f64 - 1.0)).collect()
    }

    /// Device against host to a few roundings of the utility itself.
    fn check(fitness: &[f32], table: &[f64]) {
        let Some(found) = ranked(fitness, table) else { return };
        let exact: Vec<f64> = fitness.iter().map(|f| f64::from(*f)).collect();
        for (member, (found, exact)) in found.iter().zip(by_rank(&exact, table)).enumerate() {
            let close = (f64::from(*found) - exact).abs() <= 1e-6 * exact.abs() + 1e-9;
            assert!(close, "member {member} of {}: {found} for {exact}", fitness.len());
        }
    }

    /// Few values, so that there are ties, the worst among them.
    fn tied(
        members: impl proptest::strategy::Strategy<Value = usize>,
    ) -> impl proptest::strategy::Strategy<Value = Vec<f32>> {
        let value = prop_oneof![
            6 => (-3i16..4).prop_map(f32::from),
            2 => -1e6f32..1e6,
            1 => prop::sample::select(vec![WORST, -WORST, 0.0, -0.0]),
        ];
        members.prop_flat_map(move |members| prop::collection::vec(value.clone(), members))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counted_ranks_are_those_of_the_twin(fitness in tied(4usize..300)) {
            check(&fitness, &centred(fitness.len()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sorted_ranks_are_those_of_the_twin(fitness in tied(4097usize..9000)) {
            check(&fitness, &centred(fitness.len()));
        }
    }

    /// Sums over so many ranks have no digits left for one of them.
    #[test]
    fn neighbouring_ranks_differ_in_a_large_population() {
        let fitness: Vec<f32> = (0..200_000u32).map(|m| (m.wrapping_mul(77_777) % 200_003) as f32).collect();
        check(&fitness, &centred(fitness.len()));
        // Each in an order of its own: all different, all equal, all without a fitness.
        for members in [4096, 4097] {
            check(&(0..members).map(|m| -(m as f32)).collect::<Vec<_>>(), &centred(members));
            check(&vec![1.0; members], &centred(members));
            check(&vec![WORST; members], &centred(members));
        }
    }
}
