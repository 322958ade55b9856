-- The remaining time is a whole number of milliseconds, called with a dot or a colon, never negative.
--
-- event: 1
-- response: true
-- header: Lambda-Runtime-Deadline-Ms: 1000
-- event: 2
-- response: [0,0]
return {
  handler = function(event, context)
    local dot, colon = context.get_remaining_time_in_millis(), context:get_remaining_time_in_millis()
    if event == 2 then return { dot, colon } end
    return dot > 0 and dot <= 30000 and colon <= dot and dot % 1 == 0
  end,
}
