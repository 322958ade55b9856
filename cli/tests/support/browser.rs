//! Debian's chromium, headless, driven by the DevTools protocol (chromedevtools.github.io/devtools-protocol).
//!
//! Only what a person does is done: keys, clicks at places, looking at text and pictures.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one page.
pub struct Browser {
    process: Child,
    _profile: tempfile::TempDir,
    socket: WebSocket<TcpStream>,
    calls: u64,
}

impl Browser {
    /// Starts it; `None` where there is no chromium.
    pub fn start() -> Option<Browser> {
        let profile = tempfile::tempdir().expect("a folder");
        let process = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
            // Containers have little of it.
            .arg("--disable-dev-shm-usage")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        // It writes its port into the profile.
        let port: u16 = wait("the browser's port", || {
            std::fs::read_to_string(profile.path().join("DevToolsActivePort")).ok()?.lines().next()?.parse().ok()
        });
        let address = wait("the page's address", || {
            let list = ureq::get(format!("http://127.0.0.1:{port}/json/list")).call().ok()?.body_mut().read_to_string().ok()?;
            let list: Value = serde_json::from_str(&list).ok()?;
            let page = list.as_array()?.iter().find(|target| target["type"] == "page")?;
            Some(page["webSocketDebuggerUrl"].as_str()?.to_owned())
        });
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the browser listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        let (socket, _) = tungstenite::client(address, stream).expect("it speaks WebSocket");
        let mut browser = Browser { process, _profile: profile, socket, calls: 0 };
        browser.call("Page.enable", json!({}));
        browser.call("Log.enable", json!({}));
        Some(browser)
    }

    /// Calls a method of the protocol.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let message = json!({ "id": id, "method": method, "params": parameters });
        self.socket.send(Message::text(message.to_string())).expect("the browser reads");
        loop {
            let Message::Text(text) = self.socket.read().expect("the browser answers") else { continue };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// Opens a page.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.value(expression) != true {
            if begun.elapsed() > PATIENCE {
                let text = self.value("document.body.innerText");
                panic!("{expression} is not true; the page says:\n{}", text.as_str().unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses a key, such as `Tab`, `Enter` or `a`.
    pub fn press(&mut self, key: &str) {
        self.press_with(key, 0);
    }

    /// Presses a key with modifiers: 2 is Ctrl, 8 Shift.
    pub fn press_with(&mut self, key: &str, modifiers: u8) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            "ArrowDown" => (40, ""),
            "ArrowUp" => (38, ""),
            "Home" => (36, ""),
            "End" => (35, ""),
            " " => (32, " "),
            other => (u32::from(other.bytes().next().expect("a key").to_ascii_uppercase()), other),
        };
        let text = if modifiers & 2 == 0 { text } else { "" };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers });
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types text where the focus is.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Clicks in the middle of the element that a selector finds.
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center' }}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// The size of the window, in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// A picture of the window, as a PNG file.
    pub fn screenshot(&mut self, file: &Path) -> Vec<u8> {
        let data = self.call("Page.captureScreenshot", json!({ "format": "png" }))["data"].clone();
        let png = base64::engine::general_purpose::STANDARD.decode(data.as_str().expect("base64")).expect("base64");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, &png).expect("a file");
        png
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends its own processes; killed, it would leave them to end by themselves.
        let close = json!({ "id": 0, "method": "Browser.close" });
        let asked = self.socket.send(Message::text(close.to_string())).is_ok();
        let begun = Instant::now();
        while asked && begun.elapsed() < Duration::from_secs(5) && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[track_caller]
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} is still not there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
