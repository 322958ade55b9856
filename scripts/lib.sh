# What the scripts share. Sourced, from the repository's root.

say() {
	printf '%s\n' "$*" >&2
}

fail() {
	say "$*"
	exit 1
}

# install_debian PACKAGE...: installs Debian packages where that is possible without asking.
install_debian() {
	command -v apt-get >/dev/null || return 1
	if [ "$(id -u)" = 0 ]; then
		sudo=
	elif sudo -n true 2>/dev/null; then
		sudo=sudo
	else
		return 1
	fi
	say "installing the Debian packages: $*"
	# The lists may be missing, or so old that they name versions which are too old; a machine without a network may have the packages all the same.
	$sudo apt-get update -qq >/dev/null 2>&1 || true
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# debian_rust_builds_the_library: whether Debian's compiler is there, with its library's source, and new enough for what scripts/build asks of it.
debian_rust_builds_the_library() {
	sysroot=$(RUSTC_BOOTSTRAP=1 /usr/bin/rustc -Zunstable-options -Cpanic=immediate-abort --print sysroot 2>/dev/null) || return 1
	[ -d "$sysroot/lib/rustlib/src/rust/library/core" ] || [ -d /usr/lib/rustlib/src/rust/library/core ]
}

# need COMMAND HINT [PACKAGE]: makes sure that a command is there.
need() {
	command -v "$1" >/dev/null && return
	install_debian "${3:-$1}" && command -v "$1" >/dev/null && return
	fail "coldmoon needs $1, which is not installed. $2"
}

# has_target TRIPLE: whether the Rust toolchain in PATH has the target's library.
has_target() {
	command -v rustc >/dev/null && [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]
}

# need_rust: makes sure that cargo is there.
need_rust() {
	command -v cargo >/dev/null && return
	[ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH" && export PATH && return
	install_debian rustc-web cargo-web && command -v cargo >/dev/null && return
	fail "coldmoon needs a Rust toolchain, version 1.88 or newer. Install it from https://rustup.rs, or on Debian: apt-get install rustc-web cargo-web"
}

# need_c: makes sure that there is a C compiler and make, for LuaJIT.
need_c() {
	need cc "It compiles LuaJIT. Debian: apt-get install gcc libc6-dev" gcc
	[ -e /usr/include/stdio.h ] || install_debian libc6-dev || fail "coldmoon needs the C library's headers. Debian: apt-get install libc6-dev"
	need make "It builds LuaJIT. Debian: apt-get install make" make
}
