//! What binds a runtime: one row per rule of the Runtime API's specification sheet (sections as there), with the test that shows it. What no other
//! file shows is here, against the scripted server. Not in the table: what binds the platform, and what a runtime may do but this one does not.

use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::Server;
use coldmoon_tests::wire::{Request, accepted, event, event_fields, refused, reply};
use coldmoon_tests::{tell, workspace};

/// Section, rule, file, test.
const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "1",
        "the module is loaded in INIT, before the first next",
        "pitfalls",
        "p14_the_handler_is_loaded_before_the_first_event_is_asked_for",
    ),
    ("1", "a failed INIT is posted and the process exits at once", "protocol", "the_init_error_is_its_golden_bytes_and_the_only_request"),
    ("1", "an address that is none ends the process with a message", "protocol", "an_address_that_is_none_is_a_message_and_exit_1"),
    ("2.1", "GET next, POST response, POST error: method, path, fields", "protocol", "every_request_of_an_invocation_is_its_golden_bytes"),
    ("2.1", "no timeout on next", "pitfalls", "p05_an_idle_function_waits_without_a_timeout_and_without_the_processor"),
    ("2.1", "403 and 500 on next: the runtime exits", "protocol", "next_answered_by_403_or_500_ends_the_process_with_a_message"),
    ("2.1", "500 on a POST: the runtime exits promptly", "protocol", "a_post_answered_by_500_ends_the_process_with_a_message"),
    ("2.1", "GET restore/next blocks until the restore", "lifecycle", "the_hooks_run_around_the_snapshot_and_the_connection_is_a_new_one"),
    ("2.1", "POST restore/error", "lifecycle", "a_hook_after_the_restore_that_fails_is_a_restore_error"),
    ("2.2", "names in any case, empty values are absent", "protocol", "header_fields_are_found_in_every_form"),
    ("2.2", "bytes over 0x7f in values", "protocol", "header_fields_are_found_in_every_form"),
    ("2.2", "a request id that cannot be answered is no event", "protocol", "request_ids_that_cannot_be_answered_are_no_events"),
    ("2.3", "an event with its length", "protocol", "a_reply_with_its_length_is_taken_at_every_split"),
    ("2.3", "an event in chunks, with extensions and trailers", "protocol", "a_chunked_reply_is_taken_at_every_split"),
    ("2.3", "any number of chunks", "protocol", "an_event_comes_in_a_thousand_chunks"),
    ("2.3", "six megabytes both ways", "protocol", "six_megabytes_go_both_ways"),
    (
        "2.4",
        "the invocation id is echoed where there is one, on both POSTs",
        "protocol",
        "every_request_of_an_invocation_is_its_golden_bytes",
    ),
    ("2.4", "the invocation id is echoed on a stream", "stream", "the_content_type_and_the_attempt_are_in_the_head"),
    ("2.4", "410 is not fatal", "pitfalls", "p30_after_410_the_process_goes_on"),
    (
        "2.5",
        "Host on every request, Content-Length on every POST, User-Agent",
        "protocol",
        "every_request_of_an_invocation_is_its_golden_bytes",
    ),
    ("2.5", "the error type is a category that the platform takes", "scenarios", "the_error_type_is_always_a_category"),
    ("2.5", "the response mode is absent or exactly streaming", "stream", "every_write_is_a_chunk_and_the_connection_ends_with_the_stream"),
    ("2.6", "one connection for the life of the process", "pitfalls", "p29_one_connection_serves_every_invocation"),
    (
        "2.6",
        "Connection: close is honoured; a closed connection is opened again",
        "protocol",
        "a_connection_closed_between_exchanges_is_opened_again",
    ),
    (
        "2.6",
        "after a restore the connection is a new one",
        "lifecycle",
        "the_hooks_run_around_the_snapshot_and_the_connection_is_a_new_one",
    ),
    ("2.6", "a GET is sent once more, then given up", "protocol", "next_is_asked_again_once_and_then_given_up"),
    ("2.6", "pipelined, two replies in one stream are taken apart", "pipeline", "two_replies_in_one_stream_are_taken_at_every_split"),
    (
        "2.6",
        "a pipelined next is sent again where the server closes behind the POST",
        "pipeline",
        "next_is_sent_again_when_the_connection_ends_behind_the_post",
    ),
    (
        "2.6",
        "pipelined, a refused POST is followed by the event behind it",
        "pipeline",
        "a_refused_post_is_followed_by_the_event_behind_it",
    ),
    ("2.6", "pipelined, the state machine of the emulator sees response and next in order", "emulator", "pipelined_invocations"),
    ("2.7", "400, 403, 410, 413 on a POST: log, next", "protocol", "a_post_answered_by_any_status_but_500_is_followed_by_next"),
    ("2.7", "413 is followed by no error", "pitfalls", "p17_after_413_comes_next_and_no_error"),
    ("2.7", "one POST for each invocation, also when its answer is lost", "protocol", "a_post_that_gets_no_answer_is_never_sent_again"),
    (
        "2.7",
        "the same event again, while it is being answered, is answered",
        "faults",
        "every_event_is_answered_once_or_its_fault_reported",
    ),
    ("2.8", "os.exit is answered, then the process ends", "pitfalls", "p13_every_failure_is_posted_to_error_and_never_to_response"),
    (
        "3.1",
        "_X_AMZN_TRACE_ID is set by the runtime for the invocation",
        "scenarios",
        "the_trace_id_is_in_the_environment_during_the_invocation",
    ),
    ("3.1", "_X_AMZN_TRACE_ID is not set with workers", "lifecycle", "as_many_invocations_as_workers_run_at_the_same_time"),
    ("3.1", "log group and stream names may be absent", "scenarios", "metadata_may_be_absent"),
    ("3.3", "the log format is compared in any case", "scenarios", "the_log_format_is_compared_in_any_case"),
    (
        "4.1",
        "the error document: errorMessage, errorType, stackTrace",
        "pitfalls",
        "p09_an_error_has_a_json_body_a_type_header_a_traceback_and_a_log_entry",
    ),
    (
        "4.3",
        "the X-Ray cause: one line of JSON without control characters",
        "scenarios",
        "the_xray_cause_is_one_line_of_ascii_within_its_bound",
    ),
    ("5", "a stream: mode, chunks, trailers announced", "stream", "every_write_is_a_chunk_and_the_connection_ends_with_the_stream"),
    ("5", "HTTP prelude, eight NUL bytes", "stream", "an_http_response_begins_with_its_prelude_and_eight_nul_bytes"),
    (
        "5",
        "an error in mid-stream is in the trailers, in base64",
        "stream",
        "an_error_in_mid_stream_is_in_the_trailers_and_there_is_no_second_post",
    ),
    ("5", "error only before the stream began", "stream", "an_error_before_the_first_byte_is_an_ordinary_one"),
    ("5", "the connection is closed after a stream", "stream", "every_write_is_a_chunk_and_the_connection_ends_with_the_stream"),
    ("5", "200 MB", "stream", "two_hundred_megabytes_are_streamed_at_flat_memory"),
    ("5", "a slow client blocks write", "stream", "a_slow_reader_slows_the_handler"),
    ("5", "an oversize stream is answered by 413", "stream", "an_early_413_makes_write_fail_and_is_in_the_log"),
    (
        "6.1",
        "everything is written before the response is posted",
        "pitfalls",
        "p19_what_is_printed_is_written_before_the_response_is_posted",
    ),
    ("6.1", "an entry of several lines is one event", "pitfalls", "p32_log_messages_are_whole"),
    ("6.2", "JSON lines with the id of their request", "lifecycle", "json_lines_carry_the_id_of_their_request"),
    ("7", "an internal extension only for a shutdown hook", "lifecycle", "without_a_hook_nothing_is_registered"),
    (
        "7",
        "register, then event/next on a connection of its own",
        "lifecycle",
        "the_extension_is_registered_and_parked_on_a_second_connection",
    ),
    ("7", "a refused registration does not end the runtime", "lifecycle", "a_refused_registration_is_a_warning"),
    ("7", "SIGTERM: the invocation is answered, the hooks run", "lifecycle", "a_termination_during_a_handler_comes_after_its_answer"),
    (
        "8",
        "as many next at the same time as the platform sends invocations",
        "lifecycle",
        "as_many_invocations_as_workers_run_at_the_same_time",
    ),
    ("8", "a worker that crashes is replaced by the main process", "lifecycle", "a_killed_worker_is_replaced_and_the_others_go_on"),
    ("8", "one init error of all workers", "lifecycle", "there_is_one_init_error_of_all_workers"),
    ("9", "before hooks, last in first out; their error", "lifecycle", "a_hook_before_the_snapshot_that_fails_is_an_init_error"),
    ("9", "after hooks, first in first out", "lifecycle", "the_hooks_run_around_the_snapshot_and_the_connection_is_a_new_one"),
    ("9", "random state is new after a restore", "lifecycle", "random_numbers_differ_after_a_restore"),
    ("10", "the tenant id is in the context and absent otherwise", "protocol", "header_fields_are_found_in_every_form"),
    ("10", "the tenant id is in JSON lines", "scenarios", "the_tenant_id_is_in_json_lines"),
    ("15.1", "replies that end with the connection", "protocol", "a_reply_that_ends_with_the_connection_is_taken_at_every_split"),
    ("15.2", "an early 413 is read while the body is written", "protocol", "an_early_413_is_read_while_the_body_is_still_being_written"),
    ("15.3", "the address may be a name and carry a path", "protocol", "every_request_of_an_invocation_is_its_golden_bytes"),
    ("15.4", "control bytes never reach a header", "scenarios", "the_xray_cause_is_one_line_of_ascii_within_its_bound"),
    ("15.6", "a cut in a stream makes all later calls 403: exit", "scenarios", "after_a_cut_stream_403_on_next_ends_the_process"),
];

#[test]
fn every_row_names_a_test_that_exists() {
    for (section, rule, file, name) in ROWS {
        let path = workspace().join(format!("tests/{file}.rs"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let found =
            text.find(&format!("\nfn {name}()")).unwrap_or_else(|| panic!("{section} {rule}: there is no test {name} in {file}.rs"));
        let attributes: Vec<&str> = text[..found].lines().rev().take_while(|line| line.starts_with("#[")).collect();
        assert_eq!(attributes, ["#[test]"], "{section} {rule}: {name} does not run");
    }
    tell(&format!("scenarios: {} rows", ROWS.len()));
}

/// One event with these further fields: the POST, and the process that waits for the next.
fn post_of(setup: &Setup, fields: &str) -> (Request, Process) {
    let reply = reply("200 OK", &format!("{}{fields}", event_fields("id-1")), "1");
    let server = Server::start(move |_, peer| {
        peer.answer(&reply);
        peer.answer(accepted());
    });
    let mut process = setup.start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    (server.posts()[0].clone(), process)
}

#[test]
fn the_error_type_is_always_a_category() {
    for (error_type, category) in [
        ("Custom", "Function.Custom"),
        ("Runtime.Custom", "Runtime.Custom"),
        ("a b\\r\\nX: y", "Function.Unknown"),
        ("", "Function.Unknown"),
        ("\\255", "Function.Unknown"),
    ] {
        let setup = Setup::new(format!("return {{ handler = function() error({{ type = '{error_type}', message = 'm' }}) end }}\n"));
        let (post, process) = post_of(&setup, "");
        let found = post.header("Lambda-Runtime-Function-Error-Type").unwrap_or_default();
        assert!(found == category || (error_type.is_empty() && found.starts_with("Function.")), "{found}\n{}", process.report());
    }
}

#[test]
fn the_trace_id_is_in_the_environment_during_the_invocation() {
    let setup = Setup::new("return { handler = function(_, context) return { os.getenv('_X_AMZN_TRACE_ID'), context.trace_id } end }\n");
    let (post, _) = post_of(&setup, "");
    let values = post.json();
    assert_eq!(values[0], "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
    assert_eq!(values[0], values[1]);
}

#[test]
fn metadata_may_be_absent() {
    let mut setup = Setup::new(
        "return { handler = function(_, context) return { context.log_group_name == nil, context.log_stream_name == nil } end }\n",
    );
    for name in ["AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_REGION", "LANG", "TZ", "LAMBDA_RUNTIME_DIR"] {
        setup.env.remove(name);
    }
    assert_eq!(post_of(&setup, "").0.text(), "[true,true]");
}

#[test]
fn the_log_format_is_compared_in_any_case() {
    for (format, is_json) in [("JSON", true), ("json", true), ("Json", true), ("Text", false), ("TEXT", false), ("", false)] {
        let setup = Setup::new("return { handler = function() print('line') end }\n").with("AWS_LAMBDA_LOG_FORMAT", format);
        let log = post_of(&setup, "").1.log();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&log).is_ok(), is_json, "{format}: {log}");
    }
}

#[test]
fn the_xray_cause_is_one_line_of_ascii_within_its_bound() {
    for message in ["\\r\\n\\0\\27\\127\\255", "Gr\u{fc}\u{df}e", "long: ' .. ('x'):rep(1e6) .. '"] {
        let (post, process) = post_of(&Setup::new(format!("return {{ handler = function() error('{message}') end }}\n")), "");
        // What is no header field is refused where the request is taken apart.
        match post.header("Lambda-Runtime-Function-XRay-Error-Cause") {
            Some(cause) => {
                assert!(cause.len() <= 64 << 10 && cause.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{cause}");
                let cause: serde_json::Value = serde_json::from_str(cause).expect("JSON");
                assert_eq!(cause["exceptions"][0]["type"], "LuaError", "{cause}");
            }
            None => assert!(message.starts_with("long"), "{}", process.report()),
        }
    }
}

#[test]
fn the_tenant_id_is_in_json_lines() {
    let setup = Setup::new("return { handler = function() print('line') end }\n").with("AWS_LAMBDA_LOG_FORMAT", "JSON");
    for (fields, expected) in [("Lambda-Runtime-Aws-Tenant-Id: tenant-1\r\n", serde_json::json!("tenant-1")), ("", serde_json::Value::Null)]
    {
        let log = post_of(&setup, fields).1.log();
        let entry: serde_json::Value = serde_json::from_str(&log).expect("one object");
        assert_eq!((&entry["tenantId"], &entry["requestId"]), (&expected, &"id-1".into()), "{log}");
    }
}

#[test]
fn after_a_cut_stream_403_on_next_ends_the_process() {
    let server = Server::start(|number, peer| match number {
        0 => {
            peer.answer(event("id-1", "1"));
            peer.read_until(b"\r\n\r\n");
            peer.reset();
        }
        _ => drop(peer.answer(refused(403))),
    });
    let source =
        "return { handler = function() return require 'coldmoon'.stream(function(write) while write(('x'):rep(65536)) do end end) end }\n";
    let mut process = Setup::new(source).start(server.address());
    assert_eq!(process.wait().code, 1);
    let log = process.log();
    assert!(log.contains("[WARN] id-1 ") && log.contains("[FATAL] ") && log.contains("403"), "{log}");
}
