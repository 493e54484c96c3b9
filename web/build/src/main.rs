//! Builds the browser page, serves it, and tests it in a browser: `build`, `serve [PORT]`, `test`.

mod browser;
mod bundle;
mod server;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["build"] => {
            let dist = bundle::build(&web())?;
            println!("the page is in {}; to look at it: make web-serve", dist.display());
            Ok(())
        }
        ["serve"] => serve(8080),
        ["serve", port] => serve(port.parse().with_context(|| format!("{port}: a port is a number up to 65535"))?),
        ["test"] => browser::test(&bundle::build(&web())?),
        _ => bail!("say build, serve [PORT] or test"),
    }
}

/// The folder of the page: the one above this package.
fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn serve(port: u16) -> Result<()> {
    let dist = bundle::build(&web())?;
    let server = server::Server::start(&dist, port)?;
    println!("look at {} (Ctrl-C ends it)", server.address());
    // Nobody posts here; it goes on until it is killed.
    while server.next(None).is_some() {}
    Ok(())
}
