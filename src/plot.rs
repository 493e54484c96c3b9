//! Loss curves, decision regions, points around a diagonal, curves of both signs, small pictures and tables of counts, each
//! as an SVG and a PNG side by side.
//!
//! Only this file and its children name kuva. From kuva come axes, labels, legend and the two writers; lines, cells
//! and points are placed here, so another library has little to replace.

mod diagonal;
mod events;
mod grids;
mod regions;
mod scaling;
mod signed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kuva::backend::{raster::RasterBackend, svg::SvgBackend};
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::plot::scatter::ScatterPlot;
use kuva::render::color::Color;
use kuva::render::layout::{ComputedLayout, Layout, TickFormat};
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor, render_multiple};
use kuva::render::theme::Theme;

use crate::error::{Error, Result};
pub use diagonal::{Scatter, diagonal};
pub use events::events;
pub use grids::{Tile, confusion, tiles};
pub use regions::{Regions, decision_regions};
pub use scaling::scaling_curve;
pub use signed::signed_curve;

/// Okabe and Ito (2008), distinct to colour-blind readers; strongest on white first.
const PALETTE: [[u8; 3]; 8] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    [90, 90, 90],
    [240, 228, 66],
];
/// Most points drawn of one series: about three for every two pixels of the PNG's width.
const SERIES_POINTS: usize = 2000;
/// Pixels of the PNG for every unit of the SVG.
const PNG_SCALE: f32 = 2.0;

/// A chart of one or more values over the course of a run.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// Above the chart.
    pub title: &'a str,
    /// What runs to the right, with its unit.
    pub x_label: &'a str,
    /// What runs upwards, with its unit.
    pub y_label: &'a str,
    /// The lines, in the order of the legend.
    pub series: &'a [Series<'a>],
}

/// One line of a [`Curve`].
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// Its name in the legend; with no name it is left out there.
    pub name: &'a str,
    /// (x, y) in drawing order. Points that are not finite are skipped.
    pub points: &'a [(f64, f64)],
}

/// Draws `curve` to `stem.svg` and `stem.png`.
///
/// The y axis is logarithmic where every value is above zero and they span more than two decades.
/// Long series are thinned; what stands out stays in.
pub fn loss_curve(curve: &Curve<'_>, stem: &Path) -> Result<()> {
    banded_curve(curve, &[], stem)
}

/// Draws `curve` as [`loss_curve`] does, behind each line a band in its colour: (x, low, high), in the order of the
/// series. Bands are not thinned.
pub fn banded_curve(curve: &Curve<'_>, bands: &[&[(f64, f64, f64)]], stem: &Path) -> Result<()> {
    let mut lines: Vec<_> = curve.series.iter().map(|series| thinned(series.points)).collect();
    let drawable = |&(x, low, high): &(f64, f64, f64)| [x, low, high].iter().all(|value| value.abs() < 1e300);
    let mut bands: Vec<Vec<_>> = bands.iter().map(|band| band.iter().copied().filter(drawable).collect()).collect();
    let (low, high) = extent(values(&lines, &bands));
    let log = low > 0.0 && high / low > 100.0;
    if log {
        lines.iter_mut().flatten().for_each(|point| point.1 = point.1.log10());
        bands.iter_mut().flatten().for_each(|(_, low, high)| (*low, *high) = (low.log10(), high.log10()));
    }
    let (start, end) = widened(extent(lines.iter().flatten().map(|point| point.0)));
    // A little room, so that generation 19,999 still reaches the mark of 20,000.
    let x = (start, end + 0.01 * (end - start));
    let (low, high) = widened(extent(values(&lines, &bands)));
    let margin = 0.04 * (high - low);
    let floor = if log || low < 0.0 { f64::NEG_INFINITY } else { 0.0 };
    let y = ((low - margin).max(floor), high + margin);

    let names = curve.series.iter().map(|series| series.name);
    let mut layout =
        framed((800.0, 500.0), curve.title, curve.x_label, x, y).with_legend_entries(legend(names, LegendShape::Line));
    if log {
        // kuva's own logarithmic axis ends at 1e-10; optimizers do not. So the axis is linear in the exponent.
        let step = ((y.1 - y.0) / 8.0).ceil();
        layout = layout.with_y_tick_step(step).with_y_tick_format(TickFormat::Custom(Arc::new(decade)));
    }
    let (mut scene, place) = axes(layout, curve.y_label);
    if log && y.1 - y.0 <= 8.0 {
        let exponents = (y.0.floor() as i32)..=(y.1.ceil() as i32);
        let between = exponents.flat_map(|k| (2..10).map(move |m| f64::from(k) + f64::from(m).log10()));
        let marks = between.filter(|&mark| y.0 < mark && mark < y.1).map(|mark| Primitive::Line {
            x1: place.map_x(x.0),
            y1: place.map_y(mark),
            x2: place.map_x(x.1),
            y2: place.map_y(mark),
            stroke: rgb([240, 240, 240]),
            stroke_width: 1.0,
            stroke_dasharray: None,
        });
        scene.elements.splice(0..0, marks);
    }
    for (index, band) in bands.iter().enumerate().filter(|(_, band)| band.len() > 1) {
        let upper = band.iter().map(|&(x, _, high)| (x, high));
        let lower = band.iter().rev().map(|&(x, low, _)| (x, low));
        let corners = upper.chain(lower).map(|(x, y)| format!("{:.2} {:.2}", place.map_x(x), place.map_y(y)));
        scene.add(Primitive::Path(Box::new(PathData {
            d: format!("M {} Z", corners.collect::<Vec<_>>().join(" L ")),
            fill: Some(rgb(colour(index))),
            stroke: Color::None,
            stroke_width: 0.0,
            opacity: Some(0.15),
            stroke_dasharray: None,
        })));
    }
    // The first series is the one the reader came for: it goes on top.
    for (index, line) in lines.iter().enumerate().rev() {
        let points: Vec<_> = line.iter().map(|point| (place.map_x(point.0), place.map_y(point.1))).collect();
        scene.add(match points[..] {
            [(x, y)] => circle(x, y, 4.0, index),
            _ => Primitive::PolyLine { points, stroke: rgb(colour(index)), stroke_width: 1.8, stroke_dasharray: None },
        });
    }
    save(&scene, stem)
}

/// All that the y axis must hold.
fn values(lines: &[Vec<(f64, f64)>], bands: &[Vec<(f64, f64, f64)>]) -> impl Iterator<Item = f64> {
    let lines = lines.iter().flatten().map(|point| point.1);
    lines.chain(bands.iter().flatten().flat_map(|&(_, low, high)| [low, high]))
}

/// A chart of this size with these exact ranges.
fn framed(size: (f64, f64), title: &str, x_label: &str, x: (f64, f64), y: (f64, f64)) -> Layout {
    Layout::new(x, y)
        .with_width(size.0)
        .with_height(size.1)
        .with_title(plain(title, 120))
        .with_title_wrap(64)
        .with_x_label(plain(x_label, 60))
        .with_x_axis_min(x.0)
        .with_x_axis_max(x.1)
        .with_y_axis_min(y.0)
        .with_y_axis_max(y.1)
        .with_tick_format(TickFormat::Custom(Arc::new(number)))
        .with_theme(Theme { grid_color: "#d8d8d8".into(), ..Theme::light() })
        .with_legend_box(false)
}

/// Axes, labels and legend, ready to be drawn on, and where values lie there.
///
/// The y label stands upright above its axis: kuva 0.6 loses the smooth edges of rotated text in PNGs.
fn axes(layout: Layout, y_label: &str) -> (Scene, ComputedLayout) {
    let room = f64::from(layout.label_size);
    let usual = ComputedLayout::from_layout(&layout);
    let layout = layout
        .with_force_margins(usual.margin_left - room, usual.margin_right)
        .with_force_margins_y(usual.margin_top + 1.3 * room, usual.margin_bottom);
    let place = ComputedLayout::from_layout(&layout);
    // Without any plot kuva would leave out the axes.
    let mut scene = render_multiple(vec![ScatterPlot::new().into()], layout);
    scene.add(Primitive::Text {
        x: 0.8 * room,
        y: place.margin_top - 0.7 * room,
        content: plain(y_label, 60),
        size: place.label_size,
        anchor: TextAnchor::Start,
        rotate: None,
        bold: false,
        color: None,
    });
    (scene, place)
}

fn legend<'a>(names: impl Iterator<Item = &'a str>, shape: LegendShape) -> Vec<LegendEntry> {
    let named = names.enumerate().filter(|(_, name)| !name.is_empty());
    let entry = |(index, name)| LegendEntry {
        label: plain(name, 24),
        color: rgb(colour(index)).to_svg_string(),
        shape,
        dasharray: None,
    };
    named.map(entry).collect()
}

fn circle(cx: f64, cy: f64, r: f64, index: usize) -> Primitive {
    Primitive::Circle {
        cx,
        cy,
        r,
        fill: rgb(colour(index)),
        fill_opacity: None,
        stroke: Some(rgb([25, 25, 25])),
        stroke_width: Some(1.0),
    }
}

fn colour(index: usize) -> [u8; 3] {
    PALETTE[index % PALETTE.len()]
}

fn rgb([red, green, blue]: [u8; 3]) -> Color {
    Color::Rgb(red, green, blue)
}

/// `text` as kuva shows it unchanged: no control characters (XML forbids them), `$` not read as mathematics,
/// and no longer than `limit` characters, which is what fits.
fn plain(text: &str, limit: usize) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let mut kept: String = text.chars().map(|c| if forbidden(c) { ' ' } else { c }).take(limit).collect();
    if text.chars().nth(limit).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept.replace('$', "\\$")
}

/// A tick's value, short.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// A tick's value on an axis of exponents.
fn decade(exponent: f64) -> String {
    match exponent.round() as i32 {
        k @ -3..=5 => number(10f64.powi(k)),
        k => format!("1e{k}"),
    }
}

/// The drawable points, at most [`SERIES_POINTS`]: the ends, and of every stretch between them its lowest and
/// its highest. Numbers beyond 1e300 are left out with the infinite ones, as the axis could not hold both ends.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let drawable = points.iter().copied().filter(|(x, y)| x.abs() < 1e300 && y.abs() < 1e300);
    let all: Vec<_> = drawable.collect();
    let [first, between @ .., last] = &all[..] else { return all };
    if all.len() <= SERIES_POINTS {
        return all;
    }
    let mut kept = vec![*first];
    for stretch in between.chunks(between.len().div_ceil(SERIES_POINTS / 2 - 1)) {
        let by_y = |a: &usize, b: &usize| stretch[*a].1.total_cmp(&stretch[*b].1);
        let lowest = (0..stretch.len()).min_by(by_y).unwrap_or(0);
        let highest = (0..stretch.len()).max_by(by_y).unwrap_or(0);
        kept.extend([lowest.min(highest), lowest.max(highest)].map(|i| stretch[i]));
    }
    kept.push(*last);
    kept
}

/// The smallest and the largest; infinite and the wrong way round where there is none.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// A range an axis can show: finite, ascending, and wide enough for ticks that differ.
fn widened((low, high): (f64, f64)) -> (f64, f64) {
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    let (low, high) = (low.min(high), low.max(high));
    let size = low.abs().max(high.abs());
    // kuva draws spans below 2e-16 as nothing at all.
    if high - low > (1e-6 * size).max(1e-12) {
        return (low, high);
    }
    let reach = if size < 1e-12 { 1e-12 } else { 0.1 * size };
    (low - reach, high + reach)
}

/// Writes both files.
fn save(scene: &Scene, stem: &Path) -> Result<()> {
    let path = |ending: &str| {
        let mut path = stem.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    // With a view box the picture scales with the page it is on.
    let opening = format!("<svg viewBox=\"0 0 {} {}\" ", scene.width, scene.height);
    let svg = SvgBackend::new().with_pretty(true).render_scene(scene).replacen("<svg ", &opening, 1);
    write(&path(".svg"), svg.as_bytes())?;
    let path = path(".png");
    let png = RasterBackend::new().with_scale(PNG_SCALE).render_scene(scene);
    write(&path, &png.map_err(|cause| Error::file(&path, cause))?)
}

/// Writes beside `path` and renames, so that a reader sees the old file or the new one, never half of one.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.tmp", std::process::id()));
    std::fs::write(&draft, bytes).and_then(|()| std::fs::rename(&draft, path)).map_err(|cause| {
        // The error to report is the first one; the draft may not even exist.
        let _ = std::fs::remove_file(&draft);
        Error::file(path, cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws and returns the SVG, having checked that both files are there, whole and alone.
    pub(super) fn drawn(draw: impl Fn(&Path) -> Result<()>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("run.1");
        draw(&stem).unwrap();
        let png = std::fs::read(folder.path().join("run.1.png")).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xaeB`\x82"));
        let svg = std::fs::read_to_string(folder.path().join("run.1.svg")).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        svg
    }

    fn curve(title: &str, points: &[&[(f64, f64)]]) -> String {
        let series: Vec<_> = points.iter().map(|&points| Series { name: "best & rest", points }).collect();
        let curve = Curve { title, x_label: "generation", y_label: "loss", series: &series };
        drawn(|stem| loss_curve(&curve, stem))
    }

    #[test]
    fn curve_shows_its_texts_unchanged() {
        let svg = curve("a<b> & $x$ \\$5\u{1}", &[&[(0.0, 3.0), (1.0, 2.0)]]);
        for text in ["a&lt;b&gt; &amp; $x$ \\$5 <", "best &amp; rest", "generation", ">loss<"] {
            assert!(svg.contains(text), "{text} is not in {svg}");
        }
    }

    #[test]
    fn axis_is_logarithmic_beyond_two_decades() {
        assert!(curve("", &[&[(0.0, 1.0), (1.0, 1e-30)]]).contains(">1e-20<"));
        assert!(!curve("", &[&[(0.0, 1.0), (1.0, 0.02)]]).contains(">0.1<"));
        assert!(!curve("", &[&[(0.0, 1.0), (1.0, 0.0)]]).contains(">0.1<"));
    }

    #[test]
    fn degenerate_curves_are_drawn() {
        let nan = f64::NAN;
        let cases: [&[&[(f64, f64)]]; 9] = [
            &[],
            &[&[], &[]],
            &[&[(1.0, 2.0)]],
            &[&[(0.0, 0.0), (0.0, 0.0)]],
            &[&[(5.0, 7.0), (6.0, 7.0), (7.0, 7.0)]],
            &[&[(0.0, nan), (nan, 1.0), (2.0, f64::INFINITY), (3.0, 4.0), (4.0, f64::NEG_INFINITY)]],
            &[&[(0.0, -9e299), (1.0, 9e299)], &[(0.0, f64::MAX)]],
            &[&[(0.0, 1e-300), (1.0, 2e-300)], &[(1e15, 5e-324)]],
            &[&[(0.0, 1.0), (1.0, 1.0 + f64::EPSILON)]],
        ];
        for case in cases {
            curve("degenerate", case);
        }
    }

    #[test]
    fn bands_are_drawn_behind_their_lines() {
        let series = [Series { name: "median", points: &[(0.0, 2.0), (1.0, 1.0)] }];
        let curve = Curve { title: "", x_label: "", y_label: "", series: &series };
        let band = [(0.0, 1.0, 3.0), (0.5, f64::NAN, 1.0), (1.0, 0.001, 2.0)];
        let svg = drawn(|stem| banded_curve(&curve, &[&band], stem));
        assert_eq!(svg.matches("fill-opacity=\"0.15\"").count(), 1);
        assert!(svg.contains(">0.001<"), "the axis holds the band: {svg}");
        drawn(|stem| banded_curve(&curve, &[&[], &[(0.0, 0.0, 0.0)]], stem));
    }

    #[test]
    fn thinning_keeps_ends_and_extremes() {
        let mut points: Vec<_> = (0..100_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
        points[1234].1 = 99.0;
        points[98_765].1 = -99.0;
        let thin = thinned(&points);
        assert!(thin.len() <= SERIES_POINTS && thin.is_sorted_by_key(|point| point.0));
        assert_eq!((thin[0], thin[thin.len() - 1]), (points[0], points[99_999]));
        assert!(thin.contains(&points[1234]) && thin.contains(&points[98_765]));
    }

    #[test]
    fn errors_name_the_cause() {
        let folder = tempfile::tempdir().unwrap();
        let stem = folder.path().join("missing/run");
        let error = loss_curve(&Curve { title: "", x_label: "", y_label: "", series: &[] }, &stem).unwrap_err();
        assert!(matches!(error, Error::File { path, .. } if path == folder.path().join("missing/run.svg")));
    }

    #[test]
    fn failed_write_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("run.svg");
        std::fs::create_dir(&taken).unwrap();
        assert!(write(&taken, b"x").is_err());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}
