-- Strings are bytes: escapes are decoded, and only what must be escaped comes back escaped.
--
-- event: "a\/b\u002fc/\"\\\b\f\n\r\t\u007f\u0001\u001f"
-- response: "a/b/c/\"\\\b\f\n\r\t\x7f\u0001\u001f"
-- event: "\u00e9\u20ac\ud83d\ude00 é€😀"
-- response: "é€😀 é€😀"
-- event: {"k\u0065y":"v"}
-- response: {"key":"v"}
return { handler = function(event) return event end }
