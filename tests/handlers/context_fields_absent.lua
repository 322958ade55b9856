-- What the service did not send is nil, and an empty field counts as not sent.
--
-- env: AWS_LAMBDA_LOG_GROUP_NAME
-- env: AWS_LAMBDA_LOG_STREAM_NAME=
-- env: AWS_LAMBDA_FUNCTION_MEMORY_SIZE
-- header: Lambda-Runtime-Trace-Id:
-- event: 1
-- response: "aws_request_id deadline deadline_ms function_name function_version get_remaining_time_in_millis invoked_function_arn request_id"
-- header: Lambda-Runtime-Trace-Id:
-- header: Lambda-Runtime-Other: Lambda-Runtime-Tenant-Id
-- event: 2
-- response: "aws_request_id deadline deadline_ms function_name function_version get_remaining_time_in_millis invoked_function_arn request_id"
return {
  handler = function(_, context)
    local names = {}
    for name in pairs(context) do names[#names + 1] = name end
    table.sort(names)
    return table.concat(names, " ")
  end,
}
