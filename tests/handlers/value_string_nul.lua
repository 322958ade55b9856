-- \u0000 is a NUL byte, in values and in keys, and nothing is cut at it.
--
-- event: {"a\u0000b":"c\u0000d\u0000"}
-- response: ["a\u0000b","c\u0000d\u0000",3,4]
return {
  handler = function(event)
    local key, value = next(event)
    return { key, value, #key, #value }
  end,
}
