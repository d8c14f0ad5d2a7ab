#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands in for the unit tests where cmocka is missing: each counts as one
# that was skipped. UNIT_TESTS comes from the Makefile.
set -u
n=0
for test in $UNIT_TESTS; do
	n=$((n + 1))
	echo "ok $n - $test # SKIP cmocka is missing"
done
echo "1..$n"
