//! `coldmoon serve`: the function behind HTTP, until Ctrl-C.
//!
//! Everything that it says goes to stderr: where it listens, each request in one line, the function's log, errors with their
//! source. At its start it runs the function's init once. What is wrong with the command line ends it (exit 1): the port, the
//! task root, a handler that is not there. An error in the function's code is shown, and mended by the next save.

use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use coldmoon_cli::function::{NAME_RULE, is_name, plain, region};
use coldmoon_cli::report::ms;
use coldmoon_cli::say;
use coldmoon_cli::service::environment::Failure;
use coldmoon_cli::service::history::History;
use coldmoon_cli::service::http_event::Payload;
use coldmoon_cli::service::pool::{Pool, Settings};
use coldmoon_cli::service::watch::{Watch, watch};
use coldmoon_cli::service::{Service, serve, tell_failure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch as sync_watch;

use crate::options::{FunctionOptions, whole};

/// Errors of the start that come from the command line and that no change of a file is likely to mend.
const USAGE_ERRORS: [&str; 4] =
    ["Runtime.MalformedHandlerName", "Runtime.ImportModuleError", "Runtime.HandlerNotFound", "Runtime.InvalidEntrypoint"];

/// Serve a function over HTTP on this machine, as a function URL and the Invoke API would
#[derive(Args)]
#[command(
    after_help = "Any path is an event for the function; /_coldmoon is a page with the last invocations; the AWS CLI and SDKs invoke it \
                        with --endpoint-url http://127.0.0.1:9000. Files that change are loaded again.\n\
                        Exit codes: 1 it could not start, 2 wrong usage, 130 ended by Ctrl-C, 143 by SIGTERM."
)]
pub struct Serve {
    #[command(flatten)]
    function: FunctionOptions,
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9000, value_parser = whole::<u16>(0..=65_535))]
    port: u16,
    /// The address to listen on; everybody who reaches it can run the function
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: String,
    /// How many invocations may run at the same time; each in a process of its own, started when it is needed
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = whole::<u16>(1..=100))]
    workers: u16,
    /// The events that requests become
    #[arg(long, value_enum, default_value_t = PayloadOption::V2)]
    payload: PayloadOption,
    /// The function's name, as callers of Invoke give it
    #[arg(long, value_name = "NAME", default_value = "function", value_parser = parse_name)]
    name: String,
    /// Do not load files again when they change
    #[arg(long)]
    no_watch: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PayloadOption {
    /// Function URLs and HTTP APIs, version 2.0
    V2,
    /// REST APIs of API Gateway, version 1.0
    V1,
    /// Load balancers
    Alb,
    /// Load balancers with multi-value headers
    AlbMulti,
}

impl Serve {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        let mut function = self.function.function()?;
        function.task_root = function.whole_task_root()?;
        function.name.clone_from(&self.name);
        let listener = self.listen()?;
        let port = listener.local_addr().map_err(|error| anyhow!("cannot listen: {}", plain(&error)))?.port();
        let signals =
            Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).map_err(|error| anyhow!("cannot handle signals: {}", plain(&error)))?;
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let tokio = tokio.map_err(|error| anyhow!("cannot start the server: {}", plain(&error)))?;
        let history = Arc::new(History::default());
        let settings = Settings { function, workers: self.workers.into(), timeout: self.function.timeout() };
        let service = Service {
            pool: Pool::new(settings, history.clone(), tokio.handle().clone()),
            history,
            payload: self.payload.into(),
            region: region(|name| std::env::var_os(name)).to_string_lossy().into_owned(),
            host: self.host.clone(),
            port,
        };
        let (stop, stopped) = sync_watch::channel(false);
        let signal = end_on_signal(signals, service.pool.clone(), stop);

        let address = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        // Before the first start, so that no save is missed.
        let _watch = if self.no_watch { None } else { Some(self.watch(&service)?) };
        self.warm_up(&service, &format!("http://{address}:{port}"))?;
        tokio
            .block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                serve(Arc::new(service), listener, stopped).await;
                io::Result::Ok(())
            })
            .map_err(|error| anyhow!("cannot serve: {}", plain(&error)))?;
        Ok(ExitCode::from(128 + u8::try_from(signal.recv()?).unwrap_or_default()))
    }

    fn listen(&self) -> Result<TcpListener> {
        let (host, port) = (&self.host, self.port);
        let found = (host.as_str(), port).to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
        let Some(address) = found else { bail!("there is no address {host} to listen on: 127.0.0.1 is this machine alone") };
        let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => anyhow!("port {port} is in use by another program: end it, or choose another one with --port"),
            io::ErrorKind::PermissionDenied => anyhow!("port {port} is not allowed: choose one from 1024 on with --port"),
            io::ErrorKind::AddrNotAvailable => anyhow!("{host} is no address of this machine: 127.0.0.1 is this machine alone"),
            _ => anyhow!("cannot listen on {host}:{port}: {}", plain(&error)),
        })?;
        listener.set_nonblocking(true).map_err(|error| anyhow!("cannot listen on {host}:{port}: {}", plain(&error)))?;
        Ok(listener)
    }

    /// Starts the function once, and says where it is.
    fn warm_up(&self, service: &Service, url: &str) -> Result<()> {
        let handler = &service.pool.settings().function.handler;
        match service.pool.renew().recv() {
            Ok(Ok(time)) => say(&format!("coldmoon: {handler} is ready after {:.2} ms", ms(time))),
            Ok(Err(failure)) if self.no_watch || USAGE_ERRORS.contains(&failure.error_type.as_str()) => {
                service.pool.stop(Duration::ZERO);
                // Lines of source; a line alone is the sentence below.
                if failure.untold.lines().count() > 1 {
                    tell_failure(&failure);
                }
                bail!("{handler} cannot be loaded: {}", sentence(&failure));
            }
            Ok(Err(failure)) => {
                tell_failure(&failure);
                say(&format!("coldmoon: {handler} cannot be loaded yet: mend the file and save it"));
            }
            // A file changed meanwhile: the next start tells.
            Err(_) => {}
        }
        say(&format!("coldmoon: serving on {url}"));
        say(&format!("coldmoon: the last invocations are on {url}/_coldmoon; Ctrl-C ends"));
        Ok(())
    }

    fn watch(&self, service: &Service) -> Result<Watch> {
        let pool = service.pool.clone();
        let task_root = pool.settings().function.task_root.clone();
        let changed = move |path: &Path| {
            let warmth = pool.renew();
            let path = path.display().to_string();
            // The next save does not wait for a start that hangs.
            std::thread::spawn(move || match warmth.recv() {
                Ok(Ok(time)) => say(&format!("coldmoon: {path} changed, loaded again in {:.2} ms", ms(time))),
                Ok(Err(failure)) => {
                    tell_failure(&failure);
                    say(&format!("coldmoon: {path} changed, but the function cannot be loaded: mend it and save"));
                }
                // It has changed once more, or everything ends.
                Err(_) => {}
            });
        };
        watch(&task_root, changed).map_err(|error| anyhow!(error))
    }
}

impl From<PayloadOption> for Payload {
    fn from(option: PayloadOption) -> Payload {
        match option {
            PayloadOption::V2 => Payload::V2,
            PayloadOption::V1 => Payload::V1,
            PayloadOption::Alb => Payload::Alb,
            PayloadOption::AlbMulti => Payload::AlbMulti,
        }
    }
}

/// The first signal lets the server end, a second one ends at once. The receiver gets the first one's number.
fn end_on_signal(mut signals: Signals, pool: Pool, stop: sync_watch::Sender<bool>) -> Receiver<i32> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut signals = signals.forever();
        if let Some(signal) = signals.next() {
            say("coldmoon: ending");
            sender.send(signal).ok();
            stop.send(true).ok();
        }
        if let Some(signal) = signals.next() {
            pool.kill();
            std::process::exit(128 + signal);
        }
    });
    receiver
}

/// The first line of an error; of the places where a module was sought, also the one that must not be read.
fn sentence(failure: &Failure) -> String {
    let mut lines = failure.text.lines();
    let first = lines.next().unwrap_or_default().trim_end_matches(':').to_owned();
    match lines.find(|line| line.ends_with("(Permission denied)")) {
        Some(line) => format!("{first}: {}", line.trim()),
        None => first,
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    if is_name(text) { Ok(text.to_owned()) } else { Err(NAME_RULE.to_owned()) }
}
