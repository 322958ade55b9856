-- In string mode the event and the result are strings, and so are client context and identity.
--
-- env: COLDMOON_EVENT=string
-- header: Lambda-Runtime-Client-Context: {"a":1}
-- header: Lambda-Runtime-Cognito-Identity: {"b":2}
-- event: {"name": "Ada"}
-- response: got {"name": "Ada"} {"a":1} {"b":2}
-- event: not JSON \xff\x00
-- response: got not JSON \xff\x00 nil nil
-- event: 
-- response: got  nil nil
return {
  handler = function(event, context)
    return "got " .. event .. " " .. tostring(context.client_context) .. " " .. tostring(context.cognito_identity)
  end,
}
