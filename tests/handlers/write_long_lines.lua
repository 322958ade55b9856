-- Lines over 64 KiB are written whole.
--
-- event: 200000
-- response: 1
-- stdout: {{x*200000}}
-- stdout: {{y*200000}}
-- stdout: end
return {
  handler = function(event)
    print(("x"):rep(event))
    for _ = 1, 2000 do io.write(("y"):rep(event / 2000)) end
    io.write("\n")
    print("end")
    return 1
  end,
}
