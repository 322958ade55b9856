-- io.popen reads what a command writes, or writes what it reads; several at a time do not disturb each other.
--
-- event: "read"
-- response: ["one","two"]
-- event: "write"
-- response: "first\nsecond\n"
-- event: "two at a time"
-- response: ["left","right","end"]
-- event: "not found"
-- response: ["","exit",127]
-- event: "mode"
-- response: ["userdata: nil","Invalid argument"]
-- event: "many"
-- response: 300
local root = os.getenv "LAMBDA_TASK_ROOT"

local function read(name)
  local file = assert(io.open(root .. "/" .. name))
  local text = file:read "*a"
  file:close()
  return text
end

local tests = {
  read = function()
    local lines = {}
    for line in io.popen("echo one; echo two"):lines() do lines[#lines + 1] = line end
    return lines
  end,
  write = function()
    local file = io.popen("cat >" .. root .. "/written", "w")
    file:write("first\n", "second\n")
    file:close()
    return read "written"
  end,
  -- The commands end with their pipes, which only this process holds open.
  ["two at a time"] = function()
    local left = io.popen("cat >" .. root .. "/left", "w")
    local right = io.popen("cat >" .. root .. "/right", "w")
    local last = io.popen("echo end", "r")
    right:write "right"
    left:write "left"
    left:close()
    right:close()
    return { read "left", read "right", (last:read "*l") }
  end,
  ["not found"] = function()
    local file = io.popen "there-is-no-such-command 2>/dev/null"
    local text = file:read "*a"
    local _, kind, code = file:close()
    return { text, kind, code }
  end,
  mode = function()
    local file, message = io.popen("true", "x")
    return { "userdata: " .. tostring(file), (message:match "Invalid argument") }
  end,
  -- Neither descriptors nor processes are left.
  many = function()
    local count = 0
    for _ = 1, 300 do
      local file = io.popen "echo 1"
      count = count + file:read "*n"
      file:close()
    end
    return count
  end,
}

return { handler = function(event) return tests[event]() end }
