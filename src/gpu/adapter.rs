//! Which adapter: discrete before integrated before software, or the one that was asked for.

use std::fmt::Write as _;

use crate::{Error, Result};

/// The variable that takes one interface to the adapters instead of all: Vulkan, Metal and DX12, and GL where none of them
/// has any. wgpu shares one GL context among threads and panics where one waits for it for a second: use a device of GL from
/// one thread.
const BACKEND: &str = "GRADLESS_BACKEND";

/// Which adapter to open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pick {
    /// `GRADLESS_DEVICE` if set, else the best one: discrete, integrated, virtual, software; Vulkan, Metal, DX12
    /// before GL.
    #[default]
    Best,
    /// The adapter at this place of `gradless devices`.
    Index(usize),
    /// The first whose name contains this, whatever the case.
    Name(String),
    /// The first that computes on the processor.
    Software,
}

impl From<&str> for Pick {
    fn from(text: &str) -> Self {
        match (text, text.parse()) {
            ("" | "auto" | "best", _) => Self::Best,
            ("software" | "cpu", _) => Self::Software,
            (_, Ok(index)) => Self::Index(index),
            _ => Self::Name(text.into()),
        }
    }
}

/// What an adapter says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AdapterReport {
    /// Product name.
    pub name: String,
    /// `vulkan`, `metal`, `dx12`, `gl` or `webgpu`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `cpu` or `other`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Driver name and version.
    pub driver: String,
    /// Largest storage binding in bytes.
    pub max_binding: u64,
    /// Largest buffer in bytes.
    pub max_buffer: u64,
    /// Bytes of workgroup memory.
    pub workgroup_memory: u32,
    /// Invocations of a workgroup.
    pub max_invocations: u32,
    /// Smallest and largest subgroup; 0 when there are none.
    pub subgroup: (u32, u32),
    /// Whether kernels can be timed on the device.
    pub timestamps: bool,
}

impl AdapterReport {
    pub(super) fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let limits = adapter.limits();
        let subgroups = adapter.features().contains(wgpu::Features::SUBGROUP);
        Self {
            kind: kind(info.device_type).into(),
            backend: info.backend.to_str().into(),
            driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().into(),
            max_binding: limits.max_storage_buffer_binding_size,
            max_buffer: limits.max_buffer_size,
            workgroup_memory: limits.max_compute_workgroup_storage_size,
            max_invocations: limits.max_compute_invocations_per_workgroup,
            subgroup: if subgroups { (info.subgroup_min_size, info.subgroup_max_size) } else { (0, 0) },
            timestamps: adapter.features().contains(wgpu::Features::TIMESTAMP_QUERY),
            name: info.name,
        }
    }
}

/// The adapters of this machine, the one that [`Pick::Best`] takes first; none where `GRADLESS_BACKEND` is no interface.
#[cfg(not(target_arch = "wasm32"))]
pub fn adapters() -> Vec<AdapterReport> {
    pollster::block_on(ranked()).unwrap_or_default().iter().map(AdapterReport::of).collect()
}

#[cfg(target_arch = "wasm32")]
/// A browser shows one adapter, and only when asked for it: use [`super::Gpu::open_async`].
pub fn adapters() -> Vec<AdapterReport> {
    Vec::new()
}

pub(super) async fn choose(pick: &Pick) -> Result<wgpu::Adapter> {
    let asked = match (pick, std::env::var("GRADLESS_DEVICE")) {
        (Pick::Best, Ok(name)) => Pick::from(name.as_str()),
        _ => pick.clone(),
    };
    let mut all = ranked().await?;
    let names: Vec<_> = all.iter().map(AdapterReport::of).collect();
    let place = match &asked {
        Pick::Best => (!all.is_empty()).then_some(0),
        Pick::Index(index) => (*index < all.len()).then_some(*index),
        Pick::Software => names.iter().position(|a| a.kind == "cpu"),
        Pick::Name(name) => names.iter().position(|a| a.name.to_lowercase().contains(&name.to_lowercase())),
    };
    place.map(|place| all.swap_remove(place)).ok_or_else(|| Error::Adapter(nothing(&asked, &names)))
}

/// The message for a request that no adapter meets.
fn nothing(asked: &Pick, there: &[AdapterReport]) -> String {
    let mut text = match asked {
        Pick::Best => "no graphics adapter found".to_string(),
        Pick::Index(index) => format!("no adapter has number {index}"),
        Pick::Name(name) => format!("no adapter is called {name:?}"),
        Pick::Software => "no software adapter found".into(),
    };
    for (index, adapter) in there.iter().enumerate() {
        let _ = write!(text, "{} {index}: {}", if index == 0 { "; there is" } else { "," }, adapter.name);
    }
    let vulkan = "install a driver, or Mesa's software adapter: apt-get install mesa-vulkan-drivers";
    if let Ok(name) = std::env::var(BACKEND)
        && !name.is_empty()
    {
        let _ = write!(text, "; only {name} was looked at: unset {BACKEND} to look at all");
    }
    if there.is_empty() || *asked == Pick::Software {
        let _ = write!(text, "; {vulkan}");
    }
    text
}

/// The interfaces that `name`, the value of `GRADLESS_BACKEND`, asks for.
fn backends(name: &str) -> Result<wgpu::Backends> {
    match name {
        "" => Ok(wgpu::Backends::PRIMARY),
        "vulkan" => Ok(wgpu::Backends::VULKAN),
        "metal" => Ok(wgpu::Backends::METAL),
        "dx12" => Ok(wgpu::Backends::DX12),
        "gl" => Ok(wgpu::Backends::GL),
        _ => Err(Error::setting(BACKEND, name, "use vulkan, metal, dx12 or gl, or leave it unset")),
    }
}

async fn ranked() -> Result<Vec<wgpu::Adapter>> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.flags = wgpu::InstanceFlags::empty();
    let backends = backends(&std::env::var(BACKEND).unwrap_or_default())?;
    descriptor.backends &= backends | (descriptor.backends & wgpu::Backends::BROWSER_WEBGPU);
    let found = list(descriptor, backends).await;
    if found.is_empty() && backends == wgpu::Backends::PRIMARY {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::GL;
        return Ok(list(descriptor, wgpu::Backends::GL).await);
    }
    Ok(found)
}

async fn list(descriptor: wgpu::InstanceDescriptor, backends: wgpu::Backends) -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(descriptor);
    let mut all = instance.enumerate_adapters(backends).await;
    all.retain(|a| a.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS));
    all.sort_by_key(|a| match a.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    });
    all
}

/// The portable WebGPU limits, with those that decide how large a population fits raised to the adapter's.
pub(super) fn limits(adapter: &wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_storage_buffer_binding_size: adapter.max_storage_buffer_binding_size,
        max_buffer_size: adapter.max_buffer_size,
        ..wgpu::Limits::defaults().or_worse_values_from(adapter)
    }
}

fn kind(kind: wgpu::DeviceType) -> &'static str {
    match kind {
        wgpu::DeviceType::DiscreteGpu => "discrete",
        wgpu::DeviceType::IntegratedGpu => "integrated",
        wgpu::DeviceType::VirtualGpu => "virtual",
        wgpu::DeviceType::Cpu => "cpu",
        wgpu::DeviceType::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_number_by_name_or_as_software() {
        assert_eq!(Pick::from("2"), Pick::Index(2));
        assert_eq!(Pick::from("software"), Pick::Software);
        assert_eq!(Pick::from("RTX"), Pick::Name("RTX".into()));
        assert_eq!(Pick::from(""), Pick::Best);
    }

    #[test]
    fn an_interface_is_one_of_four() {
        assert_eq!(backends("").unwrap(), wgpu::Backends::PRIMARY);
        assert_eq!(backends("gl").unwrap(), wgpu::Backends::GL);
        let error = backends("opengl").unwrap_err().to_string();
        assert!(error.contains("GRADLESS_BACKEND = opengl") && error.contains("vulkan, metal, dx12 or gl"), "{error}");
    }

    #[test]
    fn an_unmet_request_lists_what_is_there() {
        let text = nothing(&Pick::Name("RTX".into()), &[]);
        assert!(text.contains("RTX") && text.contains("mesa-vulkan-drivers"), "{text}");
    }
}
