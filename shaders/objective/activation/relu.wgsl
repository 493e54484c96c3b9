// max(0, x) (Nair and Hinton 2010).
fn activate(x: f32) -> f32 {
    return max(x, 0.0);
}
