// A line of threads, or of workgroups, that may have been folded into two dimensions.
fn line(global: vec3u, groups: vec3u) -> u32 {
    return global.x + global.y * groups.x * WORKGROUP;
}
fn group_line(group: vec3u, groups: vec3u) -> u32 {
    return group.x + group.y * groups.x;
}

// A uniform for a branch, or the end of a loop, to hang on where nothing of the thread's own stands beside it. `thread` is
// any number below 2^31: it changes nothing, but no compiler knows. Where uniforms decide alone, Mesa's lavapipe may put
// their values into the kernel and translate it anew, at every dispatch. The thread comes first: of a uniform before it
// lavapipe makes notes in the wrong place (Mesa 22.3, a crash).
fn of_thread(value: u32, thread: u32) -> u32 {
    return (thread >> 31u) + value;
}
