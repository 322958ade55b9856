-- The event is the function's own: it may change it and return it.
--
-- event: {"list":[1,2],"drop":true}
-- response: {"list":[1,2,3]}
-- event: {"list":[],"drop":null}
-- response: {"list":[3]}
return {
  handler = function(event)
    event.drop = nil
    table.insert(event.list, 3)
    return event
  end,
}
