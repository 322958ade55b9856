//! `coldmoon serve` with the real bootstrap, in a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The real runtime: `COLDMOON_BOOTSTRAP`, else the debug build beside the tool.
pub fn bootstrap() -> PathBuf {
    let given = std::env::var_os("COLDMOON_BOOTSTRAP").filter(|path| !path.is_empty()).map(PathBuf::from);
    // The tests run in the package's folder, the variable is relative to the workspace's.
    let given = given.map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path));
    let path = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_coldmoon")).with_file_name("bootstrap"));
    assert!(path.is_file(), "there is no {}: build it with `cargo build -p coldmoon --bin bootstrap`", path.display());
    path
}

/// A running server. Dropping it kills it.
pub struct Served {
    pub url: String,
    pub port: u16,
    child: Child,
    folder: tempfile::TempDir,
    log: Arc<Mutex<String>>,
}

impl Served {
    /// Serves `app.handler` from an `app.lua` of this text.
    #[track_caller]
    pub fn start(source: &str, arguments: &[&str]) -> Served {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("app.lua"), source).expect("a file");
        let mut child = command(folder.path(), &["app.handler", "--port", "0"]).args(arguments).spawn().expect("coldmoon runs");
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let kept = log.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|read| read > 0) {
                if let Some(url) = line.strip_prefix("coldmoon: serving on ") {
                    sender.send(url.trim().to_owned()).ok();
                }
                kept.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let url = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not serve:\n{}", log.lock().unwrap()));
        let port = url.rsplit(':').next().expect("a port").parse().expect("a port");
        Served { url, port, child, folder, log }
    }

    /// Writes a file of the function.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file");
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the console says something.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "{text:?} is not said:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The ids of its runtime processes.
    pub fn processes(&self) -> Vec<u32> {
        children(self.child.id())
    }

    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for its end; the exit code.
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `coldmoon serve` with these arguments, stderr piped.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coldmoon"));
    command.arg("serve").args(arguments).current_dir(folder).env("COLDMOON_BOOTSTRAP", bootstrap());
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn children(id: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten() {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(thread.path().join("children")) {
            file.read_to_string(&mut text).ok();
        }
        found.extend(text.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    found
}
