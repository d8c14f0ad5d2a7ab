# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
#
# What contrib/demo and contrib/run-tests have in common: packages and
# building. To be sourced, with top, build and yes set.
: "${top:?}" "${build:?}" "${yes?}"

say() {
	echo "$(basename "$0"): $*"
}

die() {
	say "$*" >&2
	exit 1
}

# The packages of the groups, in the list's order.
packages_of() {
	for group; do
		sed -n "s/^$group: //p" "$top/contrib/packages"
	done | tr '\n' ' '
}

# Of the packages of the groups, those that the host lacks.
lacking() {
	for package in $(packages_of "$@"); do
		case $(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) in
		installed) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Installs what is lacking of the groups, after asking.
need_packages() {
	if ! command -v dpkg-query >/dev/null; then
		say "no dpkg here: the README names what other systems need"
		return
	fi
	lacking=$(lacking "$@")
	[ -n "$lacking" ] || return 0
	say "these packages are to be installed: $lacking"
	if [ -z "$yes" ]; then
		printf 'Go on? [y/N] '
		read -r answer || answer=
		case $answer in
		[yY]*) ;;
		*) die "nothing was changed" ;;
		esac
	fi
	as_root apt-get -q update >"$build/apt.log" 2>&1 ||
		say "apt-get update fails: the lists may be old"
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
		--no-install-recommends $lacking >>"$build/apt.log" 2>&1 ||
		die "apt-get install fails: see $build/apt.log"
}

# The configure script, where it is missing or older than its sources.
need_configure() {
	if [ -x "$top/configure" ] &&
		[ -z "$(find "$top/configure.ac" "$top/Makefile.am" \
			"$top/contrib/m4" -newer "$top/configure")" ]; then
		return
	fi
	(cd "$top" && autoreconf -fi) >"$build/autoreconf.log" 2>&1 ||
		die "autoreconf fails: see $build/autoreconf.log"
}

# need_build FOLDER [CONFIGURE ARGUMENT...]: builds there, out of tree.
need_build() {
	folder=$1
	shift
	mkdir -p "$folder"
	(
		cd "$folder"
		[ -x config.status ] || "$top/configure" "$@" || exit 1
		make -j"$(nproc)"
	) >"$folder/build.log" 2>&1 || {
		tail -n 20 "$folder/build.log" >&2
		die "the build fails: see $folder/build.log"
	}
}
