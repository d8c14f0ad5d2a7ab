#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Stands in for the rule tests where jansson, which reads the fixtures, is
# missing: they count as one that was skipped.
echo "ok 1 - tests/rules/test_rules # SKIP jansson is missing"
echo "1..1"
