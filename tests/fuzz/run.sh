#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs each fuzz target for a number of seconds on its corpus, in a copy of
# it, and says which found something.
#
# usage: run.sh SECONDS TARGET ...
set -u

seconds=$1
shift
here=$(dirname "$0")
failed=0
for target in "$@"; do
	name=$(basename "$target")
	work=$(mktemp -d) || exit 1
	cp "$here/corpus/$name/"* "$work/" 2>/dev/null
	if "./$target" -max_total_time="$seconds" -timeout=10 -max_len=8192 \
		-rss_limit_mb=4096 -print_final_stats=1 \
		-artifact_prefix="$name-" "$work" >"$name.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$name.log")
		echo "ok - $name: $runs inputs in $seconds s"
	else
		failed=1
		echo "not ok - $name: see $name.log"
		tail -n 30 "$name.log"
	fi
	rm -rf "$work"
done
exit $failed
