//! import layered_part
// How long the features of a row are, what the last layer takes in.
@group(2) @binding(2) var<storage, read> features: array<f32>; // candidate unless all share them, input, row

fn feature_length(candidate: u32, row: u32) -> f32 {
    let first = candidate * FEATURES_APART + FROM_ROWS * part.row + row;
    var sum = 0.0;
    for (var i = 0u; i < INPUTS; i += 1u) {
        let feature = features[first + i * FEATURE_COLUMNS];
        sum = fma(feature, feature, sum);
    }
    return max(sqrt(sum), SHORTEST);
}
