return { handler = function(event) print('a line') io.stderr:write('another\n') return event end }
