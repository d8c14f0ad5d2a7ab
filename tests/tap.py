# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests as functions, their results as TAP."""

import os
import sys
import traceback

SOURCE = os.environ.get("top_srcdir") or os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("top_builddir") or os.getcwd()

_TESTS = []


class Skip(Exception):
    """This test can't run here; says why."""


def test(function):
    """Marks a function as a test; its name is the test's."""
    _TESTS.append(function)
    return function


def same(seen, expected, about=""):
    """Like assert seen == expected, but says what was seen."""
    if seen != expected:
        raise AssertionError(f"{about}: {seen!r} is not {expected!r}")


def none_of(bad, about=""):
    """Holds where the list of complaints is empty."""
    if bad:
        raise AssertionError(f"{about}\n" + "\n".join(map(str, bad)))


def main():
    """Runs all tests of the file."""
    failed = False
    print(f"1..{len(_TESTS)}")
    for number, function in enumerate(_TESTS, 1):
        name = function.__name__
        try:
            function()
            print(f"ok {number} - {name}")
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}")
        except Exception:  # pylint: disable=broad-except
            failed = True
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        sys.stdout.flush()
    sys.exit(failed)
