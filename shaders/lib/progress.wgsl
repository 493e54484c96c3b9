//! import clock
// How much of the run is over, 0 to 1.
fn run_progress() -> f32 {
    return min(f32(clock.generation) / f32(clock.horizon), 1.0);
}
