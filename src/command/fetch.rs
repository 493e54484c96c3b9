//! `gradless data fetch`

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use gradless::Error;
use gradless::data::{Fetcher, REMOTES, Remote, cache};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cli::Fetch;

pub(super) fn run(arguments: &Fetch) -> Result<()> {
    let Some(remote) = Remote::find(&arguments.name) else {
        let names: Vec<_> = REMOTES.iter().map(|remote| remote.name).collect();
        return Err(Error::setting("data", &arguments.name, format!("there is {}", names.join(", "))).into());
    };
    if !(arguments.timeout > 0.0 && arguments.timeout <= 3600.0) {
        return Err(Error::setting("timeout", arguments.timeout, "seconds above 0, at most 3600").into());
    }
    let folder = cache()?.join(remote.name);
    let there = remote.is_in(&folder);
    let bar = ProgressBar::new(0);
    let shown = std::io::stderr().is_terminal() && !there;
    bar.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    if let Ok(style) = ProgressStyle::with_template("{bar:30.cyan/dim} {bytes} of {total_bytes}  {msg}  {eta} left") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    let fetcher = Fetcher { patience: Duration::from_secs_f64(arguments.timeout), mirror: arguments.mirror.clone() };
    let fetched = fetcher.fetch(remote, &folder, &mut |file, bytes| {
        bar.set_length(file.bytes);
        bar.set_message(file.name);
        bar.set_position(bytes);
    });
    bar.finish_and_clear();
    fetched?;
    if arguments.report.json {
        say!(
            "{}",
            json!({"command": "data fetch", "version": env!("CARGO_PKG_VERSION"), "name": remote.name,
                   "folder": folder, "fetched": !there})
        );
        return Ok(());
    }
    let state = if there { "is there already" } else { "fetched" };
    say!("{} {state}: {}\ngradless train {} --model lenet5", remote.name, folder.display(), remote.name);
    Ok(())
}
