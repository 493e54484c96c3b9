//! What a model answers over a plane, as coloured cells, and the data points on them.

use std::path::Path;

use kuva::plot::legend::LegendShape;
use kuva::render::render::Primitive;

use super::{axes, circle, colour, framed, legend, rgb, save, widened};
use crate::error::{Error, Result};

/// What a model answers over a plane, and the data it was asked about.
#[derive(Debug, Clone, Copy)]
pub struct Regions<'a> {
    /// Above the chart.
    pub title: &'a str,
    /// The feature that runs to the right.
    pub x_label: &'a str,
    /// The feature that runs upwards.
    pub y_label: &'a str,
    /// Left and right end of the plane.
    pub x: (f32, f32),
    /// Lower and upper end of the plane.
    pub y: (f32, f32),
    /// Cells along each side.
    pub resolution: u32,
    /// The class of every cell, row by row from the lowest y, `resolution`² in all.
    pub classes: &'a [u32],
    /// Names for the legend, by class.
    pub class_names: &'a [String],
    /// (x, y, class) of every data point. Points outside the plane are skipped.
    pub points: &'a [(f32, f32, u32)],
}

/// Draws `regions` to `stem.svg` and `stem.png`; more classes than colours start over with the first.
pub fn decision_regions(regions: &Regions<'_>, stem: &Path) -> Result<()> {
    let side = regions.resolution as usize;
    if Some(regions.classes.len()) != side.checked_mul(side) {
        let remedy = format!("give one for each of the {side} × {side} cells");
        return Err(Error::setting("classes", regions.classes.len(), remedy));
    }
    let [x, y] = [regions.x, regions.y].map(|(low, high)| widened((f64::from(low), f64::from(high))));
    let names = regions.class_names.iter().map(String::as_str);
    let layout = framed((800.0, 600.0), regions.title, regions.x_label, x, y)
        .with_legend_entries(legend(names, LegendShape::Circle))
        .with_show_grid(false);
    let (mut scene, place) = axes(layout, regions.y_label);

    let column_edge = |i: usize| place.map_x(x.0 + (x.1 - x.0) * i as f64 / side as f64);
    let row_edge = |i: usize| place.map_y(y.0 + (y.1 - y.0) * i as f64 / side as f64);
    let mut cells = Vec::new();
    for (row, classes) in regions.classes.chunks(side.max(1)).enumerate() {
        let mut column = 0;
        for run in classes.chunk_by(|a, b| a == b) {
            // Reach half a unit under the neighbours to be drawn next, or hairlines show between cells.
            let right = (column_edge(column + run.len()) + 0.5).min(column_edge(side));
            let top = (row_edge(row + 1) - 0.5).max(row_edge(side));
            cells.push(Primitive::Rect {
                x: column_edge(column),
                y: top,
                width: right - column_edge(column),
                height: row_edge(row) - top,
                fill: rgb(soft(colour(run[0] as usize))),
                stroke: None,
                stroke_width: None,
                opacity: None,
            });
            column += run.len();
        }
    }
    scene.elements.splice(0..0, cells);

    let radius = if regions.points.len() <= 500 { 4.0 } else { 2.5 };
    for &(px, py, class) in regions.points {
        let (px, py) = (f64::from(px), f64::from(py));
        if (x.0..=x.1).contains(&px) && (y.0..=y.1).contains(&py) {
            scene.add(circle(place.map_x(px), place.map_y(py), radius, class as usize));
        }
    }
    save(&scene, stem)
}

/// Two thirds of the way to white.
fn soft(colour: [u8; 3]) -> [u8; 3] {
    colour.map(|channel| 255 - (255 - channel) / 3)
}

#[cfg(test)]
mod tests {
    use super::super::tests::drawn;
    use super::*;

    fn regions(resolution: u32, classes: &[u32], x: (f32, f32), points: &[(f32, f32, u32)]) -> Regions<'static> {
        Regions {
            title: "iris",
            x_label: "sepal",
            y_label: "petal",
            x,
            y: (0.0, 1.0),
            resolution,
            classes: classes.to_vec().leak(),
            class_names: vec!["setosa".to_string(), "<virginica>".to_string()].leak(),
            points: points.to_vec().leak(),
        }
    }

    #[test]
    fn regions_show_runs_points_and_names() {
        let regions = regions(2, &[0, 0, 0, 1], (0.0, 1.0), &[(0.1, 0.1, 0), (0.9, 0.9, 1), (7.0, 7.0, 1)]);
        let svg = drawn(|stem| decision_regions(&regions, stem));
        assert!(["setosa", "&lt;virginica&gt;", "iris", "sepal", "petal"].iter().all(|text| svg.contains(text)));
        // One run in the lower row and two in the upper; two points inside and the two of the legend.
        let soft_colours = [0, 1].map(|class| svg.matches(&rgb(soft(colour(class))).to_svg_string()).count());
        assert_eq!((soft_colours, svg.matches("<circle").count()), ([2, 1], 4));
    }

    #[test]
    fn degenerate_regions_are_drawn() {
        drawn(|stem| decision_regions(&regions(0, &[], (0.0, 1.0), &[]), stem));
        drawn(|stem| decision_regions(&regions(1, &[u32::MAX], (3.0, 3.0), &[(f32::NAN, 0.0, 9)]), stem));
        drawn(|stem| decision_regions(&regions(1, &[3], (f32::NAN, f32::INFINITY), &[(0.5, 0.5, 9)]), stem));
        drawn(|stem| decision_regions(&regions(1, &[3], (f32::MAX, f32::MIN), &[(0.5, 0.5, 9)]), stem));
    }

    #[test]
    fn a_missing_class_is_named() {
        let stem = Path::new("missing/run");
        let error = decision_regions(&regions(2, &[0; 3], (0.0, 1.0), &[]), stem).unwrap_err();
        assert_eq!(error.to_string(), "classes = 3: give one for each of the 2 × 2 cells");
    }
}
