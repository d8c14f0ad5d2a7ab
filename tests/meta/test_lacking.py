# SPDX-License-Identifier: GPL-3.0-or-later
"""A test that lacks something on this machine is skipped and says why; a
program that a person started for what it does fails."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import SOURCE, main, same, test  # noqa: E402

WITHOUT_TOOLS = """
import sys
sys.path.insert(0, sys.argv[1])
import netns
import lab
netns.find = lambda tool: None
sys.argv[1:] = []
lab.%s()
"""


def outcome(*command):
    """(exit code, what it says) of a program outside of all namespaces."""
    env = {name: value for name, value in os.environ.items()
           if name != "LIFELINE_LAB_INSIDE"}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.returncode, done.stdout


def without_tools(function):
    """Those of a lab on a host that has neither ip nor unshare."""
    return outcome(sys.executable, "-c", WITHOUT_TOOLS % function,
                   os.path.join(SOURCE, "tests", "lab"))


@test
def labs_are_skipped_without_their_tools():
    code, said = without_tools("main")
    same((code, said.startswith("1..0 # SKIP unshare is not here")),
         (0, True), said)


@test
def what_is_shown_in_a_lab_fails_without_its_tools():
    code, said = without_tools("enter")
    same((code, said.startswith("Bail out! unshare is not here")),
         (99, True), said)


@test
def tests_are_skipped_without_python():
    script = os.path.join(SOURCE, "tests", "python.sh")
    same(outcome("sh", script, "", "test.py"),
         (0, "1..0 # SKIP python3 is missing\n"))
    same(outcome("sh", script, sys.executable, "-c", "exit(3)")[0], 3)


if __name__ == "__main__":
    main()
