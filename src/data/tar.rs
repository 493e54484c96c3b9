//! Files out of a tar archive, as far as data sets need it: plain files by the last part of their names.

use std::io::{self, Read, Write};
use std::path::Path;

/// Bytes that everything in an archive comes in multiples of.
const BLOCK: usize = 512;

/// Writes those files of an archive whose names, without their folders, are among `wanted` into `folder`; the names of
/// those that were there.
pub(super) fn unpack(mut archive: impl Read, wanted: &[&'static str], folder: &Path) -> io::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    let mut header = [0; BLOCK];
    loop {
        archive.read_exact(&mut header)?;
        // Blocks of zeros are its end.
        if header.iter().all(|byte| *byte == 0) {
            return Ok(found);
        }
        let (name, size) = entry(&header).ok_or_else(|| io::Error::other("a header of the archive is damaged"))?;
        let name = name.rsplit('/').next().unwrap_or_default();
        let mut contents = archive.by_ref().take(size);
        // Anything but a plain file has another kind: folders, links, notes of some programs.
        let plain = matches!(header[156], b'0' | 0);
        if let Some(name) = wanted.iter().copied().find(|wanted| plain && *wanted == name) {
            let partial = folder.join(format!("{name}.partial"));
            let mut file = std::fs::File::create(&partial)?;
            let written = io::copy(&mut contents, &mut file)?;
            file.flush()?;
            file.sync_all()?;
            if written < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            std::fs::rename(&partial, folder.join(name))?;
            found.push(name);
        }
        io::copy(&mut contents, &mut io::sink())?;
        let rest = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        io::copy(&mut archive.by_ref().take(rest), &mut io::sink())?;
    }
}

/// Name and size from a header, if its checksum is right.
fn entry(header: &[u8; BLOCK]) -> Option<(String, u64)> {
    let octal = |range: std::ops::Range<usize>| {
        let text = std::str::from_utf8(&header[range]).ok()?;
        u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
    };
    // The checksum counts its own field as blanks.
    let sum: u64 = (0..BLOCK).map(|i| if (148..156).contains(&i) { 32 } else { u64::from(header[i]) }).sum();
    if octal(148..156)? != sum {
        return None;
    }
    let name = header[..100].split(|byte| *byte == 0).next()?;
    Some((String::from_utf8_lossy(name).into_owned(), octal(124..136)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An archive of these files, as `tar` writes it; a kind of `5` is a folder.
    pub(in super::super) fn packed(files: &[(&str, u8, &[u8])]) -> Vec<u8> {
        let mut archive = Vec::new();
        for (name, kind, contents) in files {
            let mut header = [0; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..136].copy_from_slice(format!("{:011o}\0", contents.len()).as_bytes());
            header[148..156].fill(b' ');
            header[156] = *kind;
            let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            archive.extend(header);
            archive.extend(*contents);
            archive.resize(archive.len().next_multiple_of(BLOCK), 0);
        }
        archive.resize(archive.len() + 2 * BLOCK, 0);
        archive
    }

    #[test]
    fn wanted_files_come_out_and_nothing_goes_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = vec![7; 1500];
        let archive = packed(&[
            ("set", b'5', b""),
            ("set/a.bin", b'0', &long),
            ("set/readme", b'0', b"hello"),
            ("../../b.bin", b'0', b"outside"),
            ("set/c.bin", b'2', b""),
        ]);
        let found = unpack(archive.as_slice(), &["a.bin", "b.bin", "c.bin"], folder.path()).expect("unpacks");
        assert_eq!(found, ["a.bin", "b.bin"]);
        let read = |name: &str| std::fs::read(folder.path().join(name)).expect("is there");
        assert_eq!((read("a.bin"), read("b.bin").as_slice()), (long, b"outside".as_slice()));
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 2);
    }

    #[test]
    fn damage_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = packed(&[("a.bin", b'0', &[1; 600])]);
        for cut in [0, 100, BLOCK, BLOCK + 300] {
            assert!(unpack(&archive[..cut], &["a.bin"], folder.path()).is_err(), "{cut}");
        }
        let mut wrong = archive.clone();
        wrong[0] = b'b';
        assert!(unpack(wrong.as_slice(), &["a.bin"], folder.path()).is_err());
        assert!(!folder.path().join("a.bin").exists());
    }
}
