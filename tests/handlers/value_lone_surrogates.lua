-- Lone surrogates are kept as their three-byte form and go back to their escapes.
--
-- event: "\ud800"
-- response: "\ud800 ed a0 80"
-- event: "\udc00\ud800x"
-- response: "\udc00\ud800x ed b0 80 ed a0 80 78"
-- event: "\ud83d\u0041"
-- response: "\ud83dA ed a0 bd 41"
return {
  handler = function(event)
    return event .. event:gsub(".", function(byte) return (" %02x"):format(byte:byte()) end)
  end,
}
