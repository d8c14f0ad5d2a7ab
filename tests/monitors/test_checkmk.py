#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""contrib/checkmk, run and read as Checkmk's agent and server do."""

import os
import pathlib
import shlex
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import agents  # noqa: E402
import monitors  # noqa: E402
from monitors import labs  # noqa: E402


@labs.case("every line of MRPE is understood, and ends without a network")
def runs_mrpe(lab):
    text = monitors.here(lab, agents.MRPE.read_text(), "-t 2")
    text = text.replace(agents.AS_USER, "")
    lines = list(agents.mrpe_lines(text))
    labs.same(len(lines), len(monitors.LABELS), "lines")
    for (name, interval, command), label in zip(lines,
                                                monitors.LABELS.values()):
        labs.check(interval >= 60 and " " in name, f"{name} each {interval} s")
        state, output, items = agents.run_mrpe(command)
        monitors.holds_cut_off(label, state, output, items)
        agents.metrics(items)


@labs.case("every local check is understood, and ends without a network")
def runs_local_checks(lab):
    script = monitors.here(lab, agents.LOCAL.read_text(), "-t 2")
    script = script.replace(agents.AS_USER, "")
    results = list(agents.local_results(lab, script))
    labs.same(len(results), len(monitors.LABELS), "results")
    for (_, state, items, text), label in zip(results,
                                              monitors.LABELS.values()):
        monitors.holds_cut_off(label, state, text, items)
        agents.metrics(items)


@labs.case("local checks hand over what a plugin says, whatever that is")
def hands_over(lab):
    said = {
        "two lines": ("printf 'X CRITICAL - bad\\n[rule] x\\n"
                      "|time=0.1s;1;2 left=3\\n'; exit 2",
                      (2, ["time=0.1s;1;2", "left=3"],
                       "X CRITICAL - bad\n[rule] x")),
        "metrics in lines": ("printf 'X OK - good\\n|a=1\\nb=2\\n'",
                             (0, ["a=1", "b=2"], "X OK - good")),
        "no metrics": ("echo 'X WARNING - a  b'; exit 1",
                       (1, [], "X WARNING - a  b")),
        "nothing": ("exit 0",
                    (3, [], "UNKNOWN - no output, exit code 0")),
        "killed": ("echo 'X OK - good'; kill -9 $$",
                   (3, [], "X OK - good")),
        "not there": ("exec /nonexistent",
                      (3, [], "UNKNOWN - no output, exit code 127")),
    }
    script = agents.LOCAL.read_text()
    script = script[:script.index("\nlocal_check \"")]
    folder = pathlib.Path(lab.folder("plugins"))
    for number, (name, (body, _)) in enumerate(said.items()):
        (folder / f"{number}").write_text(body)
        script += f'\nlocal_check "{name}" sh "{folder}/{number}"\n'
    results = list(agents.local_results(lab, script))
    for (name, *result), (wanted, (_, expected)) in zip(results,
                                                        said.items()):
        labs.same((name, *result), (wanted, *expected), "result")
    labs.same(len(results), len(said), "results")


@labs.case("a local check has one line, whatever it is called")
def has_one_line(lab):
    names = {r"C:\new\table": r"C:\new\table", 'a "b" c': "a _b_ c",
             "Bob's page": "Bob_s page", "two\nlines": "two lines",
             "a=b & c %s": "a=b & c %s", "": "_", "$(id) `id`": "$(id) `id`",
             "K\u00f6ln": "K\u00f6ln"}
    script = agents.LOCAL.read_text()
    script = script[:script.index("\nlocal_check \"")]
    for name in names:
        script += f"\nlocal_check {shlex.quote(name)} echo 'X OK - good'\n"
    labs.same(list(agents.local_results(lab, script)),
              [(name, 0, [], "X OK - good") for name in names.values()],
              "results")


if __name__ == "__main__":
    labs.main()
