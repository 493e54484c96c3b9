// The rate stays as it is.
fn rate_left(member: u32, progress: f32) -> f32 {
    return 1.0;
}
