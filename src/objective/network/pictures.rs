//! The layers before the dense ones where a row is a picture: convolutions and pooling, and the sizes they come to.
//!
//! A picture is channel after channel, line after line. What the last of these layers puts out is flattened in that
//! order. Weights of a filter lie together, channel after channel, and then its bias: a filter is searched as a unit is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::architecture::Activation;
use crate::{Error, Result};

/// Largest side of a filter.
const MOST_KERNEL: u32 = 16;
/// Largest number of layers.
const MOST_STEPS: usize = 200;
/// Largest number of values of a picture, between any two layers.
const MOST_VALUES: u64 = 1 << 24;

/// Pictures of one size and what is done to them, before the dense layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pictures {
    /// Size of a row's picture.
    pub size: Size,
    /// Layers, in order.
    pub steps: Vec<Step>,
}

/// Size of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Channels: 1 for grey, 3 for colour, filters of the layer before.
    pub channels: u32,
    /// Lines.
    pub height: u32,
    /// Pixels of a line.
    pub width: u32,
}

/// A layer over pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Filters of all channels.
    Convolution {
        /// Channels that come out.
        filters: u32,
        /// Side of a filter in pixels.
        kernel: u32,
        /// Pixels from one place of the filter to the next.
        stride: u32,
        /// Pixels of 0 around the picture.
        padding: u32,
        /// What becomes of a filter's sum.
        activation: Activation,
    },
    /// The largest value of every window.
    Max(Window),
    /// The mean of every window.
    Average(Window),
    /// The mean of every channel.
    GlobalAverage,
}

/// Windows of pooling; what is left at the edges is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Side in pixels.
    pub side: u32,
    /// Pixels from one window to the next.
    pub stride: u32,
}

/// A layer with the sizes of what comes in and out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) step: Step,
    pub(crate) from: Size,
    pub(crate) to: Size,
}

impl Size {
    /// Values of a picture.
    pub fn count(self) -> u32 {
        self.channels * self.height * self.width
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Convolution { filters, kernel, stride, padding, activation } => {
                write!(f, "conv:{filters}x{kernel}")?;
                if stride != 1 {
                    write!(f, "s{stride}")?;
                }
                if padding != 0 {
                    write!(f, "p{padding}")?;
                }
                if activation == Activation::Identity { Ok(()) } else { write!(f, ",{}", activation.name()) }
            }
            Self::Max(window) => write!(f, "max:{window}"),
            Self::Average(window) => write!(f, "average:{window}"),
            Self::GlobalAverage => write!(f, "global-average"),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.side)?;
        if self.stride == self.side { Ok(()) } else { write!(f, "s{}", self.stride) }
    }
}

impl Step {
    /// The size that it makes of another one.
    fn size(self, from: Size) -> std::result::Result<Size, String> {
        let count = |side: u32, kernel: u32, stride: u32, padding: u32| (side + 2 * padding - kernel) / stride + 1;
        match self {
            Self::Convolution { filters, kernel, stride, padding, .. } => {
                if filters == 0 || filters > 1 << 16 {
                    return Err("a convolution has 1 to 65536 filters".into());
                }
                if kernel == 0 || kernel > MOST_KERNEL {
                    return Err(format!("filters have a side of 1 to {MOST_KERNEL} pixels"));
                }
                if stride == 0 || stride > kernel {
                    return Err("a stride is 1 to the side of the filter".into());
                }
                if padding >= kernel {
                    return Err("padding is less than the side of the filter".into());
                }
                if from.height + 2 * padding < kernel || from.width + 2 * padding < kernel {
                    return Err(format!("the filter is larger than the picture, which is {from} there"));
                }
                let side = |pixels| count(pixels, kernel, stride, padding);
                Ok(Size { channels: filters, height: side(from.height), width: side(from.width) })
            }
            Self::Max(Window { side, stride }) | Self::Average(Window { side, stride }) => {
                if side == 0 || stride == 0 {
                    return Err("a window and its stride have at least one pixel".into());
                }
                if side > from.height || side > from.width {
                    return Err(format!("the window is larger than the picture, which is {from} there"));
                }
                let count = |pixels| count(pixels, side, stride, 0);
                Ok(Size { height: count(from.height), width: count(from.width), ..from })
            }
            Self::GlobalAverage => Ok(Size { height: 1, width: 1, ..from }),
        }
    }

    /// What becomes of its sums; nothing where it pools.
    pub(crate) fn activation(self) -> Activation {
        match self {
            Self::Convolution { activation, .. } => activation,
            _ => Activation::Identity,
        }
    }
}

impl Pictures {
    /// Refuses sizes that do not fit.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the layer.
    pub fn check(&self) -> Result<()> {
        let refuse = |what: &dyn fmt::Display, remedy: String| Err(Error::setting("model", what, remedy));
        let Size { channels, height, width } = self.size;
        let values = |size: Size| u64::from(size.height) * u64::from(size.width);
        if channels == 0 || height == 0 || width == 0 || [channels, height, width].iter().any(|n| *n > 1 << 16) {
            return refuse(&self.size, "a picture has 1 to 65536 channels, lines and pixels a line".into());
        }
        if self.steps.len() > MOST_STEPS {
            return refuse(&format!("{} layers", self.steps.len()), format!("at most {MOST_STEPS}"));
        }
        if values(self.size) * u64::from(channels) > MOST_VALUES {
            return refuse(&self.size, format!("a picture has at most {MOST_VALUES} values"));
        }
        let mut from = self.size;
        for step in &self.steps {
            let to = step.size(from);
            match to {
                Ok(to) if values(to).saturating_mul(to.channels.into()) <= MOST_VALUES => from = to,
                Ok(to) => return refuse(step, format!("it puts out {to} values, at most {MOST_VALUES}: a stride?")),
                Err(remedy) => return refuse(step, remedy),
            }
        }
        Ok(())
    }

    /// The layers with their sizes, up to the first that does not fit.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let mut from = self.size;
        let stage = |step: &Step| {
            let to = step.size(from).ok()?;
            let stage = Stage { step: *step, from, to };
            from = to;
            Some(stage)
        };
        self.steps.iter().map_while(stage).collect()
    }

    /// The size of what comes out.
    pub fn flat(&self) -> Size {
        self.stages().last().map_or(self.size, |stage| stage.to)
    }
}

impl Stage {
    /// Weights of a filter without its bias, and filters; none where there are no weights.
    pub(crate) fn weights(&self) -> Option<(u32, u32)> {
        match self.step {
            Step::Convolution { filters, kernel, .. } => Some((self.from.channels * kernel * kernel, filters)),
            _ => None,
        }
    }

    /// Glorot and Bengio's deviation, by all that a pixel goes to and comes from.
    pub(crate) fn scale(&self) -> f32 {
        let Step::Convolution { kernel, .. } = self.step else { return 1.0 };
        let fans = f64::from(kernel * kernel) * (f64::from(self.from.channels) + f64::from(self.to.channels));
        (2.0 / fans).sqrt() as f32
    }

    /// Multiplications and additions for one row.
    pub(crate) fn operations(&self) -> f64 {
        let (inputs, filters) = self.weights().unwrap_or((1, self.to.channels));
        2.0 * f64::from(inputs) * f64::from(filters) * f64::from(self.to.height) * f64::from(self.to.width)
    }

    /// Sides and strides of a window over lines and pixels.
    pub(crate) fn window(&self) -> [u32; 3] {
        match self.step {
            Step::Max(window) | Step::Average(window) => [window.side, window.side, window.stride],
            _ => [self.from.height, self.from.width, 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(height: u32, width: u32, step: Step) -> Pictures {
        Pictures { size: Size { channels: 2, height, width }, steps: vec![step] }
    }

    #[test]
    fn sizes_are_counted_as_places_of_the_window() {
        let conv = |kernel, stride, padding| Step::Convolution {
            filters: 3,
            kernel,
            stride,
            padding,
            activation: Activation::Relu,
        };
        let flat = |step| on(7, 9, step).flat();
        assert_eq!(flat(conv(3, 1, 0)), Size { channels: 3, height: 5, width: 7 });
        assert_eq!(flat(conv(3, 2, 1)), Size { channels: 3, height: 4, width: 5 });
        assert_eq!(flat(Step::Max(Window { side: 2, stride: 2 })), Size { channels: 2, height: 3, width: 4 });
        assert_eq!(flat(Step::Average(Window { side: 3, stride: 1 })), Size { channels: 2, height: 5, width: 7 });
        assert_eq!(flat(Step::GlobalAverage), Size { channels: 2, height: 1, width: 1 });
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let conv = |filters, kernel, stride, padding| Step::Convolution {
            filters,
            kernel,
            stride,
            padding,
            activation: Activation::Identity,
        };
        for (step, words) in [
            (conv(3, 6, 1, 0), "conv:3x6"),
            (conv(0, 3, 1, 0), "filters"),
            (conv(3, 17, 1, 9), "1 to 16"),
            (conv(3, 3, 0, 0), "stride"),
            (conv(3, 3, 1, 3), "padding"),
            (Step::Max(Window { side: 6, stride: 1 }), "larger than the picture"),
            (Step::Average(Window { side: 2, stride: 0 }), "average:2s0"),
        ] {
            let error = on(5, 9, step).check().unwrap_err().to_string();
            assert!(error.contains(words), "{step}: {error}");
        }
        assert!(on(0, 9, Step::GlobalAverage).check().is_err());
        on(5, 9, conv(3, 5, 5, 4)).check().unwrap();
    }
}
