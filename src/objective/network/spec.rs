//! Networks by name: `mlp:20,7,5`, `none`, `lenet5`, `cnn`, `resnet18`, or layer after layer, as in
//! `conv:6x5p2,relu,max:2,dense:84,relu`. The last layer, one output for each class, goes without saying.

use super::pictures::{Pictures, Size, Step, Window};
use super::{Activation, Architecture};
use crate::{Error, Result};

/// LeCun et al. (1998) as it is used today: rectified, largest values pooled. Pictures smaller than 32 pixels are padded.
const LENET5: [&str; 2] = [
    "conv:6x5p2,relu,max:2,conv:16x5,relu,max:2,dense:120,relu,dense:84,relu",
    "conv:6x5,relu,max:2,conv:16x5,relu,max:2,dense:120,relu,dense:84,relu",
];
/// Two convolutions and one dense layer.
const CNN: &str = "conv:32x3,relu,conv:64x3,relu,max:2,dense:128,relu";
/// He et al. (2016), in the form for CIFAR: a stem of single steps, four stages of two blocks.
const RESNET18: &str = "conv:64x3p1b0,norm,relu,block:64,block:64,block:128s2,block:128,block:256s2,block:256,\
                        block:512s2,block:512,global-average";
const REMEDY: &str = "choose mlp:10 (hidden layers, as in mlp:20,7,5), none (logistic regression), lenet5, cnn, resnet18, or \
                      layers of your own: conv:6x5p2,relu,max:2,dense:84,relu";

/// A network before its inputs and classes are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    steps: Vec<Step>,
    hidden: Vec<u32>,
    /// As the name says; none to leave it to the settings.
    activation: Option<Activation>,
}

/// What a layer of a model that is written layer by layer is called.
const LAYERS: [&str; 7] = ["conv", "norm", "block", "max", "average", "global-average", "dense"];

impl Spec {
    /// Reads a name; `small`: that of pictures with sides of less than 32 pixels.
    ///
    /// # Errors
    /// [`Error::Setting`] with the word that is not understood.
    pub fn parse(model: &str, small: bool) -> Result<Self> {
        let refuse = |remedy: &str| Err(Error::setting("model", model, remedy));
        match model.split_once(':') {
            None if model == "none" || model == "logistic" => {
                Ok(Self { steps: Vec::new(), hidden: Vec::new(), activation: None })
            }
            None if model == "lenet5" => Self::layers(LENET5[usize::from(!small)]),
            None if model == "cnn" => Self::layers(CNN),
            None if model == "resnet18" => Self::layers(RESNET18),
            Some(("mlp", sizes)) => {
                let sizes: Option<Vec<u32>> = sizes.split(',').map(units).collect();
                match sizes {
                    Some(hidden) => Ok(Self { steps: Vec::new(), hidden, activation: None }),
                    None => refuse("give the hidden layers as mlp:10 or mlp:20,7,5, units from 1 to 1048576"),
                }
            }
            _ if LAYERS.contains(&model.split([',', ':']).next().unwrap_or_default()) => Self::layers(model),
            _ => refuse(REMEDY),
        }
    }

    /// Layer after layer.
    fn layers(model: &str) -> Result<Self> {
        let mut steps: Vec<Step> = Vec::new();
        let mut dense: Vec<(u32, Activation)> = Vec::new();
        // Whether the word before was a layer with sums.
        let mut sums = false;
        for word in model.split(',').map(str::trim) {
            let refuse = |remedy: &str| Err(Error::setting("model", word, remedy));
            let (name, sizes) = word.split_once(':').unwrap_or((word, ""));
            let of_pictures = name != "dense" && LAYERS.contains(&name);
            if of_pictures && !dense.is_empty() {
                return refuse("behind a dense layer there are no pixels: put it before all dense layers");
            }
            let active = Activation::ALL.into_iter().find(|activation| activation.name() == word);
            match (name, active) {
                (_, Some(activation)) => {
                    match (dense.last_mut(), steps.last_mut()) {
                        (Some(last), _) if sums => last.1 = activation,
                        (
                            _,
                            Some(
                                Step::Convolution { activation: of, .. }
                                | Step::Norm { activation: of }
                                | Step::Block { activation: of, .. },
                            ),
                        ) if sums => *of = activation,
                        _ => return refuse("an activation comes right behind conv, norm, block or dense"),
                    }
                    sums = false;
                    continue;
                }
                ("conv", _) => match convolution(sizes) {
                    Some(step) => steps.push(step),
                    None => {
                        return refuse("filters x side, stride, padding, b0 without biases: conv:6x5, conv:16x3s2p1b0");
                    }
                },
                ("norm", _) if sizes.is_empty() => steps.push(Step::Norm { activation: Activation::Identity }),
                ("block", _) => match block(sizes) {
                    Some(step) => steps.push(step),
                    None => return refuse("filters and stride: block:64, block:128s2"),
                },
                ("max" | "average", _) => match (window(sizes), name) {
                    (Some(window), "max") => steps.push(Step::Max(window)),
                    (Some(window), _) => steps.push(Step::Average(window)),
                    (None, _) => return refuse("side of the window and stride: max:2, average:3s2"),
                },
                ("global-average", _) if sizes.is_empty() => steps.push(Step::GlobalAverage),
                // What comes to a dense layer is flat.
                ("flatten", _) if sizes.is_empty() && dense.is_empty() => {}
                ("dense", _) => match units(sizes) {
                    Some(units) => dense.push((units, Activation::Identity)),
                    None => return refuse("units from 1 to 1048576: dense:84"),
                },
                _ => {
                    let layers = "layers are conv:6x5p2, norm, block:64s2, max:2, average:2, global-average, flatten, \
                                  dense:84, relu";
                    return refuse(layers);
                }
            }
            sums = matches!(name, "conv" | "norm" | "block" | "dense");
        }
        let of_steps = steps.iter().rev().map(|step| step.activation()).find(|of| *of != Activation::Identity);
        let activation = dense.first().map_or(of_steps.unwrap_or_default(), |first| first.1);
        if let Some(other) = dense.iter().find(|other| other.1 != activation) {
            let remedy = format!("dense layers have one activation, and the first has {}", activation.name());
            return Err(Error::setting("model", format!("dense:{},{}", other.0, other.1.name()), remedy));
        }
        let hidden = dense.into_iter().map(|(units, _)| units).collect();
        Ok(Self { steps, hidden, activation: Some(activation) })
    }

    /// The network on rows of so many features, which may be pictures.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is for pictures and rows are none, or a layer does not fit.
    pub fn build(self, size: Option<Size>, (inputs, outputs): (u32, u32), usual: Activation) -> Result<Architecture> {
        let Self { steps, hidden, activation } = self;
        let pictures = match (steps.is_empty(), size) {
            (true, _) => None,
            (false, Some(size)) => Some(Pictures { size, steps }),
            (false, None) => {
                let remedy = "its rows are no pictures: give images, or a model of dense layers, such as mlp:20";
                return Err(Error::setting("model", steps[0], remedy));
            }
        };
        if let Some(pictures) = &pictures {
            pictures.check()?;
        }
        Ok(Architecture { inputs, hidden, outputs, activation: activation.unwrap_or(usual), pictures })
    }
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|n| *n <= 1 << 20)
}

fn units(text: &str) -> Option<u32> {
    number(text).filter(|n| *n >= 1)
}

/// `6x5s2p1b0`: filters, side, stride, padding, no bias.
fn convolution(text: &str) -> Option<Step> {
    let (text, bias) = text.strip_suffix("b0").map_or((text, true), |rest| (rest, false));
    let (filters, rest) = text.split_once('x')?;
    let (rest, padding) = rest.split_once('p').map_or((rest, "0"), |(rest, padding)| (rest, padding));
    let (kernel, stride) = rest.split_once('s').map_or((rest, "1"), |(kernel, stride)| (kernel, stride));
    Some(Step::Convolution {
        filters: number(filters)?,
        kernel: number(kernel)?,
        stride: number(stride)?,
        padding: number(padding)?,
        activation: Activation::Identity,
        bias,
    })
}

/// `64s2`: filters and stride.
fn block(text: &str) -> Option<Step> {
    let (filters, stride) = text.split_once('s').map_or((text, "1"), |(filters, stride)| (filters, stride));
    Some(Step::Block { filters: number(filters)?, stride: number(stride)?, activation: Activation::Relu })
}

/// `3s2`: side and stride; as far apart as they are wide unless told.
fn window(text: &str) -> Option<Window> {
    let (side, stride) = text.split_once('s').map_or((text, text), |(side, stride)| (side, stride));
    Some(Window { side: number(side)?, stride: number(stride)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(model: &str, size: Size, outputs: u32) -> Result<Architecture> {
        let small = size.height < 32;
        Spec::parse(model, small)?.build(Some(size), (size.count(), outputs), Activation::Tanh)
    }

    const GREY: Size = Size { channels: 1, height: 28, width: 28 };
    const COLOUR: Size = Size { channels: 3, height: 32, width: 32 };

    #[test]
    fn known_networks_have_their_known_numbers_of_weights() {
        for (model, size, weights) in [
            ("lenet5", GREY, 61_706),
            ("lenet5", COLOUR, 62_006),
            ("cnn", GREY, 1_199_882),
            ("cnn", COLOUR, 1_626_442),
            ("conv:6x5p2,relu,max:2,conv:16x5,relu,max:2,flatten,dense:120,relu,dense:84,relu", GREY, 61_706),
            ("mlp:10", GREY, 7960),
            ("conv:8x3s2p1,tanh,global-average", GREY, 80 + 90),
            ("resnet18", COLOUR, 11_173_962),
            ("resnet18", GREY, 11_172_810),
            ("conv:4x3b0,norm,relu,block:4,block:6s2,global-average", GREY, 36 + 8 + 304 + (216 + 324 + 24 + 36) + 70),
        ] {
            assert_eq!(built(model, size, 10).unwrap().parameters(), weights, "{model} on {size}");
        }
        assert_eq!(built("lenet5", GREY, 10).unwrap().activation, Activation::Relu);
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let model = "conv:6x5s2p2b0,norm,gelu,norm,block:6,block:8s2,tanh,conv:6x3p1,gelu,max:3s2,conv:7x2,average:2,dense:12,relu,dense:8,relu";
        let architecture = built(model, COLOUR, 4).unwrap();
        assert_eq!(architecture.to_string(), format!("3x32x32: {model}, 4 outputs"));
    }

    #[test]
    fn what_makes_no_network_is_refused_by_name() {
        for (model, word) in [
            ("conv:6", "conv:6x5"),
            ("conv:6x5q2", "conv:6x5q2"),
            ("conv:6x29", "conv:6x29"),
            ("max:2,relu", "right behind"),
            ("dense:10,relu,conv:3x3", "no pixels"),
            ("dense:10,relu,dense:5,tanh", "one activation"),
            ("dense:0", "units"),
            ("conv:3x3,norm:2", "norm"),
            ("norm,conv:3x3", "no first layer"),
            ("block:8,max:2", "no first layer"),
            ("conv:3x3,block:8x3", "block:64"),
            ("conv:3x3,block:0", "filters"),
            ("dense:3,relu,norm", "no pixels"),
            ("max:40", "larger than the picture"),
            ("lenet", "lenet5"),
            ("conv:3x3,,max:2", "layers are"),
        ] {
            let error = built(model, GREY, 10).unwrap_err().to_string();
            assert!(error.contains(word), "{model}: {error}");
        }
        let table = Spec::parse("lenet5", true).unwrap().build(None, (4, 3), Activation::Tanh).unwrap_err().to_string();
        assert!(table.contains("no pictures"), "{table}");
    }
}
