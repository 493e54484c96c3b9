//! import clock
// All coordinates move in every generation: how often one has, this time counted.
fn turn_of(coordinate: u32) -> u32 {
    return clock.generation + 1u;
}
