//! Every behaviour that the contract promises, one small Lua file each: `handlers/*.lua`, whose head comment says what is to happen.
//!
//! The JavaScript of `examples/quickjs` has its own in `handlers/js/*.mjs`.
//!
//! How such a file is written: `src/behaviour.rs`. All files are run, and all differences are told at the end.
//! One alone: `COLDMOON_BEHAVIOUR=nil_result cargo test -p coldmoon-tests --test behaviours`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use coldmoon_tests::behaviour::check_file;
use coldmoon_tests::language::language;

/// Files at the same time: they wait for processes more than they compute.
const PARALLEL: usize = 3;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("handlers");
    // Those of other languages have folders of their own.
    let (folder, kind) = match language().name.as_str() {
        "Lua" => (folder, "lua"),
        "JavaScript" => (folder.join("js"), "mjs"),
        other => panic!("there are no behaviours of {other}"),
    };
    let only = std::env::var("COLDMOON_BEHAVIOUR").unwrap_or_default();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == kind) && path.to_string_lossy().contains(&only))
        .collect();
    files.sort();
    files
}

#[test]
fn every_behaviour_is_as_its_file_says() {
    let files = files();
    assert!(!files.is_empty(), "there are no behaviours");
    let next = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let checked = std::panic::catch_unwind(|| check_file(file));
                    let text = match checked {
                        Ok(Ok(())) => continue,
                        Ok(Err(text)) => text,
                        Err(panic) => format!("{}: {}", file.display(), panic.downcast_ref::<String>().cloned().unwrap_or_default()),
                    };
                    differences.lock().expect("no thread panics here").push(text);
                }
            });
        }
    });
    let differences = differences.into_inner().expect("no thread panics here");
    assert!(differences.is_empty(), "{} of {} behaviours differ:\n\n{}", differences.len(), files.len(), differences.join("\n\n"));
}
