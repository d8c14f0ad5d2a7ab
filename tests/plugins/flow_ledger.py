# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of probes: lost, damaged, not to be written, of another
node or key; runs that are killed, and two at once; with real servers."""

import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import Missing, case, check, same  # noqa: E402
from flow import Flow, begin, counts, main  # noqa: E402
import netns  # noqa: E402

HOUR = 3600
STEPS, STEPS_MAX = 40, 200


def numbers(texts):
    """The numbers of the probes in a mailbox."""
    return sorted(int(re.search(r"^X-Lifeline-Probe: lp1\..*-(\d+)\.\d+\.",
                                text, re.MULTILINE)[1]) for text in texts)


@case("--init makes a key for its owner alone, and never a second one")
def init(lab):
    flow = begin(lab)
    same(oct(os.stat(flow.key).st_mode & 0o777), "0o600", "mode")
    with open(flow.key, encoding="ascii") as file:
        key = file.read()
    check(re.fullmatch(r"[0-9a-f]{64}\n", key), "a key")
    code, *_ = lab.run([lab.plugin(), *flow.arguments({}), "--init"],
                       env={**os.environ, **flow.environment})
    with open(flow.key, encoding="ascii") as file:
        same(file.read(), key, f"the key after another --init ({code})")
    same(flow.user.kept(), [], "what was sent by that")


@case("the key is lost: UNKNOWN, nothing is sent, and its mail left alone")
def no_key(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    os.rename(flow.key, flow.key + ".away")
    flow.run().expect("UNKNOWN", {"key-unusable": None})
    same(numbers(flow.user.kept()), [1], "what is left")
    same(flow.user.site.submit.queue(flow.user), [], "what was sent")
    os.rename(flow.key + ".away", flow.key)
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=1)


@case("another key: UNKNOWN, nothing is sent, and mail of the old left alone")
def another_key(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    os.rename(flow.key, flow.key + ".old")
    flow.init()
    flow.run().expect("UNKNOWN", {"key-unusable": None})
    same(numbers(flow.user.kept()), [1], "what is left")
    os.rename(flow.key + ".old", flow.key)
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=1)


@case("a key that others can read is not used")
def open_key(lab):
    flow = begin(lab)
    os.chmod(flow.key, 0o644)
    result = flow.run()
    same(result.state, "UNKNOWN", "state")
    same(flow.user.kept(), [], "what was sent")


@case("the ledger is lost: rebuilt of what arrives, and gaps are said")
def lost(lab):
    flow = begin(lab)
    site, user = flow.site, flow.user
    site.mx1.holds(user)
    idents = []
    for count in (1, 2, 3):
        flow.run()
        idents += set(site.mx1.wait_queue(user, count, "hold")) - {*idents}
    site.mx1.undo(user)
    site.mx1.release(idents[0], idents[2])
    user.wait_kept(2)
    site.clock.forward(5)
    flow.forget()
    result = flow.run()
    counts(result, outstanding=1, delivered=2, unaccounted=1)
    check("mail-unaccounted" in result.found((1,)), result.found())
    check("ledger-begun-anew" in result.found((1,)), result.found())
    user.wait_kept(1)
    site.mx1.release()
    user.wait_kept(2)
    result = flow.run()
    counts(result, outstanding=1, delivered=4)


def damages(name):
    """The ledger is damaged in this way."""
    def add(damage):
        @case(f"a ledger that is {name}: begun anew, and said")
        def damaged(lab):
            flow = begin(lab)
            with flow.site.gate:
                for _ in range(2):
                    flow.run()
            flow.user.wait_kept(2)
            flow.site.clock.forward(5)
            for path in flow.files()[:1]:
                with open(path, "rb") as file:
                    text = file.read()
                with open(path, "wb") as file:
                    file.write(damage(text))
            result = flow.run()
            counts(result, outstanding=1, delivered=2)
            check("ledger-begun-anew" in result.found((1,)), result.found())
            flow.user.wait_kept(1)
            counts(flow.run(), outstanding=1, delivered=3)
    return add


damages("empty")(lambda text: b"")
damages("cut")(lambda text: text[:len(text) // 2])
damages("zeros")(lambda text: b"\0" * len(text))
damages("another's")(lambda text: b'{"probes": []}\n')
damages("changed by a digit")(lambda text: text.replace(b"accepted",
                                                         b"delivers", 1))


@case("an old ledger was restored: what it does not know is not lost")
def restored(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    counts(flow.run(), outstanding=1, delivered=1)
    old = {path: read(path) for path in flow.files()}
    for delivered in (2, 3):
        flow.user.wait_kept(1)
        counts(flow.run(), outstanding=1, delivered=delivered)
    flow.user.wait_kept(1)
    for path, text in old.items():
        with open(path, "wb") as file:
            file.write(text)
    result = flow.run()
    same((result.json["metrics"]["lost"], "mail-lost" in result.found()),
         (0, False), "lost")
    check("ledger-begun-anew" in result.found((1,)), result.found())


def read(path):
    """Its bytes."""
    with open(path, "rb") as file:
        return file.read()


class Disk:
    """A small file system for the memory of a flow."""

    def __init__(self, flow, kilobytes=512):
        self.where = flow.state
        if not netns.has_mounts():
            raise Missing("nothing may be mounted here")
        self.mount("-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700",
                   "tmpfs")

    def mount(self, *words):
        """Mounts, or changes it."""
        subprocess.run(["mount", *words, self.where], check=True)

    def fill(self):
        """There is no room left."""
        file = os.open(os.path.join(self.where, "rubbish"),
                       os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(file, bytes(4096)):
                pass
        except OSError:
            os.close(file)

    def free(self):
        """There is."""
        os.unlink(os.path.join(self.where, "rubbish"))

    def close(self):
        """It is gone, with all on it."""
        subprocess.run(["umount", "-l", self.where], check=True)


def unusable(flow, disk_is_bad, disk_is_fine):
    """A ledger that can't be written: nothing is sent nor deleted, and all
    is counted once it can."""
    user = flow.user
    flow.run()
    user.wait_kept(1)
    disk_is_bad()
    result = flow.run()
    same(result.state, "UNKNOWN", "state")
    check("ledger-unusable" in result.found((3,)), result.found())
    same(numbers(user.kept()), [1], "what is left")
    disk_is_fine()
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=1)
    user.wait_kept(1)
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=2)


@case("the disk is full, with whole runs on it")
def full_disk(lab):
    flow = begin(lab)
    disk = Disk(flow)
    try:
        unusable(flow, disk.fill, disk.free)
    finally:
        disk.close()


@case("the disk is read-only")
def read_only(lab):
    flow = begin(lab)
    disk = Disk(flow)
    try:
        unusable(flow, lambda: disk.mount("-o", "remount,ro"),
                 lambda: disk.mount("-o", "remount,rw"))
    finally:
        disk.close()


@case("a ledger that another node wrote: UNKNOWN, nothing sent or deleted")
def another_node(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    flow.under = ["unshare", "--uts", "sh", "-c",
                  'hostname elsewhere && exec "$@"', "sh"]
    result = flow.run()
    same(result.state, "UNKNOWN", "state")
    check("ledger-of-another-node" in result.found((3,)), result.found())
    same(numbers(flow.user.kept()), [1], "what is left")
    flow.under = []
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=1)


@case("two nodes of one name and key, each with a ledger: it is said")
def two_nodes(lab):
    flow = begin(lab)
    other = Flow(flow.site, flow.user)
    other.given["key_file"] = flow.key
    flow.run()
    flow.user.wait_kept(1)
    counts(flow.run(every="30d").expect("OK", {}), delivered=1)
    flow.site.clock.forward(5)
    other.run()  # nothing in the mailbox tells that it is the second one
    for reader, sender in ((flow, other), (other, flow)):
        flow.user.wait_kept(1)
        result = reader.run(every="30d").expect("UNKNOWN", {
            "another-sender": None})
        same(result.json["run"]["strangers"], 1, "strangers")
        same(len(flow.user.kept()), 1, "what is left alone")
        counts(sender.run(every="30d").expect("OK", {}),
               delivered=1 + (sender is flow))
        flow.site.clock.forward(5)
        if sender is other:
            flow.run()


@case("runs that are killed at any time: nothing lost, nothing counted twice")
def killed(lab):
    flow = begin(lab, window=1000)  # however many of them it takes
    flow.run()
    begin_s = time.monotonic()
    flow.run()
    takes_s = time.monotonic() - begin_s
    ended = step = 0
    # The last of them end by themselves, however long that takes here.
    while ended < 2 or step < STEPS:
        process = flow.begin()
        time.sleep(takes_s * step / 36)
        process.send_signal(signal.SIGKILL)
        ended += process.wait() != -signal.SIGKILL
        step += 1
        check(step < STEPS_MAX, f"{step} runs are killed")
    flow.site.submit.wait_alone()
    for server in (flow.site.submit, flow.site.mx1):
        server.wait_queue(flow.user, 0)
    metrics = flow.run().json["metrics"]
    check(metrics["delivered"] >= 4, metrics)
    # What was entered and not taken by anybody is not lost, ever.
    flow.user.wait_kept(1)
    flow.site.clock.forward(25 * HOUR)
    metrics = flow.run().json["metrics"]
    same([metrics[name] for name in ("lost", "bounced", "duplicate")], [0] * 3,
         "lost, bounced, duplicate")
    flow.user.wait_kept(1)
    same(numbers(flow.user.kept())[-1], metrics["delivered"]
         + metrics["late"] + metrics["unaccounted"] + metrics["outstanding"],
         "numbers that were given out")


@case("two runs at once: each sends one, and each is counted once")
def at_once(lab):
    flow = begin(lab)
    for _ in range(5):
        with flow.site.gate:
            for process in [flow.begin() for _ in range(2)]:
                process.communicate()
        flow.user.wait_kept(2)
        same(len(set(numbers(flow.user.kept()))), 2, "numbers")
        with flow.site.gate:
            metrics = flow.run(every="1h").json["metrics"]
    same(metrics["delivered"], 10, "delivered")
    counts(flow.run(), outstanding=1, delivered=10)


main()
