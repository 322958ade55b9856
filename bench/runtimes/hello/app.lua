return {
  handler = function(event, context)
    return { message = "Hello, " .. event.name .. "!" }
  end,
}
