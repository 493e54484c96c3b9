//! The data sets that have a name: Fisher's irises, handwritten digits, generated points and pictures.

use rand_philox::Philox;

use super::generated::{self, Point};
use super::table::{Grid, LABEL_NAMES};
use super::{Images, MAXIMUM_VALUES, drawn};
use crate::error::{Error, Result};

/// Points of a generated set: fewer cannot be divided, more belong in a file.
const POINTS: std::ops::RangeInclusive<usize> = 10..=1_000_000;

/// Largest noise; the figures are about 1 to 3 wide, so this drowns any of them.
const MAXIMUM_NOISE: f64 = 10.0;

/// Keeps the draws of points apart from those of the split.
const STREAM: u64 = 0xda7a;

/// A data set with a name.
#[derive(Debug)]
pub struct Known {
    /// What `load` knows it by.
    pub name: &'static str,
    /// Number of rows; of generated sets, unless told otherwise (`moons:500`).
    pub rows: usize,
    /// Number of features.
    pub features: usize,
    /// Number of classes; 0 for numbers, a regression.
    pub classes: usize,
    /// One sentence.
    pub about: &'static str,
    maker: Maker,
}

#[derive(Debug)]
enum Maker {
    #[cfg(feature = "datasets")]
    Iris,
    #[cfg(feature = "datasets")]
    Digits,
    Points {
        noise: f64,
        draw: fn(&mut Philox, usize, f64) -> Vec<Point>,
    },
    Line,
    Drawn {
        noise: f64,
    },
}

const KNOWN: &[Known] = &[
    #[cfg(feature = "datasets")]
    Known {
        name: "iris",
        rows: 150,
        features: 4,
        classes: 3,
        about: "Fisher 1936, the UCI edition: three kinds of iris by sepals and petals, in cm",
        maker: Maker::Iris,
    },
    #[cfg(feature = "datasets")]
    Known {
        name: "digits",
        rows: 1797,
        features: 64,
        classes: 10,
        about: "Alpaydin and Kaynak 1998, UCI, the test part: handwritten digits of 8 x 8 pixels from 0 to 16",
        maker: Maker::Digits,
    },
    points("linear", 2, 0.0, "two half squares with a gap between them", generated::linear),
    points("moons", 2, 0.2, "two half circles reaching into each other", generated::moons),
    points("circles", 2, 0.1, "a circle around a smaller one", generated::circles),
    points("spirals", 2, 0.03, "two arms of one and a half turns: hard", generated::spirals),
    points("xor", 2, 0.05, "four squares, opposite corners alike", generated::xor),
    points("blobs", 3, 1.0, "three round clouds", generated::blobs),
    Known {
        name: "line",
        rows: 200,
        features: 1,
        classes: 0,
        about: "y = 2x + 7 on even x from -3 to 3: a regression, take --loss squared",
        maker: Maker::Line,
    },
    Known {
        name: "digits-like",
        rows: 10_000,
        features: drawn::SIDE * drawn::SIDE,
        classes: 10,
        about: "digits drawn by the program, 28 x 28 pixels as MNIST has: for --model lenet5",
        maker: Maker::Drawn { noise: 0.1 },
    },
];

const fn points(
    name: &'static str,
    classes: usize,
    noise: f64,
    about: &'static str,
    draw: fn(&mut Philox, usize, f64) -> Vec<Point>,
) -> Known {
    Known { name, rows: 1000, features: 2, classes, about, maker: Maker::Points { noise, draw } }
}

/// The data sets that need no file.
pub fn known() -> &'static [Known] {
    KNOWN
}

/// Whether it begins with the name of a known set whose labels are numbers.
pub(super) fn is_of_numbers(source: &str) -> bool {
    let name = source.split(':').next().unwrap_or_default();
    KNOWN.iter().any(|known| known.name == name && known.classes == 0)
}

/// What a known set is made of.
#[derive(Debug, PartialEq)]
pub(super) enum Cells {
    /// A table whose label is yet to be found.
    Grid(Grid),
    Images(Images),
}

/// The cells of a known set and its name; `None` if `source` begins with no known name.
///
/// # Errors
/// Settings after the name that make no sense.
pub(super) fn find(source: &str, seed: u64) -> Result<Option<(Cells, String)>> {
    let (name, settings) = source.split_once(':').map_or((source, None), |(name, rest)| (name, Some(rest)));
    let Some(known) = KNOWN.iter().find(|known| known.name == name) else { return Ok(None) };
    let cells = match (&known.maker, settings) {
        #[cfg(feature = "datasets")]
        (Maker::Iris, None) => Cells::Grid(iris()),
        #[cfg(feature = "datasets")]
        (Maker::Digits, None) => Cells::Images(digits()),
        #[cfg(feature = "datasets")]
        (Maker::Iris | Maker::Digits, Some(_)) => {
            return Err(Error::setting("data", source, format!("{name} takes no settings; give `{name}`")));
        }
        (Maker::Points { noise, draw }, settings) => {
            let (points, noise) = read_settings(source, settings, (known.rows, *noise))?;
            let mut random = Philox::from_u64_seed_stream(seed, STREAM);
            let points = draw(&mut random, points, noise);
            let rows = points
                .iter()
                .map(|([x, y], class)| [(*x as f32).to_string(), (*y as f32).to_string(), class.to_string()]);
            Cells::Grid(grid(source, &["x1", "x2"], rows))
        }
        (Maker::Line, settings) => {
            let (points, noise) = read_settings(source, settings, (known.rows, 0.0))?;
            let mut random = Philox::from_u64_seed_stream(seed, STREAM);
            let pairs = generated::line(&mut random, points, noise);
            let rows = pairs.iter().map(|pair| pair.map(|value| (value as f32).to_string()));
            Cells::Grid(grid_of(source, &["x", "target"], rows))
        }
        (Maker::Drawn { noise }, settings) => {
            let (pictures, noise) = read_settings(source, settings, (known.rows, *noise))?;
            let most = MAXIMUM_VALUES / known.features;
            if pictures > most {
                return Err(Error::setting(
                    "data",
                    source,
                    format!("at most {most} pictures of {} pixels", known.features),
                ));
            }
            let mut random = Philox::from_u64_seed_stream(seed, STREAM);
            let (pixels, labels) = drawn::digits(&mut random, pictures, noise);
            Cells::Images(Images::new(source, drawn::SIDE, drawn::SIDE, pixels, &labels))
        }
    };
    Ok(Some((cells, name.into())))
}

/// The number of points and the noise: `500`, `n=500`, `noise=0.1`, or both with a comma between.
fn read_settings(source: &str, settings: Option<&str>, defaults: (usize, f64)) -> Result<(usize, f64)> {
    let (mut points, mut noise) = defaults;
    for setting in settings.into_iter().flat_map(|settings| settings.split(',')) {
        let (key, value) = setting.split_once('=').unwrap_or(("n", setting));
        let sound = match key.trim() {
            "n" => value.trim().parse().map(|value| points = value).is_ok() && POINTS.contains(&points),
            "noise" => {
                value.trim().parse().map(|value| noise = value).is_ok() && (0.0..=MAXIMUM_NOISE).contains(&noise)
            }
            _ => false,
        };
        if !sound {
            let (least, most) = (POINTS.start(), POINTS.end());
            let remedy = format!(
                "`{setting}` is not understood: after the name, n from {least} to {most} and noise from 0 to \
                 {MAXIMUM_NOISE}, as in `moons:n=500,noise=0.1`"
            );
            return Err(Error::setting("data", source, remedy));
        }
    }
    Ok((points, noise))
}

#[cfg(feature = "datasets")]
fn iris() -> Grid {
    let set = smartcore::dataset::iris::load_dataset();
    let names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    let rows =
        set.data.chunks_exact(set.num_features).zip(&set.target).map(|(values, &class)| {
            values.iter().map(f32::to_string).chain([set.target_names[class as usize].clone()])
        });
    grid("iris", &names, rows)
}

#[cfg(feature = "datasets")]
fn digits() -> Images {
    let set = smartcore::dataset::digits::load_dataset();
    // Both are whole numbers from 0 to 16.
    let bytes = |values: &[f32]| -> Vec<u8> { values.iter().map(|&value| value as u8).collect() };
    Images::new("digits", 8, 8, bytes(&set.data), &bytes(&set.target))
}

/// A grid of these feature columns and a last one called `class`.
fn grid(origin: &str, features: &[&str], rows: impl Iterator<Item = impl IntoIterator<Item = String>>) -> Grid {
    let names: Vec<&str> = features.iter().chain([&LABEL_NAMES[0]]).copied().collect();
    grid_of(origin, &names, rows)
}

/// A grid of these columns.
fn grid_of(origin: &str, names: &[&str], rows: impl Iterator<Item = impl IntoIterator<Item = String>>) -> Grid {
    let mut grid = Grid::new(origin, names.iter().map(|name| String::from(*name)).collect(), true);
    for (line, row) in (1..).zip(rows) {
        let row: Vec<String> = row.into_iter().collect();
        grid.push(line, row.iter().map(String::as_str));
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_after_the_name() {
        let grid = |source| {
            find(source, 1).map(|found| match found {
                Some((Cells::Grid(grid), name)) => Some((grid, name)),
                _ => None,
            })
        };
        let rows = |source| grid(source).map(|found| found.map(|(grid, name)| (grid.rows(), name)));
        assert_eq!(rows("moons:500").expect("understood"), Some((500, "moons".into())));
        assert_eq!(rows("xor:noise=0,n=12").expect("understood"), Some((12, "xor".into())));
        assert_eq!(rows("moon:500").expect("no such name"), None);
        for bad in [
            "moons:",
            "moons:n",
            "moons:9",
            "moons:n=-5",
            "moons:noise=inf",
            "moons:noise=NaN",
            "moons:size=5",
            "moons:1e9",
        ] {
            let error = rows(bad).expect_err(bad).to_string();
            assert!(error.starts_with(&format!("data = {bad}: ")) && error.contains("noise=0.1"), "{error}");
        }
        for bad in ["digits-like:5", "digits-like:noise=11", "digits-like:400000"] {
            assert!(find(bad, 1).expect_err(bad).to_string().starts_with(&format!("data = {bad}: ")), "{bad}");
        }
        let noise = |source| grid(source).expect("understood").map(|(grid, _)| grid);
        assert_ne!(noise("moons:noise=0.1"), noise("moons:noise=0.3"));
    }

    #[cfg(feature = "datasets")]
    #[test]
    fn iris_is_the_uci_edition() {
        let grid = iris();
        assert_eq!(grid.row(0).collect::<Vec<_>>(), ["5.1", "3.5", "1.4", "0.2", "setosa"]);
        assert_eq!(grid.row(149).collect::<Vec<_>>(), ["5.9", "3", "5.1", "1.8", "virginica"]);
        // Published with that edition: the means over all 150 flowers. (Fisher's own second one is 3.057.)
        for (column, mean) in [5.8433, 3.054, 3.7587, 1.1987].into_iter().enumerate() {
            let sum: f64 = grid.column(column).filter_map(|cell| cell.parse::<f64>().ok()).sum();
            assert!((sum / 150.0 - mean).abs() < 1e-4, "column {column}: {}", sum / 150.0);
        }
        assert!(find("iris:5", 1).is_err());
    }

    #[cfg(feature = "datasets")]
    #[test]
    fn digits_are_whole_and_as_published() {
        let set = smartcore::dataset::digits::load_dataset();
        assert!(set.data.iter().all(|value| (0.0..=16.0).contains(value) && value.fract() == 0.0));
        let images = digits();
        assert_eq!(images.classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert!(images.labels.iter().copied().take(10).eq(0..10));
        assert_eq!(images.pixels[..8], [0, 0, 5, 13, 9, 1, 0, 0]);
        let mut counts = [0; 10];
        images.labels.iter().for_each(|&label| counts[label as usize] += 1);
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let set = super::super::load("digits", &super::super::Options::default()).expect("loads");
        assert_eq!((set.train.width, set.feature_names.len()), (64, 64), "constant pixels stay");
    }
}
