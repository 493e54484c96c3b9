//! The rows a generation is scored on: all of them, uploaded once, or a batch drawn on the device.
//!
//! In columns, rows too many for one binding lie in slabs, a buffer each. The layered form takes them part by part, and
//! no part lies in two slabs.

use super::layered::SCRATCH;
use super::stages::Stage;
use super::{Form, Network};
use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, Threads, View, WORKGROUP};
use crate::population::Context;
use crate::shuffle::half;
use crate::{Error, Result};

/// Bytes that a uniform binding may have on every adapter.
pub(super) const WINDOW_BYTES: u32 = 65_536;
/// Rows beyond the last that a tile of the layered form may read.
pub(super) const TILE_ROWS: u32 = 1024;
/// Rows of a part at most.
const PART_ROWS: u32 = 4096;
/// The same of pictures that take long: at least so many.
const FEWEST_ROWS: u64 = 64;
/// Class numbers in 256 bytes, where a binding may start.
const LABELS_ALIGNED: u64 = 64;

/// Bytes of the rows that one kernel draws from at most: what one binding may be on every adapter.
const CHUNK_BYTES: u64 = 128 << 20;

/// The rows of a batch in device memory, in the layout that the form reads.
pub(super) struct Batch {
    /// Rows of the batch.
    pub(super) rows: u32,
    /// `vec4`s of a row.
    pub(super) row_vectors: u32,
    /// Row after row, padded so that a window may start anywhere; for the fused forms.
    pub(super) by_row: Buffer<[f32; 4]>,
    /// By slab: input after input, `columns` values each; for the layered form. A drawn batch has one.
    pub(super) by_column: Vec<Buffer<f32>>,
    /// Values of an input in a slab.
    pub(super) columns: u32,
    /// Rows of a part at most: what the layered form takes at a time.
    pub(super) part_rows: u32,
    /// Rows of a slab, a whole number of parts where there are several.
    slab_rows: u32,
    /// Class numbers, padded like the rows.
    pub(super) labels: Buffer<u32>,
    gather: Recording,
}

/// The rows of a part, and where they lie.
pub(super) struct Rows {
    /// The first, counted in its slab.
    pub(super) row: u32,
    /// How many.
    pub(super) rows: u32,
    /// The slab.
    pub(super) inputs: View,
    /// Class numbers of the slab's rows.
    pub(super) labels: View,
}

impl Batch {
    pub(super) fn new(context: &Context, network: &Network, form: Form) -> Result<Self> {
        let gpu = &context.gpu;
        let inputs = network.architecture.inputs;
        let rows = network.batch.unwrap_or(network.rows);
        let row_vectors = inputs.div_ceil(4);
        let layered = form == Form::Layered;
        let padded_labels = rows as usize + (WINDOW_BYTES / 4) as usize;

        let drawn = network.batch.is_some();
        let (slab_rows, part_rows) = if layered { divided(gpu, network, rows)? } else { (rows, rows.min(PART_ROWS)) };
        let columns = if layered { slab_rows.next_multiple_of(4) + TILE_ROWS } else { 0 };
        let slab_values = (u64::from(columns) * u64::from(row_vectors) * 4).max(4);
        let padding = (WINDOW_BYTES / 16) as usize;
        let batch_vectors = (rows * row_vectors) as usize + padding;
        let mut labels = vec![0u32; padded_labels];
        let in_rows = !layered || (context.descends && super::gradient::fits(network, rows));
        let by_row = if !in_rows {
            gpu.upload("rows", &[[0.0f32; 4]])?
        } else {
            let mut start = vectors(&network.features[..(rows * inputs) as usize], inputs);
            start.resize(batch_vectors, [0.0; 4]);
            gpu.upload("rows", &start)?
        };
        let mut by_column = Vec::new();
        if layered && !drawn {
            for features in network.features.chunks(slab_rows as usize * inputs as usize) {
                let mut values = vec![0.0f32; slab_values as usize];
                for (row, features) in features.chunks(inputs as usize).enumerate() {
                    for (i, value) in features.iter().enumerate() {
                        values[i * columns as usize + row] = *value;
                    }
                }
                by_column.push(gpu.upload("columns", &values)?);
            }
        } else {
            by_column.push(gpu.buffer("columns", slab_values)?);
        }
        if !drawn {
            labels[..rows as usize].copy_from_slice(&network.labels);
        }
        let labels = gpu.upload("labels", &labels)?;
        let mut gather = Recording::new();
        if drawn {
            let all_labels = gpu.upload("all labels", &network.labels)?;
            let chunk_rows = (CHUNK_BYTES / 16 / u64::from(row_vectors)).clamp(1, network.rows.into()) as u32;
            for first in (0..network.rows).step_by(chunk_rows as usize) {
                let count = chunk_rows.min(network.rows - first);
                let values = &network.features[first as usize * inputs as usize..][..(count * inputs) as usize];
                let some_rows = gpu.upload("rows to draw from", &vectors(values, inputs))?;
                let source = Source::new()
                    .constant("WORKGROUP", WORKGROUP)
                    .constant("ALL_ROWS", network.rows)
                    .constant("FIRST_ROW", first)
                    .constant("SOME_ROWS", count)
                    .constant("HALF", half(network.rows))
                    .constant("ROWS", rows)
                    .constant("ROW_VECTORS", row_vectors)
                    .constant("COLUMNS", columns)
                    .constant("IN_ROWS", in_rows.into())
                    .piece("batch", include_str!("../../../shaders/objective/network/batch.wgsl"))?;
                let bindings = Bindings::new()
                    .with("some_rows", some_rows.view())
                    .with("all_labels", all_labels.view())
                    .with("batch_rows", by_row.view())
                    .with("batch_columns", by_column[0].view())
                    .with("batch_labels", labels.view())
                    .and(&context.clock);
                let kernel = gpu.kernel("gather", &source)?;
                gather.dispatch(gpu, &kernel, &bindings, Threads::Line(rows * row_vectors.div_ceil(4)))?;
            }
        }
        Ok(Self { rows, row_vectors, by_row, by_column, columns, part_rows, slab_rows, labels, gather })
    }

    /// Parts that the rows are cut into.
    pub(super) fn parts(&self) -> u32 {
        self.rows.div_ceil(self.part_rows)
    }

    /// The rows of a part.
    pub(super) fn part(&self, number: u32) -> Rows {
        let first = number * self.part_rows;
        let slab = first / self.slab_rows;
        let before = u64::from(slab * self.slab_rows);
        Rows {
            row: first % self.slab_rows,
            rows: self.part_rows.min(self.rows - first),
            inputs: self.by_column[slab as usize].view(),
            labels: self.labels.part(before, self.labels.len() - before),
        }
    }

    /// All rows as one slab.
    ///
    /// # Errors
    /// [`Error::Limit`] when there are several.
    pub(super) fn whole(&self) -> Result<&Buffer<f32>> {
        match &self.by_column[..] {
            [all] => Ok(all),
            slabs => Err(Error::Limit {
                what: format!("a search by blocks on all {} rows at once", self.rows),
                needed: format!("{} buffers", slabs.len()),
                allowed: "one".into(),
                remedy: "score generations on batches: --batch 512".into(),
            }),
        }
    }

    /// Records the drawing of the generation's batch; nothing when it is all rows.
    pub(super) fn record(&self, recording: &mut Recording) {
        recording.append(&self.gather);
    }
}

/// Rows that norms can go by at once: all values of one layer lie in one binding. A power of two.
pub(super) fn most_at_once(gpu: &Gpu, network: &Network) -> u32 {
    let stages = network.architecture.stages();
    let values = stages.iter().map(|stage| u64::from(stage.to.count()) + 8).max().unwrap_or(1);
    1 << (gpu.binding_limit() / 4 / values).clamp(1, PART_ROWS.into()).ilog2()
}

/// Rows of a part at most. Those of pictures have many values between layers, and take long.
fn part_rows(gpu: &Gpu, network: &Network) -> Result<u32> {
    let stages = network.architecture.stages();
    let values = stages.iter().map(|stage| u64::from(stage.to.count()) + 8).max().unwrap_or(0);
    let Some(by_memory) = (SCRATCH.min(gpu.binding_limit()) / 4).checked_div(values) else { return Ok(PART_ROWS) };
    if by_memory < FEWEST_ROWS {
        return Err(Error::Limit {
            what: format!("the layers {}", network.architecture),
            needed: crate::gpu::bytes(4 * FEWEST_ROWS * values),
            allowed: crate::gpu::bytes(SCRATCH.min(gpu.binding_limit())),
            remedy: "smaller pictures, fewer filters, or a larger stride".into(),
        });
    }
    if network.goes_by_batch() {
        let (rows, most) = (network.batch.unwrap_or(network.rows), most_at_once(gpu, network));
        if rows > most {
            return Err(Error::Limit {
                what: format!("batch norm over {rows} rows at once"),
                needed: crate::gpu::bytes(4 * u64::from(rows) * values),
                allowed: crate::gpu::bytes(gpu.binding_limit()),
                remedy: format!("score generations on batches: --batch {most}"),
            });
        }
        return Ok(rows.next_power_of_two());
    }
    let work = stages.iter().map(Stage::operations).fold(1.0, f64::max);
    let by_time = (gpu.work_limit() / work) as u64;
    let rows = by_memory.min(by_time).clamp(FEWEST_ROWS, PART_ROWS.into()) as u32;
    Ok(1 << rows.ilog2())
}

/// Rows of a slab and of a part. One slab if it can be; else slabs of about equal size.
fn divided(gpu: &Gpu, network: &Network, rows: u32) -> Result<(u32, u32)> {
    let row_bytes = 16 * u64::from(network.architecture.inputs.div_ceil(4));
    let limit = gpu.binding_limit().min(network.slab_bytes);
    let most = (limit / row_bytes).saturating_sub(TILE_ROWS.into());
    let part_rows = part_rows(gpu, network)?;
    if u64::from(rows.next_multiple_of(4)) <= most {
        return Ok((rows, rows.min(part_rows)));
    }
    let part = u64::from(part_rows).max(LABELS_ALIGNED).min(most / LABELS_ALIGNED * LABELS_ALIGNED);
    if part == 0 || network.batch.is_some() {
        let needed = (u64::from(rows) + u64::from(TILE_ROWS)) * row_bytes;
        return Err(Error::Limit {
            what: format!("{rows} rows of {} features at once", network.architecture.inputs),
            needed: crate::gpu::bytes(needed),
            allowed: crate::gpu::bytes(limit),
            remedy: "score generations on smaller batches: --batch 512".into(),
        });
    }
    let slabs = u64::from(rows).div_ceil(most / part * part);
    Ok((u64::from(rows).div_ceil(slabs).next_multiple_of(part) as u32, part.min(part_rows.into()) as u32))
}

/// Rows padded with zeros to whole `vec4`s.
fn vectors(features: &[f32], inputs: u32) -> Vec<[f32; 4]> {
    let inputs = inputs as usize;
    let mut vectors = vec![[0.0f32; 4]; features.len() / inputs * inputs.div_ceil(4)];
    for (row, target) in features.chunks(inputs).zip(vectors.chunks_mut(inputs.div_ceil(4))) {
        target.as_flattened_mut()[..inputs].copy_from_slice(row);
    }
    vectors
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, Architecture};
    use super::*;
    use crate::gpu::Pick;
    use crate::optimizer::Entry;
    use crate::population::Objective;
    use crate::reference;
    use crate::run::Run;

    const ROWS: usize = 10_000;
    const INPUTS: usize = 40;

    /// Repeatable numbers in [-1, 1).
    fn numbers(count: usize) -> Vec<f32> {
        let number = |i: u32| (i.wrapping_mul(2_654_435_761) ^ 0x9E37_79B9).wrapping_mul(0x85EB_CA77) >> 8;
        (0..count as u32).map(|i| number(i) as f32 / 8_388_608.0 - 1.0).collect()
    }

    fn network() -> Network {
        let architecture = Architecture {
            inputs: INPUTS as u32,
            hidden: vec![6],
            outputs: 3,
            activation: Activation::Tanh,
            pictures: None,
        };
        let labels: Vec<u32> = (0..ROWS as u32).map(|row| row.wrapping_mul(2_654_435_761) % 3).collect();
        let mut network = Network::new(architecture, &numbers(ROWS * INPUTS), &labels).unwrap();
        network.form = Some(Form::Layered);
        network
    }

    /// The same with rows in slabs of at most so many bytes.
    fn in_slabs(slab_bytes: u64) -> Network {
        Network { slab_bytes, ..network() }
    }

    #[test]
    fn slabs_are_whole_parts_of_about_equal_size() {
        let Ok(gpu) = Gpu::open(&Pick::Best) else { return };
        assert_eq!(divided(&gpu, &network(), 10_000).unwrap(), (10_000, 4096));
        assert_eq!(divided(&gpu, &network(), 70).unwrap(), (70, 70));
        // A row has 160 bytes.
        assert_eq!(divided(&gpu, &in_slabs(1 << 20), 10_000).unwrap(), (4096, 4096));
        assert_eq!(divided(&gpu, &in_slabs(2 << 20), 16_400).unwrap(), (8192, 4096));
        assert_eq!(divided(&gpu, &in_slabs(160 * (1024 + 700)), 10_000).unwrap(), (640, 640));
        assert!(divided(&gpu, &in_slabs(160 * 1024), 10_000).is_err());
    }

    #[test]
    fn rows_in_slabs_score_as_in_one() {
        let Ok(gpu) = Gpu::open(&Pick::Best) else { return };
        let (whole, slabs, small) = (network(), in_slabs(1 << 20), in_slabs(160 * (1024 + 700)));
        let position = numbers(whole.dims() as usize);
        let logits = whole.logits(&gpu, &position).unwrap();
        assert!(slabs.logits(&gpu, &position).unwrap() == logits, "parts of the same size");
        assert!(small.logits(&gpu, &position).unwrap() == logits, "smaller parts");
        for (row, values) in logits.chunks(3).enumerate() {
            let features = &whole.features[row * INPUTS..][..INPUTS];
            let expected = reference::network::logits(&whole.architecture, &position, features);
            for (value, expected) in values.iter().zip(expected) {
                assert!((f64::from(*value) - expected).abs() < 1e-5, "row {row}: {value} for {expected}");
            }
        }
        let loss = whole.mean_loss(&gpu, &position).unwrap();
        assert_eq!(slabs.mean_loss(&gpu, &position).unwrap(), loss);
        let Network { architecture, features, labels, .. } = &whole;
        let expected = reference::network::mean_loss(architecture, &whole.loss, &position, features, labels);
        for loss in [loss, small.mean_loss(&gpu, &position).unwrap()] {
            assert!((f64::from(loss) - expected).abs() < 1e-5, "{loss} for {expected}");
        }
    }

    #[test]
    fn populations_score_rows_in_slabs_as_in_one() {
        let Ok(gpu) = Gpu::open(&Pick::Best) else { return };
        for name in ["eggroll", "openai-es", "pso"] {
            let optimizer = Entry::find(name).unwrap().build(&[].into()).unwrap();
            let best = |network: Network| {
                let mut run = Run::new(&gpu, &network, optimizer.as_ref()).members(10).seed(3).start().unwrap();
                run.advance(3).unwrap();
                (run.report().best, run.best().unwrap())
            };
            assert!(best(network()) == best(in_slabs(1 << 20)), "{name}");
        }
    }

    #[test]
    fn what_needs_all_rows_in_one_buffer_says_so() {
        let Ok(gpu) = Gpu::open(&Pick::Best) else { return };
        let context = Context { blockwise: true, ..Context::resting(&gpu).unwrap() };
        let refused = |network: Network, context: &Context| match network.bind(context) {
            Err(error @ Error::Limit { .. }) => error.to_string(),
            _ => panic!("rows in several buffers"),
        };
        assert!(refused(in_slabs(1 << 20), &context).contains("--batch"));
        let drawn = Network { batch: Some(9_000), ..in_slabs(1 << 20) };
        assert!(refused(drawn, &Context { blockwise: false, ..context }).contains("--batch"));
    }
}
