//! What the particle swarms share: positions, velocities, personal bests, the best of the block.

use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, Threads, View};
use crate::population::{Begin, Bound, Context, Domain, Points, Shape, Step, WORST};
use crate::shuffle::half;

/// The buffers and the shader of a swarm; its moves are still to be recorded.
pub(super) struct Flock {
    pub(super) gpu: Gpu,
    pub(super) shape: Shape,
    pub(super) points: Points,
    /// The best position of each member.
    pub(super) personal: Points,
    /// What all kernels may bind.
    pub(super) shared: Bindings,
    source: Source,
    chunks: Vec<Bindings>,
    best: Buffer<f32>,
    best_fitness: Buffer<f32>,
    state: Vec<(String, View)>,
    begin: Option<Begin>,
}

impl Flock {
    /// Allocates what every swarm has. `shader` is name and text of what imports `swarm`, `settings` the struct it
    /// reads, as bytes.
    pub(super) fn new(
        context: &Context,
        shape: Shape,
        domain: &Domain,
        vmax: Option<f32>,
        shader: (&str, &str),
        settings: &[u8],
    ) -> Result<Self> {
        let gpu = &context.gpu;
        let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
        let own_fitness = Points::fitness_buffer(gpu, "own fitness", shape)?;
        let points = Points::direct(context, "positions", shape, &fitness)?;
        let personal = Points::direct(context, "personal bests", shape, &own_fitness)?;
        let quads = u64::from(shape.blocks) * u64::from(shape.padded() / 4);
        let improved = gpu.buffer::<u32>("improved", quads)?;
        let best = gpu.buffer::<f32>("best", shape.coordinates().into())?;
        let best_fitness = gpu.upload("best fitness", &vec![WORST; shape.blocks as usize])?;
        let winner = gpu.buffer::<u32>("winner", shape.blocks.into())?;
        let vmax = vmax.or(domain.step).unwrap_or(WORST);
        let shared = Bindings::new()
            .with("bounds", gpu.uniform("bounds", &domain.bounds())?.view())
            .with("vmax", gpu.uniform("vmax", &vmax)?.view())
            .with("settings", gpu.upload("settings", settings)?.view())
            .with("fitness", fitness.view())
            .with("improved", improved.view())
            .with("own_fitness", own_fitness.view())
            .with("best", best.view())
            .with("best_fitness", best_fitness.view())
            .with("winner", winner.view())
            .and(&context.clock);
        let chunks = points.chunks.iter().zip(&personal.chunks);
        let chunks = chunks.map(|(chunk, own)| chunk.bindings.clone().with("personal", own.positions.view())).collect();
        let source = points
            .constants(shape)
            .constant("REDUCE", gpu.reduction_width())
            .constant("HALF", half(shape.width))
            .constant("CHUNKS", points.chunks.len() as u32)
            .constant("CHUNK_MEMBERS", points.chunks[0].members)
            .piece(shader.0, shader.1)?;
        let mut state = points.state("positions");
        state.extend(personal.state("personal"));
        state.extend([
            ("improved".into(), improved.view()),
            ("own_fitness".into(), own_fitness.view()),
            ("best".into(), best.view()),
            ("best_fitness".into(), best_fitness.view()),
        ]);
        let (gpu, begin) = (gpu.clone(), context.begin.clone());
        let mut flock = Self { gpu, shape, points, personal, shared, source, chunks, best, best_fitness, state, begin };
        flock.keep_array("velocity")?;
        Ok(flock)
    }

    /// Quads of all coordinates of a chunk: threads of a kernel that looks at one of each.
    pub(super) fn quads(&self) -> Threads {
        self.rows(self.shape.coordinates())
    }

    /// Threads of a kernel that looks at so many rows of a chunk, a quad at a time.
    pub(super) fn rows(&self, rows: u32) -> Threads {
        Threads::Line(rows * (self.points.stride / 4))
    }

    /// One more array of so many rows of members, a buffer for each chunk.
    pub(super) fn array(&mut self, name: &str, rows: u32) -> Result<Vec<Buffer<f32>>> {
        let len = u64::from(rows) * u64::from(self.points.stride);
        let mut buffers = Vec::new();
        for chunk in &mut self.chunks {
            let buffer = self.gpu.buffer::<f32>(name, len)?;
            *chunk = chunk.clone().with(name, buffer.view());
            buffers.push(buffer);
        }
        Ok(buffers)
    }

    /// One more array of the population's size that a checkpoint holds.
    pub(super) fn keep_array(&mut self, name: &str) -> Result<()> {
        let buffers = self.array(name, self.shape.coordinates())?;
        self.state.extend(buffers.iter().enumerate().map(|(i, buffer)| (format!("{name}.{i}"), buffer.view())));
        Ok(())
    }

    /// One more buffer that is not cut into chunks and that a checkpoint holds.
    pub(super) fn keep<T: bytemuck::Pod>(&mut self, name: &str, buffer: &Buffer<T>) {
        self.shared = self.shared.clone().with(name, buffer.view());
        self.state.push((name.into(), buffer.view()));
    }

    /// Records the kernel `entry` once.
    pub(super) fn once(&self, recording: &mut Recording, entry: &str, threads: Threads) -> Result<()> {
        recording.dispatch(&self.gpu, &self.gpu.kernel(entry, &self.source)?, &self.shared, threads)
    }

    /// Records the kernel `entry` for each chunk.
    pub(super) fn over_chunks(&self, recording: &mut Recording, entry: &str, threads: Threads) -> Result<()> {
        (0..self.chunks.len()).try_for_each(|chunk| self.in_chunk(recording, entry, threads, chunk, &Bindings::new()))
    }

    /// Records the kernel `entry` for one chunk, with buffers of its own.
    pub(super) fn in_chunk(
        &self,
        recording: &mut Recording,
        entry: &str,
        threads: Threads,
        chunk: usize,
        own: &Bindings,
    ) -> Result<()> {
        let bindings = self.shared.clone().and(&self.chunks[chunk]).and(own);
        recording.dispatch(&self.gpu, &self.gpu.kernel(entry, &self.source)?, &bindings, threads)
    }

    /// Records the first positions: drawn ones, the first member's given where there is one.
    pub(super) fn start(&self, recording: &mut Recording) -> Result<()> {
        self.over_chunks(recording, "start", self.quads())?;
        let Some(begin) = &self.begin else { return Ok(()) };
        begin.first(&self.points, recording)?;
        begin.first(&self.personal, recording)
    }

    /// Records what every swarm learns from the fitness of its members: who beat its own record, who is best.
    pub(super) fn tell(&self) -> Result<Recording> {
        let mut tell = Recording::new();
        self.once(&mut tell, "tell_own", Threads::Groups(self.shape.blocks))?;
        self.over_chunks(&mut tell, "tell_best", Threads::Line(self.shape.coordinates()))?;
        Ok(tell)
    }

    /// The swarm that moves as recorded.
    ///
    /// # Errors
    /// What keeps a kernel from being compiled or bound.
    pub(super) fn finish(self, start: Recording, ask: Recording, tell: Recording) -> Result<Box<dyn Step>> {
        let mut settle = Recording::new();
        self.over_chunks(&mut settle, "take_over", self.quads())?;
        let Self { points, personal, best, best_fitness, state, .. } = self;
        let (remembered, settle) = (Some(personal), Some(settle));
        let bound = Bound::new(points, best, best_fitness, state);
        Ok(Box::new(Bound { remembered, start, ask, tell, settle, ..bound }))
    }
}
