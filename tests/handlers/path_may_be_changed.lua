-- A program may change package.path while it runs.
--
-- event: 1
-- response: "found"
return {
  handler = function()
    package.path = os.getenv("LAMBDA_TASK_ROOT") .. "/deep/?.lua"
    return require("mod")
  end,
}
---- file: deep/mod.lua
return "found"
