-- Sparse arrays in sparse arrays take time in proportion to their size.
--
-- event: 60
-- response: {{[*60}}1{{,null,2]*60}}
return {
  handler = function(event)
    local t = 1
    for _ = 1, event do t = { t, nil, 2 } end
    return t
  end,
}
