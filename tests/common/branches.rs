//! Branches whose condition hangs on uniforms alone.

use std::collections::BTreeMap;

use naga::{BinaryOperator, Block, Expression, Function, Handle, LocalVariable, Module, Span, Statement};

/// What the value of an expression hangs on, so far as a driver can tell that looks at one function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Hangs {
    /// Literals and constants.
    Fixed,
    /// Uniforms besides.
    Uniforms,
    /// The thread, or memory that kernels write.
    Thread,
}

/// The branches of this module that are taken or not for all threads alike, by what a uniform says, as lines of its
/// text: Mesa's lavapipe may put the values of such uniforms in place and translate the kernel anew, at every dispatch. And
/// those in whose condition a uniform comes before what tells threads apart: it can crash over them (Mesa 22.3).
pub(crate) fn branch_trouble(module: &Module, text: &str) -> Vec<String> {
    let mut results = BTreeMap::new();
    let mut found = Vec::new();
    // A function comes after those it calls.
    for (handle, function) in module.functions.iter() {
        let look = Look::new(module, function, &results);
        look.block(&function.body, false, &mut found);
        let result = look.result(&function.body);
        results.insert(handle, result);
    }
    for entry in &module.entry_points {
        Look::new(module, &entry.function, &results).block(&entry.function.body, false, &mut found);
    }
    found.iter().map(|span| text[span.to_range().unwrap()].lines().next().unwrap().to_owned()).collect()
}

struct Look<'a> {
    module: &'a Module,
    function: &'a Function,
    /// What calls of other functions give back.
    results: &'a BTreeMap<Handle<Function>, Hangs>,
    /// What is stored in a variable as a whole; its first value, too.
    stores: BTreeMap<Handle<LocalVariable>, Vec<Handle<Expression>>>,
}

impl<'a> Look<'a> {
    fn new(module: &'a Module, function: &'a Function, results: &'a BTreeMap<Handle<Function>, Hangs>) -> Self {
        let firsts = function.local_variables.iter().map(|(handle, local)| (handle, local.init.into_iter().collect()));
        let mut look = Self { module, function, results, stores: firsts.collect() };
        look.gather(&function.body);
        look
    }

    fn gather(&mut self, block: &Block) {
        for statement in block {
            if let Statement::Store { pointer, value } = statement
                && let Expression::LocalVariable(local) = self.function.expressions[*pointer]
            {
                self.stores.entry(local).or_default().push(*value);
            }
            blocks(statement).into_iter().for_each(|block| self.gather(block));
        }
    }

    fn hangs(&self, expression: Handle<Expression>) -> Hangs {
        let both = |a, b| Hangs::max(self.hangs(a), self.hangs(b));
        match &self.function.expressions[expression] {
            Expression::Literal(_) | Expression::Constant(_) | Expression::ZeroValue(_) => Hangs::Fixed,
            Expression::Load { pointer } => self.behind(*pointer),
            Expression::Access { base, index } => both(*base, *index),
            Expression::AccessIndex { base: value, .. }
            | Expression::Splat { value, .. }
            | Expression::Swizzle { vector: value, .. }
            | Expression::Unary { expr: value, .. }
            | Expression::As { expr: value, .. } => self.hangs(*value),
            Expression::Compose { components, .. } => {
                components.iter().map(|part| self.hangs(*part)).max().unwrap_or(Hangs::Fixed)
            }
            Expression::Binary { left, right, .. } => both(*left, *right),
            Expression::Select { condition, accept, reject } => self.hangs(*condition).max(both(*accept, *reject)),
            Expression::Math { arg, arg1, arg2, arg3, .. } => {
                [Some(*arg), *arg1, *arg2, *arg3].into_iter().flatten().map(|arg| self.hangs(arg)).max().unwrap()
            }
            Expression::CallResult(function) => self.results[function],
            _ => Hangs::Thread,
        }
    }

    /// What a load from there hangs on. A variable that is stored once is a name for what is stored.
    fn behind(&self, pointer: Handle<Expression>) -> Hangs {
        match &self.function.expressions[pointer] {
            Expression::GlobalVariable(variable) => match self.module.global_variables[*variable].space {
                naga::AddressSpace::Uniform => Hangs::Uniforms,
                _ => Hangs::Thread,
            },
            Expression::LocalVariable(local) => match self.stores[local].as_slice() {
                [value] => self.hangs(*value),
                _ => Hangs::Thread,
            },
            Expression::AccessIndex { base, .. } => self.behind(*base),
            Expression::Access { base, index } => match self.hangs(*index) {
                Hangs::Fixed => self.behind(*base),
                _ => Hangs::Thread,
            },
            _ => Hangs::Thread,
        }
    }

    /// What the counter of a loop hangs on: its first value and its step.
    fn counter(&self, expression: Handle<Expression>) -> Option<Hangs> {
        let Expression::Load { pointer } = self.function.expressions[expression] else { return None };
        let Expression::LocalVariable(local) = self.function.expressions[pointer] else { return None };
        let itself = |value: Handle<Expression>| {
            matches!(self.function.expressions[value], Expression::Load { pointer: from }
                if matches!(self.function.expressions[from], Expression::LocalVariable(other) if other == local))
        };
        let step = |value: &Handle<Expression>| match self.function.expressions[*value] {
            Expression::Binary { op: BinaryOperator::Add | BinaryOperator::Subtract, left, right } if itself(left) => {
                self.hangs(right)
            }
            _ => self.hangs(*value),
        };
        let stores = &self.stores[&local];
        (stores.len() > 1).then(|| stores.iter().map(step).max().unwrap())
    }

    fn block(&self, block: &Block, in_loop: bool, found: &mut Vec<Span>) {
        for (statement, span) in block.span_iter() {
            let wrong = match statement {
                Statement::If { condition, .. } => {
                    self.hangs(*condition) == Hangs::Uniforms
                        || in_loop && self.ends(*condition)
                        || self.uniform_first(*condition)
                }
                Statement::Switch { selector, .. } => self.hangs(*selector) == Hangs::Uniforms,
                _ => false,
            };
            if wrong {
                found.push(*span);
            }
            let looping = matches!(statement, Statement::Loop { .. });
            blocks(statement).into_iter().for_each(|inner| self.block(inner, looping, found));
        }
    }

    /// Whether a uniform comes before what hangs on the thread, in the order in which SPIR-V has the operands: Mesa 22.3
    /// notes its place then, for some of them in the wrong one.
    fn uniform_first(&self, condition: Handle<Expression>) -> bool {
        let operands = match self.function.expressions[condition] {
            Expression::Binary { op: BinaryOperator::Greater | BinaryOperator::LessEqual, left, right } => {
                [right, left]
            }
            Expression::Binary { left, right, .. } => [left, right],
            Expression::Unary { expr, .. } => return self.uniform_first(expr),
            _ => return false,
        };
        match operands.map(|operand| self.hangs(operand)) {
            [Hangs::Uniforms, Hangs::Thread] => true,
            [Hangs::Thread, _] => self.uniform_first(operands[0]),
            [_, Hangs::Thread] => self.uniform_first(operands[1]),
            _ => false,
        }
    }

    /// Whether uniforms alone say how often a loop goes round.
    fn ends(&self, condition: Handle<Expression>) -> bool {
        let Expression::Binary { left, right, .. } = self.function.expressions[condition] else { return false };
        let turns = |counter, end| Some(self.counter(counter)?.max(self.hangs(end)));
        turns(left, right).or_else(|| turns(right, left)) == Some(Hangs::Uniforms)
    }

    fn result(&self, block: &Block) -> Hangs {
        let of = |statement: &Statement| match statement {
            Statement::Return { value: Some(value) } => vec![self.hangs(*value)],
            _ => blocks(statement).into_iter().map(|inner| self.result(inner)).collect(),
        };
        block.iter().flat_map(of).max().unwrap_or(Hangs::Fixed)
    }
}

/// The blocks within a statement.
fn blocks(statement: &Statement) -> Vec<&Block> {
    match statement {
        Statement::Block(block) => vec![block],
        Statement::If { accept, reject, .. } => vec![accept, reject],
        Statement::Switch { cases, .. } => cases.iter().map(|case| &case.body).collect(),
        Statement::Loop { body, continuing, .. } => vec![body, continuing],
        _ => Vec::new(),
    }
}

#[test]
fn the_check_of_branches_finds_what_it_is_for() {
    let trouble = |body: &str| {
        let text = format!(
            "struct Settings {{ count: u32, few: array<vec4u, 2> }}
            @group(0) @binding(0) var<uniform> settings: Settings;
            @group(0) @binding(1) var<storage, read_write> numbers: array<u32>;
            fn idle() -> bool {{ return settings.count == 0u; }}
            @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) lane: u32) {{
                {body}
            }}"
        );
        !branch_trouble(&naga::front::wgsl::parse_str(&text).unwrap(), &text).is_empty()
    };
    for alone in [
        "if settings.count == 0u { return; } numbers[lane] = 1u;",
        "let few = settings.few[1].x + 2u; if min(few, 3u) < 3u { return; }",
        "if idle() { return; }",
        "if settings.count == 0u || lane > 3u { return; }",
        "if lane > 3u { if settings.count == 0u { numbers[lane] = 1u; } }",
        "switch settings.count { case 0u: { numbers[lane] = 1u; } default: {} }",
        "for (var i = 0u; i < settings.count; i += 1u) { numbers[lane] += i; }",
        "for (var i = settings.count; i > 0u; i -= 1u) { numbers[lane] += i; }",
        "for (var i = 0u; i < 9u; i += settings.count) { numbers[lane] += i; }",
        "if settings.count + lane == 0u { return; }",
        "if settings.count <= 4u * lane { numbers[lane] = 1u; } else if lane > settings.count { numbers[lane] = 2u; }",
    ] {
        assert!(trouble(alone), "{alone}");
    }
    for beside in [
        "if lane > 3u || settings.count == 0u { return; } numbers[lane] = 1u;",
        "if lane + settings.count == 0u { return; }",
        "if lane >= settings.count { return; }",
        "if numbers[settings.count] == 0u { return; }",
        "if settings.few[lane % 2u].x == 0u { return; }",
        "numbers[lane] = select(1u, 2u, idle());",
        "for (var i = lane; i < settings.count; i += 1u) { numbers[lane] += i; }",
        "for (var i = 0u; i < settings.count + lane; i += 1u) { numbers[lane] += i; }",
        "for (var i = 0u; i < 9u; i += 1u) { numbers[lane] += i; }",
    ] {
        assert!(!trouble(beside), "{beside}");
    }
}
