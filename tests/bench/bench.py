#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: the plugins and their peers behind a 20 ms round trip.

Three processes deep: this program makes a namespace for the servers; there
it starts the delay line, which makes one for the monitor and runs this
program again inside. Nothing is reached but those servers, and nothing
outlives the run: all of it is one process namespace.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

LAB = pathlib.Path(__file__).resolve().parent.parent / "lab"
sys.path.insert(0, str(LAB))

# pylint: disable=wrong-import-position
import demo  # noqa: E402
import lab as labs  # noqa: E402
import netns  # noqa: E402
import servers  # noqa: E402
from signing import Signing  # noqa: E402

DELAY_MS = 10
RTT_MS = 2 * DELAY_MS
RATE_ZONE = "in4.org"
RATE_RUNS = 200
US = "check_dns_delegation"
COPIES = "check_dns_secondary"
MONITOR = ("203.0.113.254", "2001:db8:ffff::1")
# Zone: (number of name servers, last byte of the first address).
ZONES = {"in4.org": (4, 10), "in13.org": (13, 20), "in26.org": (26, 40),
         "farm4.net": (4, 70), "farm26.net": (26, 100),
         "signed4.org": (4, 140)}
SIGNED = "signed4.org"
# Zone: the one that its name servers are named in.
AWAY = {"away4.org": "farm4.net", "away26.org": "farm26.net"}
# Its servers are named inside, and only its primary elsewhere: a zone for
# the plugin that asks primaries.
HIDDEN = "hidden4.org"
ZONES[HIDDEN] = (4, 150)
MEASURED = ("in4.org", "in13.org", "in26.org", *AWAY, SIGNED, HIDDEN)
PRIMARY = {**{zone: f"ns1.{zone}" for zone in ZONES},
           **{zone: f"ns1.{farm}" for zone, farm in AWAY.items()},
           HIDDEN: "ns1.farm4.net"}
# Peers that look at all of a zone, for seconds: asked about few, few times.
THOROUGH = {"zonemaster-cli": ("in4.org", SIGNED), "dnsviz": ("in4.org",
                                                              SIGNED)}
THOROUGH_RUNS = 3
# What a plugin remembers between its runs, in three ways.
NOT_KEPT, UNCHANGED, WRITTEN = ("none is kept", "as before: read only",
                                "none yet: written")
ONE_SERVER = "192.0.2.10"
# Exit codes of a run that did its work, where not 0 alone.
PERMITTED = {US: {0, 1}, COPIES: {0, 1}}


# Where things are.

PEERS = pathlib.Path(servers.PEERS) / "root"


def peer_environment():
    """What a program of the peers' folder needs to find its libraries."""
    perl = subprocess.run(
        ["perl", "-MConfig", "-e", "print $Config{vendorarch}"],
        capture_output=True, text=True, check=False).stdout
    return dict(
        os.environ, LC_ALL="C", PERL5LIB=f"{PEERS}/usr/share/perl5:"
        f"{PEERS}{perl}", LD_LIBRARY_PATH=":".join(
            str(d) for d in PEERS.glob("usr/lib/*-linux-*")),
        PYTHONPATH=f"{PEERS}/usr/lib/python3/dist-packages",
        RUBYLIB=":".join(
            str(d) for d in [*PEERS.glob("usr/lib/ruby/[0-9]*"),
                             *PEERS.glob("usr/lib/*-linux-*/ruby/[0-9]*")]))


def peer_plugin(name):
    """The path of somebody else's monitoring plugin, or None."""
    for usr in ("/usr", f"{PEERS}/usr"):
        path = f"{usr}/lib/nagios/plugins/{name}"
        if os.access(path, os.X_OK):
            return path
    return None


def run(*command):
    subprocess.run(command, check=True)


def ip(address, *words):
    """ip(8) with the option for the address's family."""
    run("ip", "-6" if ":" in address else "-4", *words)


# The servers' side.

def declare(lab):
    """The zones, two levels below the root, of thirteen root servers. All is
    signed above them, as it is in the world."""
    lab.n_roots = 13
    lab.sign_above()
    nsd = lab.server("nsd")
    for zone, (count, first) in ZONES.items():
        lab.zone(zone, demo.many(count, first, zone), on=nsd,
                 signed=Signing(published=["ksk", "zsk"])
                 if zone == SIGNED else None)
    for zone, farm in AWAY.items():
        lab.zone(zone, lab.zones[farm].ns, on=nsd)


def serve(args):
    """Starts the servers, then measures behind both lines."""
    lab = labs.enter()
    declare(lab)
    try:
        lab.start()
    except labs.Missing as missing:
        netns.die(str(missing))
    run("ip", "tuntap", "add", "dev", "line0", "mode", "tun")
    run("ip", "link", "set", "line0", "up")
    for address in MONITOR:
        ip(address, "route", "add", address, "dev", "line0")
    lab.hints_file()
    lab.anchor_file()
    figures = {"trouble": {}, "load": os.getloadavg()[0]}
    for delay_ms in (DELAY_MS, 0):
        line = [args.delay_line, f"{delay_ms}ms", "unshare", "--mount",
                sys.executable, __file__, *sys.argv[1:], "--behind",
                str(delay_ms), "--folder", lab.root]
        done = subprocess.run(line, check=False)
        if done.returncode:
            netns.die(f"behind {delay_ms} ms: exit {done.returncode}")
        with open(f"{lab.root}/figures", encoding="ascii") as got:
            got = json.load(got)
        figures["trouble"].update(got.pop("trouble"))
        figures.update(got)
    lab.stop()
    print_all(figures, args)
    return 1 if failures(figures) else 0


# The monitor's side.

class Here:
    """What a server of the lab needs to run on this side of the line."""

    def __init__(self, folder):
        self.root = folder

    def folder(self, name):
        path = f"{self.root}/{name}-{os.getpid()}"
        os.mkdir(path)
        return path

    def hints_file(self):
        return f"{self.root}/hints"

    def anchor_file(self):
        return f"{self.root}/anchor"


def join_line():
    """Gives the monitor its addresses and its only way out."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "set", "line0", "up")
    for address in MONITOR:
        nodad = ["nodad"] if ":" in address else []
        ip(address, "address", "add", address, "dev", "line0", *nodad)
        ip(address, "route", "add", "default", "dev", "line0")


def start_resolver(folder):
    """A resolver on this side of the line: the peers need one."""
    resolver = servers.Unbound(Here(folder), ["127.0.0.1"])
    resolver.start()
    resolver.wait()
    conf = pathlib.Path(folder) / "resolv.conf"
    conf.write_text("nameserver 127.0.0.1\n", encoding="ascii")
    run("mount", "--bind", str(conf), "/etc/resolv.conf")


def ours(args, name, zone):
    """The command line of one of our plugins, or None."""
    path = f"{args.plugins}/{name}"
    if not os.access(path, os.X_OK):
        return None
    words = [path, "-H", zone, "--root-hints", f"{args.folder}/hints",
             "--trust-anchor", f"{args.folder}/anchor"]
    if name == COPIES:
        words += ["--primary", PRIMARY[zone], "--state-dir",
                  f"{args.folder}/state"]
    return words


def commands(args, zone):
    """Name: command line, or None where it is not here."""
    if zone == HIDDEN:
        return {COPIES: ours(args, COPIES, zone)}
    dig = servers.peer("dig")
    ruby = servers.peer("ruby")
    hints = f"{args.folder}/hints"
    zone_auth = peer_plugin("check_zone_auth")
    check_dig = peer_plugin("check_dig")
    soas = peer_plugin("check_soas")
    return {
        US: ours(args, US, zone),
        COPIES: ours(args, COPIES, zone),
        "check_zone_auth": zone_auth and [zone_auth, "-Z", zone],
        "check_soas": soas and ruby and [ruby[0], soas, zone],
        "check_dig": check_dig and [check_dig, "-H", ONE_SERVER,
                                    "-l", zone, "-T", "SOA"],
        "dig +trace": dig and [dig[0], "+trace", zone, "SOA"],
        "zonemaster-cli": zonemaster(hints, zone),
        "dnsviz": dnsviz(hints, zone),
    }


def zonemaster(hints, zone):
    """The command line of zonemaster-cli, or None."""
    found = servers.peer("zonemaster-cli")
    return found and [found[0], "--hints", hints, "--no-count",
                      "--no-progress", "--level", "ERROR", zone]


def dnsviz(hints, zone):
    """The command line of dnsviz, or None: what it asks, then its verdict."""
    found = servers.peer("dnsviz")
    if not found:
        return None
    with open(hints, encoding="ascii") as lines:
        roots = [(words[0].rstrip("."), words[-1]) for words in
                 (line.split() for line in lines) if words[2] != "NS"]
    roots = ",".join(f"{name}=[{address}]" if ":" in address else
                     f"{name}={address}" for name, address in roots)
    # For the python3 of its own distribution.
    tool = f"/usr/bin/python3 {found[0]}"
    return ["sh", "-c", f"{tool} probe -A -a . -x .:{roots} {zone} 2>"
            f"/dev/null | {tool} grok -l error"]


def as_installed():
    """check_dig runs /usr/bin/dig with an empty environment. Where dig is
    no package of the host, whoever runs behind this finds it there."""
    if os.path.exists("/usr/bin/dig"):
        return []
    show = f'mount -t overlay overlay -o "lowerdir=/usr:{PEERS}/usr" /usr'
    return ["unshare", "--mount", "sh", "-c", show + ' && exec "$@"', "sh"]


def measure(args, command, runs, jobs=1):
    """What tests/bench/measure says: (total in ms, one dict a run)."""
    is_ours = command[0].startswith(args.plugins)
    around = as_installed() if "check_dig" in command[0] else []
    done = subprocess.run(
        [*around, args.measure, str(runs), str(jobs), *command],
        env=dict(os.environ) if is_ours else peer_environment(), text=True,
        check=True, stdout=subprocess.PIPE)
    *lines, total = done.stdout.splitlines()
    figures = [[int(field) for field in line.split()] for line in lines]
    return int(total.split()[1]) / 1000, [
        {"status": status, "wall": wall / 1000, "cpu": cpu / 1000,
         "rss": rss / 1024} for status, wall, cpu, rss in figures]


def round_trip():
    """What the line really takes, in ms: the median of some questions."""
    taken = []
    for _ in range(21):
        begin = time.monotonic()
        if not servers.ask(ONE_SERVER, RATE_ZONE):
            netns.die(f"no answer from {ONE_SERVER} over the line")
        taken.append(1000 * (time.monotonic() - begin))
    return statistics.median(taken)


def latency(args, missing):
    """Zone: {name: figures}, each after one run that warms caches."""
    table = {}
    for zone in MEASURED:
        row = table[zone] = {}
        for name, command in commands(args, zone).items():
            if name in missing or zone not in THOROUGH.get(name, MEASURED):
                continue
            count = min(args.runs, THOROUGH_RUNS) if name in THOROUGH else (
                args.runs)
            measure(args, command, 1)
            _, runs = measure(args, command, count)
            row[name] = summary(runs)
    return table


def summary(runs):
    wall = [r["wall"] for r in runs]
    return {
        "status": sorted({r["status"] for r in runs}),
        "median": statistics.median(wall),
        "min": min(wall),
        "max": max(wall),
        "cpu": statistics.median(r["cpu"] for r in runs),
        "rss": max(r["rss"] for r in runs),
    }


def rates(args, missing):
    """Name: checks a second on one core, in turn and four at once."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[:1])
    table = {}
    for name, command in commands(args, RATE_ZONE).items():
        if name in missing or name in THOROUGH:
            continue
        measure(args, command, 1)
        runs = RATE_RUNS if name in (US, COPIES) else RATE_RUNS // 10
        total, alone = measure(args, command, runs)
        total_4, _ = measure(args, command, runs, 4)
        table[name] = {
            "status": sorted({r["status"] for r in alone}),
            "in turn": 1000 * runs / total,
            "four at once": 1000 * runs / total_4,
            "cpu": statistics.median(r["cpu"] for r in alone),
        }
    os.sched_setaffinity(0, cpus)
    return table


def histories(args, missing):
    """Way: figures of a run that remembers in it, on one core."""
    if COPIES in missing:
        return {}
    state = pathlib.Path(args.folder) / "state"
    command = ours(args, COPIES, RATE_ZONE)
    # The built-in directory, which a build that is not installed has not.
    nowhere = [w for w in command
               if w != "--state-dir" and str(state) not in w]
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[:1])
    runs = {NOT_KEPT: measure(args, nowhere, RATE_RUNS)[1],
            UNCHANGED: measure(args, command, RATE_RUNS)[1], WRITTEN: []}
    for _ in range(RATE_RUNS):
        forget(state)
        runs[WRITTEN] += measure(args, command, 1)[1]
    os.sched_setaffinity(0, cpus)
    return {way: summary(got) for way, got in runs.items()}


def forget(state):
    """Removes what the plugin remembers."""
    for path in state.rglob("*.json"):
        path.unlink()


def monitor(args):
    """Measures behind one line; leaves the figures in the folder."""
    join_line()
    start_resolver(args.folder)
    os.makedirs(f"{args.folder}/state", mode=0o700, exist_ok=True)
    missing = {}
    for name, command in commands(args, RATE_ZONE).items():
        if not command:
            missing[name] = ("it was not built" if name in (US, COPIES)
                             else "it is not here (contrib/peers bench)")
    if subprocess.run([*as_installed(), "true"], check=False).returncode:
        missing["check_dig"] = "no overlay file system to show it dig in /usr"
    figures = {"trouble": missing}
    if args.behind:
        figures["round trip"] = round_trip()
        figures["latency"] = latency(args, missing)
    else:
        figures["rates"] = rates(args, missing)
        figures["histories"] = histories(args, missing)
    with open(f"{args.folder}/figures", "w", encoding="ascii") as out:
        json.dump(figures, out)


# What is printed.

def machine():
    """The machine: processor, then kernel and distribution."""
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        model = next((line.split(":")[1].strip() for line in lines
                      if line.startswith("model name")), "unknown")
    with open("/etc/os-release", encoding="utf-8") as lines:
        name = next((line.split("=")[1].strip().strip('"') for line in lines
                     if line.startswith("PRETTY_NAME=")), "unknown")
    uname = os.uname()
    return (f"{model}, {os.cpu_count()} cores\n{uname.sysname} {uname.release} "
            f"{uname.machine}, {name}")


def failures(figures):
    """"command, zone": why, of all that did not run as it should."""
    found = dict(figures["trouble"])
    tables = {**figures["latency"], "immediate answers": figures["rates"],
              **{f"history {way}": {COPIES: got}
                 for way, got in figures["histories"].items()}}
    for where, row in tables.items():
        for name, got in row.items():
            bad = set(got["status"]) - PERMITTED.get(name, {0})
            if bad:
                found[f"{name}, {where}"] = f"exit code {min(bad)}"
    return found


def walls():
    """Zone: how many ms a check of it may take."""
    return {"in4.org": 5 * RTT_MS + 15, "in13.org": 5 * RTT_MS + 15,
            "in26.org": 7 * RTT_MS + 30, "away4.org": 8 * RTT_MS + 15,
            "away26.org": 10 * RTT_MS + 30}


def targets_of_both(got):
    """The targets that hold for one plugin as for the other."""
    return [
        *((f"wall, {zone}", got[zone]["median"], most, "ms")
          for zone, most in walls().items()),
        ("CPU, in4.org", got["in4.org"]["cpu"], 10, "ms"),
        ("CPU, in26.org", got["in26.org"]["cpu"], 45, "ms"),
        (f"wall, {SIGNED}", got[SIGNED]["median"],
         got["in4.org"]["median"] + RTT_MS, "ms"),
        (f"CPU, {SIGNED}", got[SIGNED]["cpu"], 15, "ms"),
        ("resident, in4.org", got["in4.org"]["rss"], 10, "MB"),
        ("resident, in26.org", got["in26.org"]["rss"], 16, "MB"),
    ]


def targets(figures, name):
    """(what, reached, wanted, unit) of each of a plugin; wanted at most, or
    at least where there is no unit."""
    got = {zone: row[name] for zone, row in figures["latency"].items()
           if name in row}
    if not got:
        return []
    rows = targets_of_both(got)
    if name == COPIES:
        return rows + [(f"wall, {HIDDEN}", got[HIDDEN]["median"],
                        walls()["away4.org"], "ms")]
    peer = figures["latency"]["in4.org"].get("check_dig", {"cpu": 0})
    return rows + [
        ("CPU, in4.org, check_dig's", got["in4.org"]["cpu"], peer["cpu"],
         "ms"),
        ("checks a second and core", figures["rates"][name]["four at once"],
         80, "")]


def print_targets(figures, name):
    failed = [where.split(", ")[1] for where in failures(figures)
              if where.startswith(f"{name}, ")]
    print(f"\n{name}")
    for what, got, wanted, unit in targets(figures, name):
        is_reached = got <= wanted if unit else got >= wanted
        word = "reached" if is_reached else "MISSED"
        if any(zone in what for zone in failed):
            word = "FAILED"
        print(f"{word:<9}{what:<27}"
              f"{got:>8.1f} {unit:<3} (at {'most' if unit else 'least'} "
              f"{wanted:.0f} {unit or 'wanted'})")


def print_latency(figures):
    print(f"\n{'':<37}{'wall ms':>7}{'round':>18}{'CPU':>7}{'resident':>9}\n"
          f"{'zone':<12}{'command':<20} {'exit':>4}{'median':>7}{'min':>6}"
          f"{'max':>6}{'trips':>6}{'ms':>7}{'MB':>9}")
    for zone, row in figures["latency"].items():
        for name, got in row.items():
            status = ",".join(str(s) for s in got["status"])
            print(f"{zone:<12}{name:<20} {status:>4}{got['median']:>7.0f}"
                  f"{got['min']:>6.0f}{got['max']:>6.0f}"
                  f"{got['median'] / RTT_MS:>6.1f}{got['cpu']:>7.1f}"
                  f"{got['rss']:>9.1f}")


def print_rates(figures):
    print(f"\nImmediate answers, {RATE_ZONE}, one core: checks a second\n\n"
          f"{'command':<20} {'exit':>4}{'in turn':>9}{'four at once':>14}"
          f"{'CPU ms':>8}")
    for name, got in figures["rates"].items():
        status = ",".join(str(s) for s in got["status"])
        print(f"{name:<20} {status:>4}{got['in turn']:>9.0f}"
              f"{got['four at once']:>14.0f}{got['cpu']:>8.1f}")


def print_histories(figures):
    print(f"\nImmediate answers, {RATE_ZONE}, one core: what {COPIES} "
          f"remembers\n\n{'history':<37}{'wall ms':>7}{'CPU ms':>8}")
    for way, got in figures["histories"].items():
        print(f"{way:<37}{got['median']:>7.1f}{got['cpu']:>8.1f}")


def print_all(figures, args):
    print(f"{machine()}\nload {figures['load']:.1f} before; "
          f"{args.runs} runs each; IPv4 and IPv6; round trip "
          f"{RTT_MS} ms, measured {figures['round trip']:.1f} ms;\nCPU and "
          "resident memory are those of the whole process tree")
    print_latency(figures)
    print_rates(figures)
    print_histories(figures)
    for name in (US, COPIES):
        print_targets(figures, name)
    for name, why in failures(figures).items():
        print(f"could not run: {name}: {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--delay-line", required=True)
    parser.add_argument("--measure", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--behind", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.folder:
        return monitor(args)
    return serve(args)


if __name__ == "__main__":
    sys.exit(main())
