//! Events over time as dots: a spike raster.

use std::path::Path;

use kuva::plot::legend::LegendShape;

use super::{Curve, axes, circle, extent, framed, legend, save, widened};
use crate::error::Result;

/// Draws every point of `curve` as a dot to `stem.svg` and `stem.png`, in its series' colour.
pub fn events(curve: &Curve<'_>, stem: &Path) -> Result<()> {
    let all = || curve.series.iter().flat_map(|series| series.points.iter().copied());
    let x = widened(extent(all().map(|point| point.0)));
    let (low, high) = widened(extent(all().map(|point| point.1)));
    let margin = 0.04 * (high - low);
    let names = curve.series.iter().map(|series| series.name);
    let layout = framed((800.0, 500.0), curve.title, curve.x_label, x, (low - margin, high + margin))
        .with_legend_entries(legend(names, LegendShape::Circle));
    let (mut scene, place) = axes(layout, curve.y_label);
    for (index, series) in curve.series.iter().enumerate() {
        for &(x, y) in series.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
            scene.add(circle(place.map_x(x), place.map_y(y), 2.0, index));
        }
    }
    save(&scene, stem)
}
