#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs each fuzz target for a number of seconds on its corpus, in a copy of
# it, and says which found something. A target keeps one core busy, so there
# are as many at once as there are cores.
#
# usage: run.sh SECONDS TARGET ...
set -u

seconds=$1
shift
if [ $# -gt 1 ]; then
	printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" sh "$0" "$seconds"
	exit
fi
here=$(dirname "$0")
name=$(basename "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp "$here/corpus/$name/"* "$work/" 2>/dev/null
# The documents of the tests are seeds, too.
case $name in
fuzz_page_json) ending=json ;;
fuzz_page_feed) ending=xml ;;
fuzz_page_html) ending=html ;;
*) ending= ;;
esac
if [ -n "$ending" ]; then
	for file in "$here"/../page/*/*."$ending"; do
		cp "$file" "$work/$(basename "$(dirname "$file")")-${file##*/}"
	done
fi
if "./$1" -max_total_time="$seconds" -timeout=10 -max_len=8192 \
	-rss_limit_mb=4096 -print_final_stats=1 \
	-artifact_prefix="$name-" "$work" >"$name.log" 2>&1; then
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name.log")
	echo "ok - $name: $runs inputs in $seconds s"
else
	echo "not ok - $name: see $name.log"
	tail -n 30 "$name.log"
	exit 1
fi
