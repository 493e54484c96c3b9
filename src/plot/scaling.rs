//! Curves over several decades both ways: throughput against population.

use std::path::Path;
use std::sync::Arc;

use kuva::plot::legend::LegendShape;
use kuva::render::layout::TickFormat;
use kuva::render::render::Primitive;

use super::{Curve, axes, circle, colour, decade, extent, framed, legend, rgb, save};
use crate::error::Result;

/// Draws `curve` to `stem.svg` and `stem.png`, both axes logarithmic, every point marked; those of `knees`, one for each
/// series, by a larger mark. Points that are not above zero are skipped.
pub fn scaling_curve(curve: &Curve<'_>, knees: &[Option<(f64, f64)>], stem: &Path) -> Result<()> {
    let log = |&(x, y): &(f64, f64)| (x.log10(), y.log10());
    let positive = |&(x, y): &(f64, f64)| (x > 0.0 && y > 0.0 && x < 1e300 && y < 1e300).then(|| log(&(x, y)));
    let lines: Vec<Vec<_>> =
        curve.series.iter().map(|series| series.points.iter().filter_map(positive).collect()).collect();
    let x = around(lines.iter().flatten().map(|point| point.0));
    let y = around(lines.iter().flatten().map(|point| point.1));
    let step = |(low, high): (f64, f64)| ((high - low) / 8.0).ceil().max(1.0);
    let layout = framed((800.0, 500.0), curve.title, curve.x_label, x, y)
        .with_legend_entries(legend(curve.series.iter().map(|series| series.name), LegendShape::Line))
        .with_x_tick_step(step(x))
        .with_y_tick_step(step(y))
        .with_x_tick_format(TickFormat::Custom(Arc::new(decade)))
        .with_y_tick_format(TickFormat::Custom(Arc::new(decade)));
    let (mut scene, place) = axes(layout, curve.y_label);
    for (index, line) in lines.iter().enumerate().rev() {
        let points: Vec<_> = line.iter().map(|(x, y)| (place.map_x(*x), place.map_y(*y))).collect();
        for (x, y) in &points {
            scene.add(circle(*x, *y, 2.0, index));
        }
        let stroke = rgb(colour(index));
        scene.add(Primitive::PolyLine { points, stroke, stroke_width: 1.8, stroke_dasharray: None });
        if let Some((x, y)) = knees.get(index).copied().flatten().as_ref().and_then(positive) {
            scene.add(circle(place.map_x(x), place.map_y(y), 6.0, index));
        }
    }
    save(&scene, stem)
}

/// Whole decades around the exponents.
fn around(exponents: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = extent(exponents);
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    (low.floor(), high.ceil().max(low.floor() + 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::Series;
    use super::super::tests::drawn;
    use super::*;

    #[test]
    fn both_axes_go_by_decades() {
        let points: Vec<_> = (0..12).map(|k| (f64::from(1 << k), 3e3 * f64::from(1 << k))).collect();
        let series = [Series { name: "pso", points: &points }, Series { name: "none", points: &[(0.0, 1.0)] }];
        let curve = Curve { title: "this adapter", x_label: "population", y_label: "candidates/s", series: &series };
        let svg = drawn(|stem| scaling_curve(&curve, &[Some(points[3]), None], stem));
        for text in [">1<", ">1000<", ">1e6<", "pso", "candidates/s"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert_eq!(svg.matches("r=\"6").count(), 1, "one knee: {svg}");
        drawn(|stem| scaling_curve(&Curve { series: &[], ..curve }, &[], stem));
    }
}
