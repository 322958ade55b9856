-- An event that does not fit in the function's memory is an out-of-memory error.
--
-- env: AWS_LAMBDA_FUNCTION_MEMORY_SIZE=8
-- event: [1]
-- response: [1]
-- event: [{{[],*900000}}[]]
-- error: Runtime.OutOfMemory: Lua ran out of memory
-- exit: 1
return { handler = function(event) return event end }
