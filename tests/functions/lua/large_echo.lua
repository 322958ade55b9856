-- The whole of the result is posted where it is no longer than the limit.
return { handler = function(event) return require('coldmoon').raw('"' .. event .. '"', 'application/json') end }
