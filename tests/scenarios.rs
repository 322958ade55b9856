//! What binds a runtime: one row per rule of the Runtime API's specification sheet (sections as there), with the test that shows it. What no other
//! file shows is here, against the scripted server. Not in the table: what binds the platform, and what a runtime may do but this one does not.

use coldmoon_tests::process::{Process, Setup};
use coldmoon_tests::server::Server;
use coldmoon_tests::wire::{Request, accepted, event, event_fields, read_request, refused, reply};
use coldmoon_tests::{tell, workspace};

/// Section, rule, file, test; of `handlers`, the behaviour.
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
    (
        "1",
        "files come from LAMBDA_TASK_ROOT, wherever the executable and the working directory are",
        "scenarios",
        "the_task_root_alone_says_where_the_function_is",
    ),
    (
        "2.1",
        "init/error: the process ends whatever the answer, also 403",
        "protocol",
        "a_refused_init_error_still_ends_the_process_with_its_message",
    ),
    ("2.1", "restore/next: 403, 404 and 500 end the process", "lifecycle", "a_refused_restore_ends_the_process_with_a_message"),
    ("2.1", "restore/error: the process ends whatever the answer", "scenarios", "a_refused_restore_error_still_ends_the_process"),
    ("2.1", "any other status of next: a pause, and again", "protocol", "next_answered_by_another_status_is_asked_again_and_works"),
    ("2.1", "no busy loop on a failing next", "pitfalls", "p25_a_failing_next_is_not_asked_in_a_busy_loop"),
    ("2.2", "a request id is any text that a path can hold", "scenarios", "a_request_id_of_odd_characters_is_echoed_as_it_is"),
    ("2.2", "a deadline that is missing or no number is none", "scenarios", "a_deadline_that_is_none_is_none"),
    ("2.2", "the remaining time is never negative", "handlers", "context_remaining_time"),
    ("2.2", "the function's ARN is that of each invocation", "handlers", "context_fields"),
    ("2.2", "the client context is JSON, decoded already", "handlers", "context_fields"),
    ("2.2", "the Cognito identity's two fields", "handlers", "context_fields"),
    ("2.2", "what was not sent is absent", "handlers", "context_fields_absent"),
    ("2.2", "fields that are unknown change nothing", "protocol", "header_fields_are_found_in_every_form"),
    ("2.3", "a chunk's size of up to sixteen digits", "scenarios", "the_longest_size_of_a_chunk_is_read"),
    ("2.3", "an event of no bytes", "pitfalls", "p16_an_empty_body_is_handled"),
    (
        "2.4",
        "the invocation id is absent where next had none, and on init/error",
        "protocol",
        "the_init_error_is_its_golden_bytes_and_the_only_request",
    ),
    ("2.4", "410 to a stream is not fatal", "scenarios", "a_stream_that_is_refused_is_a_message_and_the_next_event_is_served"),
    ("2.5", "every POST has its length, also of nothing", "scenarios", "an_empty_result_has_its_length"),
    ("2.5", "an error type that is none becomes one", "pitfalls", "p09_an_error_has_a_json_body_a_type_header_a_traceback_and_a_log_entry"),
    ("2.5", "a content type that would break the request is refused", "handlers", "result_raw_refused"),
    ("2.5", "heads of up to a megabyte", "protocol", "header_fields_are_found_in_every_form"),
    ("2.5", "431 without a length: read to the end", "scenarios", "a_431_without_a_length_is_read_to_its_end"),
    ("2.6", "interim replies are skipped", "protocol", "a_reply_behind_an_interim_reply_is_taken_at_every_split"),
    ("2.6", "a half-closed connection", "protocol", "a_half_closed_connection_still_takes_the_answer"),
    ("2.6", "a proxy of the environment is never used", "scenarios", "a_proxy_in_the_environment_is_ignored"),
    ("2.6", "a reply to next that is cut is asked for again", "protocol", "a_reply_to_next_cut_at_every_byte_is_asked_for_again"),
    ("2.7", "a response over the limit is found before it is sent", "handlers", "response_size_limit"),
    ("2.7", "an event without a request id is no event", "protocol", "next_answered_by_another_status_is_asked_again_and_works"),
    ("2.7", "the body of a reply is read and never printed", "pitfalls", "p18_what_the_api_replies_is_never_printed"),
    ("2.8", "an error that was not caught is answered, the process goes on", "handlers", "error_runtime"),
    ("2.8", "memory that runs out is answered, then the process ends", "handlers", "memory_tables"),
    ("2.8", "os.exit in INIT is an init error", "handlers", "exit_in_init"),
    ("3.1", "the address is required", "protocol", "an_address_that_is_none_is_a_message_and_exit_1"),
    ("3.1", "_HANDLER is required", "handlers", "malformed_handler_name_absent"),
    ("3.1", "_X_AMZN_TRACE_ID changes with each invocation and goes", "handlers", "trace_id_in_the_environment"),
    ("3.1", "name, version, memory and log names are in the context", "handlers", "context_fields"),
    ("3.3", "the log level filters", "handlers", "json_log_level"),
    ("3.3", "the log level is compared in any case, and in text too", "scenarios", "the_log_level_filters_in_both_formats"),
    ("4.1", "an error document is at most one megabyte", "scenarios", "an_error_document_is_bounded_and_json"),
    ("4.2", "Runtime.HandlerNotFound", "handlers", "handler_not_found"),
    ("4.2", "Runtime.MalformedHandlerName", "handlers", "malformed_handler_name"),
    ("4.2", "Runtime.ImportModuleError", "handlers", "import_error_lists_every_place"),
    ("4.2", "Runtime.UserCodeSyntaxError", "handlers", "syntax_error"),
    ("4.2", "Runtime.MarshalError", "handlers", "marshal_error"),
    ("4.2", "Runtime.UnmarshalError", "handlers", "unmarshal_error"),
    ("4.2", "Runtime.LambdaContextUnmarshalError", "handlers", "context_is_not_json"),
    ("4.2", "Runtime.ExitError", "handlers", "exit_3"),
    ("4.2", "Runtime.BeforeSnapshotError", "lifecycle", "a_hook_before_the_snapshot_that_fails_is_an_init_error"),
    ("4.2", "Runtime.AfterRestoreError", "lifecycle", "a_hook_after_the_restore_that_fails_is_a_restore_error"),
    ("4.3", "a cause that is too long keeps its stack", "scenarios", "a_cause_with_a_long_message_keeps_its_stack"),
    ("5", "application/octet-stream, or any other content type", "stream", "the_content_type_and_the_attempt_are_in_the_head"),
    ("5", "413 with a trailer of its own", "scenarios", "a_stream_that_is_refused_is_a_message_and_the_next_event_is_served"),
    (
        "5",
        "413 of a server that reads no more",
        "stream",
        "an_early_413_of_a_server_that_reads_no_more_and_does_not_close_makes_write_fail",
    ),
    ("5", "chunks arrive while the handler runs", "stream", "chunks_arrive_while_the_handler_still_runs"),
    ("5", "500 to a stream ends the process", "stream", "a_stream_answered_by_500_ends_the_process"),
    ("6.1", "complete lines, one write each", "pitfalls", "p10_numbers_are_numbers_and_a_print_is_one_write"),
    ("6.1", "a line without its end is written when the call ends", "handlers", "write_partial_lines"),
    ("6.2", "timestamp, level, message, requestId; errors with type and stack", "handlers", "json_log"),
    ("6.2", "INFO is the default", "scenarios", "the_log_level_filters_in_both_formats"),
    ("6.2", "nothing but JSON lines, also when a finaliser raises", "scenarios", "a_finaliser_that_raises_writes_a_json_line"),
    ("7", "SIGTERM while it waits: the hooks run", "lifecycle", "a_termination_while_it_waits_runs_the_hooks_in_order"),
    ("7", "a registration without an answer does not end the runtime", "lifecycle", "a_registration_without_an_answer_is_a_warning"),
    (
        "7",
        "an idle connection that was closed meanwhile is opened again",
        "protocol",
        "a_connection_closed_between_exchanges_is_opened_again",
    ),
    (
        "8",
        "AWS's emulator: eight at a time, a killed worker comes back",
        "emulator",
        "managed_instances_serve_eight_invocations_at_the_same_time",
    ),
    ("8", "every line whole", "lifecycle", "lines_of_eight_writers_are_whole"),
    ("8", "every line with the id of its request", "lifecycle", "json_lines_carry_the_id_of_their_request"),
    ("8", "workers end with their parent", "lifecycle", "workers_die_with_their_parent"),
    ("8", "a server that is gone ends it, with pauses", "lifecycle", "the_parent_ends_when_the_server_is_gone"),
    ("8", "SIGTERM reaches every worker", "lifecycle", "a_termination_runs_the_hooks_of_every_worker"),
    ("9", "restore/next is asked without hooks too", "lifecycle", "the_restore_is_awaited_without_hooks_too"),
    ("9", "no hook of a snapshot runs elsewhere", "lifecycle", "the_hooks_of_a_snapshot_run_nowhere_else"),
    ("9", "AWS's emulator: both hooks", "emulator", "a_snapshot_with_both_hooks"),
    ("12", "the names of the context's fields", "handlers", "context_fields"),
    (
        "15.2",
        "an early answer of a server that neither reads nor closes",
        "protocol",
        "an_early_answer_is_heard_though_the_server_reads_no_more_and_does_not_close",
    ),
    ("15.3", "the address may be of IPv6", "scenarios", "the_address_may_be_of_ipv6"),
    ("15.5", "after 413 comes next", "pitfalls", "p17_after_413_comes_next_and_no_error"),
    ("15.8", "User-Agent: coldmoon/VERSION", "protocol", "every_request_of_an_invocation_is_its_golden_bytes"),
    ("15.11", "several attempts of one request id", "scenarios", "two_attempts_of_one_request_are_two_invocations"),
];

#[test]
fn every_row_names_a_test_that_exists() {
    for (section, rule, file, name) in ROWS {
        if *file == "handlers" {
            assert!(workspace().join(format!("tests/handlers/{name}.lua")).is_file(), "{section} {rule}: there is no behaviour {name}");
            continue;
        }
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
fn dates_are_those_of_the_zone_in_tz() {
    if !std::path::Path::new("/usr/share/zoneinfo/Europe/Berlin").exists() {
        coldmoon_tests::skip("tzdata is not installed. Debian: apt-get install tzdata");
        return;
    }
    let source = "return { handler = function() return { os.date('%F %T %z %Z', 0), os.date('%F %T %z %Z', 1751367600) } end }\n";
    for (zone, dates) in [
        ("Europe/Berlin", r#"["1970-01-01 01:00:00 +0100 CET","2025-07-01 13:00:00 +0200 CEST"]"#),
        (":America/New_York", r#"["1969-12-31 19:00:00 -0500 EST","2025-07-01 07:00:00 -0400 EDT"]"#),
        // Lambda's own.
        (":UTC", r#"["1970-01-01 00:00:00 +0000 UTC","2025-07-01 11:00:00 +0000 UTC"]"#),
    ] {
        assert_eq!(post_of(&Setup::new(source).with("TZ", zone), "").0.text(), dates, "{zone}");
    }
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

#[test]
fn the_task_root_alone_says_where_the_function_is() {
    let server = Server::start(|_, peer| {
        peer.answer(event("id-1", "1"));
        peer.answer(accepted());
    });
    let setup = Setup::new("return { handler = function(event) return event end }\n");
    let mut child = setup.command(&server.address()).current_dir("/").spawn().expect("it starts");
    coldmoon_tests::wait_until("the answer", || server.count() == 3, || server.lines().join("\n"));
    child.kill().expect("it runs");
    child.wait().expect("it was killed");
    assert_eq!(server.posts()[0].text(), "1");
}

#[test]
fn a_refused_restore_error_still_ends_the_process() {
    for status in [403, 404, 500] {
        let server = Server::start(move |_, peer| {
            while let Some(request) = peer.try_request() {
                if request.method == "POST" { peer.send(refused(status)) } else { peer.send(reply("200 OK", "", "")) }
            }
        });
        let setup = Setup::new("require 'coldmoon'.after_restore(function() error('oops', 0) end) return print\n")
            .with("_HANDLER", "app")
            .with("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
        let mut process = setup.start(server.address());
        assert_eq!(process.wait().code, 1, "{}", process.report());
        assert_eq!(server.lines().last().map(String::as_str), Some("POST /2018-06-01/runtime/restore/error"));
        assert!(process.log().contains("Runtime.AfterRestoreError: oops"), "{}", process.report());
    }
}

#[test]
fn a_request_id_of_odd_characters_is_echoed_as_it_is() {
    let id = "-._~!$&'()*+,;=:@Az09";
    let server = Server::start(move |_, peer| {
        peer.answer(event(id, "1"));
        peer.answer(accepted());
    });
    let mut process = Setup::new("return { handler = function(_, context) return context.aws_request_id end }\n").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!(server.lines()[1], format!("POST /2018-06-01/runtime/invocation/{id}/response"));
    assert_eq!(server.posts()[0].json(), id);
}

#[test]
fn a_deadline_that_is_none_is_none() {
    let source =
        "return { handler = function(_, context) return { context.deadline_ms == nil, context.get_remaining_time_in_millis() } end }\n";
    for deadline in ["", "soon", "-1", "12 34", "99999999999999999999999999", "1e12"] {
        let fields = format!("Lambda-Runtime-Aws-Request-Id: id-1\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n");
        let server = Server::start(move |_, peer| {
            peer.answer(reply("200 OK", &fields, "1"));
            peer.answer(accepted());
        });
        let mut process = Setup::new(source).start(server.address());
        process.wait_for(&server, 3);
        process.kill();
        assert_eq!(server.posts()[0].text(), "[true,0]", "{deadline:?}");
    }
}

#[test]
fn the_longest_size_of_a_chunk_is_read() {
    let bytes =
        format!("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n0000000000000005\r\n[1,2]\r\n0\r\n\r\n", event_fields("id-1"));
    let server = Server::start(move |_, peer| {
        peer.answer(&bytes);
        peer.answer(accepted());
    });
    let mut process = Setup::new("return { handler = function(event) return event end }\n").start(server.address());
    process.wait_for(&server, 3);
    process.kill();
    assert_eq!(server.posts()[0].text(), "[1,2]");
}

#[test]
fn a_stream_that_is_refused_is_a_message_and_the_next_event_is_served() {
    let oversized = "HTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\nTrailer: End-Of-Response\r\n\r\n2\r\n{}\r\n0\r\nEnd-Of-Response: Oversized\r\n\r\n";
    for (answer, status) in [(refused(410), "410"), (refused(403), "403"), (oversized.into(), "413")] {
        let server = Server::start(move |number, peer| {
            peer.answer(event(&format!("id-{number}"), "1"));
            if number == 0 {
                peer.answer(&answer)
            } else {
                peer.answer(accepted())
            };
        });
        let source = "return { handler = function() return require 'coldmoon'.stream(function(write) write('part') end) end }\n";
        let mut process = Setup::new(source).start(server.address());
        process.wait_for(&server, 4);
        process.kill();
        assert!(process.log().contains(&format!("[WARN] id-0 the Runtime API answered {status}")), "{}", process.report());
        assert_eq!(process.log().lines().count(), 1, "{}", process.report());
    }
}

#[test]
fn an_empty_result_has_its_length() {
    let (post, _) = post_of(&Setup::new("return { handler = function() return require 'coldmoon'.raw('') end }\n"), "");
    assert_eq!((post.header("Content-Length"), post.body.len()), (Some("0"), 0));
}

#[test]
fn a_431_without_a_length_is_read_to_its_end() {
    let server = Server::start(|number, peer| {
        if number == 0 {
            peer.answer("HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n431 Request");
            peer.send(" Header Fields Too Large");
            peer.close();
        } else {
            peer.answer(event("id-1", "1"));
            peer.answer("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request");
            peer.close();
        }
    });
    let mut process = Setup::new("return { handler = function(event) return event end }\n").start(server.address());
    process.wait_for(&server, 4);
    process.kill();
    let log = process.log();
    assert!(log.contains("answered 431 to the request for the next event") && log.contains("id-1 the Runtime API answered 400"), "{log}");
}

#[test]
fn a_proxy_in_the_environment_is_ignored() {
    // Nobody listens there.
    let nowhere = format!("http://{}", Server::start(|_, _| {}).address());
    let mut setup = Setup::new("return { handler = function(event) return event end }\n");
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        setup.env.insert(name.into(), nowhere.clone());
    }
    assert_eq!(post_of(&setup, "").0.text(), "1");
}

#[test]
fn the_log_level_filters_in_both_formats() {
    let source = "local log = require 'coldmoon.log'\n\
        return { handler = function() for _, name in ipairs({ 'trace', 'debug', 'info', 'warn', 'error', 'fatal' }) do log[name](name) end end }\n";
    for (format, level, expected) in [
        ("JSON", "", "info warn error fatal"),
        ("JSON", "Debug", "debug info warn error fatal"),
        ("JSON", "fatal", "fatal"),
        ("JSON", "nonsense", "info warn error fatal"),
        ("Text", "", "trace debug info warn error fatal"),
        ("Text", "WARN", "warn error fatal"),
    ] {
        let setup = Setup::new(source).with("AWS_LAMBDA_LOG_FORMAT", format).with("AWS_LAMBDA_LOG_LEVEL", level);
        let log = post_of(&setup, "").1.log();
        let found: Vec<String> = log
            .lines()
            .map(|line| match serde_json::from_str::<serde_json::Value>(line) {
                Ok(entry) => entry["message"].as_str().unwrap_or_default().to_owned(),
                Err(_) => line.rsplit(' ').next().unwrap_or_default().to_owned(),
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{format} {level}: {log}");
    }
}

#[test]
fn an_error_document_is_bounded_and_json() {
    // Every byte becomes six.
    for source in [
        "return { handler = function() error(('\\1'):rep(2e6), 0) end }\n",
        "return { handler = function() error({ type = ('T'):rep(2e6), message = ('\\1'):rep(2e6) }) end }\n",
    ] {
        let (post, process) = post_of(&Setup::new(source), "");
        assert!(post.path.ends_with("/id-1/error") && post.body.len() <= 1 << 20, "{} bytes\n{}", post.body.len(), process.report());
        assert!(post.json()["errorMessage"].as_str().is_some_and(|text| text.len() > 50_000));
    }
    let server = Server::start(|_, peer| drop(peer.answer(accepted())));
    let mut process = Setup::new("error(('\\1'):rep(2e6), 0)\n").start(server.address());
    assert_eq!(process.wait().code, 1);
    let post = &server.posts()[0];
    assert!(post.body.len() <= 1 << 20 && post.json()["errorMessage"].as_str().is_some_and(|text| text.len() > 50_000));
}

#[test]
fn a_cause_with_a_long_message_keeps_its_stack() {
    let (post, process) = post_of(&Setup::new("return { handler = function() error(('x'):rep(1e6)) end }\n"), "");
    let cause = post.header("Lambda-Runtime-Function-XRay-Error-Cause").unwrap_or_else(|| panic!("none\n{}", process.report()));
    let cause: serde_json::Value = serde_json::from_str(cause).expect("JSON");
    assert_eq!(cause["exceptions"][0]["stack"][1], serde_json::json!({ "path": "app.lua", "line": 1, "label": "in function 'handler'" }));
    assert_eq!(cause["paths"], serde_json::json!(["[C]", "app.lua"]));
}

#[test]
fn a_finaliser_that_raises_writes_a_json_line() {
    let source =
        "return { handler = function() getmetatable(newproxy(true)).__gc = function() error('oops', 0) end collectgarbage() end }\n";
    let log = post_of(&Setup::new(source).with("AWS_LAMBDA_LOG_FORMAT", "JSON"), "").1.log();
    let entry: serde_json::Value = serde_json::from_str(&log).unwrap_or_else(|error| panic!("{error}: {log}"));
    assert_eq!(
        (&entry["level"], &entry["message"], &entry["requestId"]),
        (&"ERROR".into(), &"error in a finaliser: oops".into(), &"id-1".into())
    );
}

#[test]
fn the_address_may_be_of_ipv6() {
    use std::io::Write;
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        coldmoon_tests::skip("this machine has no IPv6");
        return;
    };
    let port = listener.local_addr().expect("an address").port();
    let mut process = Setup::new("return { handler = function(event) return event end }\n").start(format!("[::1]:{port}"));
    let (mut stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(coldmoon_tests::PATIENCE)).expect("a socket option");
    let mut unread = Vec::new();
    let mut request = |stream: &mut std::net::TcpStream| read_request(stream, &mut unread).expect("HTTP").expect("a request");
    assert_eq!(request(&mut stream).header("Host"), Some(format!("[::1]:{port}").as_str()));
    stream.write_all(&event("id-1", "1")).expect("it reads");
    assert_eq!(request(&mut stream).text(), "1");
    process.kill();
}

#[test]
fn two_attempts_of_one_request_are_two_invocations() {
    let attempt = |number: u32| format!("{}Lambda-Runtime-Invocation-Id: attempt-{number}\r\n", event_fields("id-1"));
    let server = Server::start(move |_, peer| {
        for number in [1, 2] {
            peer.answer(reply("200 OK", &attempt(number), number.to_string()));
            peer.answer(if number == 1 { refused(410) } else { accepted() });
        }
    });
    let mut process = Setup::new("return { handler = function(event) return event end }\n").start(server.address());
    process.wait_for(&server, 5);
    process.kill();
    let answers: Vec<(String, Option<String>)> =
        server.posts().iter().map(|post| (post.text(), post.header("Lambda-Runtime-Invocation-Id").map(str::to_owned))).collect();
    assert_eq!(answers, [("1".into(), Some("attempt-1".into())), ("2".into(), Some("attempt-2".into()))]);
}
