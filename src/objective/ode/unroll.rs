//! Loops of a known number of rounds, such as those over the components of a state, written out: what is indexed by numbers lies in registers whatever the driver
//! does, and drivers take far longer to unroll a loop than to read its rounds.

/// The text with as many blocks in place of every `for (var i = 0u; i < LIMIT; i += 1u) {`, whatever its counter is called;
/// other loops stay. A loop ends at the brace that stands below its beginning.
pub(super) fn unrolled(text: &str, limit: &str, rounds: u32) -> String {
    let mut lines = text.lines();
    let mut whole = String::new();
    while let Some(line) = lines.next() {
        let Some(name) = counter(line, limit) else {
            whole.push_str(line);
            whole.push('\n');
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        for round in 0..rounds {
            let round = renamed(&body.join("\n"), name, &format!("{round}u"));
            whole.push_str(&format!("{indent}{{\n{}{indent}}}\n", unrolled(&round, limit, rounds)));
        }
    }
    whole
}

/// What counts up to `limit` in a loop that begins in this line.
fn counter<'a>(line: &'a str, limit: &str) -> Option<&'a str> {
    let (name, rest) = line.trim_start().strip_prefix("for (var ")?.split_once(' ')?;
    (rest == format!("= 0u; {name} < {limit}; {name} += 1u) {{")).then_some(name)
}

/// `text` with the word `from` written as `to`.
fn renamed(text: &str, from: &str, to: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut whole = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |length| start + length);
        whole.push_str(&rest[..start]);
        whole.push_str(if &rest[start..end] == from { to } else { &rest[start..end] });
        rest = &rest[end..];
    }
    whole + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_over_components_are_written_out() {
        let text =
            "    a;\n    for (var i = 0u; i < COMPONENTS; i += 1u) {\n        sum[i] += f(i, hi);\n    }\n    b;\n";
        let wanted = "    a;\n    {\n        sum[0u] += f(0u, hi);\n    }\n    {\n        sum[1u] += f(1u, hi);\n    }\n    b;\n";
        assert_eq!(unrolled(text, "COMPONENTS", 2), wanted);
        let other = "for (var i = 1u; i < COMPONENTS; i += 1u) {\n}\n";
        assert_eq!(unrolled(other, "COMPONENTS", 2), other);
    }

    #[test]
    fn loops_within_loops_are_written_out_too() {
        let text = "for (var i = 0u; i < COMPONENTS; i += 1u) {\n    for (var j = 0u; j < COMPONENTS; j += 1u) {\n        m[i][j] = 1;\n    }\n}";
        let written = unrolled(text, "COMPONENTS", 3);
        assert!(!written.contains("for") && written.matches("] = 1;").count() == 9, "{written}");
        assert!(written.contains("m[2u][1u] = 1;"));
    }
}
