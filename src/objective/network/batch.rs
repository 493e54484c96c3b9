//! The rows a generation is scored on: all of them, uploaded once, or a batch drawn on the device.

use super::{Form, Network};
use crate::gpu::{Bindings, Buffer, Recording, Source, Threads, WORKGROUP};
use crate::population::Context;
use crate::shuffle::half;
use crate::{Error, Result};

/// Bytes that a uniform binding may have on every adapter.
pub(super) const WINDOW_BYTES: u32 = 65_536;
/// Rows beyond the last that a tile of the layered form may read.
pub(super) const TILE_ROWS: u32 = 1024;

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
    /// Input after input, `columns` values each; for the layered form.
    pub(super) by_column: Buffer<f32>,
    /// Values of an input in `by_column`.
    pub(super) columns: u32,
    /// Class numbers, padded like the rows.
    pub(super) labels: Buffer<u32>,
    gather: Recording,
}

impl Batch {
    pub(super) fn new(context: &Context, network: &Network, form: Form) -> Result<Self> {
        let gpu = &context.gpu;
        let inputs = network.architecture.inputs;
        let rows = network.batch.unwrap_or(network.rows);
        let row_vectors = inputs.div_ceil(4);
        let layered = form == Form::Layered;
        let columns = if layered { rows.next_multiple_of(4) + TILE_ROWS } else { 0 };
        let padded_labels = rows as usize + (WINDOW_BYTES / 4) as usize;

        let drawn = network.batch.is_some();
        let padding = (WINDOW_BYTES / 16) as usize;
        let batch_vectors = (rows * row_vectors) as usize + padding;
        let mut labels = vec![0u32; padded_labels];
        let mut by_column_values = vec![0.0f32; ((columns * row_vectors * 4) as usize).max(4)];
        let by_row = if layered && !drawn {
            gpu.upload("rows", &[[0.0f32; 4]])?
        } else {
            let mut start = vectors(&network.features[..(rows * inputs) as usize], inputs);
            start.resize(batch_vectors, [0.0; 4]);
            gpu.upload("rows", &start)?
        };
        if !drawn {
            labels[..rows as usize].copy_from_slice(&network.labels);
            if layered {
                for (row, features) in network.features.chunks(inputs as usize).enumerate() {
                    for (i, value) in features.iter().enumerate() {
                        by_column_values[i * columns as usize + row] = *value;
                    }
                }
            }
        }
        let labels = gpu.upload("labels", &labels)?;
        let bytes = 4 * by_column_values.len() as u64;
        if bytes > gpu.binding_limit() {
            return Err(Error::Limit {
                what: format!("all {rows} rows of {inputs} features at once"),
                needed: crate::gpu::bytes(bytes),
                allowed: crate::gpu::bytes(gpu.binding_limit()),
                remedy: "score generations on batches: --batch 512".into(),
            });
        }
        let by_column = gpu.upload("columns", &by_column_values)?;
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
                    .piece("batch", include_str!("../../../shaders/objective/network/batch.wgsl"))?;
                let bindings = Bindings::new()
                    .with("some_rows", some_rows.view())
                    .with("all_labels", all_labels.view())
                    .with("batch_rows", by_row.view())
                    .with("batch_columns", by_column.view())
                    .with("batch_labels", labels.view())
                    .and(&context.clock);
                let kernel = gpu.kernel("gather", &source)?;
                gather.dispatch(gpu, &kernel, &bindings, Threads::Line(rows * row_vectors.div_ceil(4)))?;
            }
        }
        Ok(Self { rows, row_vectors, by_row, by_column, columns, labels, gather })
    }

    /// Records the drawing of the generation's batch; nothing when it is all rows.
    pub(super) fn record(&self, recording: &mut Recording) {
        recording.append(&self.gather);
    }
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
