return { handler = function(_, context) for _ = 1, 50 do print(context.aws_request_id) end return 1 end }
