//! `gradless devices`

use anyhow::Result;
use gradless::gpu::{AdapterReport, Gpu, Pick, adapters};
use gradless::tuning::Cache;
use serde_json::json;

use crate::cli::Output;

pub(super) fn run(output: &Output) -> Result<()> {
    let all = adapters();
    let chosen = Gpu::open(&Pick::Best);
    let used = chosen.as_ref().ok().and_then(|gpu| all.iter().position(|a| a == gpu.report()));
    let why = match std::env::var("GRADLESS_DEVICE") {
        Ok(name) => format!("GRADLESS_DEVICE is {name:?}"),
        Err(_) => "discrete before integrated before software, Vulkan, Metal and DX12 before GL".into(),
    };
    let cache = Cache::usual().ok();
    let is_tuned = |adapter: &AdapterReport| cache.as_ref().is_some_and(|cache| cache.read(adapter).is_some());
    if output.json {
        let tuned: Vec<_> = all.iter().map(is_tuned).collect();
        say!("{}", json!({"command": "devices", "devices": all, "used": used, "why": why, "tuned": tuned}));
        return chosen.map(drop).map_err(Into::into);
    }
    let mut table =
        super::table(&["", "#", "name", "type", "backend", "driver", "binding", "subgroup", "timestamps", "tuned"]);
    for (index, adapter) in all.iter().enumerate() {
        let subgroup = match adapter.subgroup {
            (0, 0) => "none".into(),
            (low, high) if low == high => low.to_string(),
            (low, high) => format!("{low}-{high}"),
        };
        table.add_row([
            (if used == Some(index) { "*" } else { "" }).to_string(),
            index.to_string(),
            adapter.name.clone(),
            adapter.kind.clone(),
            adapter.backend.clone(),
            adapter.driver.clone(),
            format!("{} MiB", adapter.max_binding >> 20),
            subgroup,
            (if adapter.timestamps { "yes" } else { "no" }).into(),
            (if is_tuned(adapter) { "yes" } else { "no" }).into(),
        ]);
    }
    say!("{table}");
    chosen?;
    say!("* would be used: {why}; choose another with --device NAME, --device NUMBER or GRADLESS_DEVICE");
    Ok(())
}
