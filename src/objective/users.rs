//! What every text of a user's must not hold, told at its own line.

use crate::{Error, Result};

/// Refuses entry points, variables outside functions and overrides in a text that has been parsed; `what` it is, as in
/// "a loss".
pub(super) fn refuse_kernels(name: &str, what: &str, wgsl: &str, module: &naga::Module) -> Result<()> {
    let refuse = |line, message: String| Err(Error::Shader { piece: name.into(), line, message });
    let stages = ["compute", "vertex", "fragment"];
    if !module.entry_points.is_empty() {
        return refuse(line_of(wgsl, &stages), format!("{what} has no entry point: remove @compute"));
    }
    if let Some(line) = variable(wgsl) {
        return refuse(line, format!("{what} has no variables outside its functions: remove @group and var<>"));
    }
    if !module.overrides.is_empty() {
        return refuse(line_of(wgsl, &["override"]), "write const in place of override".into());
    }
    Ok(())
}

/// The line of the first variable that is no function's own.
fn variable(wgsl: &str) -> Option<u32> {
    const SPACES: [&str; 4] = ["private", "workgroup", "storage", "uniform"];
    let words = words(wgsl);
    let bound = words.iter().find(|(at, word)| *word == "group" && wgsl[..*at].trim_end().ends_with('@'));
    let declared = words.windows(2).find(|pair| pair[0].1 == "var" && SPACES.contains(&pair[1].1)).map(|pair| &pair[0]);
    [bound, declared].into_iter().flatten().map(|(at, _)| line_at(wgsl, *at)).min()
}

/// The first line with one of these words; 1 where there is none.
pub(super) fn line_of(wgsl: &str, signs: &[&str]) -> u32 {
    words(wgsl).iter().find(|(_, word)| signs.contains(word)).map_or(1, |(at, _)| line_at(wgsl, *at))
}

/// The line of a place, from 1.
fn line_at(wgsl: &str, at: usize) -> u32 {
    wgsl[..at].matches('\n').count() as u32 + 1
}

/// The words of a text with their places, comments left out.
pub(super) fn words(wgsl: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let (mut at, mut depth) = (0, 0u32);
    while let Some(next) = wgsl[at..].chars().next() {
        let rest = &wgsl[at..];
        let length = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if depth > 0 && rest.starts_with("*/") {
            depth -= 1;
            2
        } else if depth > 0 {
            next.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if next.is_alphanumeric() || next == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            words.push((at, &rest[..end]));
            end
        } else {
            next.len_utf8()
        };
        at += length;
    }
    words
}
