//! Tells when files of a folder have changed: below it, at any depth.
//!
//! Not told: what begins with a dot (`.git`, and what editors and tools keep there), `node_modules`, editors' backups and
//! temporary files, and changes of times and permissions alone. Editors that write a new file and rename it are understood.
//! Changes that follow each other quickly are told once.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

/// So long it has to be quiet before a change is told: an editor's save is two or three steps within a millisecond.
const QUIET: Duration = Duration::from_millis(25);

/// At the latest it is told after this time.
const PATIENCE: Duration = Duration::from_millis(150);

/// Watches as long as it lives.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Calls `changed` in a thread of its own, with the path of the file that changed last, relative to the folder.
///
/// # Errors
/// A sentence where the folder cannot be watched.
pub fn watch(folder: &Path, changed: impl Fn(&Path) + Send + 'static) -> Result<Watch, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("cannot watch {} for changes: {error}; --no-watch goes without", folder.display());
    // Paths are told below the name that was given.
    let folder = folder.canonicalize().map_err(|error| cannot(&crate::function::plain(&error)))?;
    let (sender, receiver) = mpsc::channel::<PathBuf>();
    let root = folder.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Of a rename both names are told, the new one last.
        let last = event.paths.iter().rev().filter_map(|path| path.strip_prefix(&root).ok()).find(|path| is_relevant(path));
        // Where the system has dropped events, anything may have changed.
        let dropped = event.need_rescan().then(|| PathBuf::from("a file"));
        if let Some(path) = last.filter(|_| is_change(event.kind)).map(Path::to_owned).or(dropped) {
            // Fails only while everything ends.
            sender.send(path).ok();
        }
    })
    .map_err(|error| cannot(&plain(error)))?;
    watcher.watch(&folder, RecursiveMode::Recursive).map_err(|error| cannot(&plain(error)))?;
    std::thread::spawn(move || {
        while let Ok(mut path) = receiver.recv() {
            let first = Instant::now();
            while first.elapsed() < PATIENCE
                && let Ok(next) = receiver.recv_timeout(QUIET)
            {
                path = next;
            }
            changed(&path);
        }
    });
    Ok(Watch { _watcher: watcher })
}

fn plain(error: notify::Error) -> String {
    match error.kind {
        ErrorKind::Io(error) => crate::function::plain(&error),
        ErrorKind::MaxFilesWatch => "it has more folders than the system allows to watch (fs.inotify.max_user_watches)".into(),
        _ => crate::function::plain(&io::Error::other(error)),
    }
}

fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        _ => false,
    }
}

fn is_relevant(path: &Path) -> bool {
    let is_hidden = |name: &str| name.starts_with('.') || name == "node_modules";
    let mut names = path.iter().map(|name| name.to_string_lossy());
    let Some(file) = path.file_name().map(|name| name.to_string_lossy()) else { return false };
    // Vim tries with the file 4913 whether it can write to a folder.
    let is_temporary =
        file == "4913" || file.ends_with('~') || file.starts_with('#') || [".swp", ".swx", ".tmp"].iter().any(|end| file.ends_with(end));
    !is_temporary && !names.any(|name| is_hidden(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_functions_own_files_count() {
        for (path, relevant) in [
            ("app.lua", true),
            ("lib/users.lua", true),
            ("data.json", true),
            ("lua_modules/share/lua/5.1/x.lua", true),
            (".git/index", false),
            (".app.lua.swp", false),
            ("app.lua~", false),
            ("#app.lua#", false),
            ("4913", false),
            ("node_modules/x/y.lua", false),
            ("", false),
        ] {
            assert_eq!(is_relevant(Path::new(path)), relevant, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_watched_is_one_sentence() {
        let told = watch(Path::new("no/folder"), |_| {}).unwrap_err();
        assert_eq!(told, "cannot watch no/folder for changes: no such file or directory; --no-watch goes without");
        let told = plain(notify::Error::new(ErrorKind::MaxFilesWatch));
        assert_eq!(told, "it has more folders than the system allows to watch (fs.inotify.max_user_watches)");
    }

    #[test]
    fn saves_are_told_once_and_soon() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        let file = folder.path().join("lib/app.lua");
        std::fs::write(&file, "return 1").unwrap();
        let (sender, receiver) = mpsc::channel();
        let _watch = watch(folder.path(), move |path| sender.send(path.to_owned()).unwrap()).unwrap();
        let quiet = |receiver: &mpsc::Receiver<PathBuf>| receiver.recv_timeout(Duration::from_millis(200)).is_err();
        let told = |what: &str| assert_eq!(receiver.recv_timeout(Duration::from_secs(5)).expect(what), Path::new("lib/app.lua"));

        std::fs::read(&file).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(folder.path().join(".hidden"), "").unwrap();
        assert!(quiet(&receiver));

        std::fs::write(&file, "return 2").unwrap();
        told("a write");
        assert!(quiet(&receiver));

        let temporary = folder.path().join("lib/app.lua.tmp");
        std::fs::write(&temporary, "return 3").unwrap();
        std::fs::rename(&temporary, &file).unwrap();
        told("a rename");

        std::fs::remove_file(&file).unwrap();
        told("a removal");
    }
}
