//! Data with two features, and the plane around them, cut into cells.

use gradless::Result;
use gradless::data::{self, Dataset, Options, Part, Table};

/// Columns of the irises that are shown: petals tell the kinds apart best.
const PETALS: [&str; 2] = ["petal_length", "petal_width"];

/// Points in the plane, some of them held out, and how far the plane reaches around them.
pub(crate) struct Plane {
    pub(crate) train: Part,
    pub(crate) test: Part,
    pub(crate) classes: Vec<String>,
    pub(crate) axes: [String; 2],
    /// Lowest and highest place to the right and upwards, in features as the network sees them.
    pub(crate) bounds: [[f32; 2]; 2],
}

impl Plane {
    /// Cells along each side.
    pub(crate) const SIDE: usize = 80;
    /// How far it reaches beyond the outermost points, as a share of their extent.
    const MARGIN: f32 = 0.08;

    /// A data set that the library knows by name.
    pub(crate) fn load(name: &str, seed: u64) -> Result<Self> {
        let options = Options { seed, ..Options::default() };
        let mut set = data::load(name, &options)?;
        if set.train.width != 2 {
            set = petals(&set, &options)?;
        }
        let bounds = [0, 1].map(|axis| {
            let values = || set.train.features.iter().chain(&set.test.features).skip(axis).step_by(2).copied();
            let (low, high) = (values().fold(f32::MAX, f32::min), values().fold(f32::MIN, f32::max));
            let margin = (high - low) * Self::MARGIN;
            [low - margin, high + margin]
        });
        let axes = [0, 1].map(|axis| set.feature_names[axis].clone());
        Ok(Self { train: set.train, test: set.test, classes: set.classes, axes, bounds })
    }

    /// The features of all points, those held out last.
    pub(crate) fn features(&self) -> Vec<f32> {
        [&self.train.features[..], &self.test.features].concat()
    }

    /// The middle of every cell, row after row from the lowest.
    pub(crate) fn cells(&self) -> Vec<f32> {
        let middle = |axis: usize, cell: usize| {
            let [low, high] = self.bounds[axis];
            low + (high - low) * (cell as f32 + 0.5) / Self::SIDE as f32
        };
        let cell = |cell: usize| [middle(0, cell % Self::SIDE), middle(1, cell / Self::SIDE)];
        (0..Self::SIDE * Self::SIDE).flat_map(cell).collect()
    }

    /// Place, class, and whether it is held out, of every point.
    pub(crate) fn points(&self) -> Vec<f32> {
        let of = |part: &Part, held_out: f32| -> Vec<f32> {
            let places = part.features.chunks(2).zip(&part.labels);
            places.flat_map(|(place, class)| [place[0], place[1], *class as f32, held_out]).collect()
        };
        [of(&self.train, 0.0), of(&self.test, 1.0)].concat()
    }
}

/// The irises by their petals alone.
fn petals(set: &Dataset, options: &Options) -> Result<Dataset> {
    let Some(table) = set.raw.table() else { return Ok(set.clone()) };
    let column = |name: &str| table.grid.names.iter().position(|known| known == name);
    let kept: Vec<usize> = PETALS.iter().filter_map(|name| column(name)).chain([table.label]).collect();
    let mut text = kept.iter().map(|&column| table.grid.names[column].as_str()).collect::<Vec<_>>().join(",");
    for row in 0..table.grid.rows() {
        text.push('\n');
        text.push_str(&kept.iter().map(|&column| table.grid.cell(row, column)).collect::<Vec<_>>().join(","));
    }
    let (grid, _) = data::parse(text.as_bytes(), &set.name, Some(true), &[])?;
    let (table, notes) = Table::new(grid, None)?;
    Dataset::new(&set.name, table, notes, options)
}
