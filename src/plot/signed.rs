//! Curves of both signs and of any size on one axis, each side logarithmic: what matters is where they cross zero.

use std::path::Path;
use std::sync::Arc;

use kuva::plot::legend::LegendShape;
use kuva::render::layout::TickFormat;
use kuva::render::render::Primitive;

use super::{Curve, axes, colour, extent, framed, legend, number, rgb, save, thinned, widened};
use crate::error::Result;

/// Draws `curve` to `stem.svg` and `stem.png`, y as `sign(y) log10(1 + |y|)`. Behind the lines lie grey bands: the
/// stretches of x in `shaded`.
pub fn signed_curve(curve: &Curve<'_>, shaded: &[(f64, f64)], stem: &Path) -> Result<()> {
    let squeezed = |(x, y): (f64, f64)| (x, y.signum() * (1.0 + y.abs()).log10());
    let lines: Vec<Vec<_>> =
        curve.series.iter().map(|series| thinned(series.points).into_iter().map(squeezed).collect()).collect();
    let x = widened(extent(lines.iter().flatten().map(|point| point.0)));
    let reach = 1.05 * lines.iter().flatten().fold(1e-3f64, |reach, point| reach.max(point.1.abs()));
    let layout = framed((800.0, 500.0), curve.title, curve.x_label, x, (-reach, reach))
        .with_legend_entries(legend(curve.series.iter().map(|series| series.name), LegendShape::Line))
        .with_y_tick_step(if reach > 8.0 {
            (reach / 4.0).ceil()
        } else if reach > 2.0 {
            1.0
        } else {
            0.5
        })
        .with_y_tick_format(TickFormat::Custom(Arc::new(stretched)));
    let (mut scene, place) = axes(layout, curve.y_label);
    for &(from, to) in shaded {
        let (from, to) = (from.clamp(x.0, x.1), to.clamp(x.0, x.1));
        let band = Primitive::Rect {
            x: place.map_x(from),
            y: place.map_y(reach),
            width: place.map_x(to) - place.map_x(from),
            height: place.map_y(-reach) - place.map_y(reach),
            fill: rgb([228, 228, 228]),
            stroke: None,
            stroke_width: None,
            opacity: None,
        };
        scene.elements.insert(0, band);
    }
    scene.add(Primitive::Line {
        x1: place.map_x(x.0),
        y1: place.map_y(0.0),
        x2: place.map_x(x.1),
        y2: place.map_y(0.0),
        stroke: rgb([120, 120, 120]),
        stroke_width: 1.0,
        stroke_dasharray: None,
    });
    for (index, line) in lines.iter().enumerate().rev() {
        let points: Vec<_> = line.iter().map(|point| (place.map_x(point.0), place.map_y(point.1))).collect();
        let stroke = rgb(colour(index));
        scene.add(Primitive::PolyLine { points, stroke, stroke_width: 1.8, stroke_dasharray: None });
    }
    save(&scene, stem)
}

/// A tick's value before it was squeezed, in two digits.
fn stretched(value: f64) -> String {
    let size = 10f64.powf(value.abs()) - 1.0;
    let digit = 10f64.powf(size.max(1e-12).log10().floor() - 1.0);
    number(value.signum() * ((size / digit).round() * digit * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::super::Series;
    use super::super::tests::drawn;
    use super::*;

    #[test]
    fn both_signs_and_all_sizes_are_on_the_axis() {
        let series = [
            Series { name: "true", points: &[(-1.0, -5000.0), (0.0, -0.01), (1.0, 20.0)] },
            Series { name: "approximate", points: &[(-1.0, -8.5), (0.0, 0.0), (1.0, f64::NAN)] },
        ];
        let curve = Curve { title: "f", x_label: "x", y_label: "gradient", series: &series };
        let svg = drawn(|stem| signed_curve(&curve, &[(-0.5, 0.0), (0.9, 7.0)], stem));
        assert!(svg.contains(">-999<") || svg.contains(">-1000<") || svg.contains(">-990<"), "{svg}");
        assert!(svg.contains("approximate") && svg.contains(">gradient<"));
        drawn(|stem| signed_curve(&Curve { series: &[], ..curve }, &[], stem));
        drawn(|stem| {
            signed_curve(&Curve { series: &[Series { name: "", points: &[(0.0, 1e299)] }], ..curve }, &[], stem)
        });
    }
}
