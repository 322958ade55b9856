-- What reached the function.
return { handler = function(event, context)
  return { id = context.aws_request_id, trace = context.trace_id, client = context.client_context, tenant = context.tenant_id, event = event }
end }
