//! A web server for one folder and one visitor: files by GET, and what the page has to say by POST.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result};

/// Largest body that a page may post.
const LARGEST: u64 = 1 << 20;

/// A server at work, until the program ends.
pub(crate) struct Server {
    port: u16,
    said: Receiver<String>,
    say: Sender<String>,
}

impl Server {
    /// Serves `folder` to this machine alone; port 0 takes any that is free.
    pub(crate) fn start(folder: &Path, port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).with_context(|| format!("port {port} is not free"))?;
        let port = listener.local_addr()?.port();
        let (say, said) = channel();
        let (folder, posted) = (folder.to_path_buf(), say.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, posted) = (folder.clone(), posted.clone());
                // A visitor that goes away is no matter.
                std::thread::spawn(move || answer(&stream, &folder, &posted).ok());
            }
        });
        Ok(Self { port, said, say })
    }

    /// The page's address.
    pub(crate) fn address(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// For others who have something to say that is waited for beside what is posted.
    pub(crate) fn voice(&self) -> Sender<String> {
        self.say.clone()
    }

    /// The next text that was posted; none when nothing came in that time.
    pub(crate) fn next(&self, within: Option<Duration>) -> Option<String> {
        match within {
            Some(time) => self.said.recv_timeout(time).ok(),
            None => self.said.recv().ok(),
        }
    }
}

fn answer(stream: &TcpStream, folder: &Path, posted: &Sender<String>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match (method, file(folder, path)) {
        ("POST", _) => {
            let mut body = String::new();
            reader.take(length.min(LARGEST)).read_to_string(&mut body)?;
            posted.send(body)?;
            reply(stream, "204 No Content", "text/plain", b"")
        }
        ("GET", Some(file)) => match std::fs::read(&file) {
            Ok(bytes) => reply(stream, "200 OK", kind(&file), &bytes),
            Err(_) => reply(stream, "404 Not Found", "text/plain", b"not found\n"),
        },
        _ => reply(stream, "404 Not Found", "text/plain", b"not found\n"),
    }
}

/// The file that is asked for; none where the path leads anywhere else than into the folder itself.
fn file(folder: &Path, path: &str) -> Option<PathBuf> {
    let name = path.split(['?', '#']).next()?.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (name.chars().all(plain) && !name.starts_with('.')).then(|| folder.join(name))
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn reply(mut stream: &TcpStream, status: &str, kind: &str, body: &[u8]) -> Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
         Connection: close\r\n\r\n"
    )?;
    Ok(stream.write_all(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_given() {
        let folder = Path::new("dist");
        assert_eq!(file(folder, "/?test"), Some(folder.join("index.html")));
        assert_eq!(file(folder, "/engine_bg.wasm"), Some(folder.join("engine_bg.wasm")));
        for path in ["/../Cargo.toml", "/.git", "/a/b", "/%2e%2e", "page.js", ""] {
            assert_eq!(file(folder, path), None, "{path}");
        }
    }
}
