-- A context kept from one invocation is unchanged after the next.
--
-- header: Lambda-Runtime-Aws-Request-Id: first-id
-- header: Lambda-Runtime-Trace-Id: Root=first
-- header: Lambda-Runtime-Client-Context: {"custom":"first"}
-- header: Lambda-Runtime-Aws-Tenant-Id: first-tenant
-- event: 1
-- response: 1
-- header: Lambda-Runtime-Aws-Request-Id: other-id-that-is-longer
-- header: Lambda-Runtime-Trace-Id: Root=other
-- header: Lambda-Runtime-Client-Context: {"custom":"other"}
-- header: Lambda-Runtime-Aws-Tenant-Id: other-tenant
-- event: 2
-- response: ["first-id","Root=first","first","first-tenant"]
return {
  handler = function(event, context)
    if event == 1 then
      kept = context
      return 1
    end
    collectgarbage()
    return { kept.aws_request_id, kept.trace_id, kept.client_context.custom, kept.tenant_id }
  end,
}
