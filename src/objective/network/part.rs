//! Some candidates by some rows: what one round of layer after layer works on.

use super::batch::Rows;

/// As `layered_part.wgsl` lays it out.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Part {
    pub(super) candidate: u32,
    pub(super) candidates: u32,
    pub(super) row: u32,
    pub(super) rows: u32,
    pub(super) block: u32,
}

impl Part {
    /// The first candidate on these rows, the `block`-th of the batch.
    pub(super) fn of(rows: &Rows, block: u32) -> Self {
        Self { candidate: 0, candidates: 1, row: rows.row, rows: rows.rows, block }
    }

    /// The same rows for all members, at most `most` of them at a time.
    pub(super) fn among(self, members: u32, most: u32) -> impl Iterator<Item = Self> {
        let firsts = (0..members).step_by(most as usize);
        firsts.map(move |candidate| Self { candidate, candidates: most.min(members - candidate), ..self })
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_part_is_laid_out_as_in_the_shader() {
        let fields = [
            ("candidate", offset_of!(Part, candidate)),
            ("candidates", offset_of!(Part, candidates)),
            ("row", offset_of!(Part, row)),
            ("rows", offset_of!(Part, rows)),
            ("block", offset_of!(Part, block)),
        ];
        let text = include_str!("../../../shaders/objective/network/layered_part.wgsl");
        same_layout(text, "Part", size_of::<Part>(), &fields);
    }
}
