//! Fetches data sets: over HTTP, going on where a connection broke off, and nothing is kept that has the wrong checksum.

use std::fmt::Display;
use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use ureq::http::header::{CONTENT_RANGE, RANGE};
use ureq::{Agent, Body, http::Response};

use super::remote::{File, Remote};
use super::tar;
use crate::error::{Error, Result};

/// Times in a row that a server may bring nothing new.
const TRIES: u32 = 3;

/// How to fetch.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// How long a server may be silent.
    pub patience: Duration,
    /// An address that files are taken from in place of their own: `MIRROR/SET/FILE`.
    pub mirror: Option<String>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self { patience: Duration::from_secs(30), mirror: None }
    }
}

/// What ended a transfer.
enum Failure {
    /// It may go on at the next try.
    Cut(String),
    /// The next try would end alike.
    Lasting(String),
}

impl Fetcher {
    /// Fetches what is missing of a set into `folder`, which is made. `watch` is told the file, how much of it is there,
    /// and how much it will be.
    ///
    /// # Errors
    /// [`Error::File`] with what can be done: a server that cannot be reached, has no such file or stops, a wrong
    /// checksum, a full disk.
    pub fn fetch(&self, remote: &Remote, folder: &Path, watch: &mut dyn FnMut(&File, u64)) -> Result<()> {
        if remote.is_in(folder) {
            return Ok(());
        }
        fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        for file in remote.files {
            let path = folder.join(file.name);
            let whole = fs::metadata(&path).is_ok_and(|found| found.len() == file.bytes);
            if !whole || sum(&path)? != file.sha256 {
                self.file(remote, file, folder, watch)?;
            }
            if !remote.holds.contains(&file.name) {
                unpack(&path, remote, folder)?;
            }
        }
        if remote.is_in(folder) {
            return Ok(());
        }
        Err(Error::file(folder, format!("not all of {} came out of the archive", remote.holds.join(", "))))
    }

    /// Fetches one file, in as many tries as bring something new.
    fn file(&self, remote: &Remote, file: &File, folder: &Path, watch: &mut dyn FnMut(&File, u64)) -> Result<()> {
        let address = match &self.mirror {
            Some(mirror) => format!("{}/{}/{}", mirror.trim_end_matches('/'), remote.name, file.name),
            None => format!("{}{}", file.place, file.name),
        };
        let partial = folder.join(format!("{}.partial", file.name));
        let length = || fs::metadata(&partial).map_or(0, |found| found.len());
        let (mut furthest, mut idle) = (length(), 0);
        loop {
            let cause = match self.transfer(&address, file, &partial, watch) {
                Ok(()) => break,
                Err(Failure::Lasting(cause)) => {
                    return Err(Error::file(&partial, format!("{cause}; {}", remote.by_hand(folder))));
                }
                Err(Failure::Cut(cause)) => cause,
            };
            idle = if length() > furthest { 0 } else { idle + 1 };
            furthest = furthest.max(length());
            if idle == TRIES {
                let kept =
                    format!("{} of {} bytes are kept, the same command goes on from there", length(), file.bytes);
                return Err(Error::file(&partial, format!("{address}: {cause}; {kept}; {}", remote.by_hand(folder))));
            }
        }
        let found = sum(&partial)?;
        if found != file.sha256 {
            let _ = fs::remove_file(&partial);
            let cause = format!(
                "{address}: what came has SHA-256 {found}, not {}: it was damaged or replaced and is not kept; try again, or \
                 another --mirror",
                file.sha256
            );
            return Err(Error::file(&partial, cause));
        }
        fs::rename(&partial, folder.join(file.name)).map_err(|error| Error::file(&partial, error))
    }

    /// One request, for what is not there yet.
    fn transfer(
        &self,
        address: &str,
        file: &File,
        partial: &Path,
        watch: &mut dyn FnMut(&File, u64),
    ) -> Result<(), Failure> {
        let disk = |error: io::Error| Failure::Lasting(error.to_string());
        let mut have = fs::metadata(partial).map_or(0, |found| found.len());
        if have == file.bytes {
            return Ok(());
        }
        if have > file.bytes {
            fs::remove_file(partial).map_err(disk)?;
            have = 0;
        }
        let mut response = self.ask(address, have)?;
        if response.status() == 200 {
            // All of it, whatever was asked for.
            have = 0;
        } else if range_start(&response) != Some(have) {
            fs::remove_file(partial).map_err(disk)?;
            return Err(Failure::Cut("the server sent another part than was asked for".into()));
        }
        let mut kept = fs::OpenOptions::new().create(true).append(true).open(partial).map_err(disk)?;
        kept.set_len(have).map_err(disk)?;
        let mut body = response.body_mut().as_reader();
        let mut bytes = vec![0; 1 << 16];
        loop {
            watch(file, have);
            let count = match body.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Cut(format!("the transfer stopped: {error}"))),
            };
            have += count as u64;
            if have > file.bytes {
                drop(kept);
                fs::remove_file(partial).map_err(disk)?;
                return Err(Failure::Lasting(format!("{address}: more than {} bytes: another file", file.bytes)));
            }
            kept.write_all(&bytes[..count]).map_err(disk)?;
        }
        kept.sync_all().map_err(disk)?;
        if have < file.bytes {
            return Err(Failure::Cut(format!("the transfer ended at {have} of {} bytes", file.bytes)));
        }
        Ok(())
    }

    /// Asks for what comes behind the first `have` bytes.
    fn ask(&self, address: &str, have: u64) -> Result<Response<Body>, Failure> {
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(self.patience))
            .timeout_recv_response(Some(self.patience))
            .timeout_per_read(Some(self.patience));
        // What the machine itself serves is not asked of a proxy.
        let host = address.split_once("://").map_or(address, |parts| parts.1);
        let own = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| host.starts_with(own));
        let settings = if own { settings.proxy(None) } else { settings };
        let mut request = settings.build().new_agent().get(address);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let response = request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Lasting(format!("{address}: {error}")),
            _ => Failure::Cut(error.to_string()),
        })?;
        let status = response.status();
        match status.as_u16() {
            200 => Ok(response),
            206 if have > 0 => Ok(response),
            500..=599 | 408 | 429 => Err(Failure::Cut(format!("the server answers {status}"))),
            _ => Err(Failure::Lasting(format!("{address}: the server answers {status}: try another --mirror"))),
        }
    }
}

/// Where the part that a server sends begins, from `bytes 100-199/200`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// The SHA-256 of a file in hexadecimal digits.
fn sum(path: &Path) -> Result<String> {
    let wrong = |error: io::Error| Error::file(path, error);
    let mut file = fs::File::open(path).map_err(wrong)?;
    let (mut hash, mut bytes) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut bytes).map_err(wrong)? {
            0 => break,
            count => hash.update(&bytes[..count]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes out of an archive what the set holds, and removes it.
fn unpack(archive: &Path, remote: &Remote, folder: &Path) -> Result<()> {
    let wrong = |error: &dyn Display| Error::file(archive, error);
    let file = BufReader::new(fs::File::open(archive).map_err(|error| wrong(&error))?);
    tar::unpack(MultiGzDecoder::new(file), remote.holds, folder).map_err(|error| wrong(&error))?;
    fs::remove_file(archive).map_err(|error| wrong(&error))
}
