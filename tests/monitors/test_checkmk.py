#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""contrib/checkmk, run and read as Checkmk's agent and server do: what they
make of a line is written down here once more, since Debian has neither."""

import os
import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

MRPE = monitors.CONTRIB / "checkmk" / "mrpe.cfg"
LOCAL = monitors.CONTRIB / "checkmk" / "lifeline_local"
AS_USER = "runuser -u nagios -- "

# A result of the agent: state, name with or without quotes, metrics, text.
LOCAL_LINE = re.compile(r"([0-3]) (?:\"([^\"']+)\"|([^ \"']+)) ([^ ]+) +(.*)")


def metrics(items):
    """What the server reads of metrics: each a name with a number and a unit;
    of a range its end, where that is a number."""
    read = {}
    for item in items:
        name, _, values = item.partition("=")
        labs.check(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name), item)
        found = re.fullmatch(r"(-?[0-9.]+)(s|B|%|)", values.split(";")[0])
        labs.check(found, f"a value in {item}")
        read[name] = float(found[1])
    labs.same(len(read), len(items), f"names in {items}")
    return read


def mrpe_lines(text):
    """(name, seconds between runs, command) of each line."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, rest = line.split(" ", 1)
            interval, command = re.fullmatch(
                r"\(interval=([0-9]+)\) (.*)", rest).groups()
            yield urllib.parse.unquote(name), int(interval), command


def run_mrpe(command):
    """(state, text, metrics) as the server reads a line of the agent: a shell
    runs it, what it says on stderr is lost, line ends become \\1."""
    done = monitors.run("bash", "-c", 'eval "$1" 2>/dev/null', "-", command)
    sent = f"{done.returncode} " + done.stdout.rstrip("\n").replace("\n", "\1")
    state, *words = sent.split(" ")
    lines = " ".join(words).split("\1")
    texts, items = [], []
    for line in lines:
        if items:
            items += line.split()
        else:
            text, _, rest = line.partition("|")
            texts.append(text)
            items += rest.split()
    return int(state), "\n".join(texts), items


def local_results(lab, script):
    """(name, state, metrics, text) of each line that a local check prints."""
    path = pathlib.Path(lab.folder("local")) / "lifeline"
    path.write_text(script)
    path.chmod(0o755)
    done = monitors.run(path)
    labs.same(done.stderr, "", "stderr")
    for line in done.stdout.splitlines():
        found = LOCAL_LINE.fullmatch(line)
        labs.check(found, line)
        state, quoted, bare, items, text = found.groups()
        yield (quoted or bare, int(state),
               [] if items == "-" else items.split("|"),
               text.replace("\\n", "\n"))


@labs.case("every line of MRPE is understood, and ends without a network")
def runs_mrpe(lab):
    text = monitors.here(lab, MRPE.read_text(), "-t 2").replace(AS_USER, "")
    lines = list(mrpe_lines(text))
    labs.same(len(lines), len(monitors.LABELS), "lines")
    for (name, interval, command), label in zip(lines,
                                                monitors.LABELS.values()):
        labs.check(interval >= 60 and " " in name, f"{name} each {interval} s")
        state, output, items = run_mrpe(command)
        monitors.holds_cut_off(label, state, output, items)
        metrics(items)


@labs.case("every local check is understood, and ends without a network")
def runs_local_checks(lab):
    script = monitors.here(lab, LOCAL.read_text(), "-t 2").replace(AS_USER, "")
    results = list(local_results(lab, script))
    labs.same(len(results), len(monitors.LABELS), "results")
    for (_, state, items, text), label in zip(results,
                                              monitors.LABELS.values()):
        monitors.holds_cut_off(label, state, text, items)
        metrics(items)


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
    script = LOCAL.read_text()
    script = script[:script.index("\nlocal_check \"")]
    folder = pathlib.Path(lab.folder("plugins"))
    for number, (name, (body, _)) in enumerate(said.items()):
        (folder / f"{number}").write_text(body)
        script += f'\nlocal_check "{name}" sh "{folder}/{number}"\n'
    results = list(local_results(lab, script))
    for (name, *result), (wanted, (_, expected)) in zip(results,
                                                        said.items()):
        labs.same((name, *result), (wanted, *expected), "result")
    labs.same(len(results), len(said), "results")


if __name__ == "__main__":
    labs.main()
