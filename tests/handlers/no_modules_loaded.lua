-- Before anything is required package.loaded holds the standard libraries and the module that is being loaded.
--
-- event: 1
-- response: "_G app bit coroutine debug io jit jit.opt math os package string table"
local names = {}
for name in pairs(package.loaded) do names[#names + 1] = name end
table.sort(names)
return { handler = function() return table.concat(names, " ") end }
