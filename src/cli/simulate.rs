//! What `simulate` is told.

use std::path::PathBuf;

use clap::Args;

use super::{Device, Output, setting};

/// What `simulate` is told.
#[derive(Args, Debug)]
pub(crate) struct Simulate {
    /// A built-in system (--list shows them), or a .wgsl file: `fn rhs(t: f32, y: State) -> State` below the lines
    /// `//! state x = 1, v = 0`, `//! constants mu = 2`, `//! time 0 20`, `//! steps 1000`, of which only the first is
    /// needed; in the text every name is an index, as in y[x] and constants[mu].
    #[arg(required_unless_present = "list", value_name = "SYSTEM|FILE.wgsl")]
    pub(crate) system: Option<String>,
    /// List the systems with their constants and usual starts, and leave.
    #[arg(long)]
    pub(crate) list: bool,
    /// How a step is made: see --list [default: rk4, of stiff systems rodas3]. dormand-prince follows --tolerance; the
    /// others take the steps they are given.
    #[arg(long, value_name = "NAME")]
    pub(crate) integrator: Option<String>,
    /// Number of steps: more are more exact. With dormand-prince the times that states are wanted at, with as many steps
    /// between them as it takes [default: the system's, with dormand-prince 200].
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u32>,
    /// Error of a step that dormand-prince allows, 1e-6 to 0.1: as a share of a component, and where that comes near
    /// zero as a share of the largest that it was [default: 1e-5, and a thousandth of it].
    #[arg(long, value_name = "RELATIVE[,ABSOLUTE]", value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) tolerance: Vec<f32>,
    /// Time at which to end [default: the system's].
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) end: Option<f64>,
    /// uniform, or geometric with the length of the first step, as in geometric:1e-5: every later time is the same
    /// multiple of the one before, which suits stiff systems [default: the system's].
    #[arg(long, value_name = "GRID")]
    pub(crate) grid: Option<String>,
    /// A constant of the system, as in mu=2, or a range of it, as in mu=0.1..8; give it again for more.
    #[arg(short = 's', long = "setting", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Where the components start: all of them, as in 1,0,0, or some by name, as in x=1; numbers or ranges
    /// [default: the system's].
    #[arg(long, value_name = "Y,Y,...", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) initial: Vec<String>,
    /// Sets of values that are integrated at once where there are ranges: evenly over one range, over several by a
    /// sequence that fills them evenly [default: 1000].
    #[arg(long, value_name = "N")]
    pub(crate) sets: Option<u32>,
    /// Seed of the sets of several ranges.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for trajectory and picture [default: runs/simulate-SYSTEM-N].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}
