// The coordinates an objective of the catalogue reads: its optimum moves by SHIFT along every axis.

fn x(candidate: u32, i: u32) -> f32 {
    return at(candidate, i) - SHIFT;
}
