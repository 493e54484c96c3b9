//! Typed device buffers and the parts of them that kernels bind.

use std::marker::PhantomData;

use super::Gpu;
use crate::{Error, Result};

/// `len` values of `T` on the device. Clones share the memory.
#[derive(Debug)]
pub struct Buffer<T> {
    raw: wgpu::Buffer,
    len: u64,
    values: PhantomData<T>,
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), len: self.len, values: PhantomData }
    }
}

/// A range of bytes of a buffer, ready to be bound, read or written.
#[derive(Debug, Clone)]
pub struct View {
    pub(super) raw: wgpu::Buffer,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

impl<T: bytemuck::Pod> Buffer<T> {
    /// Number of values.
    #[expect(clippy::len_without_is_empty, reason = "buffers hold at least one value")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The whole buffer.
    pub fn view(&self) -> View {
        View { raw: self.raw.clone(), offset: 0, size: self.len * size_of::<T>() as u64 }
    }

    /// Values `first .. first + len`. Bindings must start at a multiple of 256 bytes.
    pub fn part(&self, first: u64, len: u64) -> View {
        let size = size_of::<T>() as u64;
        View { raw: self.raw.clone(), offset: first * size, size: len * size }
    }
}

impl Gpu {
    /// A zeroed buffer of `len` values (at least one). Kernels bind it, or a part of it, as storage or as uniform.
    ///
    /// # Errors
    /// [`Error::Limit`] when it is larger than one binding may be or than the memory that is left.
    pub fn buffer<T: bytemuck::Pod>(&self, label: &str, len: u64) -> Result<Buffer<T>> {
        let size = (len.max(1) * size_of::<T>() as u64).next_multiple_of(16);
        let limit = self.device.limits().max_storage_buffer_binding_size.min(self.device.limits().max_buffer_size);
        if size > limit {
            return Err(self.too_large(label, size, limit, "a smaller population, model, batch or data set"));
        }
        if self.is_planned() {
            self.enter(label, size);
            return Ok(Buffer { raw: self.device_buffer(label, 16), len: len.max(1), values: PhantomData });
        }
        if let Some(available) = self.memory_left().filter(|available| size > *available) {
            return Err(self.too_large(label, size, available, "a smaller population"));
        }
        // A browser says so later: the next submission fails.
        #[cfg(target_arch = "wasm32")]
        let raw = self.device_buffer(label, size);
        #[cfg(not(target_arch = "wasm32"))]
        let raw = {
            let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
            let raw = self.device_buffer(label, size);
            if pollster::block_on(scope.pop()).is_some() {
                return Err(self.too_large(label, size, 0, "a smaller population"));
            }
            raw
        };
        self.enter(label, size);
        Ok(Buffer { raw, len: len.max(1), values: PhantomData })
    }

    fn device_buffer(&self, label: &str, size: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::UNIFORM
                | wgpu::BufferUsages::COPY_SRC
                | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// A buffer holding `values`.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn upload<T: bytemuck::Pod>(&self, label: &str, values: &[T]) -> Result<Buffer<T>> {
        let buffer = self.buffer(label, values.len() as u64)?;
        self.write(&buffer.view(), values);
        Ok(buffer)
    }

    /// A buffer holding one struct.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn uniform<T: bytemuck::Pod>(&self, label: &str, value: &T) -> Result<Buffer<T>> {
        self.upload(label, std::slice::from_ref(value))
    }

    fn too_large(&self, label: &str, size: u64, allowed: u64, remedy: &str) -> Error {
        let held = match self.allocated() {
            0 => String::new(),
            held => format!(" beside the {} already held", bytes(held)),
        };
        Error::Limit {
            what: format!("the buffer {label:?}"),
            needed: format!("{}{held}", bytes(size)),
            allowed: bytes(allowed),
            remedy: remedy.into(),
        }
    }

    /// Bytes of memory left, where that is known: on software adapters it is the machine's.
    pub fn memory_left(&self) -> Option<u64> {
        self.memory_free().filter(|_| self.is_software()).map(|free| free / 10 * 9)
    }

    /// Bytes that are free, where the adapter shares the machine's memory and the system says how much there is.
    pub fn memory_free(&self) -> Option<u64> {
        if !self.is_software() && self.report().kind != "integrated" {
            return None;
        }
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
        Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
    }

    /// Writes `values` to the start of `view`, before anything submitted later runs.
    pub fn write<T: bytemuck::Pod>(&self, view: &View, values: &[T]) {
        if self.is_planned() {
            return;
        }
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let whole = bytes.len() / 4 * 4;
        self.queue.write_buffer(&view.raw, view.offset, &bytes[..whole]);
    }
}

/// A number of bytes as people write it.
pub fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{:.1} KiB", size as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", size as f64 / 1_048_576.0),
        _ => format!("{:.2} GiB", size as f64 / 1_073_741_824.0),
    }
}
