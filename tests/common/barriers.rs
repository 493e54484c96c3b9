//! Barriers that not all threads of a workgroup may reach.

use std::collections::BTreeSet;

use naga::Statement;

/// What is wrong about a barrier of this module: one that not all threads may reach, because it is under a condition
/// or after a `return` that may have been taken. Functions that hold a barrier count as one where they are called.
pub(crate) fn barrier_trouble(module: &naga::Module) -> Option<String> {
    let mut holds = BTreeSet::new();
    let mut trouble = None;
    // A function comes after those it calls.
    for (handle, function) in module.functions.iter() {
        let mut visit = Visit { holds: &holds, returned: false, found: false, trouble: None };
        visit.block(&function.body, false);
        let (found, wrong) = (visit.found, visit.trouble);
        trouble = trouble.or(wrong.map(|what| format!("{:?}: {what}", function.name)));
        if found {
            holds.insert(handle);
        }
    }
    for entry in &module.entry_points {
        let mut visit = Visit { holds: &holds, returned: false, found: false, trouble: None };
        visit.block(&entry.function.body, false);
        trouble = trouble.or(visit.trouble.map(|what| format!("{}: {what}", entry.name)));
    }
    trouble
}

struct Visit<'a> {
    holds: &'a BTreeSet<naga::Handle<naga::Function>>,
    returned: bool,
    found: bool,
    trouble: Option<&'static str>,
}

impl Visit<'_> {
    fn block(&mut self, block: &naga::Block, conditional: bool) {
        for statement in block {
            match statement {
                Statement::ControlBarrier(_) | Statement::WorkGroupUniformLoad { .. } => self.barrier(conditional),
                Statement::Call { function, .. } if self.holds.contains(function) => self.barrier(conditional),
                Statement::Block(block) => self.block(block, conditional),
                Statement::If { accept, reject, .. } => {
                    self.block(accept, true);
                    self.block(reject, true);
                }
                Statement::Switch { cases, .. } => cases.iter().for_each(|case| self.block(&case.body, true)),
                Statement::Loop { body, continuing, .. } => {
                    // Twice: what follows in the text comes before in the next round.
                    for _ in 0..2 {
                        self.block(body, conditional);
                        self.block(continuing, conditional);
                    }
                }
                Statement::Return { .. } => self.returned = true,
                _ => {}
            }
        }
    }

    fn barrier(&mut self, conditional: bool) {
        self.found = true;
        if conditional {
            self.trouble = Some("a barrier under a condition");
        } else if self.returned {
            self.trouble = Some("a return before a barrier");
        }
    }
}

#[test]
fn the_check_of_barriers_finds_what_it_is_for() {
    let trouble = |body: &str| {
        let text = format!(
            "var<workgroup> shared_value: u32;
            fn wait() {{ workgroupBarrier(); }}
            fn twice() {{ wait(); wait(); }}
            @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) lane: u32) {{ {body} }}"
        );
        barrier_trouble(&naga::front::wgsl::parse_str(&text).unwrap())
    };
    assert_eq!(trouble("workgroupBarrier(); if lane == 0u { return; } shared_value = 1u;"), None);
    assert_eq!(trouble("for (var i = 0u; i < 4u; i += 1u) { if lane < i { shared_value = i; } twice(); }"), None);
    assert!(trouble("if lane == 0u { workgroupBarrier(); }").is_some());
    assert!(trouble("if lane == 0u { twice(); }").is_some());
    assert!(trouble("if lane == 0u { return; } twice();").is_some());
    assert!(trouble("switch lane { case 0u: { wait(); } default: {} }").is_some());
    assert!(trouble("for (var i = 0u; i < 4u; i += 1u) { wait(); if lane == i { return; } }").is_some());
}
