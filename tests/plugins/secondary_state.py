# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plugin remembers, and what can become of that."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import HANGS_S, Missing, case, check, main, same  # noqa: E402
from copies import (  # noqa: E402
    DAY, FIRST_AT, GIVEN, HOUR, PLUGIN, PRIMARY, SECONDARIES_AT, SECOND_AT,
    ZONE, copy_at, transferred)
import netns  # noqa: E402


def history_file(lab):
    """The one state file that a run of this plugin leaves."""
    files = lab.state_files()
    same(len(files), 1, f"state files {files}")
    return files[0]


def history(lab):
    """What it holds."""
    with open(history_file(lab), encoding="utf-8") as source:
        return json.load(source)


def behind(lab):
    """A run while all is well; then the transfers stop, and news come."""
    transferred(lab)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.permit(ZONE, "nobody")
    lab.bump(ZONE)
    lab.check(ZONE, *GIVEN).expect("OK", {})


def overwrite(lab, text):
    """The state file holds something else now."""
    with open(history_file(lab), "w", encoding="utf-8") as out:
        out.write(text)


@case("a run in which nothing happened writes nothing")
def writes_nothing(lab):
    transferred(lab, ("nsd", "nsd", "nsd"))
    lab.check(ZONE, *GIVEN).expect("OK", {})
    path = history_file(lab)
    before = os.stat(path)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    after = os.stat(path)
    same((after.st_ino, after.st_mtime_ns), (before.st_ino,
                                             before.st_mtime_ns), "the file")


@case("the directory is made where its parent is there, for nobody else")
def makes_directory(lab):
    transferred(lab)
    lab.state_dir = os.path.join(lab.state_dir, "own")
    lab.check(ZONE, *GIVEN).expect("OK", {})
    same(os.stat(lab.state_dir).st_mode & 0o777, 0o700, "mode")
    same(os.stat(history_file(lab)).st_mode & 0o077, 0, "rights of others")


@case("LIFELINE_STATE_DIR names the directory")
def by_environment(lab):
    transferred(lab)
    lab.start()
    lab.environment["LIFELINE_STATE_DIR"] = lab.state_dir
    lab.keeps_state = False
    lab.check(ZONE, *GIVEN).expect("OK", {})
    history_file(lab)


@case("ten runs at once on one state file")
def at_once(lab):
    behind(lab)
    first = history(lab)["state"]["serials"]
    command = [lab.plugin(), "-H", ZONE, *lab.arguments(),
               *lab.state_arguments(), *GIVEN, "-t", "30"]
    with open(os.devnull, "wb") as void:
        runs = [subprocess.Popen(command, stdout=void) for _ in range(10)]
        same([run.wait(HANGS_S) for run in runs], [0] * 10, "exit codes")
    same(history(lab)["state"]["serials"], first, "serials")
    lab.age(3 * HOUR)
    result = lab.check(ZONE, *GIVEN)
    same(result.state, "WARNING", "state")
    result.blames(result.found()["secondary-behind"], SECONDARIES_AT)


@case("two zones, and two sets of primaries, have histories of their own")
def several(lab):
    transferred(lab)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.check(ZONE).expect("OK", {})
    same(len(lab.state_files()), 2, "state files")


@case("the file is lost: no history on this node, and begun anew")
def lost(lab):
    behind(lab)
    lab.age(3 * HOUR)
    os.unlink(history_file(lab))
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    age = copy_at(result, SECOND_AT[0])["lag_age"]
    check(0 <= age <= 10, f"age {age}")
    lab.age(3 * HOUR)
    result = lab.check(ZONE, *GIVEN)
    check("secondary-behind" in result.found(), "behind")


def add_damaged(title, change):
    """A file that can't be what was written: told, kept, begun anew."""
    @case(f"the file is damaged: {title}")
    def damaged(lab):
        behind(lab)
        path = history_file(lab)
        with open(path, encoding="utf-8") as source:
            text = change(source.read())
        overwrite(lab, text)
        lab.check(ZONE, *GIVEN).expect("WARNING", {"history-lost": None})
        kept = [name for name in os.listdir(os.path.dirname(path))
                if name.endswith(".bad")]
        same(len(kept), 1, "kept aside")
        with open(os.path.join(os.path.dirname(path), kept[0]),
                  encoding="utf-8") as source:
            same(source.read(), text, "what is kept")
        # It is said until somebody took that away.
        lab.check(ZONE, *GIVEN).expect("WARNING", {"history-lost": None})
        os.unlink(os.path.join(os.path.dirname(path), kept[0]))
        lab.check(ZONE, *GIVEN).expect("OK", {})
        lab.age(2 * HOUR + HOUR // 2)
        lab.check(ZONE, *GIVEN).expect(
            "WARNING", {"secondary-behind": SECONDARIES_AT})


add_damaged("cut", lambda text: text[:len(text) // 2])
add_damaged("empty", lambda text: "")
add_damaged("rubbish", lambda text: "\x00\x01 rubbish")
add_damaged("of another kind", lambda text: '{"a": [1, 2, 3]}\n')
add_damaged("a time that is a text", lambda text: text.replace(
    '"first_s":', '"first_s":"x","y":', 1))
add_damaged("a number too large", lambda text: text.replace(
    '"first_s":', '"first_s":9', 1).replace('"first_s":9', '"first_s":' +
                                            "9" * 15, 1))
add_damaged("nested without an end", lambda text: "[" * 50000)
add_damaged("too large", lambda text: text + " " * (2 << 20))


def unusable(lab, *words):
    """Nothing can be remembered: that is said, and is never OK."""
    result = lab.check(ZONE, *GIVEN, *words).expect(
        "UNKNOWN", {"history-unusable": None})
    return result


@case("a newer version wrote the file: it is left alone")
def newer(lab):
    behind(lab)
    state = history(lab)
    state["version"] += 1
    text = json.dumps(state)
    overwrite(lab, text)
    result = unusable(lab)
    same(copy_at(result, SECOND_AT[0])["lag_age"], None, "age")
    with open(history_file(lab), encoding="utf-8") as source:
        same(source.read(), text, "the file")


def mount(lab, *options):
    """The state directory on a small file system of its own."""
    if not netns.has_mounts():
        raise Missing("nothing can be mounted in here")
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    ",".join(("mode=0700", *options)), "none",
                    lab.state_dir], check=True)


def unmount(lab):
    """Takes it away."""
    subprocess.run(["umount", lab.state_dir], check=True)


@case("the directory is read-only")
def read_only(lab):
    mount(lab)
    try:
        behind(lab)
        before = history(lab)
        subprocess.run(["mount", "-o", "remount,ro", lab.state_dir],
                       check=True)
        lab.bump(ZONE)
        unusable(lab)
        same(history(lab), before, "the file")
    finally:
        unmount(lab)


@case("the directory is full")
def full(lab):
    mount(lab, "size=16k")
    try:
        behind(lab)
        before = history(lab)
        with open(os.path.join(lab.state_dir, "filler"), "wb",
                  buffering=0) as out:
            try:
                while out.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        lab.bump(ZONE)
        unusable(lab)
        same(history(lab), before, "the file")
        os.unlink(os.path.join(lab.state_dir, "filler"))
        lab.check(ZONE, *GIVEN).expect("OK", {})
    finally:
        unmount(lab)


@case("the directory is open to others")
def open_directory(lab):
    transferred(lab)
    os.chmod(lab.state_dir, 0o755)
    unusable(lab)
    same(lab.state_files(), [], "state files")


@case("the directory is a symbolic link")
def symbolic_link(lab):
    transferred(lab)
    target, lab.state_dir = lab.state_dir, lab.state_dir + ".link"
    os.symlink(target, lab.state_dir)
    unusable(lab)
    same(os.listdir(target), [], "files")


@case("the directory's parent is not there")
def no_parent(lab):
    transferred(lab)
    lab.state_dir = os.path.join(lab.state_dir, "not", "there")
    unusable(lab)


@case("the file is a link to somewhere else: not followed")
def linked_file(lab):
    behind(lab)
    path = history_file(lab)
    elsewhere = os.path.join(lab.folder("elsewhere"), "target")
    os.rename(path, elsewhere)
    os.symlink(elsewhere, path)
    with open(elsewhere, encoding="utf-8") as source:
        before = source.read()
    lab.bump(ZONE)
    unusable(lab)
    with open(elsewhere, encoding="utf-8") as source:
        same(source.read(), before, "the target")


@case("nowhere to remember, and nothing to be judged by it: OK")
def no_place(lab):
    transferred(lab, ("nsd", "bind", "knot"))
    lab.keeps_state = False
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    check("history-unusable" not in result.found((0, 1, 2, 3)), "no finding")


@case("nowhere to remember, and a secondary is behind: said, not judged")
def no_place_behind(lab):
    transferred(lab)
    lab.keeps_state = False
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.permit(ZONE, "nobody")
    lab.bump(ZONE)
    unusable(lab).not_judged("secondary-behind")


@case("the clock went back: no age below nothing")
def clock_back(lab):
    behind(lab)
    lab.age(-2 * DAY)
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    same(copy_at(result, SECOND_AT[0])["lag_age"], 0, "age")
    lab.server_at(PRIMARY).stop()
    lab.check(ZONE, *GIVEN)
    lab.age(-2 * DAY)
    result = lab.check(ZONE, *GIVEN).expect(
        "WARNING", {"primary-silent": None, "server-silent": FIRST_AT})
    for copy in result.json["secondaries"]:
        left = copy["expire_left"]
        check(left is None or left <= 1209600, f"{left} s")


@case("another node wrote it: named")
def other_node(lab):
    behind(lab)
    state = history(lab)
    state["node"] = "monitor2.example.com"
    overwrite(lab, json.dumps(state))
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    same(result.json["history"]["node"], "monitor2.example.com", "node")


@case("behind one address there are several instances (NSID)")
def instances(lab):
    transferred(lab)
    lab.on[ZONE, PRIMARY] = lab.server("bind", nsid="primary")
    second = lab.on[ZONE, "ns2.example.net"] = lab.server("nsd", nsid="fra1")
    lab.check(ZONE, *GIVEN).expect("OK", {})
    second.nsid = "ams1"
    second.restart()
    lab.check(ZONE, *GIVEN).expect("OK", {})
    known = {(c["server"], c["nsid"]) for c in history(lab)["state"]["copies"]}
    for address in SECOND_AT:
        check({(address, "fra1"), (address, "ams1")} <= known,
              f"{address} in {sorted(known)}")


if __name__ == "__main__":
    main(PLUGIN)
