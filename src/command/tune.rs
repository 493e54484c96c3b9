//! `gradless tune`

use std::time::Duration;

use anyhow::Result;
use comfy_table::CellAlignment;
use gradless::tuning::{Cache, Tuned, tune};
use indicatif::ProgressBar;
use serde_json::json;

use crate::cli::Tune;

pub(super) fn run(arguments: &Tune) -> Result<()> {
    let gpu = super::open(arguments.device.as_deref(), false, true)?;
    let cache = Cache::usual()?;
    let device = super::device_json(&gpu);
    if arguments.clear {
        let (path, cleared) = (cache.path(gpu.report()), cache.clear(gpu.report())?);
        if arguments.output.json {
            say!("{}", json!({"command": "tune", "device": device, "cleared": cleared, "path": path}));
        } else {
            say!("{}: {}", path.display(), if cleared { "removed" } else { "there was none" });
        }
        return Ok(());
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(250));
    let tuned = tune(&gpu, &mut |kernel| bar.set_message(format!("measuring {kernel}")));
    bar.finish_and_clear();
    let tuned = tuned?;
    let path = cache.write(gpu.report(), tuned.tuning)?;
    if arguments.output.json {
        let Tuned { tuning, measured, seconds } = &tuned;
        let found = json!({"command": "tune", "device": device, "tuning": tuning, "measured": measured,
            "seconds": seconds, "path": path});
        say!("{found}");
        return Ok(());
    }
    let mut table = super::table(&["", "kernel", "shape", "ms", "time to usual"]);
    for one in &tuned.measured {
        let mark = match (one.chosen, one.usual) {
            (true, _) => "*",
            (false, true) => "usual",
            _ => "",
        };
        let (ms, ratio) = (format!("{:.2}", 1e3 * one.seconds), format!("{:.2}", one.ratio));
        table.add_row([mark, one.tunable, &one.shape, &ms, &ratio]);
    }
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    say!("{}, {}, {}", gpu.report().name, gpu.report().backend, gpu.report().driver);
    say!("{table}");
    say!(
        "* used from now on: the usual shape, unless another is 5 % faster · {:.1} s · {}",
        tuned.seconds,
        path.display()
    );
    Ok(())
}
