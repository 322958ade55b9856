#!/bin/sh
# What a new user does, with the installed tool and nothing of the sources: new, invoke, test, serve, change and see the change, package, unzip,
# and run the package under AWS's emulator. Usage: tests/newcomer.sh; scripts/test runs it.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
need curl "It is the client of this test. Debian: apt-get install curl"
need unzip "It opens the package as Lambda does. Debian: apt-get install unzip"
repository=$PWD
work=$(mktemp -d)
started=
# Ends what this script has started, and nothing else.
finish() {
	for id in $started; do kill "$id" 2>/dev/null || true; done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() {
	say "newcomer: $*"
}

# expect WHAT EXPECTED FOUND
expect() {
	[ "$2" = "$3" ] || fail "newcomer: $1: expected $2, found $3"
}

# Within a few seconds, whatever the machine is doing: until COMMAND… succeeds.
wait_for() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || fail "newcomer: $* did not succeed"
		sleep 0.1
	done
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

step "install"
scripts/install "$work/prefix" 2>"$work/log" || fail "$(cat "$work/log")"
PATH=$work/prefix/bin:$PATH
unset COLDMOON_BOOTSTRAP
cd "$work"

step "new"
coldmoon new orders 2>"$work/log"
cd orders

step "invoke"
expect "the response" '{"message":"Hello, Ada!"}' "$(coldmoon invoke app.handler events/hello.json 2>"$work/log")"
grep -q '^REPORT RequestId: ' "$work/log" || fail "newcomer: no report line: $(cat "$work/log")"

step "test"
expect "the tests" '"passed"' "$(coldmoon invoke spec/app_spec.run 2>"$work/log")"
for lua in luajit lua5.4 lua5.1 busted; do
	! command -v "$lua" >/dev/null || "$lua" spec/app_spec.lua >"$work/log" 2>&1 || fail "newcomer: $lua: $(cat "$work/log")"
done

step "serve, change, see the change"
: >"$work/serve"
coldmoon serve app.handler --port 0 >"$work/serve" 2>&1 &
serve=$!
started="$started $serve"
wait_for grep -q 'http://127.0.0.1:' "$work/serve"
url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/serve" | head -n 1)
expect "the page" '{"message":"Hello, world!"}' "$(curl -sS "$url/")"
sed 's/Hello/Welcome/' app.lua >"$work/app.lua"
cp "$work/app.lua" app.lua
saved=$(now_ms)
until [ "$(curl -sS "$url/")" = '{"message":"Welcome, world!"}' ]; do
	[ $(($(now_ms) - saved)) -lt 5000 ] || fail "newcomer: the change was not seen within 5 seconds: $(cat "$work/serve")"
done
reloaded=$(($(now_ms) - saved))
[ "$reloaded" -le 300 ] || fail "newcomer: the change was seen after $reloaded ms, not within 300"
say "newcomer: reloaded $reloaded ms after the save"
kill -INT "$serve"
code=0
wait "$serve" || code=$?
expect "the exit code after Ctrl-C" 130 "$code"

step "package, unzip"
coldmoon package --with-runtime "$(uname -m)" --output "$work/orders.zip" 2>"$work/log" || fail "$(cat "$work/log")"
! grep warning "$work/log" || fail "newcomer: a warning"
mkdir "$work/task"
unzip -q "$work/orders.zip" -d "$work/task"

step "run the package under AWS's emulator"
if ! emulator=$("$repository/scripts/fetch-emulator" 2>"$work/log"); then
	say "skipped: the package under the emulator, because $(cat "$work/log")"
	exit 0
fi
case $emulator in
/*) ;;
*) emulator=$repository/$emulator ;;
esac
port=$((20000 + $$ % 20000))
while curl -s -o "$work/log" "http://127.0.0.1:$port/"; do port=$((port + 7)); done
cd "$work/task"
env -i LAMBDA_TASK_ROOT="$work/task" _HANDLER=app.handler "$emulator" --runtime-api-address "127.0.0.1:$((port + 1))" \
	--runtime-interface-emulator-address "127.0.0.1:$port" ./bootstrap app.handler >"$work/emulator" 2>&1 &
started="$started $!"
invocations=http://127.0.0.1:$port/2015-03-31/functions/function/invocations
answers() {
	curl -sS -d '{"name":"Ada"}' "$invocations" >"$work/answer" 2>"$work/log"
}
wait_for answers
expect "the package's answer" '{"message":"Welcome, Ada!"}' "$(cat "$work/answer")"
say "newcomer: everything worked"
