//! Small pictures side by side, each with a line of text below, and counts as a square of shaded cells.

use std::path::Path;

use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::{plain, rgb, save};
use crate::error::{Error, Result};

/// Pixels of a small picture's side at most; larger ones are shown at a whole fraction of their size.
const MOST_PIXELS: usize = 32;
/// Colours that neighbours are compared by: 32 shades a channel, or a file would hold every pixel by itself.
const SHADES: u8 = 8;

/// A small picture.
#[derive(Debug, Clone)]
pub struct Tile {
    /// Pixels of a line.
    pub width: usize,
    /// Red, green and blue, line after line from the top.
    pub pixels: Vec<[u8; 3]>,
    /// What is written below.
    pub caption: String,
}

impl Tile {
    /// A picture of one channel (grey), of three (colour) or of more (their mean), channel after channel, stretched to
    /// between `low` (black) and `high` (white).
    ///
    /// # Errors
    /// [`Error::Setting`] when `values` is no whole number of such channels.
    pub fn of(values: &[f32], [height, width]: [usize; 2], (low, high): (f32, f32), caption: String) -> Result<Self> {
        let size = height * width;
        if size == 0 || values.is_empty() || !values.len().is_multiple_of(size) {
            let remedy = format!("give channels of {height} x {width} values");
            return Err(Error::setting("picture", format!("{} values", values.len()), remedy));
        }
        let span = (high - low).max(1e-12);
        let level = |value: f32| (255.0 * (value - low) / span).round().clamp(0.0, 255.0) as u8;
        let channels = values.len() / size;
        let pixel = |at: usize| match channels {
            3 => [0, 1, 2].map(|channel| level(values[channel * size + at])),
            _ => [level((0..channels).map(|channel| values[channel * size + at]).sum::<f32>() / channels as f32); 3],
        };
        Ok(Self { width, pixels: (0..size).map(pixel).collect(), caption })
    }

    /// The same at a whole fraction of its size, no side above the most.
    fn reduced(&self) -> Self {
        let height = self.pixels.len() / self.width;
        let step = height.max(self.width).div_ceil(MOST_PIXELS).max(1);
        let (lines, columns) = (height.div_ceil(step), self.width.div_ceil(step));
        let mean = |line: usize, column: usize| {
            let ys = line * step..((line + 1) * step).min(height);
            let block: Vec<[u8; 3]> = ys
                .flat_map(|y| (column * step..((column + 1) * step).min(self.width)).map(move |x| (y, x)))
                .map(|(y, x)| self.pixels[y * self.width + x])
                .collect();
            [0, 1, 2].map(|c| (block.iter().map(|pixel| u32::from(pixel[c])).sum::<u32>() / block.len() as u32) as u8)
        };
        let pixels = (0..lines).flat_map(|line| (0..columns).map(move |column| (line, column)));
        Self { width: columns, pixels: pixels.map(|(y, x)| mean(y, x)).collect(), caption: self.caption.clone() }
    }
}

/// Draws `tiles` in rows to `stem.svg` and `stem.png`, a third more of them across than down.
pub fn tiles(title: &str, tiles: &[Tile], stem: &Path) -> Result<()> {
    const SIDE: f64 = 96.0;
    const GAP: f64 = 12.0;
    const LINE: f64 = 16.0;
    const HEAD: f64 = 44.0;
    let across = ((tiles.len() as f64 * 4.0 / 3.0).sqrt().ceil() as usize).clamp(1, 12);
    let down = tiles.len().div_ceil(across);
    let line = if tiles.iter().any(|tile| !tile.caption.is_empty()) { LINE } else { 0.0 };
    let width = (GAP + across as f64 * (SIDE + GAP)).max(360.0);
    let mut scene = Scene::new(width, HEAD + down as f64 * (SIDE + line + GAP));
    let text = |x: f64, y: f64, content: String, size: u32| Primitive::Text {
        x,
        y,
        content,
        size,
        anchor: TextAnchor::Middle,
        rotate: None,
        bold: false,
        color: None,
    };
    scene.add(text(width / 2.0, 26.0, plain(title, 60), 16));
    for (number, tile) in tiles.iter().enumerate() {
        let (left, top) =
            (GAP + (number % across) as f64 * (SIDE + GAP), HEAD + (number / across) as f64 * (SIDE + line + GAP));
        let tile = tile.reduced();
        let pixel = SIDE / tile.width.max(tile.pixels.len() / tile.width) as f64;
        for (y, pixels) in tile.pixels.chunks(tile.width).enumerate() {
            let mut x = 0;
            for run in pixels.chunk_by(|a, b| a.map(|level| level / SHADES) == b.map(|level| level / SHADES)) {
                scene.add(Primitive::Rect {
                    x: left + x as f64 * pixel,
                    y: top + y as f64 * pixel,
                    // A little under the neighbour to be drawn next, or hairlines show between them.
                    width: run.len() as f64 * pixel + if x + run.len() < tile.width { 0.4 } else { 0.0 },
                    height: pixel + if (y + 1) * tile.width < tile.pixels.len() { 0.4 } else { 0.0 },
                    fill: rgb(run[0]),
                    stroke: None,
                    stroke_width: None,
                    opacity: None,
                });
                x += run.len();
            }
        }
        if !tile.caption.is_empty() {
            scene.add(text(left + SIDE / 2.0, top + SIDE + 13.0, plain(&tile.caption, 16), 12));
        }
    }
    save(&scene, stem)
}

/// Draws how often rows of one class (down) were taken for another (across) to `stem.svg` and `stem.png`. Cells are
/// shaded by their share of the class.
pub fn confusion(title: &str, classes: &[String], counts: &[Vec<u64>], stem: &Path) -> Result<()> {
    if counts.len() != classes.len() || counts.iter().any(|row| row.len() != classes.len()) {
        let remedy = format!("give {0} rows of {0} counts", classes.len());
        return Err(Error::setting("counts", format!("{} rows", counts.len()), remedy));
    }
    let side = (480.0 / classes.len().max(1) as f64).clamp(18.0, 56.0);
    let longest = classes.iter().map(|name| name.chars().count().min(14)).max().unwrap_or(1) as f64;
    let (left, top) = (44.0 + 7.5 * longest, 84.0);
    let width = (left + side * classes.len() as f64 + 24.0).max(360.0);
    let mut scene = Scene::new(width, top + side * classes.len() as f64 + 24.0);
    let text = |x: f64, y: f64, content: &str, size: u32, anchor: TextAnchor, light: bool| Primitive::Text {
        x,
        y,
        content: plain(content, 60),
        size,
        anchor,
        rotate: None,
        bold: false,
        color: light.then(|| rgb([255, 255, 255])),
    };
    scene.add(text(width / 2.0, 26.0, title, 16, TextAnchor::Middle, false));
    scene.add(text(left, 50.0, "predicted", 12, TextAnchor::Start, false));
    scene.add(text(8.0, top - 12.0, "actual", 12, TextAnchor::Start, false));
    for (number, name) in classes.iter().enumerate() {
        let middle = (number as f64 + 0.5) * side;
        let short: String = name.chars().take(14).collect();
        let narrow: String = name.chars().take((side / 7.0) as usize).collect();
        scene.add(text(left - 8.0, top + middle + 4.0, &short, 12, TextAnchor::End, false));
        scene.add(text(left + middle, top - 12.0, &narrow, 12, TextAnchor::Middle, false));
    }
    for (y, row) in counts.iter().enumerate() {
        let all = row.iter().sum::<u64>().max(1) as f64;
        for (x, count) in row.iter().enumerate() {
            let share = *count as f64 / all;
            // Mistakes are few: the root lets them be seen.
            let base: [u8; 3] = if x == y { [0, 114, 178] } else { [213, 94, 0] };
            let fill = base.map(|c| (255.0 - (255.0 - f64::from(c)) * share.sqrt()).round() as u8);
            let (x, y) = (left + x as f64 * side, top + y as f64 * side);
            scene.add(Primitive::Rect {
                x,
                y,
                width: side,
                height: side,
                fill: rgb(fill),
                stroke: Some(rgb([216, 216, 216])),
                stroke_width: Some(0.5),
                opacity: None,
            });
            if *count > 0 {
                let size = if side >= 40.0 && *count < 100_000 { 12 } else { 8 };
                let label = count.to_string();
                scene.add(text(x + side / 2.0, y + side / 2.0 + 4.0, &label, size, TextAnchor::Middle, share > 0.6));
            }
        }
    }
    save(&scene, stem)
}

#[cfg(test)]
mod tests {
    use super::super::tests::drawn;
    use super::*;

    #[test]
    fn tiles_stand_in_rows_with_their_captions() {
        let ramp: Vec<f32> = (0..16).map(|i| i as f32).collect();
        let tile = |caption: &str| Tile::of(&ramp, [4, 4], (0.0, 15.0), caption.into()).unwrap();
        assert_eq!((tile("").pixels[0], tile("").pixels[15]), ([0; 3], [255; 3]));
        let svg = drawn(|stem| tiles("mistakes & co", &[tile("3 → 5"), tile("a$b"), tile("c")], stem));
        assert!(svg.contains("3 → 5") && svg.contains("mistakes &amp; co"));
        // 16 shades of grey, two of which differ by 17 levels: every pixel is a cell of its own.
        assert!(svg.matches("<rect").count() >= 48, "{}", svg.matches("<rect").count());
        drawn(|stem| tiles("none", &[], stem));
    }

    #[test]
    fn three_channels_are_colours_and_large_pictures_are_reduced() {
        let colour: Vec<f32> = [1.0f32; 4].into_iter().chain([0.0; 4]).chain([0.5; 4]).collect();
        let tile = Tile::of(&colour, [2, 2], (0.0, 1.0), String::new()).unwrap();
        assert_eq!(tile.pixels, [[255, 0, 128]; 4]);
        let large = Tile { width: 70, pixels: vec![[9; 3]; 70 * 50], caption: String::new() }.reduced();
        assert_eq!((large.width, large.pixels.len() / large.width), (24, 17));
        assert!(large.pixels.iter().all(|pixel| *pixel == [9; 3]));
        assert!(Tile::of(&[0.0; 7], [2, 2], (0.0, 1.0), String::new()).unwrap_err().to_string().contains("7 values"));
    }

    #[test]
    fn counts_stand_in_their_cells() {
        let names: Vec<String> = ["cat", "dog"].map(String::from).into();
        let svg = drawn(|stem| confusion("who", &names, &[vec![31, 2], vec![0, 47]], stem));
        for text in ["cat", "dog", ">31<", ">2<", ">47<", "predicted", "actual"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains(">0<"));
        let folder = tempfile::tempdir().unwrap();
        assert!(confusion("who", &names, &[vec![1]], &folder.path().join("c")).is_err());
    }
}
