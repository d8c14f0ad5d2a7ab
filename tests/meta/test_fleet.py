# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells how much a core carries starts on time, and says so where not."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, Skip, main, none_of, same, test  # noqa: E402

FLEET = os.path.join(BUILD, "tests", "bench", "fleet")
GAP_US, PER_S = 50000, 20
LINE, STATUS, LATE, WALL, CPU, RESIDENT = range(6)
SLEEP = "sleep\t0.2"


def fleet(commands, gap_us=GAP_US, jobs=64):
    """(a list of numbers for each run, those of the last line) of a second."""
    if not os.access(FLEET, os.X_OK):
        raise Skip(f"{FLEET} was not built")
    done = subprocess.run(
        [FLEET, "1", str(gap_us), str(jobs)], text=True, check=True,
        input="".join(command + "\n" for command in commands),
        stdout=subprocess.PIPE)
    *rows, total = [line.split() for line in done.stdout.splitlines()]
    same(total.pop(0), "total", "the last line")
    return ([[int(word) for word in row] for row in rows],
            [int(word) for word in total])


@test
def one_after_another_without_waiting():
    rows, (started, wall, own, most) = fleet([SLEEP, "true"])
    same(len(rows), PER_S, "runs")
    same(sorted(row[LINE] for row in rows), [0] * 10 + [1] * 10, "commands")
    same({row[STATUS] for row in rows}, {0}, "exit codes")
    none_of([row for row in rows if row[LINE] == 0 and row[WALL] < 200000],
            "did not sleep")
    # A machine that is busy with others starts late, and in no other order.
    none_of([row for row in rows if row[LATE] < 0 or row[CPU] <= 0
             or row[RESIDENT] <= 0], "odd figures")
    if most < 2:
        raise AssertionError(f"{most} at once, though the one before sleeps")
    if not GAP_US * (PER_S - 1) <= started <= wall or not own:
        raise AssertionError(f"{started} {wall} {own}")


@test
def no_more_at_once_than_said_and_late_then():
    rows, (_, _, _, most) = fleet([SLEEP], jobs=2)
    same(most, 2, "at once")
    same(len(rows), PER_S, "runs")
    late = [row[LATE] for row in rows]
    # Twenty runs of 0.2 s, two at once, take two seconds instead of one.
    if max(late) < 700000 or max(late) <= late[0]:
        raise AssertionError(f"{late}")


@test
def as_many_as_there_can_be():
    rows, (_, _, _, most) = fleet([SLEEP], gap_us=0, jobs=3)
    same(most, 3, "at once")
    if not 3 <= len(rows) <= 15:
        raise AssertionError(f"{len(rows)} runs in a second")


@test
def exit_codes_and_signals_are_told():
    rows, _ = fleet(["sh\t-c\texit 3", "sh\t-c\tkill -9 $$",
                     "/nonexistent"])
    same({(row[LINE], row[STATUS]) for row in rows},
         {(0, 3), (1, 137), (2, 125)}, "statuses")


@test
def nothing_to_run_is_no_fleet():
    for words in (["1", "0", "1"], ["0", "0", "1"], ["1", "0"],
                  ["1", "0", "4097"]):
        done = subprocess.run([FLEET, *words], input="", text=True,
                              check=False, capture_output=True)
        same((done.returncode, done.stdout), (125, ""), words)


main()
