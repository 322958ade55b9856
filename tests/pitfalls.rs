//! The mistakes that other runtimes make, one test each, named by the right outcome and by its number in the list. That none of the 33 is
//! missing is a test too.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::{Peer, Server};
use coldmoon_tests::wait_until;
use coldmoon_tests::wire::{Request, accepted, chunked_event, event, event_fields, refused, reply};

const ECHO: &str = "return { handler = function(event) return event end }\n";

/// Serves these events in turn on whatever connections come, every POST answered by 202; then `next` stays unanswered.
fn serve(events: Vec<Vec<u8>>) -> Server {
    let turn = AtomicUsize::new(0);
    Server::start(move |_, peer| {
        while let Some(request) = peer.try_request() {
            if request.is_next() {
                match events.get(turn.fetch_add(1, Ordering::SeqCst)) {
                    Some(event) => peer.send(event),
                    None => return,
                }
            } else {
                peer.send(accepted());
            }
        }
    })
}

/// Runs a function over these events; gives its POSTs and the process, which is over.
fn posts_of(setup: &Setup, events: &[&str]) -> (Vec<Request>, Process) {
    let replies = events.iter().enumerate().map(|(turn, body)| event(&format!("id-{turn}"), body)).collect();
    let server = serve(replies);
    let mut process = setup.start(server.address());
    process.wait_for(&server, 2 * events.len() + 1);
    process.kill();
    let posts = server.posts();
    // Each stream ends its own.
    let streams = posts.iter().filter(|post| post.header("Transfer-Encoding").is_some()).count();
    assert_eq!(server.records().len(), 1 + streams, "one connection");
    (posts, process)
}

/// The bodies of the responses to these events.
fn responses_of(source: &str, events: &[&str]) -> Vec<String> {
    let (posts, process) = posts_of(&Setup::new(source), events);
    for (turn, post) in posts.iter().enumerate() {
        assert_eq!(post.path, format!("/2018-06-01/runtime/invocation/id-{turn}/response"), "{}\n{}", post.text(), process.report());
    }
    posts.iter().map(Request::text).collect()
}

/// The one POST to `init/error` of a function that cannot be loaded, and the process, which has ended with 1.
fn init_error_of(setup: &Setup) -> (Request, Process) {
    let server = Server::start(|_, peer| while peer.try_request().is_some() && peer.try_send(accepted()).is_ok() {});
    let mut process = setup.start(server.address());
    assert_eq!(process.wait().code, 1);
    let mut requests = server.requests();
    assert_eq!(server.lines(), ["POST /2018-06-01/runtime/init/error"], "{}", process.report());
    (requests.remove(0), process)
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn p01_a_failure_while_loading_is_posted_with_its_cause_and_the_process_exits() {
    for (source, cause) in [
        ("error('the real cause')\n", "the real cause"),
        ("local x = nil + 1\n", "attempt to perform arithmetic"),
        ("require('not.there')\n", "module 'not.there' not found"),
        ("this is no Lua\n", "app.lua:1:"),
        ("return {}\n", "has no function 'handler'"),
    ] {
        let (post, process) = init_error_of(&Setup::new(source));
        let message = post.json()["errorMessage"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(cause), "{message}");
        assert!(text_of(process.stderr()).contains(cause), "{}", process.report());
    }
}

#[test]
fn p02_a_module_that_returns_nothing_is_told_so() {
    let (post, _) = init_error_of(&Setup::new("local M = {}\n"));
    let message = post.json()["errorMessage"].as_str().unwrap_or_default().to_owned();
    assert!(message.starts_with("module 'app' returned a boolean"), "{message}");
    assert_eq!(post.header("Lambda-Runtime-Function-Error-Type"), Some("Runtime.HandlerNotFound"));
}

#[test]
fn p03_a_nil_result_is_null_and_only_a_200_is_an_event() {
    assert_eq!(responses_of("return { handler = function() return nil end }\n", &["1", "2"]), ["null", "null"]);
    let odd = [403, 404, 202].map(|status| {
        let server = Server::start(move |_, peer| {
            peer.expect_next();
            peer.send(reply(&format!("{status} Odd"), &event_fields("odd"), "{\"errorType\":\"x\",\"errorMessage\":\"y\"}"));
            if peer.try_request().is_some() {
                peer.send(event("good", "1"));
                peer.answer(accepted());
            }
        });
        let mut process = Setup::new("return { handler = function(event) print('got', event) return event end }\n").start(server.address());
        if status == 403 {
            process.wait();
        } else {
            process.wait_for(&server, 4);
            process.kill();
        }
        (text_of(process.stdout()), server.posts().len())
    });
    assert_eq!(odd, [(String::new(), 0), ("got\t1\n".to_owned(), 1), ("got\t1\n".to_owned(), 1)]);
}

#[test]
fn p04_a_table_is_encoded_and_a_raised_table_is_reported_and_the_process_lives_on() {
    let source = "return { handler = function(event) if event == 2 then error({ code = 5 }) end return { event = event } end }\n";
    let (posts, _) = posts_of(&Setup::new(source), &["1", "2", "3"]);
    let lines: Vec<String> =
        posts.iter().map(|post| format!("{} {}", post.path.rsplit('/').next().unwrap_or_default(), post.text())).collect();
    assert_eq!(lines[0], "response {\"event\":1}");
    assert!(lines[1].starts_with("error {\"errorMessage\":\"(error object is a table value)\",\"errorType\":\"LuaError\""), "{}", lines[1]);
    assert_eq!(lines[2], "response {\"event\":3}");
}

#[test]
fn p05_an_idle_function_waits_without_a_timeout_and_without_the_processor() {
    let server = serve(vec![event("id-0", "1")]);
    let mut process = Setup::new(ECHO).start(server.address());
    process.wait_for(&server, 3);
    // No test waits for a minute: what would wake it up is seen in the socket and in the timers instead.
    std::thread::sleep(Duration::from_millis(300));
    process.check_idle();
    let state = std::fs::read_to_string(format!("/proc/{}/wchan", process.id())).unwrap_or_default();
    let syscall = std::fs::read_to_string(format!("/proc/{}/syscall", process.id())).unwrap_or_default();
    // Where the kernel shows the system call: recvfrom (x86_64 45, aarch64 207), which has no timeout; not poll or select.
    let number = syscall.split_whitespace().next().unwrap_or_default().to_owned();
    let receive = if cfg!(target_arch = "x86_64") { "45" } else { "207" };
    assert!(number.is_empty() || number == receive || number == "running", "it waits in system call {number} ({state})");
    process.kill();
}

#[test]
fn p06_a_dropped_connection_is_opened_again_once_else_a_message_and_exit_1() {
    let server = Server::start(|number, peer| {
        match number {
            // Dropped while `next` is awaited.
            0 => {
                peer.expect_next();
                peer.reset();
            }
            1 => {
                peer.answer(event("id-0", "1"));
                peer.answer(accepted());
                peer.expect_next();
                peer.refuse_connections();
                peer.reset();
            }
            _ => {}
        }
    });
    let mut process = Setup::new(ECHO).start(server.address());
    assert_eq!(process.wait().code, 1);
    assert_eq!(server.posts().len(), 1, "{}", process.report());
    assert!(text_of(process.stderr()).contains("the next event cannot be had"), "{}", process.report());
}

#[test]
fn p07_a_users_module_wins_whatever_its_name() {
    for name in ["lambda", "runtime", "dkjson", "json", "cjson", "bootstrap", "coldmoon.log"] {
        let setup = Setup::new(format!("local module = require('{name}')\nreturn {{ handler = function() return module end }}\n"));
        setup.write(&format!("{}.lua", name.replace('.', "/")), "return 'the user\\'s own'\n");
        let (posts, _) = posts_of(&setup, &["1"]);
        assert_eq!(posts[0].text(), "\"the user's own\"", "{name}");
    }
}

#[test]
fn p08_the_runtime_has_no_globals_to_overwrite() {
    let source = "for _, name in ipairs { 'next', 'handler', 'event', 'context', 'json', 'runtime', 'coldmoon', 'encode', 'decode', 'tostring', 'error',\n\
         'pcall', 'xpcall', 'require', 'print', 'type', 'ipairs', 'string', 'table', 'debug', 'setmetatable' } do _G[name] = false end\n\
        return { handler = function(event) return { event, 9007199254740993LL } end }\n";
    assert_eq!(
        responses_of(source, &["[1,\"a\"]", "18446744073709551615"]),
        ["[[1,\"a\"],9007199254740993]", "[18446744073709551615,9007199254740993]"]
    );
}

#[test]
fn p09_an_error_has_a_json_body_a_type_header_a_traceback_and_a_log_entry() {
    let (posts, process) = posts_of(&Setup::new("return { handler = function() error('a \"quoted\" \\n\\1 message') end }\n"), &["1"]);
    let post = &posts[0];
    assert_eq!(post.path, "/2018-06-01/runtime/invocation/id-0/error");
    assert_eq!(post.header("Content-Type"), Some("application/json"));
    assert_eq!(post.header("Lambda-Runtime-Function-Error-Type"), Some("Function.LuaError"));
    let cause: serde_json::Value =
        serde_json::from_str(post.header("Lambda-Runtime-Function-XRay-Error-Cause").unwrap_or_default()).expect("JSON");
    assert_eq!(cause["exceptions"][0]["stack"][1]["line"].to_string(), "1", "{cause}");
    let document = post.json();
    assert_eq!(document["errorMessage"], "app.lua:1: a \"quoted\" \n\u{1} message");
    assert_eq!(document["errorType"], "LuaError");
    assert_eq!(document["stackTrace"][1], "app.lua:1: in function 'handler'");
    let log = text_of(process.stderr());
    assert_eq!(log.lines().count(), 1, "one log event: {log:?}");
    assert!(log.starts_with("[ERROR] id-0 LuaError: app.lua:1: a \"quoted\" \r"), "{log:?}");
}

#[test]
fn p10_numbers_are_numbers_and_a_print_is_one_write() {
    assert_eq!(
        responses_of("return { handler = function(event) return { event + 1, math.type and 1 or type(event) } end }\n", &["41"]),
        ["[42,\"number\"]"]
    );
    // A pipe of packets: each write arrives by itself.
    let server = serve(vec![event("id-0", "1")]);
    let source = "return { handler = function()\n\
         print('one', 2, 'three') io.write('a ') io.write('line ', 'in parts\\n') io.stdout:write('x\\ny\\n') print(('z'):rep(3000)) end }\n";
    let setup = Setup::new(source);
    let (reading, writing) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::DIRECT | rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
    let mut command = setup.command(&server.address());
    let mut child = command.stdout(writing).stderr(std::process::Stdio::null()).spawn().expect("it starts");
    drop(command);
    wait_until("the POST", || server.posts().len() == 1, String::new);
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
    let mut reading = std::fs::File::from(reading);
    let mut packets = Vec::new();
    let mut room = vec![0; 1 << 16];
    while let Ok(count @ 1..) = reading.read(&mut room) {
        packets.push(text_of(room[..count].to_vec()));
    }
    assert_eq!(packets, ["one\t2\tthree\n", "a line in parts\n", "x\n", "y\n", &format!("{}\n", "z".repeat(3000))]);
}

#[test]
fn p10_lua_path_is_kept() {
    let setup = Setup::new("return { handler = function() return require('far') end }\n");
    setup.write("somewhere/far.lua", "return 'found by LUA_PATH'\n");
    let path = format!("{}/somewhere/?.lua", setup.folder().display());
    let (posts, _) = posts_of(&setup.with("LUA_PATH", path), &["1"]);
    assert_eq!(posts[0].text(), "\"found by LUA_PATH\"");
}

#[test]
fn p11_events_and_results_of_six_megabytes_go_through() {
    let text = format!("{{\"data\":\"{}\"}}", "x".repeat(6_291_556 - 11));
    assert_eq!(text.len(), 6_291_556);
    let source = "local coldmoon = require 'coldmoon'\nreturn { handler = function(event) return coldmoon.raw('{\"data\":\"' .. event.data .. '\"}') end }\n";
    assert!(responses_of(source, &[&text]) == [text.as_str()]);
}

#[test]
fn p12_nothing_is_kept_in_files() {
    let setup = Setup::new(ECHO);
    // No system call of this run may make a file, so there is nothing that could be stale.
    let before: Vec<_> = files_in("/tmp");
    let (posts, _) = posts_of(&setup, &["1", "{\"a\":[]}", "\"x\""]);
    assert_eq!(posts.len(), 3);
    let made: Vec<_> = files_in("/tmp").into_iter().filter(|name| !before.contains(name) && name.contains("lambda")).collect();
    assert_eq!(made, Vec::<String>::new());
    assert_eq!(files_in(&setup.folder().display().to_string()), ["app.lua"]);
}

fn files_in(folder: &str) -> Vec<String> {
    let entries =
        std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect());
    entries.unwrap_or_default()
}

#[test]
fn p13_every_failure_is_posted_to_error_and_never_to_response() {
    for body in [
        "error('x')",
        "error({ statusCode = 200 })",
        "return nil, 'x'",
        "return print",
        "return { a = 0/0 }",
        "local x = nil .. 'x'",
        "return ('x'):rep(7000000)",
        "return '\\255'",
    ] {
        let (posts, _) = posts_of(&Setup::new(format!("return {{ handler = function() {body} end }}\n")), &["1"]);
        assert_eq!(posts.len(), 1);
        assert_eq!(posts[0].path, "/2018-06-01/runtime/invocation/id-0/error", "{body}: {}", posts[0].text());
    }
}

#[test]
fn p14_the_handler_is_loaded_before_the_first_event_is_asked_for() {
    let setup = Setup::new("print('loaded')\nreturn { handler = print }\n");
    let server = Server::start(|_, _| {});
    let mut process = setup.start(server.address());
    process.wait_for(&server, 1);
    wait_until("the line of the module", || process.stdout() == b"loaded\n", || process.report());
    process.kill();
    let (_, process) = init_error_of(&Setup::new("print('loading')\nerror('x')\n"));
    assert_eq!(process.stdout(), b"loading\n");
}

#[test]
fn p15_a_value_kept_from_one_event_is_unchanged_after_the_next() {
    let source = "local kept = {}\n\
        return { handler = function(event, context)\n\
          kept[#kept + 1] = { event, context.aws_request_id, context.trace_id }\n\
          if event == 'all' then return kept end\n\
        end }\n";
    let long =
        |letter: &str| format!("{{\"key-{letter}\":\"{}\",\"list\":[\"{letter}\\n\",{{\"n\":9223372036854775807}}]}}", letter.repeat(5000));
    let (a, b, c) = (long("a"), long("b"), long("c"));
    let (posts, _) = posts_of(&Setup::new(source), &[&a, &b, &c, "\"all\""]);
    let kept = posts[3].json();
    for (turn, sent) in [a, b, c].iter().enumerate() {
        let sent: serde_json::Value = serde_json::from_str(sent).expect("JSON");
        assert_eq!(kept[turn][0], sent);
        assert_eq!(kept[turn][1], format!("id-{turn}"));
    }
}

#[test]
fn p16_an_empty_body_is_handled() {
    let empty_chunked = chunked_event("id-1", &[], "");
    let server = serve(vec![event("id-0", ""), empty_chunked, event("id-2", "3")]);
    let mut process = Setup::new(ECHO).start(server.address());
    process.wait_for(&server, 7);
    process.kill();
    let posts = server.posts();
    for post in &posts[..2] {
        assert_eq!(post.json()["errorType"], "Runtime.UnmarshalError", "{}", post.text());
    }
    assert_eq!(posts[2].text(), "3");
    // And in string mode an empty string.
    let server = serve(vec![event("id-0", "")]);
    let mut process = Setup::new("return { handler = function(event) return '[' .. event .. ']' end }\n")
        .with("COLDMOON_EVENT", "string")
        .start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!(server.posts()[0].text(), "[]");
}

#[test]
fn p17_after_413_comes_next_and_no_error() {
    let server = Server::with_scripts(vec![Box::new(|peer: &mut Peer| {
        peer.answer(event("id-0", "1"));
        peer.answer(refused(413));
        peer.expect_next();
        peer.send(event("id-1", "2"));
        peer.expect_post();
        peer.send(accepted());
    })]);
    let mut process = Setup::new(ECHO).start(server.address());
    process.wait_for(&server, 5);
    process.kill();
    assert_eq!(server.posts().len(), 2);
    assert!(text_of(process.stderr()).contains("[WARN] id-0 the Runtime API answered 413 to the result: it is too large\n"));
}

#[test]
fn p18_what_the_api_replies_is_never_printed() {
    for format in ["Text", "JSON"] {
        let server = Server::start(|_, peer| {
            peer.answer(event("id-0", "1"));
            peer.answer(reply("202 Accepted", "", "{\"secret\":\"reply\"}\n"));
            peer.answer(event("id-1", "1"));
            peer.answer(reply("400 Bad", "", "{\"secret\":\"reply\"}\n"));
            peer.answer(reply("404 Bad", "", "{\"secret\":\"reply\"}\n"));
        });
        let mut process = Setup::new(ECHO).with("AWS_LAMBDA_LOG_FORMAT", format).start(server.address());
        process.wait_for(&server, 6);
        process.kill();
        let log = text_of([process.stdout(), process.stderr()].concat());
        assert!(!log.contains("secret"), "{log}");
        if format == "JSON" {
            for line in log.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            }
        }
    }
}

#[test]
fn p19_what_is_printed_is_written_before_the_response_is_posted() {
    // Read without waiting, on the server's thread, at the moment when the POST has arrived.
    let (reading, writing) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
    rustix::fs::fcntl_setfl(&reading, rustix::fs::OFlags::NONBLOCK).expect("a pipe can be so");
    let reading = std::sync::Mutex::new(std::fs::File::from(reading));
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let of_script = seen.clone();
    let server = Server::start(move |_, peer| {
        for turn in 0..3 {
            peer.expect_next();
            peer.send(event(&format!("id-{turn}"), format!("{turn}")));
            peer.expect_post();
            let mut room = vec![0; 4096];
            let count = reading.lock().expect("unbroken").read(&mut room).unwrap_or(0);
            of_script.lock().expect("unbroken").push(text_of(room[..count].to_vec()));
            peer.send(accepted());
        }
    });
    let source = "return { handler = function(event)\n\
        print('line', event) io.write('no end') if event == 2 then error('x') end return event end }\n";
    let setup = Setup::new(source);
    let mut command = setup.command(&server.address());
    let mut child = command.stdout(writing).stderr(std::process::Stdio::null()).spawn().expect("it starts");
    wait_until("all of it", || server.count() == 7, String::new);
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
    server.check();
    assert_eq!(*seen.lock().expect("unbroken"), ["line\t0\nno end\n", "line\t1\nno end\n", "line\t2\nno end\n"]);
}

#[test]
fn p20_integers_are_exact_and_doubles_are_shortest() {
    let text = "[9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808,18446744073709551615,1234567890123456,0.1,1e-7,123456.789]";
    assert_eq!(responses_of(ECHO, &[text]), [text]);
}

#[test]
fn p21_empty_arrays_nulls_and_empty_objects_come_back() {
    let texts = ["[]", "{}", "[1,null,3]", "[null]", "{\"a\":null}", "{\"a\":[],\"a\":{}}", "[[],{},[{}],null]"];
    let expected = ["[]", "{}", "[1,null,3]", "[null]", "{\"a\":null}", "{\"a\":{}}", "[[],{},[{}],null]"];
    assert_eq!(responses_of(ECHO, &texts), expected);
}

#[test]
fn p22_what_is_not_json_is_refused() {
    let texts = [
        "[1,]",
        "{\"a\":1,}",
        "01",
        "-01",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "\"a\u{1}b\"",
        "\"a\tb\"",
        "1 2",
        "{} x",
        "[1] ]",
        "'a'",
        "{a:1}",
        "// x\n1",
        "/* x */ 1",
        "nul",
        "True",
        ".5",
        "5.",
        "1e",
        "+1",
        "\"\\x41\"",
        "\"\\u12\"",
        "[",
        "\"",
        "{\"a\"}",
        "\u{feff}1",
        "",
    ];
    let mut texts: Vec<&str> = texts.to_vec();
    texts.push("\"still here\"");
    let (posts, _) = posts_of(&Setup::new(ECHO), &texts);
    for (post, text) in posts.iter().zip(&texts[..texts.len() - 1]) {
        assert!(post.path.ends_with("/error"), "{text:?} was taken as {}", post.text());
        assert_eq!(post.json()["errorType"], "Runtime.UnmarshalError", "{text:?}");
    }
    assert_eq!(posts[texts.len() - 1].text(), "\"still here\"");
}

/// A function that streams as its event says.
const STREAMS: &str = "local coldmoon = require 'coldmoon'\n\
    return { handler = function(event) return coldmoon.stream(function(write)\n\
      if event == 'late' then write('part') end\n\
      if event ~= 'fine' then error('oops', 0) end\n\
      write('whole')\n\
    end) end }\n";

#[test]
fn p23_an_error_in_mid_stream_does_not_end_the_body_as_if_complete() {
    let (posts, process) = posts_of(&Setup::new(STREAMS), &["\"late\"", "\"fine\""]);
    let names: Vec<&str> = posts[0].trailers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"], "{}", process.report());
    assert_eq!((posts[1].text().as_str(), posts[1].trailers.len()), ("whole", 0));
}

#[test]
fn p24_an_error_of_a_stream_is_never_in_its_text_and_goes_to_the_right_place() {
    let (posts, process) = posts_of(&Setup::new(STREAMS), &["\"late\"", "\"early\"", "\"fine\""]);
    let places: Vec<&str> = posts.iter().map(|post| post.path.rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(places, ["response", "error", "response"], "{}", process.report());
    assert_eq!(posts[0].text(), "part");
    assert_eq!(posts[1].json()["errorMessage"], "oops");
    assert_eq!(posts[1].header("Lambda-Runtime-Function-Response-Mode"), None);
}

#[test]
fn p25_a_failing_next_is_not_asked_in_a_busy_loop() {
    for status in [404, 429, 503] {
        let server = Server::start(move |_, peer| while peer.try_request().is_some() && peer.try_send(refused(status)).is_ok() {});
        let mut process = Setup::new(ECHO).start(server.address());
        let end = process.wait();
        assert_eq!(end.code, 1);
        assert!(server.requests().len() <= 10, "{} requests", server.requests().len());
        assert!(end.cpu < Duration::from_secs(1), "{end:?}");
        assert!(!process.stderr().is_empty());
    }
}

#[test]
fn p26_a_nul_cuts_nothing() {
    assert_eq!(responses_of(ECHO, &["\"a\\u0000b\"", "{\"k\\u0000\":\"\\u0000\"}"]), ["\"a\\u0000b\"", "{\"k\\u0000\":\"\\u0000\"}"]);
    let (posts, _) = posts_of(&Setup::new("return { handler = function() return require('coldmoon').raw('a\\0b\\0') end }\n"), &["1"]);
    assert_eq!(posts[0].body, b"a\0b\0");
    let (posts, process) = posts_of(&Setup::new("return { handler = function() print('p\\0q') error('a\\0b', 0) end }\n"), &["1"]);
    assert_eq!(posts[0].json()["errorMessage"], "a\0b");
    assert_eq!(process.stdout(), b"p\0q\n");
}

#[test]
fn p27_header_fields_are_found_whatever_their_form_at_every_split() {
    let source = "return { handler = function(event, context) return { context.aws_request_id, context.trace_id or 'none', context.tenant_id or 'none' } end }\n";
    let fields = "LAMBDA-RUNTIME-AWS-REQUEST-ID:id\r\nlambda-runtime-trace-id:   \r\nLambda-Runtime-Aws-Tenant-Id: \t t 1 \t\r\nlambda-runtime-client-context:\r\n";
    let whole = reply("200 OK", fields, "1");
    let count = whole.len() + 1;
    let turn = AtomicUsize::new(0);
    let server = Server::start(move |_, peer| {
        while let Some(request) = peer.try_request() {
            if !request.is_next() {
                peer.send(accepted());
                continue;
            }
            let at = turn.fetch_add(1, Ordering::SeqCst);
            if at == count {
                return;
            }
            peer.send_split(&whole, at);
        }
    });
    let mut process = Setup::new(source).start(server.address());
    process.wait_for(&server, 2 * count + 1);
    process.kill();
    for post in server.posts() {
        assert_eq!((post.path.as_str(), post.text().as_str()), ("/2018-06-01/runtime/invocation/id/response", "[\"id\",\"none\",\"t 1\"]"));
    }
}

#[test]
fn p28_chunked_events_work_and_so_do_those_over_two_kilobytes() {
    let body = format!("\"{}\"", "x".repeat(5000));
    let events = vec![
        chunked_event("id-0", &[(body.as_bytes(), "")], ""),
        chunked_event("id-1", &body.as_bytes().chunks(7).map(|chunk| (chunk, "")).collect::<Vec<_>>(), ""),
        event("id-2", &body),
    ];
    let server = serve(events);
    let mut process = Setup::new(ECHO).start(server.address());
    process.wait_for(&server, 7);
    process.kill();
    for post in server.posts() {
        assert!(post.text() == body, "{}", post.head());
    }
}

#[test]
fn p29_one_connection_serves_every_invocation() {
    let texts: Vec<String> = (0..200).map(|turn| if turn % 3 == 0 { "\"fail\"".into() } else { turn.to_string() }).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    // `posts_of` asserts that there is one connection.
    let (posts, _) =
        posts_of(&Setup::new("return { handler = function(event) if event == 'fail' then error('x') end return event end }\n"), &texts);
    assert_eq!(posts.len(), 200);
}

#[test]
fn p30_after_410_the_process_goes_on() {
    for source in [ECHO, "return { handler = function() error('x') end }\n"] {
        let server = Server::with_scripts(vec![Box::new(|peer: &mut Peer| {
            for turn in 0..3 {
                peer.expect_next();
                let fields = format!("{}Lambda-Runtime-Invocation-Id: attempt-{turn}\r\n", event_fields("the-same-id"));
                peer.send(reply("200 OK", &fields, "1"));
                let post = peer.expect_post();
                assert_eq!(post.header("Lambda-Runtime-Invocation-Id"), Some(format!("attempt-{turn}").as_str()));
                peer.send(if turn < 2 { refused(410) } else { accepted() });
            }
        })]);
        let mut process = Setup::new(source).start(server.address());
        process.wait_for(&server, 7);
        process.kill();
        let message = "[WARN] the-same-id the Runtime API answered 410 to the result: it came after the invocation had ended\n";
        assert_eq!(text_of(process.stderr()).matches(message).count(), 2, "{}", process.report());
    }
}

#[test]
fn p31_a_result_that_cannot_be_encoded_is_an_error_and_the_process_lives_on() {
    let source = "local results = { print, { 0/0 }, { [{}] = 1 }, coroutine.create(print), io.stdout, '\\255' }\n\
        local loop = {} loop.loop = loop results[7] = loop results[8] = setmetatable({}, { __index = error })\n\
        return { handler = function(event) return results[event] end }\n";
    let (posts, _) = posts_of(&Setup::new(source), &["1", "2", "3", "4", "5", "6", "7", "8"]);
    for post in &posts[..7] {
        assert_eq!(post.header("Lambda-Runtime-Function-Error-Type"), Some("Runtime.MarshalError"), "{}", post.text());
    }
    assert_eq!(posts[7].text(), "{}");
}

#[test]
fn p32_log_messages_are_whole() {
    let source = "return { handler = function() print(('a'):rep(50000)) io.stderr:write(('b'):rep(300000), '\\n') error(('c'):rep(20000), 0) end }\n";
    let (_, process) = posts_of(&Setup::new(source), &["1"]);
    assert!(text_of(process.stdout()) == "a".repeat(50_000) + "\n");
    let stderr = text_of(process.stderr());
    assert!(stderr.contains(&("b".repeat(300_000) + "\n")), "{} bytes", stderr.len());
    assert!(stderr.contains(&format!("LuaError: {}", "c".repeat(20_000))), "{} bytes", stderr.len());
}

#[test]
fn p33_memory_is_flat_also_when_every_invocation_fails_or_is_large() {
    // (The long form, with the number of invocations: endurance.rs.)
    const ROUNDS: usize = 3000;
    let turn = AtomicUsize::new(0);
    let large = format!("\"{}\"", "x".repeat(100_000));
    let server = Server::start(move |_, peer| {
        while let Some(request) = peer.try_request() {
            if !request.is_next() {
                peer.send(accepted());
                continue;
            }
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            match turn % 3 {
                _ if turn >= ROUNDS => return,
                0 => peer.send(event(&format!("id-{turn}"), "\"fail\"")),
                1 => peer.send(event(&format!("id-{turn}"), &large)),
                _ => peer.send(event(&format!("id-{turn}"), "not JSON")),
            }
        }
    });
    let mut process = Setup::new(
        "return { handler = function(event) if event == 'fail' then error({ type = 'T', message = 'm' }) end return event end }\n",
    )
    .start(server.address());
    process.wait_for(&server, 2 * ROUNDS / 3);
    let before = process.rss_kib();
    process.wait_for(&server, 2 * ROUNDS + 1);
    let after = process.rss_kib();
    process.kill();
    assert!(after <= before + 1500, "resident memory grew from {before} to {after} KiB");
}

#[test]
fn every_mistake_of_the_list_has_its_test() {
    for number in 1..=33 {
        let name = format!("\n#[test]\nfn p{number:02}_");
        assert!(include_str!("pitfalls.rs").contains(&name), "there is no test of number {number}");
    }
}
