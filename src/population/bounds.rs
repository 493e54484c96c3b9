//! A domain as kernels see it.

use super::{Domain, Start};

/// Where a search takes place and where it begins, as `bounds.wgsl` lays it out.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Bounds {
    /// Lower end of the starting box.
    pub low: f32,
    /// Upper end of the starting box.
    pub high: f32,
    /// The lowest that positions may be.
    pub wall_low: f32,
    /// The highest.
    pub wall_high: f32,
    /// Whether first positions are standard normal, 1, or uniform in the box, 0.
    pub normal: u32,
    /// Standard deviation of a first coordinate.
    pub unit: f32,
}

impl Domain {
    /// What kernels need to know of it.
    pub fn bounds(&self) -> Bounds {
        let (wall_low, wall_high) = self.walls();
        let normal = u32::from(self.start == Start::Normal);
        Bounds { low: self.low, high: self.high, wall_low, wall_high, normal, unit: self.unit() }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn bounds_are_laid_out_as_in_the_shader() {
        let fields = [
            ("low", offset_of!(Bounds, low)),
            ("high", offset_of!(Bounds, high)),
            ("wall_low", offset_of!(Bounds, wall_low)),
            ("wall_high", offset_of!(Bounds, wall_high)),
            ("normal", offset_of!(Bounds, normal)),
            ("unit", offset_of!(Bounds, unit)),
        ];
        same_layout(include_str!("../../shaders/lib/bounds.wgsl"), "Bounds", size_of::<Bounds>(), &fields);
    }
}
