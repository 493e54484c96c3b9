//! Progress on a terminal, and Ctrl-C.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gradless::run::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C asks the run to end with its report; a second one ends the program.
pub(super) fn watch_interrupts() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    // Fails only if a handler is set already, which then is this one.
    let _ = ctrlc::set_handler(handler);
}

pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A bar on stderr, if that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    from: u32,
}

impl Progress {
    /// For a run that ends at generation `limit`, or after `seconds`.
    pub(super) fn new(limit: u32, seconds: Option<f64>, from: u32) -> Self {
        let bar = match seconds.filter(|_| limit == u32::MAX) {
            Some(seconds) => ProgressBar::new((seconds * 10.0) as u64),
            None => ProgressBar::new(limit.into()),
        };
        let shown = std::io::stderr().is_terminal();
        bar.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        let style = "{bar:30.cyan/dim} {percent:>3} %  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_position(if limit == u32::MAX { 0 } else { from.into() });
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, from }
    }

    pub(super) fn show(&self, report: &Report, per_generation: u64, timed: bool) {
        let position = if timed { (report.seconds * 10.0) as u64 } else { report.generation.into() };
        self.bar.set_position(position);
        let done = f64::from(report.generation - self.from) * per_generation as f64;
        let rate = done / report.seconds.max(1e-9);
        let (rate, unit) = match rate {
            r if r >= 1e6 => (r / 1e6, "M"),
            r if r >= 1e3 => (r / 1e3, "k"),
            r => (r, ""),
        };
        let best = report.best;
        self.bar
            .set_message(format!("generation {}  best {best:.5}  {rate:.1}{unit} evaluations/s", report.generation));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
