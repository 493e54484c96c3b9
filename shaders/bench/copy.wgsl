//! import grid
// Memory traffic and nothing else: the yardstick of kernels that are bound by it.
@group(2) @binding(0) var<storage, read> copied: array<vec4f>;
@group(2) @binding(1) var<storage, read_write> copies: array<vec4f>;

// One thread per vec4.
@compute @workgroup_size(WORKGROUP)
fn copy(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= VECTORS { return; }
    copies[t] = copied[t];
}
