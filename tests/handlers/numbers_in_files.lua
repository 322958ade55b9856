-- A number in a file is what C's strtod takes, and what is none stays unread; logarithms and large angles are right to fourteen digits.
--
-- event: 1
-- response: ["12","16","-350","inf","nil","rest","6.9077552789821","3","10","-0.85220084976719"]
return {
  handler = function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("  12 0x1p4\n-3.5e2 1e400 rest")
    file:close()
    file = assert(io.open(path))
    local found = {}
    for _ = 1, 5 do found[#found + 1] = tostring(file:read("*n")) end
    -- One letter may have been looked at and put back.
    found[#found + 1] = file:read("*a"):match("%S+")
    file:close()
    os.remove(path)
    for _, number in ipairs { math.log(1000), math.log10(1000), math.log(1024, 2), math.sin(1e22) } do
      found[#found + 1] = tostring(number)
    end
    return found
  end,
}
