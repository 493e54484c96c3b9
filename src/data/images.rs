//! Raw images, grey or in colour, and how their pixels become features: all values share one mean and one deviation.
//!
//! Pixels are one quantity measured at many places, so no place is scaled up for varying little, and one
//! that never varies in training stays an input.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::column::{brief, finite, scaled};
use super::resize::{Size, resized};
use super::table::{Fnv, Grid, LABEL_NAMES, Notes, counted, is_missing, listed, shown};
use super::{Encoder, MAXIMUM_VALUES, Part, Unseen};
use crate::error::{Error, Result};

/// Name of the label column where images are written as a table.
const LABEL: &str = "label";

/// Images of one size, every one belonging to a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// The folder, or the name of a built-in set.
    pub origin: String,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// Values of a pixel: 1 (grey), or 3 (red, green, blue).
    pub channels: usize,
    /// Image after image, channel after channel, row after row.
    pub pixels: Vec<u8>,
    /// Class names, sorted by value or, where they are words, in the order of their set.
    pub classes: Vec<String>,
    /// The class of every image, an index into `classes`.
    pub labels: Vec<u32>,
    /// The images from here on are the test part; none where it is not given from outside.
    pub test_from: Option<usize>,
}

/// How pixels become features: (x - mean) / sd, the same for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pixels {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// Values of a pixel.
    #[serde(default = "grey", skip_serializing_if = "is_grey")]
    pub channels: usize,
    /// Mean of all training pixels.
    pub mean: f64,
    /// Their population standard deviation, above 0.
    pub sd: f64,
}

fn grey() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_grey(channels: &usize) -> bool {
    *channels == grey()
}

/// `28 x 28`, or `32 x 32 x 3` in colour.
pub(super) fn sizes(height: usize, width: usize, channels: usize) -> String {
    if is_grey(&channels) { format!("{height} x {width}") } else { format!("{height} x {width} x {channels}") }
}

impl Images {
    /// Grey images with a label each; `pixels.len()` is `labels.len() * height * width`.
    pub(super) fn new(origin: &str, height: usize, width: usize, pixels: Vec<u8>, labels: &[u8]) -> Self {
        debug_assert_eq!(pixels.len(), labels.len() * height * width);
        let mut images = Self {
            origin: origin.into(),
            height,
            width,
            channels: grey(),
            pixels,
            classes: Vec::new(),
            labels: Vec::new(),
            test_from: None,
        };
        images.name_classes(&labels.iter().map(|&label| u32::from(label)).collect::<Vec<_>>());
        images
    }

    /// Finds the classes among labels that are numbers.
    fn name_classes(&mut self, labels: &[u32]) {
        let distinct: Vec<u32> = labels.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        self.classes = distinct.iter().map(u32::to_string).collect();
        // Every label is among the distinct ones, so its place is where it would be inserted, too.
        self.labels = labels.iter().map(|label| distinct.binary_search(label).unwrap_or_else(|at| at) as u32).collect();
    }

    /// These images and, as the test part, others of their size.
    pub(super) fn followed_by(mut self, test: Self) -> Result<Self, String> {
        if (self.height, self.width) != (test.height, test.width) {
            let (these, those) = (test.size(), self.size());
            return Err(format!("images of {these}, those before them of {those}: take both from one set"));
        }
        self.test_from = Some(self.rows());
        let numbers = |images: &Self| -> Vec<u32> {
            images.labels.iter().map(|&label| images.classes[label as usize].parse().unwrap_or(0)).collect()
        };
        let labels = [numbers(&self), numbers(&test)].concat();
        self.name_classes(&labels);
        self.pixels.extend(test.pixels);
        Ok(self)
    }

    /// Brings all to this size; the note says from which.
    pub(super) fn resize(&mut self, to: Size) -> Option<String> {
        let from = [self.height, self.width];
        if from == to {
            return None;
        }
        self.pixels = resized(&self.pixels, from, to);
        [self.height, self.width] = to;
        let [from, to] = [from, to].map(|size| sizes(size[0], size[1], 1));
        Some(format!("{} brought from {from} to {to} pixels", counted(self.rows(), "image")))
    }

    /// Leaves out the images before `row`.
    pub(super) fn keep_from(&mut self, row: usize) {
        self.pixels.drain(..row * self.count());
        self.labels.drain(..row);
    }

    /// Number of images.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Numbers that an image is made of.
    fn count(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn size(&self) -> String {
        sizes(self.height, self.width, self.channels)
    }

    /// The pixels of an image.
    fn image(&self, row: usize) -> &[u8] {
        let count = self.count();
        &self.pixels[row * count..][..count]
    }

    /// A 64-bit FNV-1a hash of sizes, classes, labels and pixels: the same on every machine, different when
    /// the data changed. Where the files lie and whether they are gzipped does not matter.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        for number in [self.height, self.width, self.test_from.map_or(0, |row| row + 1)] {
            hash.add(&(number as u64).to_le_bytes());
        }
        if !is_grey(&self.channels) {
            hash.add(&(self.channels as u64).to_le_bytes());
        }
        self.classes.iter().for_each(|class| hash.add(class.as_bytes()));
        self.labels.iter().for_each(|label| hash.add(&label.to_le_bytes()));
        hash.add(&self.pixels);
        hash.0
    }

    /// Writes some images, in this order, as a CSV file: the label, then the pixels, under a header.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn save_csv(&self, rows: &[usize], path: &Path) -> Result<()> {
        let mut writer = ::csv::Writer::from_path(path).map_err(|error| Error::file(path, error))?;
        let header = std::iter::once(LABEL.to_string()).chain(pixel_names(self.count()));
        writer.write_record(header).map_err(|error| Error::file(path, error))?;
        for &row in rows {
            let cells = self.image(row).iter().map(u8::to_string);
            let class = self.classes[self.labels[row] as usize].clone();
            writer.write_record(std::iter::once(class).chain(cells)).map_err(|error| Error::file(path, error))?;
        }
        writer.flush().map_err(|error| Error::file(path, error))
    }
}

/// `pixel1`, `pixel2` ... row after row.
fn pixel_names(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("pixel{number}"))
}

impl Pixels {
    /// Learns mean and deviation from some images.
    ///
    /// # Errors
    /// All their pixels are equal.
    fn fit(images: &Images, training_rows: &[usize]) -> Result<Self> {
        let mut counts = [0_u64; 256];
        for &row in training_rows {
            images.image(row).iter().for_each(|&pixel| counts[usize::from(pixel)] += 1);
        }
        let total = counts.iter().sum::<u64>().max(1) as f64;
        let mean_of = |value: &dyn Fn(f64) -> f64| {
            counts.iter().zip(0..).map(|(&count, pixel)| count as f64 * value(f64::from(pixel))).sum::<f64>() / total
        };
        let mean = mean_of(&|pixel| pixel);
        let sd = mean_of(&|pixel| (pixel - mean).powi(2)).sqrt();
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(Error::file(&images.origin, "all training pixels are equal: there is nothing to learn from"));
        }
        Ok(Self { height: images.height, width: images.width, channels: images.channels, mean, sd })
    }

    /// Numbers that an image is made of.
    pub(super) fn count(&self) -> usize {
        self.height.saturating_mul(self.width).saturating_mul(self.channels)
    }

    /// The features' names.
    pub(super) fn feature_names(&self) -> Vec<String> {
        pixel_names(self.count()).collect()
    }

    /// Whether numbers read from a file can be worked with.
    pub(super) fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.sd.is_finite() && self.sd > 0.0
    }
}

impl Encoder {
    /// Learns the scale of pixels from some of the images.
    ///
    /// # Errors
    /// Fewer than two classes, or pixels that are all equal.
    pub fn fit_images(images: &Images, training_rows: &[usize]) -> Result<Self> {
        if images.classes.len() < 2 {
            let cause = format!("only one class, {}: there is nothing to tell apart", listed(&images.classes));
            return Err(Error::file(&images.origin, cause));
        }
        let pixels = Some(Pixels::fit(images, training_rows)?);
        let classes = images.classes.clone();
        Ok(Self { columns: Vec::new(), pixels, named: false, label: LABEL.into(), label_position: 0, classes })
    }

    /// Encodes some of the images.
    ///
    /// # Errors
    /// A model of tables or of images of another size, a class it does not know, more than [`MAXIMUM_VALUES`] values.
    pub fn encode_images(&self, images: &Images, rows: &[usize]) -> Result<Part> {
        let wrong = |cause: String| Error::file(&images.origin, cause);
        let Some(pixels) = &self.pixels else {
            let count = self.columns.len();
            return Err(wrong(format!(
                "images, but the model learnt from a table of {count} columns: give such a file"
            )));
        };
        let learnt = sizes(pixels.height, pixels.width, pixels.channels);
        if images.size() != learnt {
            return Err(wrong(format!(
                "images of {}, the model learnt from {learnt}: give such images",
                images.size()
            )));
        }
        let count = images.count();
        if rows.len().saturating_mul(count) > MAXIMUM_VALUES {
            let most = MAXIMUM_VALUES / count;
            return Err(wrong(format!(
                "{} images of {count} pixels, at most {most} images: take a sample",
                rows.len()
            )));
        }
        let known: Vec<Option<u32>> = images
            .classes
            .iter()
            .map(|class| (0..).zip(&self.classes).find(|(_, name)| *name == class))
            .map(|found| found.map(|found| found.0))
            .collect();
        let class = |&row: &usize| {
            let class = images.labels[row] as usize;
            let cause = || {
                format!("{} is not a class the model knows: {}", shown(&images.classes[class]), listed(&self.classes))
            };
            known[class].ok_or_else(|| wrong(format!("image {}: {}", row + 1, cause())))
        };
        let labels = rows.iter().map(class).collect::<Result<_>>()?;
        let values: Vec<f32> = (0..=255_u8).map(|pixel| scaled(pixel.into(), pixels.mean, pixels.sd)).collect();
        let mut features = Vec::with_capacity(rows.len() * count);
        for &row in rows {
            features.extend(images.image(row).iter().map(|&pixel| values[usize::from(pixel)]));
        }
        Ok(Part { features, labels, targets: Vec::new(), rows: rows.len(), width: count })
    }

    /// Encodes a table with a column per pixel, in order, and with or without a label.
    pub(super) fn encode_pixel_grid(&self, pixels: &Pixels, grid: Grid) -> Result<Unseen> {
        let (found, count) = (grid.names.len(), pixels.count());
        let mut notes = Notes::new();
        let label = if found == count + 1 {
            let named = |name: &&str| grid.names.iter().position(|column| column.eq_ignore_ascii_case(name));
            let named = LABEL_NAMES.iter().filter(|_| grid.named).find_map(named);
            if named.is_none() {
                notes.push(format!("{found} columns for {count} pixels: the first is taken for the label"));
            }
            Some(named.unwrap_or(self.label_position))
        } else {
            None
        };
        if label.is_none() && found != count {
            let cause = format!(
                "{found} columns, the model learnt from {count} pixels: give a column for each, in order, and at most \
                 one more, called `{LABEL}`"
            );
            return Err(grid.error(None, None, cause));
        }
        if grid.rows().saturating_mul(count) > MAXIMUM_VALUES {
            let most = MAXIMUM_VALUES / count;
            let cause = format!("{} rows of {count} pixels, at most {most} rows: take a sample", grid.rows());
            return Err(grid.error(None, None, cause));
        }
        let (mut missing, mut largest) = (0, f64::NEG_INFINITY);
        let mut features = Vec::with_capacity(grid.rows() * count);
        for row in 0..grid.rows() {
            for (column, cell) in grid.row(row).enumerate().filter(|(column, _)| Some(*column) != label) {
                if is_missing(cell) {
                    missing += 1;
                    features.push(0.0);
                    continue;
                }
                let value = finite(cell).map_err(|cause| grid.error(Some(row), Some(column), cause))?;
                largest = largest.max(value);
                features.push(scaled(value, pixels.mean, pixels.sd));
            }
        }
        let mean = brief(pixels.mean);
        if missing > 0 {
            notes.push(format!("{} imputed with the training mean {mean}", counted(missing, "missing cell")));
        }
        if largest <= 1.0 && pixels.mean > 1.0 {
            notes.push(format!("no pixel above 1, their mean in training was {mean}: is the file scaled to 0 to 1?"));
        }
        let labels = match label {
            Some(label) => self.labels(&grid, label, &mut notes)?,
            None => None,
        };
        Ok(Unseen { grid, features, labels, targets: None, notes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dataset, Options, parse};
    use super::*;

    /// Images of 1 x 2 whose first pixel is always 0.
    fn images() -> Images {
        Images::new("small", 1, 2, vec![0, 10, 0, 30, 0, 10, 0, 30], &[3, 9, 3, 9])
    }

    fn grid(text: &str) -> Grid {
        parse(text.as_bytes(), "p.csv", None, &[]).expect("reads").0
    }

    #[test]
    fn pixels_share_a_scale_and_constant_ones_stay() {
        let encoder = Encoder::fit_images(&images(), &[0, 2]).expect("fits");
        // Pixels 0, 10, 0, 10: mean 5, deviation 5.
        let part = encoder.encode_images(&images(), &[0, 1]).expect("encodes");
        assert_eq!((part.features, part.labels, part.width), (vec![-1.0, 1.0, -1.0, 5.0], vec![0, 1], 2));
        assert_eq!((encoder.width(), encoder.check()), (2, Ok(())));
        assert_eq!(encoder.feature_names(), ["pixel1", "pixel2"]);
        let same = Images::new("small", 1, 2, vec![7; 4], &[0, 1]);
        assert!(Encoder::fit_images(&same, &[0, 1]).expect_err("equal").to_string().contains("equal"));
        let alike = Images::new("small", 1, 2, vec![1, 2, 3, 4], &[5, 5]);
        assert!(
            Encoder::fit_images(&alike, &[0, 1]).expect_err("one class").to_string().contains("only one class, `5`")
        );
    }

    #[test]
    fn json_is_short_and_damage_shows() {
        let encoder = Encoder::fit_images(&images(), &[0, 1]).expect("fits");
        let json = serde_json::to_string(&encoder).expect("writes");
        assert!(json.len() < 200, "{json}");
        assert_eq!(serde_json::from_str::<Encoder>(&json).expect("reads"), encoder);
        type Change = fn(&mut Pixels);
        let changes: [Change; 5] = [
            |p| p.sd = 0.0,
            |p| p.sd = f64::NAN,
            |p| p.mean = f64::INFINITY,
            |p| p.height = 0,
            |p| (p.height, p.width) = (usize::MAX, 3),
        ];
        for change in changes {
            let mut damaged = encoder.clone();
            change(damaged.pixels.as_mut().expect("of images"));
            assert!(damaged.check().is_err(), "{damaged:?}");
        }
    }

    #[test]
    fn what_does_not_fit_the_model_is_said() {
        let encoder = Encoder::fit_images(&images(), &[0, 1]).expect("fits");
        let said = |images: &Images| encoder.encode_images(images, &[0]).expect_err("does not fit").to_string();
        let wide = Images::new("wide", 1, 3, vec![0; 3], &[3]);
        assert_eq!(said(&wide), "wide: images of 1 x 3, the model learnt from 1 x 2: give such images");
        let strange = Images::new("strange", 1, 2, vec![0; 2], &[4]);
        assert_eq!(said(&strange), "strange: image 1: `4` is not a class the model knows: `3`, `9`");
    }

    #[test]
    fn tables_of_pixels_are_read_by_position() {
        let encoder = Encoder::fit_images(&images(), &[0, 2]).expect("fits");
        let encoded = |text: &str| encoder.encode_grid(grid(text)).expect(text);
        let plain = encoded("0,10\n0,30\n");
        assert_eq!((plain.features, plain.labels, plain.notes.len()), (vec![-1.0, 1.0, -1.0, 5.0], None, 0));
        let first = encoded("3,0,10\n9,0,30\n");
        assert_eq!((first.labels, first.notes.len()), (Some(vec![0, 1]), 1));
        let named = encoded("a,b,Label\n0,10,9\n?,30,3\n");
        assert_eq!((named.features, named.labels), (vec![-1.0, 1.0, 0.0, 5.0], Some(vec![1, 0])));
        assert_eq!(named.notes, ["1 missing cell imputed with the training mean 5"]);
        assert!(encoded("0,0.5\n0,1\n").notes[0].contains("is the file scaled"));
        for (text, cause) in [("0\n1\n", "1 columns"), ("0,1,2,3\n", "2 pixels"), ("0,1\n0,high\n", "line 2")] {
            let message = encoder.encode_grid(grid(text)).expect_err(text).to_string();
            assert!(message.contains(cause), "{message}");
        }
    }

    #[test]
    fn rows_held_out_come_back_from_their_file() {
        let labels: Vec<u8> = (0..40).map(|row| row % 2).collect();
        let many = Images::new("many", 2, 2, (0..160).collect(), &labels);
        let set = Dataset::of_images("many", many, &Options::default()).expect("loads");
        assert_eq!((set.train.rows, set.test.rows), (32, 8));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("test.csv");
        set.save_test(&path).expect("writes");
        let named = std::fs::read_to_string(&path).expect("reads").replace("pixel", "");
        std::fs::write(&path, named).expect("writes");
        let unseen = set.encoder.read_file(&path, None).expect("reads");
        assert_eq!((unseen.features, unseen.labels), (set.test.features, Some(set.test.labels)));
        assert_eq!(unseen.notes, Notes::new());
    }

    #[test]
    fn the_fingerprint_sees_every_byte() {
        let original = images();
        let mut changed = vec![original.clone(); 4];
        changed[0].pixels[3] += 1;
        changed[1].labels.swap(0, 1);
        changed[2].classes[0] = "4".into();
        changed[3].test_from = Some(3);
        assert!(changed.iter().all(|images| images.fingerprint() != original.fingerprint()));
        assert_eq!(Images { origin: "elsewhere".into(), ..original.clone() }.fingerprint(), original.fingerprint());
    }
}
