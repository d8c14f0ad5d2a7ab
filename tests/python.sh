#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# python.sh PYTHON TEST [ARGUMENT...]: runs a test, or skips it where configure
# found no Python and PYTHON is nothing.
set -eu
python=$1
shift
if [ -z "$python" ]; then
	echo "1..0 # SKIP python3 is missing"
	exit 0
fi
exec "$python" "$@"
