//! Data sets fetched from a server on this machine: whole, in pieces, and from servers that do not do what they should.
#![cfg(feature = "fetch")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "common/program.rs"]
mod program;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gradless::data::{Fetcher, File, Remote};
use program::{folder, gradless, json, refused};
use sha2::{Digest, Sha256};

/// What a server does with a file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// All that is asked for.
    Serves,
    /// Closes the connection after so many bytes, the first time.
    Cuts(usize),
    /// Is silent after so many bytes, every time.
    Stops(usize),
    /// Serves all of it, whatever part is asked for, and cuts the first time.
    Forgets(usize),
    /// Has trouble the first time.
    Stumbles,
}

/// Path and range of every request.
type Requests = Mutex<Vec<(String, Option<usize>)>>;

/// A server on this machine; it ends with the test.
struct Server {
    address: String,
    requests: Arc<Requests>,
}

impl Server {
    fn new(files: HashMap<String, Vec<u8>>, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, files) = (requests.clone(), Arc::new(files));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, files) = (seen.clone(), files.clone());
                // Whoever hangs up is the business of the test.
                std::thread::spawn(move || drop(answer(stream, &files, way, &seen)));
            }
        });
        Self { address, requests }
    }

    fn ranges(&self) -> Vec<Option<usize>> {
        self.requests.lock().unwrap().iter().map(|request| request.1).collect()
    }
}

fn answer(mut stream: TcpStream, files: &HashMap<String, Vec<u8>>, way: Way, seen: &Requests) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap()?;
    let path = first.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_string();
    let mut range = None;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some(from) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = from.trim_end_matches('-').parse::<usize>().ok();
        }
    }
    let again = {
        let mut seen = seen.lock().unwrap();
        seen.push((path.clone(), range));
        seen.iter().filter(|request| request.0 == path).count() > 1
    };
    let Some(file) = files.get(&path) else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone");
    };
    if way == Way::Stumbles && !again {
        return write!(stream, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let from = range.filter(|_| !matches!(way, Way::Forgets(_))).unwrap_or(0);
    match range {
        Some(from) if !matches!(way, Way::Forgets(_)) => {
            let (last, all) = (file.len() - 1, file.len());
            write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{last}/{all}\r\n")?;
        }
        _ => write!(stream, "HTTP/1.1 200 OK\r\n")?,
    }
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", file.len() - from)?;
    let rest = &file[from..];
    match way {
        Way::Cuts(count) | Way::Forgets(count) if !again => stream.write_all(&rest[..count])?,
        Way::Stops(count) => {
            stream.write_all(&rest[..count.saturating_sub(from).min(rest.len())])?;
            stream.flush()?;
            std::thread::sleep(Duration::from_secs(20));
        }
        _ => stream.write_all(rest)?,
    }
    stream.flush()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Repeatable bytes.
fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// A set of one file, and what a server has under its name.
fn set(contents: &[u8]) -> (Remote, HashMap<String, Vec<u8>>) {
    let file = File {
        name: "pictures.bin",
        place: "http://nowhere.invalid/",
        bytes: contents.len() as u64,
        // A test of a few bytes may keep them for good.
        sha256: Box::leak(sum(contents).into_boxed_str()),
    };
    let remote = Remote {
        name: "small",
        rows: 1,
        features: 1,
        classes: 2,
        about: "for a test",
        files: Box::leak(Box::new([file])),
        holds: &["pictures.bin"],
    };
    (remote, HashMap::from([("small/pictures.bin".to_string(), contents.to_vec())]))
}

fn fetcher(server: &Server) -> Fetcher {
    Fetcher { patience: Duration::from_millis(400), mirror: Some(server.address.clone()) }
}

fn fetch(server: &Server, remote: &Remote, folder: &Path) -> Result<(), String> {
    fetcher(server).fetch(remote, folder, &mut |_, _| {}).map_err(|error| error.to_string())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_set_comes_whole_and_once() {
    let contents = bytes(300_000);
    let (remote, files) = set(&contents);
    let (home, server) = (folder(), Server::new(files, Way::Serves));
    let at = home.path().join("deep/small");
    let mut watched = Vec::new();
    fetcher(&server).fetch(&remote, &at, &mut |file, bytes| watched.push((file.name, bytes))).unwrap();
    assert_eq!((names(&at), std::fs::read(at.join("pictures.bin")).unwrap()), (vec!["pictures.bin".into()], contents));
    assert_eq!((watched[0], watched[watched.len() - 1]), (("pictures.bin", 0), ("pictures.bin", 300_000)));
    fetch(&server, &remote, &at).unwrap();
    assert_eq!(server.ranges(), [None], "a second time there is nothing to ask for");
}

#[test]
fn a_transfer_that_was_cut_goes_on_where_it_stopped() {
    let contents = bytes(200_000);
    let (remote, files) = set(&contents);
    for (way, ranges) in [
        (Way::Cuts(70_000), vec![None, Some(70_000)]),
        (Way::Forgets(70_000), vec![None, Some(70_000)]),
        (Way::Stumbles, vec![None, None]),
    ] {
        let (home, server) = (folder(), Server::new(files.clone(), way));
        fetch(&server, &remote, home.path()).unwrap();
        assert_eq!((server.ranges(), names(home.path())), (ranges, vec!["pictures.bin".into()]), "{way:?}");
        assert_eq!(std::fs::read(home.path().join("pictures.bin")).unwrap(), contents, "{way:?}");
    }
    // So does another process, which finds a part.
    let (home, server) = (folder(), Server::new(files, Way::Serves));
    std::fs::write(home.path().join("pictures.bin.partial"), &contents[..5000]).unwrap();
    fetch(&server, &remote, home.path()).unwrap();
    assert_eq!(server.ranges(), [Some(5000)]);
    assert_eq!(std::fs::read(home.path().join("pictures.bin")).unwrap(), contents);
}

#[test]
fn a_server_that_stops_is_given_up_and_what_came_is_kept() {
    let contents = bytes(200_000);
    let (remote, files) = set(&contents);
    let (home, server) = (folder(), Server::new(files.clone(), Way::Stops(60_000)));
    let start = Instant::now();
    let message = fetch(&server, &remote, home.path()).unwrap_err();
    // Once with something new, three times without: 0.4 s each.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(message.contains("60000 of 200000 bytes are kept") && message.contains("or put pictures.bin"), "{message}");
    let better = Server::new(files, Way::Serves);
    fetch(&better, &remote, home.path()).unwrap();
    assert_eq!(better.ranges(), [Some(60_000)]);
    assert_eq!(std::fs::read(home.path().join("pictures.bin")).unwrap(), contents);
}

#[test]
fn what_is_not_what_was_asked_for_is_not_kept() {
    let contents = bytes(5000);
    let (remote, mut files) = set(&contents);
    let mut wrong = contents.clone();
    wrong[77] ^= 1;
    files.insert("small/pictures.bin".into(), wrong);
    let (home, server) = (folder(), Server::new(files.clone(), Way::Serves));
    let message = fetch(&server, &remote, home.path()).unwrap_err();
    assert!(message.contains("SHA-256") && message.contains(&sum(&contents)), "{message}");
    assert!(names(home.path()).is_empty());

    files.insert("small/pictures.bin".into(), bytes(6000));
    let (home, server) = (folder(), Server::new(files, Way::Serves));
    let message = fetch(&server, &remote, home.path()).unwrap_err();
    assert!(message.contains("more than 5000 bytes") && names(home.path()).is_empty(), "{message}");

    let server = Server::new(HashMap::new(), Way::Serves);
    let message = fetch(&server, &remote, home.path()).unwrap_err();
    let address = format!("{}/small/pictures.bin", server.address);
    assert!(message.contains("404") && message.contains(&address), "{message}");
    assert_eq!(server.ranges().len(), 1, "asking again is no use");
}

#[test]
fn without_a_way_to_the_net_it_says_where_files_go() {
    let home = folder();
    let cache = home.path().join("cache");
    let run = |arguments: &str| {
        let mut program = gradless(home.path());
        let program = program.args(arguments.split_whitespace()).env("GRADLESS_CACHE", &cache);
        let output = program.env_remove("GRADLESS_MIRROR").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let place = cache.join("mnist").display().to_string();
    let (code, message) = run("train mnist");
    assert!(code == Some(2) && message.contains("gradless data fetch mnist") && message.contains(&place), "{message}");
    // Nobody listens at a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, message) = run(&format!("data fetch mnist --timeout 2 --mirror http://127.0.0.1:{port}"));
    assert!(code == Some(1) && message.contains("t10k-labels-idx1-ubyte.gz") && message.contains(&place), "{message}");
    let message = refused(home.path(), "data fetch mnits", 2);
    assert!(message.contains("fashion-mnist"), "{message}");
    let message = refused(home.path(), "data fetch mnist --timeout 0", 2);
    assert!(message.contains("timeout"), "{message}");
    let list = json(home.path(), "data list");
    assert_eq!((&list["remote"][0]["name"], &list["remote"][3]["classes"]), (&"mnist".into(), &100.into()));
}

#[test]
fn a_fetched_set_is_known_by_its_name() {
    let Some(data) = std::env::var_os("GRADLESS_DATA").map(|data| Path::new(&data).join("fashion-mnist")) else {
        return eprintln!("skipped: GRADLESS_DATA is not set");
    };
    if !data.exists() {
        return eprintln!("skipped: there is no {}", data.display());
    }
    let files = names(&data).into_iter().map(|name| {
        let contents = std::fs::read(data.join(&name)).unwrap();
        (format!("fashion-mnist/{name}"), contents)
    });
    let (home, server) = (folder(), Server::new(files.collect(), Way::Cuts(4000)));
    let run = |arguments: &str| {
        let mut program = gradless(home.path());
        program.args(arguments.split_whitespace()).env("GRADLESS_CACHE", home.path().join("cache"));
        let output = program.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let fetch = format!("data fetch fashion-mnist --json --mirror {}", server.address);
    assert_eq!(run(&fetch)["fetched"], true);
    assert_eq!(server.ranges().len(), 8, "each file in two parts");
    assert_eq!(run(&fetch)["fetched"], false);
    assert_eq!(run("data list --json")["remote"][1]["fetched"], true);
    let report = run("train fashion-mnist --model none --optimizer sgd --batch 32 --generations 2 --out run --json");
    assert_eq!((&report["data"]["name"], &report["data"]["train_rows"]), (&"fashion-mnist".into(), &60_000.into()));
}
