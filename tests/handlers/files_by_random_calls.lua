-- 4,000 random calls of a file's methods give the same with every C library: what they return is folded into one number.
--
-- event: "r"
-- response: 429487526
-- event: "r+"
-- response: -571144085
-- event: "w"
-- response: -7416841
-- event: "w+"
-- response: 1881914600
-- event: "a"
-- response: 1699928002
-- event: "a+"
-- response: 1904587770
local bit = require "bit"
local path = os.getenv "LAMBDA_TASK_ROOT" .. "/random"

return function(mode)
  local seed, sum = #mode, 5381
  local function random(below)
    seed = (seed * 16807) % 2147483647
    return seed % below
  end
  local function note(...)
    for index = 1, select("#", ...) do
      local text = tostring((select(index, ...)))
      -- A file's address differs, and so does the file's name.
      if text:sub(1, 4) ~= "file" then
        text = text:gsub("^.*/random", "")
        for at = 1, #text do sum = bit.tobit(sum * 33 + text:byte(at)) end
      end
    end
  end

  local kinds = { "*l", "*L", "*a", 0, 1, 7, 100, 5000 }
  -- Of a file that is only written glibc says that there is no number, not that it cannot be read.
  if mode ~= "w" and mode ~= "a" then kinds[#kinds + 1] = "*n" end
  for round = 1, 80 do
    local file = assert(io.open(path, "w"))
    for _ = 1, random(400) do file:write(random(3) == 0 and "\n" or random(100000) / 8, random(2) == 0 and " " or "\n") end
    file:close()
    file = assert(io.open(path, mode))
    if random(2) == 0 then note(file:setvbuf(({ "no", "line", "full" })[1 + random(3)], random(9000))) end
    note(file:seek "end")
    local was
    for _ = 1, 50 do
      local call = random(8)
      local kind = call < 3 and "write" or call < 6 and "read"
      -- C asks for it.
      if kind and was and kind ~= was then note(file:seek("cur", 0)) end
      was = kind or was
      if kind == "write" then
        note(file:write(("row\n"):rep(random(3) == 0 and 1200 or random(40)) .. random(1000)))
      elseif call == 3 then
        note(pcall(function()
          for line in file:lines() do
            note(line)
            if random(5) == 0 then break end
          end
        end))
      elseif kind == "read" then
        note(file:read(kinds[1 + random(#kinds)], kinds[1 + random(#kinds)]))
      elseif call == 6 then
        local at, message = file:seek(({ "set", "cur", "end" })[1 + random(3)], random(4000) - random(2) * 3000)
        note(at, message)
        if at then was = nil end
      else
        if was == "write" then was = nil end
        note(file:flush())
      end
    end
    note(file:close())
    note(#assert(io.open(path)):read "*a")
    for line in io.lines(path) do note(line) end
  end
  os.remove(path)
  return sum
end
