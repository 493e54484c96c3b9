//! The device: adapter choice, buffers, compiled kernels, submissions. The only part that names wgpu.
//!
//! Work is first *recorded* as plain data ([`Recording`]), then submitted, any number of times: the clock lives on the
//! device, so every generation is the same list of commands.

mod account;
mod adapter;
mod arrival;
mod buffer;
mod kernel;
mod recording;
mod source;
mod tuning;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, Result};
pub use account::Account;
pub use adapter::{AdapterReport, Pick, adapters};
pub use buffer::{Buffer, View, bytes};
pub use kernel::{Bindings, Kernel};
pub use recording::{Readback, Recording, Threads, Ticket};
#[cfg(test)]
pub(crate) use source::same_layout;
pub use source::{Source, pieces};
pub use tuning::{Dense, Tuning};

/// Threads in a workgroup of every elementwise kernel.
pub const WORKGROUP: u32 = 64;

/// An open device with its queue, granted limits and compiled kernels. Clones share all of it.
#[derive(Clone)]
pub struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    report: Arc<AdapterReport>,
    features: wgpu::Features,
    kernels: Arc<Mutex<HashMap<String, Kernel>>>,
    trouble: Arc<Mutex<Option<String>>>,
    allocated: Arc<std::sync::atomic::AtomicU64>,
    profile: Arc<Mutex<Option<Profile>>>,
    account: Arc<Mutex<Account>>,
    /// What stands for every kernel where nothing is computed.
    plan: Option<Kernel>,
    /// Shapes of kernels that are not the usual ones.
    tuning: Option<Tuning>,
}

/// Device time by kernel, filled while profiling is on.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Kernel name, number of dispatches, nanoseconds on the device; in order of first use.
    pub kernels: Vec<(String, u64, u64)>,
}

impl Gpu {
    /// Opens the adapter that `pick` names.
    ///
    /// # Errors
    /// [`Error::Adapter`] when none answers to it, with the list of those that are there.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(pick: &Pick) -> Result<Self> {
        pollster::block_on(Self::open_async(pick))
    }

    /// [`Gpu::open`] for callers that may not block (the browser).
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub async fn open_async(pick: &Pick) -> Result<Self> {
        let adapter = adapter::choose(pick).await?;
        let report = AdapterReport::of(&adapter);
        let wanted = wgpu::Features::TIMESTAMP_QUERY
            | wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS
            | wgpu::Features::SUBGROUP;
        let mut features = adapter.features() & wanted;
        if report.backend == "webgpu" {
            // Browsers want their shaders to name what they enable, and their clocks are coarse on purpose.
            features = wgpu::Features::empty();
        }
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("gradless"),
                required_features: features,
                required_limits: adapter::limits(&adapter.limits()),
                experimental_features: wgpu::ExperimentalFeatures::disabled(),
                memory_hints: wgpu::MemoryHints::Performance,
                trace: wgpu::Trace::Off,
            })
            .await
            .map_err(|e| Error::Adapter(format!("{} does not open: {e}; try --device software", report.name)))?;
        let trouble = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&trouble);
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                note(
                    &lost,
                    format!("the device was lost ({message}): smaller dispatches or another --device may help"),
                );
            }
        });
        let uncaptured = Arc::clone(&trouble);
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&uncaptured, e.to_string())));
        Ok(Self {
            device,
            queue,
            report: Arc::new(report),
            features,
            kernels: Arc::default(),
            trouble,
            allocated: Arc::default(),
            profile: Arc::default(),
            account: Arc::default(),
            plan: None,
            tuning: None,
        })
    }

    /// What is open: name, backend, type, driver, limits.
    pub fn report(&self) -> &AdapterReport {
        &self.report
    }

    /// Whether the adapter computes on the processor (lavapipe, SwiftShader, WARP).
    pub fn is_software(&self) -> bool {
        self.report.kind == "cpu"
    }

    /// Loop iterations that one invocation may run in one dispatch. llvmpipe cuts every loop off after 65,535 in
    /// total, without a word; elsewhere a dispatch is bounded by its time ([`Gpu::work_limit`]).
    pub fn loop_limit(&self) -> u32 {
        if self.is_software() && self.report.name.contains("llvmpipe") { 60_000 } else { u32::MAX }
    }

    /// Floating-point operations to put into one dispatch so that it stays near or below 100 ms: what a slow
    /// adapter of the type does in that time (Windows resets a device after 2 s).
    pub fn work_limit(&self) -> f64 {
        match self.report.kind.as_str() {
            "discrete" => 1e11,
            "integrated" | "virtual" => 2e10,
            _ => 1e9,
        }
    }

    /// Lanes that run in step and can broadcast among each other, when the adapter has subgroup operations of one
    /// fixed size; the dense-layer generator uses it on software adapters.
    pub fn subgroup(&self) -> Option<u32> {
        let (low, high) = self.report.subgroup;
        (self.features.contains(wgpu::Features::SUBGROUP) && low == high && low > 0).then_some(low)
    }

    /// The same device, without the use of subgroup operations: what kernels look like on adapters that have none.
    #[must_use]
    pub fn without_subgroups(mut self) -> Self {
        self.features.remove(wgpu::Features::SUBGROUP);
        // What was measured was measured with them.
        self.tuning = None;
        self
    }

    /// Threads of a reduction workgroup: barriers are dear on software adapters, lanes are dear elsewhere.
    pub fn reduction_width(&self) -> u32 {
        if self.is_software() { 64 } else { 256 }
    }

    /// Largest binding of a storage buffer in bytes.
    pub fn binding_limit(&self) -> u64 {
        self.report.max_binding
    }

    /// Bytes of device memory held by buffers made so far.
    pub fn allocated(&self) -> u64 {
        self.allocated.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The compiled kernel `entry` of `source`; compiled once for each distinct text.
    ///
    /// # Errors
    /// [`Error::Shader`] at the piece and line that does not compile.
    pub fn kernel(&self, entry: &str, source: &Source) -> Result<Kernel> {
        if let Some(plan) = &self.plan {
            return Ok(plan.clone());
        }
        let text = source.text();
        let key = format!("{entry}\n{text}");
        if let Some(kernel) = self.kernels.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(kernel.clone());
        }
        let kernel = Kernel::new(&self.device, entry, source, &text)?;
        self.kernels.lock().unwrap_or_else(PoisonError::into_inner).insert(key, kernel.clone());
        Ok(kernel)
    }

    /// The texts of all kernels compiled so far, for tests that translate them for other backends.
    #[doc(hidden)]
    pub fn shaders(&self) -> Vec<String> {
        let kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        kernels.keys().filter_map(|key| key.split_once('\n')).map(|(_, text)| text.to_string()).collect()
    }

    /// Measures device time by kernel from now on, where the adapter has timestamps; returns whether it has.
    pub fn start_profile(&self) -> bool {
        let can = self.features.contains(wgpu::Features::TIMESTAMP_QUERY);
        *self.profile.lock().unwrap_or_else(PoisonError::into_inner) = can.then(Profile::default);
        can
    }

    /// What was measured since [`Gpu::start_profile`].
    pub fn profile(&self) -> Option<Profile> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends what [`Gpu::start_profile`] began: dispatches share their passes again.
    pub fn stop_profile(&self) {
        *self.profile.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Fails if the device was lost or an operation on it failed since the last call.
    fn check(&self) -> Result<()> {
        match self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(message) => Err(Error::Device(message)),
            None => Ok(()),
        }
    }
}

/// Keeps the first thing that went wrong: what follows is usually a consequence of it.
fn note(trouble: &Mutex<Option<String>>, message: String) {
    trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}
