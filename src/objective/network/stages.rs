//! The layers over pictures as they are computed: one operation after the other, each with what it reads. A block is
//! several of them, and their order is one in which all can be computed.

use super::Activation;
use super::pictures::{Pictures, Size, Step, Window};

/// What a weight of a norm is to its coordinate: scales begin around 1, so far apart.
const NORM_SCALE: f32 = 0.2;

/// One operation with the sizes of what comes in and out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) operation: Operation,
    /// What becomes of its sums.
    pub(crate) activation: Activation,
    pub(crate) from: Size,
    pub(crate) to: Size,
    /// The stage whose values come in; none for the rows themselves.
    pub(crate) reads: Option<usize>,
}

/// What is done to pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Filters of all channels.
    Convolution { kernel: u32, stride: u32, padding: u32, bias: bool },
    /// The largest value of every window.
    Max(Window),
    /// The mean of every window.
    Average(Window),
    /// The mean of every channel.
    GlobalAverage,
    /// Mean 0 and variance 1, then scale and shift.
    Norm,
    /// The sum with the values of another stage.
    Sum(usize),
}

impl Pictures {
    /// The operations with their sizes, up to the first that does not fit.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let mut stages = Stages { size: self.size, all: Vec::new() };
        for step in &self.steps {
            if step.size(stages.now()).is_err() {
                break;
            }
            stages.add(*step);
        }
        stages.all
    }
}

/// Stages in the making.
struct Stages {
    size: Size,
    all: Vec<Stage>,
}

impl Stages {
    /// The size that was come to.
    fn now(&self) -> Size {
        self.all.last().map_or(self.size, |stage| stage.to)
    }

    /// One operation on what a stage put out; returns its number.
    fn push(&mut self, operation: Operation, activation: Activation, reads: Option<usize>, channels: u32) -> usize {
        let from = reads.map_or(self.size, |number| self.all[number].to);
        let along = |side: u32, kernel: u32, stride: u32, padding: u32| (side + 2 * padding - kernel) / stride + 1;
        let windows = |kernel, stride, padding| Size {
            channels,
            height: along(from.height, kernel, stride, padding),
            width: along(from.width, kernel, stride, padding),
        };
        let to = match operation {
            Operation::Convolution { kernel, stride, padding, .. } => windows(kernel, stride, padding),
            Operation::Max(Window { side, stride }) | Operation::Average(Window { side, stride }) => {
                windows(side, stride, 0)
            }
            Operation::GlobalAverage => Size { height: 1, width: 1, ..from },
            Operation::Norm | Operation::Sum(_) => from,
        };
        self.all.push(Stage { operation, activation, from, to, reads });
        self.all.len() - 1
    }

    fn add(&mut self, step: Step) {
        let (reads, channels) = (self.all.len().checked_sub(1), self.now().channels);
        let activation = step.activation();
        match step {
            Step::Convolution { filters, kernel, stride, padding, bias, .. } => {
                self.push(Operation::Convolution { kernel, stride, padding, bias }, activation, reads, filters);
            }
            Step::Max(window) => drop(self.push(Operation::Max(window), activation, reads, channels)),
            Step::Average(window) => drop(self.push(Operation::Average(window), activation, reads, channels)),
            Step::GlobalAverage => drop(self.push(Operation::GlobalAverage, activation, reads, channels)),
            Step::Norm { .. } => drop(self.push(Operation::Norm, activation, reads, channels)),
            Step::Block { filters, stride, .. } => {
                let plain = Activation::Identity;
                let conv = |kernel, stride| Operation::Convolution { kernel, stride, padding: kernel / 2, bias: false };
                let first = self.push(conv(3, stride), plain, reads, filters);
                let normed = self.push(Operation::Norm, activation, Some(first), filters);
                let second = self.push(conv(3, 1), plain, Some(normed), filters);
                let ahead = self.push(Operation::Norm, plain, Some(second), filters);
                let beside = match reads {
                    Some(number) if filters == channels && stride == 1 => number,
                    _ => {
                        let narrow = self.push(conv(1, stride), plain, reads, filters);
                        self.push(Operation::Norm, plain, Some(narrow), filters)
                    }
                };
                self.push(Operation::Sum(beside), activation, Some(ahead), filters);
            }
        }
    }
}

impl Stage {
    /// Weights of a unit without its bias, and units; none where there are no weights.
    pub(crate) fn weights(&self) -> Option<(u32, u32)> {
        match self.operation {
            Operation::Convolution { kernel, .. } => Some((self.from.channels * kernel * kernel, self.to.channels)),
            Operation::Norm => Some((1, self.to.channels)),
            _ => None,
        }
    }

    /// Whether a unit has a bias.
    pub(crate) fn bias(&self) -> bool {
        matches!(self.operation, Operation::Norm | Operation::Convolution { bias: true, .. })
    }

    /// Weights and biases.
    pub(crate) fn parameters(&self) -> u64 {
        let (inputs, units) = self.weights().unwrap_or((0, 0));
        (u64::from(inputs) + u64::from(self.bias())) * u64::from(units)
    }

    /// Glorot and Bengio's deviation, by all that a pixel goes to and comes from.
    pub(crate) fn scale(&self) -> f32 {
        let Operation::Convolution { kernel, .. } = self.operation else { return NORM_SCALE };
        let fans = f64::from(kernel * kernel) * (f64::from(self.from.channels) + f64::from(self.to.channels));
        (2.0 / fans).sqrt() as f32
    }

    /// The weight at coordinate 0.
    pub(crate) fn centre(&self) -> f32 {
        if self.operation == Operation::Norm { 1.0 } else { 0.0 }
    }

    /// Multiplications and additions for one row.
    pub(crate) fn operations(&self) -> f64 {
        let (inputs, filters) = self.weights().unwrap_or((1, self.to.channels));
        2.0 * f64::from(inputs) * f64::from(filters) * f64::from(self.to.height) * f64::from(self.to.width)
    }

    /// Sides and strides of a window over lines and pixels.
    pub(crate) fn window(&self) -> [u32; 3] {
        match self.operation {
            Operation::Max(window) | Operation::Average(window) => [window.side, window.side, window.stride],
            _ => [self.from.height, self.from.width, 1],
        }
    }

    /// The stages whose values it takes in.
    pub(crate) fn sources(&self) -> impl Iterator<Item = usize> + use<> {
        let beside = if let Operation::Sum(number) = self.operation { Some(number) } else { None };
        self.reads.into_iter().chain(beside)
    }
}

/// For every stage, how many layers with weights there are up to it.
pub(crate) fn weighted(stages: &[Stage]) -> Vec<usize> {
    let count = |count: &mut usize, stage: &Stage| {
        *count += usize::from(stage.weights().is_some());
        Some(*count)
    };
    stages.iter().scan(0, count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_reads_what_came_in_twice() {
        let size = Size { channels: 4, height: 6, width: 5 };
        let block = |filters, stride| Step::Block { filters, stride, activation: Activation::Relu };
        let first = Step::Convolution {
            filters: 4,
            kernel: 3,
            stride: 1,
            padding: 1,
            activation: Activation::Relu,
            bias: true,
        };
        let stages = Pictures { size, steps: vec![first, block(4, 1), block(8, 2)] }.stages();
        let read: Vec<Vec<usize>> = stages.iter().map(|stage| stage.sources().collect()).collect();
        let expected: [&[usize]; 13] =
            [&[], &[0], &[1], &[2], &[3], &[4, 0], &[5], &[6], &[7], &[8], &[5], &[10], &[9, 11]];
        assert_eq!(read, expected);
        assert_eq!(stages[12].to, Size { channels: 8, height: 3, width: 3 });
        assert_eq!(*weighted(&stages).last().unwrap(), 1 + 4 + 6);
        assert_eq!(stages[8].parameters(), 8 * 8 * 9);
    }
}
