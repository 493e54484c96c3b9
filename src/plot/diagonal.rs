//! Two figures of the same things against each other: on the diagonal they are equal.

use std::path::Path;

use kuva::plot::legend::LegendShape;
use kuva::render::render::Primitive;

use super::{axes, circle, extent, framed, legend, rgb, save, widened};
use crate::error::Result;

/// Points around a diagonal.
#[derive(Debug, Clone, Copy)]
pub struct Scatter<'a> {
    /// Above the chart.
    pub title: &'a str,
    /// What runs to the right.
    pub x_label: &'a str,
    /// What runs upwards, in the same unit.
    pub y_label: &'a str,
    /// Name and (x, y) of each set of points, in the order of the legend. Points that are not finite are skipped.
    pub series: &'a [(&'a str, &'a [(f64, f64)])],
}

/// Draws `scatter` to `stem.svg` and `stem.png`, both axes alike, with the line on which both figures are equal.
pub fn diagonal(scatter: &Scatter<'_>, stem: &Path) -> Result<()> {
    let drawable = |&&(x, y): &&(f64, f64)| x.abs() < 1e300 && y.abs() < 1e300;
    let all = || scatter.series.iter().flat_map(|(_, points)| points.iter().filter(drawable));
    let (low, high) = widened(extent(all().flat_map(|&(x, y)| [x, y])));
    let margin = 0.04 * (high - low);
    let range = (low - margin, high + margin);
    let names = scatter.series.iter().map(|(name, _)| *name);
    let layout = framed((760.0, 600.0), scatter.title, scatter.x_label, range, range)
        .with_legend_entries(legend(names, LegendShape::Circle));
    let (mut scene, place) = axes(layout, scatter.y_label);
    scene.add(Primitive::Line {
        x1: place.map_x(range.0),
        y1: place.map_y(range.0),
        x2: place.map_x(range.1),
        y2: place.map_y(range.1),
        stroke: rgb([120, 120, 120]),
        stroke_width: 1.0,
        stroke_dasharray: Some("5 4".into()),
    });
    for (index, (_, points)) in scatter.series.iter().enumerate() {
        for &(x, y) in points.iter().filter(drawable) {
            scene.add(circle(place.map_x(x), place.map_y(y), 4.0, index));
        }
    }
    save(&scene, stem)
}

#[cfg(test)]
mod tests {
    use super::super::tests::drawn;
    use super::*;

    #[test]
    fn points_stand_around_a_diagonal() {
        let series: [(&str, &[(f64, f64)]); 2] =
            [("mse <adam>", &[(0.9, 0.95), (0.8, 0.8)]), ("mae adam", &[(0.7, f64::NAN), (0.5, 0.4)])];
        let picture = Scatter { title: "all", x_label: "published", y_label: "ours", series: &series };
        let svg = drawn(|stem| diagonal(&picture, stem));
        // Three points and the two of the legend.
        assert_eq!((svg.matches("<circle").count(), svg.matches("stroke-dasharray").count()), (5, 1));
        assert!(svg.contains("mse &lt;adam&gt;") && svg.contains(">ours<"), "{svg}");
        for series in [&[][..], &[("one", &[(0.5, 0.5)][..])]] {
            drawn(|stem| diagonal(&Scatter { series, ..picture }, stem));
        }
    }
}
