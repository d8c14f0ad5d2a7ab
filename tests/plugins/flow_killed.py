# SPDX-License-Identifier: GPL-3.0-or-later
"""check_mail_flow against real servers, killed at any call of the system, and
with a disk that is full at any byte: no probe is lost by that, and none is
counted twice."""

import json
import os
import resource
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, plugins_folder, same  # noqa: E402
from flow import begin, main  # noqa: E402
from servers import Missing  # noqa: E402

KILLED = 9
CALLS_MAX = 3000
SPARED = 25  # one run of so many may live
DAY_S = 86400
STEP_BYTES = 97  # of the file: odd, so that it ends anywhere in a line


def coming(flow):
    """A list of as many as there are probes that came as far as the exchanger,
    of which several may come at once."""
    came = []

    def judge():
        came.append(flow.user)
        return "DUNNO"
    flow.site.mx1.does(flow.user, judge)
    return came


def settled(flow):
    """The ledger of a run behind which nothing is on its way."""
    user, site = flow.user, flow.site
    site.submit.wait_alone()
    for server in (site.submit, site.mx1):
        server.flush()
        server.wait_queue(user, 0)
    flow.run(every="30d")
    for server in (site.submit, site.mx1):
        server.wait_queue(user, 0)
    return flow.run(every="30d")


def ledger(flow):
    """What is in the file."""
    with open([path for path in flow.files() if path.endswith(".json")
               and "seen" not in path][0], encoding="utf-8") as file:
        return json.load(file)["state"]


def accounted(flow, came):
    """Holds where all that came was counted once, and nothing is lost."""
    metrics = settled(flow).json["metrics"]
    same(metrics["delivered"], len(came), "delivered")
    same((metrics["lost"], metrics["duplicate"], metrics["bounced"]),
         (0, 0, 0), "lost, duplicate, bounced")
    same(flow.user.kept(), [], "what is left in the mailbox")
    sent = ledger(flow)["sent"]
    check(sent >= len(came), f"{sent} entered, {len(came)} sent")
    # What was entered and never taken is neither delivered nor lost.
    flow.site.clock.forward(2 * DAY_S)
    metrics = settled(flow).json["metrics"]
    same((metrics["lost"], metrics["duplicate"]), (0, 0), "lost, later")
    same(metrics["delivered"] + metrics["unaccounted"],
         ledger(flow)["sent"] - ledger(flow)["totals"]["refused"],
         "delivered and unaccounted of all that were sent")


@case("a disk that is full at any byte")
def full(lab):
    flow = begin(lab, window=1000)
    # Without the library that sets the clock, which has a file of its own.
    same(flow.site.clock.seconds, 0, "the clock")
    came = coming(flow)
    flow.run_on(wait="20s")
    size = 0
    states = set()
    while True:
        done = subprocess.run(
            [lab.plugin(), *flow.arguments({}), "--output=json"], check=False,
            capture_output=True,
            preexec_fn=lambda most=size: resource.setrlimit(
                resource.RLIMIT_FSIZE, (most, most)))
        result = json.loads(done.stdout)
        states.add(result["state"])
        if result["state"] == 0:
            break
        same([finding["rule"] for finding in result["findings"]],
             ["ledger-unusable"], f"findings at {size} bytes")
        size += STEP_BYTES
    check(size > 4 * STEP_BYTES, f"{size} bytes")
    same(states, {0, 3}, "states")
    accounted(flow, came)


def add_killed(protocol):
    """A run for each call of the system, killed in front of it."""
    @case(f"{protocol}: killed at any call of the system")
    def killed(lab):
        flow = begin(lab, protocol, window=1000)
        came = coming(flow)
        program = os.path.join(plugins_folder(), "../tests/plugins/run_killed")
        calls = 0
        while True:
            words = [program, str(calls), lab.plugin(), *flow.arguments({})]
            code, out, errors, _ = lab.run(
                words, env={**os.environ, **flow.environment})
            if code == 1 and calls == 0:
                raise Missing("nobody may watch another process here")
            check(code in (0, KILLED), f"{code}: {out} {errors}")
            if code == 0:
                break
            same(errors, "", "stderr")
            calls += 1
            # Each message is one more to be read, by POP3 one by one.
            if calls % SPARED == 0:
                flow.run_on(every="30d")
            check(calls < CALLS_MAX, f"{calls} calls")
        check(calls > 100, f"{calls} calls")
        check(len(came) > 10, f"{len(came)} probes")
        accounted(flow, came)


add_killed("imap")
add_killed("pop3")


if __name__ == "__main__":
    main()
