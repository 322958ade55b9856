-- Whatever form a number had, what comes back reads to the same double.
--
-- event: [1.0,1E2,1e+2,0.10,100e-2,1e300,-0,-0.0,0e5,1e-400]
-- response: true
-- event: [0.1,1e300,-0.0]
-- response: true
local sent = {}
return {
  handler = function(event)
    local expected = #event == 10 and { 1, 100, 100, 0.1, 1, 1e300, -0, -0, 0, 0 } or { 0.1, 1e300, -0 }
    for i, value in ipairs(event) do
      if value ~= expected[i] then return { i, value } end
    end
    local zero = #event == 10 and event[8] or event[3]
    return 1 / zero == -math.huge
  end,
}
