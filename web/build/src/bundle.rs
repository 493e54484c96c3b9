//! From sources to a folder that any web server can serve.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles the engine for the browser, writes its bindings and copies the page to `dist` beside the sources.
pub(crate) fn build(web: &Path) -> Result<PathBuf> {
    let target = target_folder(web)?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(web).args(["build", "--release", "--locked", "--package", "gradless-web", "--target", TARGET]);
    cargo.arg("--target-dir").arg(&target);
    let status = cargo.status().context("cargo does not start")?;
    ensure!(status.success(), "the engine does not build; is its target there? rustup target add {TARGET}");

    let dist = web.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).with_context(|| dist.display().to_string())?;
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_path(target.join(TARGET).join("release/gradless_web.wasm")).out_name("engine");
    bindgen.typescript(false).remove_name_section(true).remove_producers_section(true).web(true)?;
    bindgen.generate(&dist)?;
    for entry in fs::read_dir(web.join("page"))? {
        let file = entry?;
        fs::copy(file.path(), dist.join(file.file_name())).with_context(|| file.path().display().to_string())?;
    }
    Ok(dist)
}

/// Where cargo puts what it builds: this program lies in `release` of it.
fn target_folder(web: &Path) -> Result<PathBuf> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    Ok(program.ancestors().nth(2).map_or_else(|| web.join("target"), Path::to_path_buf))
}
