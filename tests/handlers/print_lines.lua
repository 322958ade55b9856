-- print writes one line a call: arguments with tabs between, tostring of each.
--
-- event: 1
-- response: null
-- stdout: a\x09b\x091\x09nil\x09true\x092.5
-- stdout: 
-- stdout: custom
-- stdout: one
-- stdout: two
-- stdout: in\x00side
-- stdout: end
return {
  handler = function()
    print("a", "b", 1, nil, true, 2.5)
    print()
    print(setmetatable({}, { __tostring = function() return "custom" end }))
    print("one\ntwo")
    print("in\0side")
    print("end")
  end,
}
