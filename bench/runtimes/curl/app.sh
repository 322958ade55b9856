# No JSON parser: the name is cut out of the text.
handler() {
  local name=${1#*\"name\":\"}
  echo "{\"message\":\"Hello, ${name%%\"*}!\"}"
}
