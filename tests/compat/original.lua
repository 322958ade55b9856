--- The rows of a file in one of the originals: `luajit original.lua cjson_rows debian`. Prints the count of rows, then the mismatches.
local count, _, mismatches = require "runner" (arg[1], arg[2])
print(count)
print(table.concat(mismatches, "\n"))
