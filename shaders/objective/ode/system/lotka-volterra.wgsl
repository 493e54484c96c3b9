//! source Lotka 1925, Volterra 1926, predators and prey
//! state prey = 1, predators = 1
//! constants birth = 1.5, eaten = 1, growth = 1, death = 3
//! time 0 10
//! steps 1000
// prey' = prey (birth - eaten predators), predators' = predators (growth prey - death)
fn rhs(t: f32, y: State) -> State {
    return State(
        y[prey] * (constants[birth] - constants[eaten] * y[predators]),
        y[predators] * (constants[growth] * y[prey] - constants[death]),
    );
}
