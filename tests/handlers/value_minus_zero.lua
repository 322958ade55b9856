-- Minus zero keeps its sign.
--
-- event: -0.0
-- response: -0
-- event: -0
-- response: -0
-- event: 1
-- response: -0
return { handler = function(event) if event == 1 then return -0.0 * 1 end return event end }
