# SPDX-License-Identifier: GPL-3.0-or-later
"""The completion, run by bash as bash would: with the line, the place in it
and the characters at which it splits words."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, SOURCE, Skip, main, same, test  # noqa: E402

SCRIPT = os.path.join(SOURCE, "contrib/completion/lifeline-plugins.bash")
EXAMPLE = os.path.join(BUILD, "tests/unit/check_example")
DELEGATION = os.path.join(BUILD, "plugins/check_dns_delegation")
EXCHANGERS = os.path.join(BUILD, "plugins/check_mx")
RUN = r'''
. "$1" || exit 1
COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
COMP_LINE="check_example $3"
COMP_POINT=${#COMP_LINE}
_lifeline_plugin "$2"
[ "${#COMPREPLY[@]}" -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
'''


def complete(typed, plugin=EXAMPLE):
    """What is offered behind "check_example " and what was typed."""
    bash = shutil.which("bash")
    if bash is None:
        raise Skip("bash is missing")
    done = subprocess.run(
        [bash, "--norc", "-c", RUN, "bash", SCRIPT, plugin, typed],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    same(done.stderr, b"", typed)
    return done.stdout.decode().splitlines()


@test
def options_are_completed():
    rows = subprocess.run([EXAMPLE, "--list-options"], check=False,
                          stdout=subprocess.PIPE).stdout.decode()
    names = [row.split("\t")[1] + ("" if row.split("\t")[3] == "-" else "=")
             for row in rows.splitlines()]
    same(len(names) > 20, True)
    same(complete(""), names)
    same(complete("--"), names)
    same(complete("--per"), ["--perfdata=", "--permit-open-secrets"])
    same(complete("-H x --verb"), ["--verbose"])
    same(complete("--hang --verb"), ["--verbose"])
    same(complete("--nothing"), [])


@test
def values_of_choices_are_completed():
    # Bash has split at "=", so only what is behind it comes back.
    same(complete("--mode="), ["plain", "fancy"])
    same(complete("--mode=f"), ["fancy"])
    same(complete("--mode f"), ["fancy"])
    same(complete("-m "), ["plain", "fancy"])
    same(complete("--timeout-result="),
         ["ok", "warning", "critical", "unknown"])
    same(complete("--factor="), [])


@test
def rules_and_metrics_are_completed():
    same(complete("--rule example-s"), ["example-silent="])
    same(complete("--rule=thr"), ["threshold="])
    same(complete("--rule=example-silent=i"), ["ignore"])
    same(complete("--rule example-silent@192.0.2.1=w"), ["warning"])
    same(complete("-w co"), ["cover="])
    same(complete("--critical=not"), ["not_judged="])


@test
def files_are_completed():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "answers.txt")
        with open(path, "w", encoding="utf-8"):
            pass
        same(complete(f"--answers {folder}/ans"), [path])
        same(complete(f"--answers={folder}/ans"), [path])
        same(complete(f"--extra-opts=mine@{folder}/ans"), [path])
        same(complete(f"--host {folder}/ans"), [])


@test
def directories_are_completed():
    if not os.path.exists(DELEGATION):
        raise Skip("check_dns_delegation is not built, for want of libraries")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state")
        os.mkdir(path)
        with open(path + ".txt", "w", encoding="utf-8"):
            pass
        same(complete(f"--state-dir {folder}/sta", DELEGATION), [path])
        same(complete(f"--state-dir={folder}/sta", DELEGATION), [path])


# Readline splits words at "@", too.
@test
def mail_addresses_are_no_trouble():
    if not os.path.exists(EXCHANGERS):
        raise Skip("check_mx is not built, for want of libraries")
    same(complete("--rcpt user@ex", EXCHANGERS), [])
    same(complete("--rcpt=user@ex", EXCHANGERS), [])
    same(complete("--rcpt=user@example.org --rcpt-", EXCHANGERS),
         ["--rcpt-invalid="])
    same(complete("--rule loss-b", EXCHANGERS), ["loss-bounces="])
    same(complete("--rule mx-tarpit@mx1.example.org=i", EXCHANGERS),
         ["ignore"])


@test
def plugin_that_is_not_there_is_no_trouble():
    same(complete("--mode=", plugin="/nonexistent/check_example"), [])


@test
def shellcheck_is_content():
    tool = shutil.which("shellcheck")
    if tool is None:
        raise Skip("shellcheck is missing")
    done = subprocess.run([tool, SCRIPT], check=False, stdout=subprocess.PIPE)
    same(done.stdout.decode(), "")


main()
