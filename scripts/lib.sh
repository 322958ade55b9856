# What the scripts share. Sourced, from the repository's root.

say() {
	printf '%s\n' "$*" >&2
}

fail() {
	say "$*"
	exit 1
}

# misuse SENTENCE: the exit code of wrong usage, as the tool has it.
misuse() {
	say "$*"
	exit 2
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
	# Another program may be installing packages: that passes.
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

# debian_rust_builds_the_library: whether Debian's compiler is there, with its library's source, and new enough for what scripts/build asks of it.
debian_rust_builds_the_library() {
	sysroot=$(RUSTC_BOOTSTRAP=1 /usr/bin/rustc -Zunstable-options -Cpanic=immediate-abort --print sysroot 2>/dev/null) || return 1
	[ -d "$sysroot/lib/rustlib/src/rust/library/core" ] || [ -d /usr/lib/rustlib/src/rust/library/core ]
}

# drop_section_headers FILE: cuts off an ELF file what stands behind its segments. The kernel reads program headers alone; linkers and strip
# leave the table of sections behind all the same, binutils before 2.41 without a choice.
drop_section_headers() {
	end=0
	for piece in $(LC_ALL=C readelf -lW "$1" | awk '$1 == "LOAD" { print $2 "+" $5 }'); do
		[ $(($piece)) -le $end ] || end=$(($piece))
	done
	truncate -s "$end" "$1"
	# e_shoff, and from e_shentsize on what else the ELF header says of them (elf(5)).
	for place in 40,8 58,6; do
		dd if=/dev/zero of="$1" bs=1 seek="${place%,*}" count="${place#*,}" conv=notrunc status=none
	done
}

# can_build_rust_for TRIPLE: whether there is a toolchain whose library can be linked for the target, installed or built from source.
# Debian packages the library's source beside its compiler. They stand beside rustup without conflict.
can_build_rust_for() {
	has_target "$1" || debian_rust_builds_the_library ||
		{ install_debian rustc-web cargo-web rust-web-src && debian_rust_builds_the_library; }
}

# need COMMAND HINT [PACKAGE]: makes sure that a command is there.
need() {
	command -v "$1" >/dev/null && return
	install_debian "${3:-$1}" && command -v "$1" >/dev/null && return
	fail "coldmoon needs $1, which is not installed. $2"
}

# need_cross_gcc ARCH: makes sure that ARCH-linux-musl-gcc, -ar and -strip are in PATH.
# Debian has gcc for other architectures; musl for it is a package of the other architecture. That one is unpacked below the target folder,
# so that nothing else of this machine learns of a second architecture.
need_cross_gcc() {
	command -v "$1-linux-musl-gcc" >/dev/null && return
	case $1 in
	x86_64) debian=amd64 package=gcc-x86-64-linux-gnu ;;
	aarch64) debian=arm64 package=gcc-aarch64-linux-gnu ;;
	esac
	hint="coldmoon needs $1-linux-musl-gcc to build for $1 on $(uname -m). Put one in PATH, build on Debian, or on a machine with $1."
	command -v "$1-linux-gnu-gcc" >/dev/null || install_debian "$package" || fail "$hint"
	cross=${CARGO_TARGET_DIR:-target}/musl-$1
	cross=$(mkdir -p "$cross" && cd "$cross" && pwd)
	[ -d "$cross/bin" ] || unpack_musl "$1" "$debian" "$cross" || fail "$hint"
	PATH=$cross/bin:$PATH
}

# unpack_musl ARCH DEBIAN-ARCH FOLDER: Debian's package musl-dev, with its wrapper for gcc, made to find its files where they are.
unpack_musl() {
	say "unpacking the Debian package musl-dev of $2 in $3"
	rm -rf "$3" && mkdir -p "$3/apt/lists/partial" "$3/apt/archives/partial" && : >"$3/apt/status" || return 1
	# Lists of its own: apt's are for the architectures of this machine.
	set -- "$@" -qq -o "Dir::State=$3/apt" -o "Dir::State::status=$3/apt/status" -o "Dir::Cache=$3/apt" -o APT::Sandbox::User=root
	(
		arch=$1 debian=$2
		cd "$3" && shift 3
		apt-get "$@" -o "APT::Architecture=$debian" -o "APT::Architectures=$debian" update >/dev/null 2>&1 || true
		apt-get "$@" -o "APT::Architecture=$debian" -o "APT::Architectures=$debian" download musl-dev >/dev/null &&
			dpkg-deb -x musl-dev_*.deb . && rm -rf apt musl-dev_*.deb || exit 1
		sed -i "s|/usr/|$PWD/usr/|g" "usr/bin/$arch-linux-musl-gcc" "usr/lib/$arch-linux-musl/musl-gcc.specs" && mkdir bin.new || exit 1
		for tool in ar strip; do
			ln -s "$(command -v "$arch-linux-gnu-$tool")" "bin.new/$arch-linux-musl-$tool"
		done
		# Last: the folder is complete where this is.
		mv "usr/bin/$arch-linux-musl-gcc" bin.new && mv bin.new bin
	)
}

# need_cross_glibc ARCH: makes sure that ARCH-linux-gnu-gcc is there, with glibc.
need_cross_glibc() {
	case $1 in
	x86_64) packages="gcc-x86-64-linux-gnu libc6-dev-amd64-cross" ;;
	aarch64) packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;;
	esac
	[ -e "/usr/$1-linux-gnu/include/stdio.h" ] && command -v "$1-linux-gnu-gcc" >/dev/null || install_debian $packages ||
		fail "coldmoon needs $1-linux-gnu-gcc with glibc to build for $1 on $(uname -m). Debian: apt-get install $packages"
}

# has_target TRIPLE: whether the Rust toolchain in PATH has the target's library.
has_target() {
	command -v rustc >/dev/null && [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]
}

# need_rust: makes sure that cargo is there.
need_rust() {
	command -v cargo >/dev/null && return
	[ -x "$HOME/.cargo/bin/cargo" ] && PATH="$HOME/.cargo/bin:$PATH" && export PATH && return
	# The certificates: cargo fetches crates over https, and its package does not ask for them.
	install_debian rustc-web cargo-web ca-certificates && command -v cargo >/dev/null && return
	fail "coldmoon needs a Rust toolchain, version 1.88 or newer. Install it from https://rustup.rs, or on Debian: apt-get install rustc-web cargo-web"
}

# build_tool: builds the tool for use within these sources; its path is in $tool. As the tests build it, not optimised: that takes half the time.
build_tool() {
	cargo build --quiet -p coldmoon-cli
	tool=$(cd "${CARGO_TARGET_DIR:-target}/debug" && pwd)/coldmoon
}

# need_c: makes sure that there is a C compiler and make, for LuaJIT.
need_c() {
	need cc "It compiles LuaJIT. Debian: apt-get install gcc libc6-dev" gcc
	[ -e /usr/include/stdio.h ] || install_debian libc6-dev || fail "coldmoon needs the C library's headers. Debian: apt-get install libc6-dev"
	need make "It builds LuaJIT. Debian: apt-get install make" make
}

# which_layer [--dynamic|--js] [ARCH]: of which layer a script was asked for: $option and $arch, its $name in dist, its $licence.
which_layer() {
	option= licence=vendor/LICENSE
	case ${1:-} in
	--dynamic | --js)
		option=$1
		shift
		;;
	esac
	[ "$option" != --js ] || licence=examples/quickjs/LICENSE
	arch=${1:-$(uname -m)}
	name=$arch${option:+-${option#--}}
}
