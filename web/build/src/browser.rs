//! The page in a headless browser: it tests itself (`page/test.js`) and posts what came of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::server::Server;

/// All of it, on two slow cores.
const LONGEST: Duration = Duration::from_secs(240);
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// WebGPU without a graphics card, by Chromium's own software adapter.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-webgpu-adapter=swiftshader",
    "--enable-logging=stderr",
];
/// Lines of what the browser said that are shown when it fails.
const SHOWN: usize = 15;

/// A browser at work; it ends with this value, and its profile with it.
struct Browser {
    child: Child,
    profile: PathBuf,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// Lets the page in `dist` test itself.
///
/// Fails when an accuracy is too low, when anything went wrong on the page, or when it took too long.
pub(crate) fn test(dist: &Path) -> Result<()> {
    let server = Server::start(dist, 0)?;
    let end = Instant::now() + LONGEST;
    let _browser = open(&server, &format!("{}?test", server.address()))?;
    let (mut passed, mut low) = (0, Vec::new());
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let Some(text) = server.next(Some(left)) else { bail!("not done after {} s", LONGEST.as_secs()) };
        let said: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        match said["kind"].as_str() {
            Some("adapter") => println!("adapter: {}", said["text"].as_str().unwrap_or_default()),
            Some("trained") => {
                let number = |key: &str| said[key].as_f64().with_context(|| format!("no {key} in {said}"));
                let (name, accuracy, least) = (&said["name"], number("accuracy")?, number("least")?);
                let (generation, seconds) = (number("generation")?, number("seconds")?);
                println!("{name}: accuracy {accuracy:.4} (at least {least}), {generation} generations, {seconds:.1} s");
                if accuracy.is_nan() || accuracy < least {
                    low.push(name.to_string());
                }
                passed += 1;
            }
            Some("done") => break,
            Some("error") => bail!("on the page: {}", said["text"].as_str().unwrap_or_default()),
            _ => bail!("{}", said["text"].as_str().unwrap_or(&text)),
        }
    }
    ensure!(low.is_empty(), "too low: {}", low.join(", "));
    ensure!(passed > 0, "the page trained nothing");
    println!("{passed} trainings in the browser, all well");
    Ok(())
}

/// Opens the page. When the browser ends by itself, the server's voice says with what words.
fn open(server: &Server, address: &str) -> Result<Browser> {
    let profile = std::env::temp_dir().join(format!("gradless-browser-{}", std::process::id()));
    let mut command = Command::new(find()?);
    command.args(FLAGS).arg(format!("--user-data-dir={}", profile.display())).arg(address);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let (stderr, voice) = (child.stderr.take().context("no stderr")?, server.voice());
    std::thread::spawn(move || {
        let mut last = Vec::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if std::env::var_os("GRADLESS_BROWSER_LOG").is_some() {
                eprintln!("{line}");
            }
            last.push(line);
            if last.len() > SHOWN {
                last.remove(0);
            }
        }
        let text = format!("the browser ended by itself:\n{}", last.join("\n"));
        // Nobody listens any more once the test is over.
        let _ = voice.send(serde_json::json!({ "text": text }).to_string());
    });
    Ok(Browser { child, profile })
}

/// The program that `CHROMIUM` names, else the first that is installed.
fn find() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let found = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|p| p.is_file());
    found.context("no Chromium found: install it (apt-get install chromium), or name it in CHROMIUM")
}
