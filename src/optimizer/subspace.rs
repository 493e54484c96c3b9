//! Search in a random subspace (Li, Farkhoor, Liu and Yosinski 2018): any optimizer moves z, the
//! objective sees theta = theta0 + P z. A wrapper: positions and the best one are shown in the objective's coordinates.
//!
//! Neither P nor theta0 is stored: both are drawn from the seed, again and again.

use crate::gpu::{Bindings, Source, Threads, WORKGROUP};
use crate::population::{Bound, Columns, Context, Domain, Optimizer, Points, Shape, Start, Step};
use crate::{Error, Result};

/// Candidates for which one thread draws its row of P: the width of a tile is a multiple of it.
const TOGETHER: u32 = 32;

/// An optimizer that searches a random subspace.
#[derive(Debug)]
pub struct Subspace {
    /// Its dimensions: coordinates that the optimizer sees, 1 to those of the objective.
    pub dims: u32,
    /// What moves them.
    pub inner: Box<dyn Optimizer>,
}

impl Subspace {
    /// `inner` in a random subspace of `dims` dimensions.
    pub fn new(dims: u32, inner: Box<dyn Optimizer>) -> Self {
        Self { dims, inner }
    }

    /// Where z is searched: it starts standard normal and has no walls.
    fn domain(domain: &Domain) -> Domain {
        let step = domain.step.map(|step| step / domain.unit());
        Domain { low: -10.0, high: 10.0, start: Start::Normal, bounded: false, step, groups: Vec::new() }
    }

    /// Refuses what no subspace of `all` coordinates is or holds, or what this device cannot lift.
    fn fits(&self, context: &Context, all: u32) -> Result<()> {
        let value = format!("subspace:{}", self.dims);
        if self.dims > all {
            let remedy = format!("the objective has {all} coordinates: give at most {all}");
            return Err(Error::setting("search", value, remedy));
        }
        if context.begin.is_some() {
            let remedy = "a subspace has an origin of its own, so no position to begin at lies in it: search the whole";
            return Err(Error::setting("search", value, remedy));
        }
        let limit = context.gpu.loop_limit();
        if self.dims > limit {
            let remedy = format!("this software adapter ends longer loops: give at most {limit}, or use a GPU");
            return Err(Error::setting("search", value, remedy));
        }
        Ok(())
    }
}

impl Optimizer for Subspace {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn settings(&self) -> serde_json::Value {
        self.inner.settings()
    }

    /// None of the objective's width: what the inner optimizer keeps is as narrow as the subspace.
    fn arrays(&self) -> u32 {
        0
    }

    fn check(&self) -> Result<()> {
        if self.dims == 0 {
            return Err(Error::setting("search", "subspace:0", "give at least one dimension, as in subspace:100"));
        }
        super::descent::refuse_to_wrap(self.inner.as_ref())?;
        if self.inner.blockwise() {
            let remedy = "it searches blocks of the whole vector: choose another optimizer for a subspace";
            return Err(Error::setting("optimizer", self.inner.name(), remedy));
        }
        self.inner.check()
    }

    fn moves_blocks(&self) -> bool {
        false
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let gpu = &context.gpu;
        let all = shape.coordinates();
        self.fits(context, all)?;
        let narrow = Shape { blocks: 1, members: shape.members, width: self.dims };
        let inner = self.inner.bind(context, narrow, &Self::domain(domain))?;
        // A row of P is a vector of standard normals, whose product with z ~ N(0, 1) has a variance of their number.
        let scale = domain.unit() / (self.dims as f32).sqrt();
        let best = gpu.buffer::<f32>("lifted best", all.into())?;
        let bindings = Bindings::new()
            .with("bounds", gpu.uniform("bounds", &domain.bounds())?.view())
            .with("scale_of_space", gpu.uniform("scale", &scale)?.view())
            .with("inner_best", inner.best().view())
            .with("lifted_best", best.view())
            .and(&context.clock);
        let columns = Columns::new(context, all, inner.points().candidates, TOGETHER)?;
        let staged = gpu.buffer::<f32>("staged", u64::from(self.dims) * u64::from(columns.stride))?;
        let bindings = bindings.with("staged", staged.view());
        let lift = Lift { context, bindings, narrow: self.dims, columns };
        let points = lift.points(inner.points())?;
        let remembered = inner.remembered().map(|remembered| lift.points(remembered)).transpose()?;
        let mut tell = inner.tell().clone();
        let kernel = gpu.kernel("lift_best", &lift.source(inner.points())?)?;
        tell.dispatch(gpu, &kernel, &lift.bindings, Threads::Line(all))?;
        // The best position could be lifted again, but is asked for before the next generation.
        let mut state = inner.state().to_vec();
        state.push(("lifted_best".into(), best.view()));
        let bound = Bound::new(points, best, inner.best_fitness().clone(), state);
        let (start, ask) = (inner.start().clone(), inner.ask().clone());
        Ok(Box::new(Bound { remembered, start, ask, tell, ..bound }))
    }
}

/// What brings positions of the inner optimizer into the objective's coordinates.
struct Lift<'a> {
    context: &'a Context,
    bindings: Bindings,
    narrow: u32,
    columns: Columns,
}

impl Lift<'_> {
    /// These positions, lifted before they are read; all share the columns.
    fn points(&self, inner: &Points) -> Result<Points> {
        let gpu = &self.context.gpu;
        let source = self.source(inner)?;
        let (stage, lift) = (gpu.kernel("stage_tile", &source)?, gpu.kernel("lift_tile", &source)?);
        inner.written(gpu, &self.columns, |tile, members, fill| {
            let bindings = tile.and(&self.bindings);
            fill.dispatch(gpu, &stage, &bindings, Threads::Plane(self.narrow, members.div_ceil(4)))?;
            fill.dispatch(gpu, &lift, &bindings, Threads::Plane(self.columns.dims, members.div_ceil(TOGETHER)))
        })
    }

    fn source(&self, inner: &Points) -> Result<Source> {
        Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("SPACE_DIMS", self.columns.dims)
            .constant("SUBSPACE_DIMS", self.narrow)
            .constant("LIFTED_QUADS", self.columns.stride / 4)
            .join(&inner.source)
            .piece("subspace", include_str!("../../shaders/optimizer/subspace.wgsl"))
    }
}
