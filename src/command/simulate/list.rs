//! `gradless simulate --list`

use anyhow::Result;
use gradless::objective::ode::{Integrator, SYSTEMS};
use serde_json::json;

pub(super) fn run(as_json: bool) -> Result<()> {
    if as_json {
        let systems: Vec<_> = SYSTEMS
            .iter()
            .map(|s| {
                let constants: serde_json::Map<_, _> =
                    s.constants.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                json!({"name": s.name, "components": s.components, "constants": constants,
                       "initial": s.initial, "start": s.start, "end": s.end, "steps": s.steps,
                       "stiff": s.first.is_some(), "source": s.source})
            })
            .collect();
        let integrators: Vec<_> =
            Integrator::ALL.iter().map(|one| json!({"name": one.name(), "order": one.order()})).collect();
        say!("{}", json!({"command": "simulate --list", "systems": systems, "integrators": integrators}));
        return Ok(());
    }
    let mut table = super::super::table(&["system", "components", "constants", "start", "end", "source"]);
    for s in SYSTEMS.iter() {
        let few = |all: Vec<String>| {
            let more = all.len().saturating_sub(4);
            let shown = all.into_iter().take(4).collect::<Vec<_>>().join(", ");
            if more > 0 { format!("{shown}, {more} more") } else { shown }
        };
        let components = few(s.components.clone());
        let constants = few(s.constants.iter().map(|(name, value)| format!("{name}={value}")).collect());
        let start = few(s.initial.iter().map(ToString::to_string).collect());
        table.add_row([&s.name, &components, &constants, &start, &s.end.to_string(), &s.source]);
    }
    say!("{table}");
    let integrators: Vec<_> =
        Integrator::ALL.iter().map(|one| format!("{} (order {})", one.name(), one.order())).collect();
    say!("integrators: {}", integrators.join(", "));
    Ok(())
}
