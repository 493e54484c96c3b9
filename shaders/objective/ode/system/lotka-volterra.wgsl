// prey' = prey (birth - eaten predators), predators' = predators (growth prey - death)
fn rhs(t: f32, y: State) -> State {
    let birth = constants[0];
    let eaten = constants[1];
    let growth = constants[2];
    let death = constants[3];
    return State(y[0] * (birth - eaten * y[1]), y[1] * (growth * y[0] - death));
}
