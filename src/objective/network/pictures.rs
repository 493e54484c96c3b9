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
        /// Whether a filter has a bias; before a norm it is of no use.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        bias: bool,
    },
    /// Every channel to mean 0 and variance 1 over the pixels of a batch, then scaled and shifted (Ioffe and Szegedy
    /// 2015).
    Norm {
        /// What becomes of that.
        activation: Activation,
    },
    /// Two convolutions with norms, added to what came in (He et al. 2016); where sizes change, that goes through a
    /// convolution of single pixels and a norm.
    Block {
        /// Channels that come out.
        filters: u32,
        /// Pixels from one place of the first filter to the next.
        stride: u32,
        /// What becomes of the first norm and of the sum.
        activation: Activation,
    },
    /// The largest value of every window.
    Max(Window),
    /// The mean of every window.
    Average(Window),
    /// The mean of every channel.
    GlobalAverage,
}

fn yes() -> bool {
    true
}

/// Windows of pooling; what is left at the edges is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Side in pixels.
    pub side: u32,
    /// Pixels from one window to the next.
    pub stride: u32,
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
            Self::Convolution { filters, kernel, stride, padding, activation, bias } => {
                write!(f, "conv:{filters}x{kernel}")?;
                if stride != 1 {
                    write!(f, "s{stride}")?;
                }
                if padding != 0 {
                    write!(f, "p{padding}")?;
                }
                if !bias {
                    write!(f, "b0")?;
                }
                followed(f, activation, Activation::Identity)
            }
            Self::Norm { activation } => {
                write!(f, "norm")?;
                followed(f, activation, Activation::Identity)
            }
            Self::Block { filters, stride, activation } => {
                write!(f, "block:{filters}")?;
                if stride != 1 {
                    write!(f, "s{stride}")?;
                }
                followed(f, activation, Activation::Relu)
            }
            Self::Max(window) => write!(f, "max:{window}"),
            Self::Average(window) => write!(f, "average:{window}"),
            Self::GlobalAverage => write!(f, "global-average"),
        }
    }
}

/// The activation behind a layer, unless it is the usual one.
fn followed(f: &mut fmt::Formatter<'_>, activation: Activation, usual: Activation) -> fmt::Result {
    if activation == usual { Ok(()) } else { write!(f, ",{}", activation.name()) }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.side)?;
        if self.stride == self.side { Ok(()) } else { write!(f, "s{}", self.stride) }
    }
}

impl Step {
    /// The size that it makes of another one.
    pub(super) fn size(self, from: Size) -> std::result::Result<Size, String> {
        let count = |side: u32, kernel: u32, stride: u32, padding: u32| (side + 2 * padding - kernel) / stride + 1;
        match self {
            Self::Convolution { filters, kernel, stride, padding, .. } => {
                if filters == 0 || filters > 1 << 16 {
                    return Err("a convolution has 1 to 65536 filters".into());
                }
                if kernel == 0 || kernel > MOST_KERNEL {
                    return Err(format!("filters have a side of 1 to {MOST_KERNEL} pixels"));
                }
                if stride == 0 || stride > MOST_KERNEL {
                    return Err(format!("a stride is 1 to {MOST_KERNEL} pixels"));
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
            Self::Norm { .. } => Ok(from),
            Self::Block { filters, stride, .. } => {
                let first = Self::Convolution {
                    filters,
                    kernel: 3,
                    stride,
                    padding: 1,
                    activation: Activation::Identity,
                    bias: false,
                };
                first.size(from)
            }
        }
    }

    /// What becomes of its sums; nothing where it pools.
    pub(crate) fn activation(self) -> Activation {
        match self {
            Self::Convolution { activation, .. } | Self::Norm { activation } | Self::Block { activation, .. } => {
                activation
            }
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
        if let Some(step @ (Step::Norm { .. } | Step::Block { .. })) = self.steps.first() {
            return refuse(
                step,
                "it is no first layer: begin with a convolution, as in conv:16x3p1b0,norm,relu".into(),
            );
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

    /// The size of what comes out.
    pub fn flat(&self) -> Size {
        self.stages().last().map_or(self.size, |stage| stage.to)
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
            bias: true,
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
            bias: true,
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
