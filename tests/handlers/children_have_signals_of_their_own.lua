-- Programs that the function starts get the usual signals: a pipe that nobody reads ends them in silence.
--
-- event: 1
-- response: "y\n"
return {
  handler = function()
    local file = io.popen("yes | head -n 1")
    return (file:read("*a"))
  end,
}
