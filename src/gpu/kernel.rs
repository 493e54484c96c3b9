//! A compiled entry point that knows, by name, which buffers it uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Source, View};
use crate::{Error, Result};

/// A compiled entry point. Clones share the pipeline.
#[derive(Clone, Debug)]
pub struct Kernel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    pipeline: wgpu::ComputePipeline,
    /// By group: the layout and the variables it binds; none where the entry point uses nothing of the group.
    groups: Vec<Option<(wgpu::BindGroupLayout, Vec<Slot>)>>,
    workgroup: u32,
}

#[derive(Debug, Clone)]
struct Slot {
    binding: u32,
    name: String,
    space: wgpu::BufferBindingType,
}

/// Buffers by the name of the WGSL variable they are bound to. A kernel takes those it uses.
#[derive(Clone, Debug, Default)]
pub struct Bindings(BTreeMap<String, View>);

impl Bindings {
    /// No buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds `view` to the variable `name`, in place of what was bound to it.
    #[must_use]
    pub fn with(mut self, name: &str, view: View) -> Self {
        self.0.insert(name.into(), view);
        self
    }

    /// What is bound to the variable `name`.
    pub fn view(&self, name: &str) -> Option<View> {
        self.0.get(name).cloned()
    }

    /// These and all of `other`, whose views win.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().map(|(name, view)| (name.clone(), view.clone())));
        self
    }
}

impl Kernel {
    pub(super) fn new(device: &wgpu::Device, entry: &str, source: &Source, text: &str) -> Result<Self> {
        let (module, info) = source.check()?;
        let Some(index) = module.entry_points.iter().position(|e| e.name == entry) else {
            return Err(Error::Device(format!("the shader has no entry point {entry:?}")));
        };
        let usage = info.get_entry_point(index);
        let mut slots: BTreeMap<u32, Vec<Slot>> = BTreeMap::new();
        for (handle, variable) in module.global_variables.iter() {
            let (Some(binding), false) = (&variable.binding, usage[handle].is_empty()) else { continue };
            let space = match variable.space {
                naga::AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
                naga::AddressSpace::Storage { access } => {
                    wgpu::BufferBindingType::Storage { read_only: !access.contains(naga::StorageAccess::STORE) }
                }
                _ => continue,
            };
            let name = variable.name.clone().unwrap_or_default();
            slots.entry(binding.group).or_default().push(Slot { binding: binding.binding, name, space });
        }
        let workgroup = module.entry_points[index].workgroup_size;
        carried(device, entry, slots.values().flatten(), workgroup.iter().product())?;
        let count = slots.keys().last().map_or(0, |last| last + 1);
        let groups: Vec<_> =
            (0..count).map(|group| slots.remove(&group).map(|slots| (layout(device, entry, &slots), slots))).collect();
        let layouts: Vec<_> = groups.iter().map(|g| g.as_ref().map(|(layout, _)| layout)).collect();
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry),
            bind_group_layouts: &layouts,
            immediate_size: 0,
        });
        let module_text = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(entry),
            source: wgpu::ShaderSource::Wgsl(text.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout: Some(&pipeline_layout),
            module: &module_text,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Ok(Self(Arc::new(Inner { name: entry.into(), pipeline, groups, workgroup: workgroup[0] })))
    }

    /// The entry point's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Threads of a workgroup.
    pub fn workgroup(&self) -> u32 {
        self.0.workgroup
    }

    pub(super) fn pipeline(&self) -> &wgpu::ComputePipeline {
        &self.0.pipeline
    }

    /// The bind groups of this kernel for these buffers.
    pub(super) fn bind(&self, device: &wgpu::Device, bindings: &Bindings) -> Result<Vec<Option<wgpu::BindGroup>>> {
        let bound = |(layout, slots): &(wgpu::BindGroupLayout, Vec<Slot>)| {
            let mut entries = Vec::with_capacity(slots.len());
            for slot in slots {
                let view = bindings.0.get(&slot.name).ok_or_else(|| {
                    Error::Device(format!("kernel {:?} has nothing bound to {:?}", self.0.name, slot.name))
                })?;
                // Uniform structs are rounded up to 16 bytes, as are all buffers.
                let size = view.size.next_multiple_of(16).min(view.raw.size() - view.offset);
                entries.push(wgpu::BindGroupEntry {
                    binding: slot.binding,
                    resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: &view.raw,
                        offset: view.offset,
                        size: std::num::NonZeroU64::new(size),
                    }),
                });
            }
            Ok(device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries }))
        };
        self.0.groups.iter().map(|group| group.as_ref().map(bound).transpose()).collect()
    }
}

/// Refuses a kernel that binds more, or has larger workgroups, than the adapter carries: what WebGPU promises always does,
/// small GL drivers may not.
fn carried<'s>(device: &wgpu::Device, entry: &str, slots: impl Iterator<Item = &'s Slot>, threads: u32) -> Result<()> {
    let buffers = slots.filter(|slot| slot.space != wgpu::BufferBindingType::Uniform).count() as u32;
    let limits = device.limits();
    let counts = [
        ("storage buffers", buffers, limits.max_storage_buffers_per_shader_stage),
        ("threads in a workgroup", threads, limits.max_compute_invocations_per_workgroup),
    ];
    match counts.into_iter().find(|(_, needed, allowed)| needed > allowed) {
        None => Ok(()),
        Some((what, needed, allowed)) => Err(Error::Limit {
            what: format!("the kernel {entry:?}"),
            needed: format!("{needed} {what}"),
            allowed: allowed.to_string(),
            remedy: "choose another adapter with --device, or another interface with GRADLESS_BACKEND".into(),
        }),
    }
}

fn layout(device: &wgpu::Device, label: &str, slots: &[Slot]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = slots
        .iter()
        .map(|slot| wgpu::BindGroupLayoutEntry {
            binding: slot.binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty: slot.space, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}
