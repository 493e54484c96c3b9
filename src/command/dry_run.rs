//! `gradless train --dry-run`: what a training would take, without a training.

use anyhow::Result;
use gradless::gpu::{Gpu, bytes};
use gradless::run::Builder;
use serde_json::{Value, json};

use crate::cli::Train;

/// Bytes of a GiB.
const GIB: f64 = 1_073_741_824.0;
/// Buffers that are listed by name.
const NAMED: usize = 6;

/// Prints what `builder` would begin; `described` is what a report says of the run.
pub(super) fn run(arguments: &Train, gpu: &Gpu, builder: &Builder, mut described: Value) -> Result<()> {
    let account = builder.plan()?;
    let given = arguments.memory.map(|gib| (gib * GIB) as u64);
    let available = given.or_else(|| gpu.memory_left());
    let largest = available.map(|available| builder.largest(available)).transpose()?.flatten();
    let device = gpu.report();
    described["dry_run"] = json!(true);
    described["device_memory"] = json!(account.total());
    described["memory"] = json!(account.parts);
    described["available_memory"] = json!(available);
    described["largest_population"] = json!(largest);
    described["limits"] = json!({
        "max_binding": device.max_binding, "max_buffer": device.max_buffer,
        "workgroup_memory": device.workgroup_memory, "max_invocations": device.max_invocations,
    });
    if arguments.output.json {
        say!("{described}");
        return Ok(());
    }
    say!(
        "{} ({} weights) · {} · population {}",
        described["model"]["name"].as_str().unwrap_or_default(),
        described["model"]["parameters"],
        described["optimizer"]["name"].as_str().unwrap_or_default(),
        described["population"],
    );
    let mut table = super::table(&["device memory", "bytes", "most of it"]);
    for (part, labels) in &account.parts {
        let mut largest: Vec<_> = labels.iter().filter(|(_, size)| **size >= 1024).collect();
        largest.sort_by_key(|(label, size)| (std::cmp::Reverse(**size), *label));
        let named = largest.iter().take(NAMED).map(|(label, size)| format!("{label} {}", bytes(**size)));
        let sum: u64 = labels.values().sum();
        table.add_row([(*part).to_string(), bytes(sum), named.collect::<Vec<_>>().join("\n")]);
    }
    table.add_row(["together".to_string(), bytes(account.total()), String::new()]);
    say!("{table}");
    let limits = format!("a binding {}, a buffer {}", bytes(device.max_binding), bytes(device.max_buffer));
    say!("{}: {limits}", device.name);
    match (largest, available) {
        (Some(population), Some(available)) => {
            say!("the largest population that fits into {}: about {population}", bytes(available));
        }
        (None, Some(available)) => say!("no population fits into {}", bytes(available)),
        (_, None) => say!("how much memory the device has is not known: say so with --memory, in GiB"),
    }
    Ok(())
}
