//! A runtime that is not one: what it does with its events is named by the function part of `_HANDLER`.
//!
//! It speaks just enough of the Runtime API for the tests of the tool, over one blocking socket, and leaves replies but that
//! of `next` unread beyond their status line.

use std::io::{Read, Write};
use std::net::TcpStream;

fn main() {
    let handler = std::env::var("_HANDLER").expect("_HANDLER");
    let stream = TcpStream::connect(std::env::var("AWS_LAMBDA_RUNTIME_API").expect("its address")).expect("the API");
    // Head and body go out in two writes, and the second must not wait for the first one's acknowledgement.
    stream.set_nodelay(true).expect("a socket option");
    let mut api = Api { stream };
    let script = handler.rsplit('.').next().expect("the last part").to_owned();
    match script.as_str() {
        "init_error" => {
            let document = r#"{"errorMessage":"module 'nope' not found","errorType":"Runtime.ImportModuleError","stackTrace":[]}"#;
            api.post("runtime/init/error", "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n", document.as_bytes());
            std::process::exit(1);
        }
        "init_exit" => std::process::exit(3),
        "init_hang" => hang(),
        _ => {}
    }
    loop {
        let (head, event) = api.next();
        let id = head.lines().find_map(|line| line.strip_prefix("Lambda-Runtime-Aws-Request-Id: ")).expect("a request id");
        let respond = format!("runtime/invocation/{id}/response");
        let fail = format!("runtime/invocation/{id}/error");
        match script.as_str() {
            "echo" => api.post(&respond, "Content-Type: application/json\r\n", &event),
            "next_head" => api.post(&respond, "Content-Type: text/plain\r\n", head.as_bytes()),
            // The event 1 is their end, any other an answer.
            "error_of_1" | "exit_of_1" if event != b"1" => api.post(&respond, "", &event),
            "exit_of_1" => std::process::exit(3),
            "error_of_1" => api.post(&fail, "Lambda-Runtime-Function-Error-Type: Function.LuaError\r\n", b"{}"),
            "binary" => api.post(&respond, "Content-Type: image/png\r\n", b"\x89PNG"),
            "line" => api.post(&respond, "", b"a line\n"),
            "large" => api.post(&respond, "", &vec![b'x'; 6_291_557]),
            "environment" => {
                let mut lines: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
                lines.push(format!("cwd={}", std::env::current_dir().expect("a directory").display()));
                lines.sort();
                api.post(&respond, "Content-Type: text/plain\r\n", lines.join("\n").as_bytes());
            }
            "log" => {
                println!("to stdout");
                eprintln!("to stderr");
                print!("one\rentry");
                std::io::stdout().flush().expect("the log");
                api.post(&respond, "", b"null");
            }
            "error" | "logged_error" => {
                if script == "logged_error" {
                    println!("2026-01-01T00:00:00Z id ERROR LuaError: boom\rstack traceback:\r  app.lua:3: in function 'handler'");
                }
                let document = r#"{"errorMessage":"boom","errorType":"LuaError","stackTrace":["app.lua:3: in function 'handler'"]}"#;
                api.post(&fail, "Lambda-Runtime-Function-Error-Type: Function.LuaError\r\n", document.as_bytes());
            }
            "stream" | "stream_error" => {
                let fields = "Transfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n";
                api.send(&format!("POST /2018-06-01/{respond} HTTP/1.1\r\nHost: x\r\n{fields}\r\n3\r\none\r\n"));
                api.send("4\r\n two\r\n0\r\n");
                if script == "stream_error" {
                    // {"errorMessage":"half","errorType":"LuaError"}
                    api.send("Lambda-Runtime-Function-Error-Type: Function.LuaError\r\n");
                    api.send("Lambda-Runtime-Function-Error-Body: eyJlcnJvck1lc3NhZ2UiOiJoYWxmIiwiZXJyb3JUeXBlIjoiTHVhRXJyb3IifQ==\r\n");
                }
                api.send("\r\n");
                api.reply();
            }
            "exit" => std::process::exit(3),
            "exit_quietly" => std::process::exit(0),
            "abort" => std::process::abort(),
            "hang" => hang(),
            "family" => {
                let mut child = std::process::Command::new("sleep").arg("1000").spawn().expect("sleep");
                eprintln!("child {}", child.id());
                child.wait().expect("a child");
            }
            other => panic!("no script {other}"),
        }
    }
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

struct Api {
    stream: TcpStream,
}

impl Api {
    fn next(&mut self) -> (String, Vec<u8>) {
        self.send("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n");
        self.reply()
    }

    fn post(&mut self, path: &str, fields: &str, body: &[u8]) {
        let length = body.len();
        self.send(&format!("POST /2018-06-01/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{fields}\r\n"));
        self.stream.write_all(body).expect("the API reads");
        self.reply();
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("the API reads");
    }

    /// A head and a body of known length.
    fn reply(&mut self) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap_or_else(|_| std::process::exit(1));
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head in ASCII");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
        let mut body = vec![0; length.parse().expect("a number")];
        self.stream.read_exact(&mut body).expect("a body");
        (head, body)
    }
}
