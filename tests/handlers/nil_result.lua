-- A handler that returns nothing or nil answers null.
--
-- event: 1
-- response: null
-- event: 2
-- response: null
return {
  handler = function(event)
    if event == 1 then return end
    return nil
  end,
}
