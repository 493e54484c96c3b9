//! Fitness from trajectories: a candidate's right-hand side is integrated from observed states, and how far it strays
//! from those that follow is what it costs. One thread for each candidate and trajectory, its state in registers.

mod pull;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use self::pull::Pull;
use super::{Field, Integrator, Observed, SMALL};
use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, Threads};
use crate::objective::total::total;
use crate::population::{Context, Domain, Evaluation, Gradient, Objective, Points, Structure, WORST};
use crate::{Error, Result};

/// The scale of time that slopes are of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Time {
    /// Time itself.
    Plain,
    /// Time as a share of the whole.
    Share,
    /// The logarithm of time plus this: for what happens first fast, then slowly. In it a stiff system is not stiff.
    Logarithm(f64),
}

/// What a deviation costs, in units of its component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deviation {
    /// Its size.
    #[default]
    Absolute,
    /// Its square.
    Squared,
}

/// Right-hand sides that are to lead trajectories along observed ones.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Where slopes come from.
    pub field: Field,
    /// What is to be followed.
    pub observed: Observed,
    /// How a step is made.
    pub integrator: Integrator,
    /// Steps from one observation to the next, 1 to 1000.
    pub substeps: u32,
    /// Intervals between observations that a segment spans; none for whole trajectories, which are then equally long.
    pub segment: Option<u32>,
    /// Segments of a generation, drawn anew in each, the same for all candidates; none for all there are.
    pub batch: Option<u32>,
    /// The time of the right-hand side.
    pub time: Time,
    /// What a deviation costs; fitness is its mean.
    pub deviation: Deviation,
    /// Size at which components are held, in the units of the right-hand side; none for no limit.
    pub bound: Option<f32>,
}

/// `Stretch` of `fit.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Stretch {
    first: u32,
    count: u32,
}

impl Fit {
    /// A fit of whole trajectories with 4 steps of Runge and Kutta's method between observations.
    pub fn new(field: Field, observed: Observed) -> Self {
        Self {
            field,
            observed,
            integrator: Integrator::Rk4,
            substeps: 4,
            segment: None,
            batch: None,
            time: Time::Plain,
            deviation: Deviation::default(),
            bound: None,
        }
    }

    /// The trajectory that a position leads to, of one trajectory's observations: its states at their times, in rows of
    /// components; none where it did not stay finite. The scale of time is that of what is fitted.
    ///
    /// # Errors
    /// Those of binding; [`Error::Setting`] when the position has another number of coordinates.
    pub fn led(&self, gpu: &Gpu, position: &[f32], observed: &Observed) -> Result<Option<Vec<f32>>> {
        let (units, width) = (self.state_units(), self.components() as usize);
        let fit = Self { observed: observed.clone(), segment: None, batch: None, ..self.clone() };
        let context = Context::resting(gpu)?;
        let points = Points::alone(&context, position, fit.dims())?;
        let mut recording = Recording::new();
        let trail = fit.bind_fit(&context, self.span())?.follow(&points, &mut recording, true)?;
        let read = gpu.run(&recording, &[trail[0].view(), points.fitness.view()])?;
        let (trail, fitness) = (read.values::<f32>(0), read.values::<f32>(1)[0]);
        let stride = points.stride as usize;
        let state = |row: usize, i: usize| trail[(row * fit.substeps as usize * width + i) * stride] * units[i];
        let states = (0..observed.rows()).flat_map(|row| (0..width).map(move |i| (row, i)));
        Ok((fitness < WORST).then(|| states.map(|(row, i)| state(row, i)).collect()))
    }

    /// The mean cost of a position: its fitness, had it been a candidate.
    ///
    /// # Errors
    /// As [`Fit::led`].
    pub fn mean_cost(&self, gpu: &Gpu, position: &[f32]) -> Result<f32> {
        let context = Context::resting(gpu)?;
        let points = Points::alone(&context, position, self.dims())?;
        let mut recording = Recording::new();
        self.bind(&context)?.score(&points, &mut recording)?;
        Ok(gpu.run(&recording, &[points.fitness.view()])?.values(0)[0])
    }

    fn components(&self) -> u32 {
        self.observed.components.len() as u32
    }

    /// What one unit of the right-hand side's state is: that of the component's errors for a network, 1 for a formula.
    fn state_units(&self) -> Vec<f32> {
        match self.field {
            Field::Known(..) => vec![1.0; self.observed.components.len()],
            Field::Neural(_) => self.observed.units.clone(),
        }
    }

    /// The first time and the last.
    fn span(&self) -> (f64, f64) {
        let times = &self.observed.times;
        let first = times.iter().copied().fold(f64::INFINITY, f64::min);
        (first, times.iter().copied().fold(first, f64::max))
    }

    /// A time on the scale of the right-hand side.
    fn warped(&self, t: f64, (first, last): (f64, f64)) -> f64 {
        match self.time {
            Time::Plain => t,
            Time::Share => (t - first) / (last - first),
            Time::Logarithm(offset) => (t - first + offset).ln(),
        }
    }

    /// Refuses what makes no sense together or alone.
    fn check(&self) -> Result<()> {
        self.observed.check()?;
        self.field.check()?;
        if !(1..=1000).contains(&self.substeps) {
            return Err(Error::setting("substeps", self.substeps, "give 1 to 1000 steps between observations"));
        }
        if self.batch == Some(0) {
            return Err(Error::setting("batch", 0, "a batch has at least one segment"));
        }
        if let Some(bound) = self.bound.filter(|bound| !(*bound > 0.0 && bound.is_finite())) {
            return Err(Error::setting("bound", bound, "give a positive number"));
        }
        match (&self.field, self.time) {
            (_, Time::Logarithm(offset)) if !(offset > 0.0 && offset.is_finite()) => {
                return Err(Error::setting("time", format!("logarithm of t + {offset}"), "give a positive number"));
            }
            (Field::Known(system, _), time) if time != Time::Plain => {
                let remedy = format!("{} says itself what time is: leave it plain", system.name);
                return Err(Error::setting("time", format!("{time:?}"), remedy));
            }
            (Field::Known(system, _), _) if system.components.len() != self.observed.components.len() => {
                let remedy = format!("{} has {} components", system.name, system.components.len());
                return Err(Error::setting("observed components", self.observed.components.len(), remedy));
            }
            (Field::Neural(_), _) => {
                if let Some(at) = self.observed.units.iter().position(|unit| *unit == 0.0) {
                    let name = &self.observed.components[at];
                    let remedy = "a network needs to see all components of its state";
                    return Err(Error::setting(name, "not observed", remedy));
                }
            }
            _ => {}
        }
        if self.integrator.is_implicit() && self.components() as usize > super::MOST_IMPLICIT {
            let remedy = format!("it takes {} components at most", super::MOST_IMPLICIT);
            return Err(Error::setting("integrator", self.integrator.name(), remedy));
        }
        Ok(())
    }

    /// Intervals of a segment, and the rows where one may start.
    fn segments(&self) -> Result<(u32, Vec<u32>)> {
        let lengths: Vec<usize> = self.observed.trajectories().map(|rows| rows.len() - 1).collect();
        let Some(intervals) = self.segment else {
            if lengths.iter().any(|length| *length != lengths[0]) {
                let remedy = "trajectories of several lengths: give the intervals of a segment";
                return Err(Error::setting("segment", "none", remedy));
            }
            return Ok((lengths[0] as u32, self.observed.starts.iter().map(|start| *start as u32).collect()));
        };
        let starts = |rows: std::ops::Range<usize>| rows.start..rows.end.saturating_sub(intervals as usize);
        let starts: Vec<u32> = self.observed.trajectories().flat_map(starts).map(|row| row as u32).collect();
        if intervals == 0 || starts.is_empty() {
            let longest = lengths.iter().max().copied().unwrap_or(0);
            return Err(Error::setting("segment", intervals, format!("give 1 to {longest} intervals")));
        }
        Ok((intervals, starts))
    }

    /// t and h of every step, on the scale of the right-hand side; those of a trajectory's last row are empty.
    fn steps(&self, span: (f64, f64)) -> Result<Vec<[f32; 2]>> {
        let mut table = Vec::with_capacity(self.observed.rows() * self.substeps as usize);
        for rows in self.observed.trajectories() {
            for row in rows.clone() {
                let from = self.warped(self.observed.times[row], span);
                let to = self.observed.times.get(row + 1).filter(|_| row + 1 < rows.end);
                let step = to.map_or(0.0, |to| (self.warped(*to, span) - from) / f64::from(self.substeps));
                if to.is_some() && !((step as f32) >= f32::MIN_POSITIVE && (step as f32).is_finite()) {
                    let remedy = format!("a step of length zero after row {}: take fewer --substeps", row + 1);
                    return Err(Error::setting("substeps", self.substeps, remedy));
                }
                table.extend((0..self.substeps).map(|s| [(from + f64::from(s) * step) as f32, step as f32]));
            }
        }
        Ok(table)
    }

    /// `cost`, its slope, and how components are held.
    fn costs(&self, pulled: bool) -> String {
        let (width, units) = (self.components(), self.state_units());
        let terms: Vec<(usize, f32)> = (0..units.len())
            .filter(|i| self.observed.units[*i] > 0.0)
            .map(|i| (i, units[i] / self.observed.units[i]))
            .collect();
        let off = |i: usize| format!("y[{i}] - observed[row * {width}u + {i}u]");
        let mut text = String::from("fn cost(y: State, row: u32) -> f32 {\n    var sum = 0.0;\n");
        for (i, share) in &terms {
            let off = format!("{share:?} * ({})", off(*i));
            let _ = match self.deviation {
                Deviation::Absolute => writeln!(text, "    sum += abs({off});"),
                Deviation::Squared => writeln!(text, "    sum += ({off}) * ({off});"),
            };
        }
        text.push_str("    return sum;\n}\nfn held(y: State) -> State {\n    var near = y;\n");
        for i in 0..width {
            if let Some(bound) = self.bound {
                let _ = writeln!(text, "    near[{i}] = clamp(y[{i}], -{bound:?}, {bound:?});");
            }
        }
        text.push_str("    return near;\n}\n");
        if !pulled {
            return text;
        }
        text.push_str("fn cost_slope(y: State, row: u32) -> State {\n    var a: State;\n");
        for (i, share) in &terms {
            let _ = match self.deviation {
                Deviation::Absolute => writeln!(text, "    a[{i}] = {share:?} * sign({});", off(*i)),
                Deviation::Squared => writeln!(text, "    a[{i}] = {:?} * ({});", 2.0 * share * share, off(*i)),
            };
        }
        text.push_str("    return a;\n}\nfn held_slope(after: State, a: State) -> State {\n    var free = a;\n");
        for i in 0..width {
            if let Some(bound) = self.bound {
                let _ = writeln!(text, "    free[{i}] = select(0.0, a[{i}], abs(after[{i}]) < {bound:?});");
            }
        }
        text + "    return free;\n}\n"
    }

    fn bind_fit(&self, context: &Context, span: (f64, f64)) -> Result<FitEvaluation> {
        self.check()?;
        let (intervals, starts) = self.segments()?;
        let segments = self.batch.unwrap_or(starts.len() as u32);
        let units = self.state_units();
        let table: Vec<f32> =
            self.observed.values.iter().enumerate().map(|(at, value)| value / units[at % units.len()]).collect();
        let gpu = &context.gpu;
        let tables = Bindings::new()
            .with("steps", gpu.upload("steps", &self.steps(span)?)?.view())
            .with("observed", gpu.upload("observed", &table)?.view())
            .with("starts", gpu.upload("starts", &starts)?.view());
        let (low, high) = (self.warped(span.0, span), self.warped(span.1, span));
        let times = (0.5 * (low + high), 0.5 * (high - low));
        let counted = self.observed.units.iter().filter(|unit| **unit > 0.0).count() as u32;
        let fit = self.clone();
        let starts = starts.len() as u32;
        Ok(FitEvaluation {
            context: context.clone(),
            fit,
            tables,
            segments,
            starts,
            intervals,
            times,
            counted,
            pull: None,
        })
    }
}

impl Objective for Fit {
    fn dims(&self) -> u32 {
        self.field.dims(self.components())
    }

    fn domain(&self) -> Domain {
        self.field.domain(self.components())
    }

    fn bind(&self, context: &Context) -> Result<Box<dyn Evaluation>> {
        Ok(Box::new(self.bind_fit(context, self.span())?))
    }
}

struct FitEvaluation {
    context: Context,
    fit: Fit,
    tables: Bindings,
    segments: u32,
    /// Rows where a segment may start.
    starts: u32,
    intervals: u32,
    /// Middle and half of the time.
    times: (f64, f64),
    /// Observed components.
    counted: u32,
    pull: Option<Pull>,
}

/// What stands beside every system that is fitted, whatever it is.
pub(super) fn fixed_pieces() -> Result<Source> {
    Source::new()
        .piece("direct", include_str!("../../../shaders/points/direct.wgsl"))?
        .piece("kept", include_str!("../../../shaders/objective/ode/fit_kept.wgsl"))?
        .piece("fit", include_str!("../../../shaders/objective/ode/fit.wgsl"))
}

impl FitEvaluation {
    /// The candidates, and numbers that do not change.
    fn constants(&self, points: &Points) -> Source {
        let fit = &self.fit;
        points
            .source
            .clone()
            .constant_f32("SMALL", SMALL)
            .constant("SUBSTEPS", fit.substeps)
            .constant("INTERVALS", self.intervals)
            .constant("SEGMENTS", self.segments)
            .constant("STARTS", self.starts)
            .constant("DRAWN", fit.batch.is_some().into())
            .constant_f32("COUNTED", self.counted as f32 * self.intervals as f32 * self.segments as f32)
    }

    /// Everything up to the integrator.
    fn source(&self, points: &Points, pulled: bool) -> Result<Source> {
        let fit = &self.fit;
        let source = fit.field.piece(self.constants(points), fit.components(), self.times.0, self.times.1)?;
        let source = fit.integrator.pieces().into_iter().try_fold(source, |all, (name, text)| all.piece(name, text))?;
        source.piece("costs", &fit.costs(pulled))
    }

    fn follower(&self, points: &Points, kept: bool) -> Result<Source> {
        let source = self.source(points, false)?;
        let source = if kept {
            source.piece("kept", include_str!("../../../shaders/objective/ode/fit_kept.wgsl"))?
        } else {
            source.piece("kept", "fn kept(n: u32, segment: u32, candidate: u32, y: State) {}")?
        };
        source.piece("fit", include_str!("../../../shaders/objective/ode/fit.wgsl"))
    }

    /// Intervals of one dispatch: `factor` times the work of going forwards.
    fn stretches(&self, candidates: u32, (loop_factor, work_factor): (u32, f64)) -> Vec<Stretch> {
        let (fit, gpu) = (&self.fit, &self.context.gpu);
        let width = fit.components();
        let (loops, operations) = fit.field.cost(width);
        let calls = fit.integrator.calls(width);
        let step = fit.integrator.loops(width) + calls * loops + 4 * width;
        let loops = 1 + fit.substeps.saturating_mul(step).saturating_mul(loop_factor);
        let work = f64::from(fit.substeps) * (f64::from(calls) * operations + 10.0 * f64::from(step)) * work_factor;
        let threads = f64::from(candidates) * f64::from(self.segments);
        let most = (gpu.loop_limit() / loops).min((gpu.work_limit() / (work * threads)) as u32).max(1);
        let stretch = |first| Stretch { first, count: most.min(self.intervals - first) };
        (0..self.intervals).step_by(most as usize).map(stretch).collect()
    }

    /// Records "integrate and score"; returns the states on the way where they are kept, a buffer for each chunk.
    fn follow(&mut self, points: &Points, recording: &mut Recording, kept: bool) -> Result<Vec<Buffer<f32>>> {
        let gpu = &self.context.gpu;
        let kernel = gpu.kernel("follow", &self.follower(points, kept)?)?;
        let columns = u64::from(points.stride);
        let width = u64::from(self.fit.components());
        let states = gpu.buffer::<f32>("states", width * u64::from(self.segments) * columns)?;
        let partial = gpu.buffer::<f32>("partial", u64::from(self.segments) * columns)?;
        let own = self.tables.clone().with("states", states.view()).with("partial", partial.view());
        let mut trails = Vec::new();
        for chunk in &points.chunks {
            recording.append(&chunk.fill);
            let mut bindings = chunk.bindings.clone().and(&self.context.clock).and(&own);
            if kept {
                let rows = u64::from(self.intervals * self.fit.substeps + 1) * u64::from(self.segments);
                let trail = gpu.buffer::<f32>("trail", rows * width * columns)?;
                bindings = bindings.with("trail", trail.view());
                trails.push(trail);
            }
            for stretch in self.stretches(chunk.members, (1, 1.0)) {
                let uniform = gpu.uniform("stretch", &stretch)?;
                let bindings = bindings.clone().with("stretch", uniform.view());
                recording.dispatch(gpu, &kernel, &bindings, Threads::Line(chunk.members * self.segments))?;
            }
            let counts = (self.segments, self.segments * self.intervals * self.counted);
            total(&self.context, points, chunk, &own, counts, recording)?;
        }
        Ok(trails)
    }
}

impl Evaluation for FitEvaluation {
    fn score(&mut self, points: &Points, recording: &mut Recording) -> Result<()> {
        // A coordinate is read in every step.
        if matches!(points.structure, Structure::Free) {
            self.follow(points, recording, false)?;
        } else {
            self.follow(&points.lifted(&self.context)?, recording, false)?;
        }
        Ok(())
    }

    fn differentiate(&mut self, points: &Points, gradient: &Gradient, recording: &mut Recording) -> Result<()> {
        gradient
            .slope
            .must_be_exact("trajectories have no layers and no outputs: take a rule by itself, such as adam")?;
        let pull = match self.pull.take() {
            Some(pull) => pull,
            None => Pull::new(self, points)?,
        };
        pull.record(self, points, gradient, recording)?;
        self.pull = Some(pull);
        Ok(())
    }

    fn changes(&self) -> bool {
        self.fit.batch.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn stretches_lie_as_the_shader_reads_them() {
        let fields = [("first", offset_of!(Stretch, first)), ("count", offset_of!(Stretch, count))];
        let text = include_str!("../../../shaders/objective/ode/fit.wgsl");
        crate::gpu::same_layout(text, "Stretch", size_of::<Stretch>(), &fields);
    }
}
