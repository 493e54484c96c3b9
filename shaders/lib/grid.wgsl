// A line of threads, or of workgroups, that may have been folded into two dimensions.
fn line(global: vec3u, groups: vec3u) -> u32 {
    return global.x + global.y * groups.x * WORKGROUP;
}
fn group_line(group: vec3u, groups: vec3u) -> u32 {
    return group.x + group.y * groups.x;
}
