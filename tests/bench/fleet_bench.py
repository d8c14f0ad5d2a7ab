#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench-fleet: how many zones, exchangers, flows and pages one core checks.

A fleet such as an operator has, its servers behind the delay line of bench.py,
and a core of its own for the plugins and what starts them; the servers have
the others. For each plugin first as many runs as the core does, 64 at once;
then one after another on time for so long, at the pace that keeps the core as
busy as HEADROOM says: what is told is what was done on time then. At the end
all of them in one fleet, and the same when the monitor's own line is cut, and
every check waits until it gives up.
"""

import argparse
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lab"), str(HERE.parent / "servers")]

# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402
import bench  # noqa: E402
import demo  # noqa: E402
import flow as flows  # noqa: E402
import netns  # noqa: E402
import page_bench  # noqa: E402
import pages  # noqa: E402
import posts  # noqa: E402
import servers  # noqa: E402
from signing import Signing  # noqa: E402

HEADROOM = 0.7
FULL_JOBS, PEER_JOBS, MOST_JOBS = 64, 16, 4096
# A monitor does not check anything twice at once, so there is enough of all.
COPIES = {"zones": 2, "domains": 4, "pages": 8}
WARM_GAP_US = 20000
CUT_TIMES = 2  # as long as else: longer than any run goes on
# What it means to be on time.
LATE_MS, WALL_TIMES = 100, 5
CERTIFICATES, BUNDLE = "/etc/ssl/certs", "ca-certificates.crt"
# (zones, servers, whether it is signed, last byte of the first address).
ZONES = ((18, 2, False, 30), (5, 2, True, 30), (16, 4, False, 40),
         (6, 4, True, 40), (3, 13, False, 50), (2, 26, False, 60))
# Of the unsigned, so many of each have servers that are named elsewhere.
AWAY = 6
FARM, FARM_FIRST = "farm{}.net", 80
# Domains by the number of their exchangers; the first so many have a policy
# of MTA-STS.
DOMAINS, POLICIES = {1: 12, 2: 6, 3: 2}, 3
EXCHANGERS = {"mx1.hosting.net": "192.0.2.125 2001:db8:1::a1",
              "mx2.hosting.net": "198.51.100.125 2001:db8:2::a2",
              "mx3.hosting.net": "203.0.113.125 2001:db8:3::a3"}
POLICY_AT = 180
FLOWS = 64
# Hosts of status pages by their addresses, and what is looked at there.
HOSTS = {"one.example.com": "203.0.113.150",
         "two.example.com": "203.0.113.152 2001:db8:3::152",
         "four.example.com": "203.0.113.154 203.0.113.155 "
                             "2001:db8:3::154 2001:db8:3::155"}
SMALL, LARGE = "/small.json", "/large.json"
LARGE_BYTES = 256 << 10
DOCUMENTS = {"/atom.xml": "atom/all-well.xml", "/rss.xml": "rss/all-well.xml",
             "/page.html": "statuspage-html/all-well.html"}
LOOKED_AT = (("one", SMALL), ("one", LARGE), ("two", SMALL), ("two", SMALL),
             ("two", LARGE), *(("two", path) for path in DOCUMENTS),
             ("four", SMALL), ("two", SMALL))  # the last with a probe
DELEGATION, SECONDARY, MX, FLOW, PAGE = (
    "check_dns_delegation", "check_dns_secondary", "check_mx",
    "check_mail_flow", "check_status_page")
FIFTH = f"{FLOW} --every=5m"  # each minute: one run in five sends
ALL, CUT = "all of them", "all, line cut"
# Of one server, and of one address.
DIG, SMTP, CURL = "check_dig", "check_smtp -S", "check_curl -S -D"
# Runs in five minutes: zones and domains are checked once, a tenth as many
# pages and a 25th as many flows every minute.
MIX = {DELEGATION: 100, SECONDARY: 100, MX: 40, FIFTH: 20, PAGE: 50}
MIX_OF = {"zones": 100, "domains": 40, "flows": 4, "pages": 10}
# Row: (what it counts, how many of these a run checks, every how many minutes
# it is run).
UNITS = {DELEGATION: ("zones", 1, (1, 5)), SECONDARY: ("zones", 1, (1, 5)),
         MX: ("exchangers", sum(n * c for n, c in DOMAINS.items())
              / sum(DOMAINS.values()), (1, 5)),
         FLOW: ("flows", 1, (5,)), FIFTH: ("flows", 1, (1,)),
         PAGE: ("pages", 1, (1, 5)), ALL: ("runs", 1, (1, 5))}


# The fleet.

def zone_names():
    """Zone: (servers, signed, last byte, whether they are named elsewhere)."""
    return {f"z{servers}{'s' if is_signed else 'u'}{n}.org":
            (servers, is_signed, first, not is_signed and n < AWAY
             and servers <= 4)
            for count, servers, is_signed, first in ZONES
            for n in range(count)}


def primary_of(zone):
    """The host that is its primary."""
    servers, _, _, is_away = zone_names()[zone]
    return f"ns1.{FARM.format(servers) if is_away else zone}"


def declare_zones(lab, nsd):
    """All of them on one NSD, at the addresses of their kind."""
    for place, servers in enumerate((2, 4)):
        farm = FARM.format(servers)
        lab.zone(farm, demo.many(servers, FARM_FIRST + 4 * place, farm),
                 on=nsd)
    for zone, (servers, is_signed, first, is_away) in zone_names().items():
        lab.zone(zone, lab.zones[FARM.format(servers)].ns if is_away
                 else demo.many(servers, first, zone), on=nsd,
                 signed=Signing() if is_signed else None)


def domain_names():
    """Domain: number of its exchangers."""
    return {f"mail{servers}d{n}.org": servers
            for servers, count in DOMAINS.items() for n in range(count)}


def declare_domains(lab, nsd):
    """Domains at one provider, which has three exchangers."""
    for host, where in EXCHANGERS.items():
        lab.mail(host, where, "postfix", domains=list(domain_names()),
                 users=["user"], cert=lab.certificate(host))
    for number, (name, count) in enumerate(domain_names().items()):
        lab.zone(name, lab.zones[FARM.format(2)].ns, on=nsd)
        for place, host in enumerate(list(EXCHANGERS)[:count]):
            lab.mx(name, 10 * (place + 1), host)
        if number < POLICIES:
            lab.policy(name, f"203.0.113.{POLICY_AT + number}",
                       labs.mail.policy_text("enforce", *EXCHANGERS))


def of_yesterday(name):
    """A document of tests/page as if it had been written yesterday."""
    then = time.gmtime(time.time() - pages.DAY)
    text = pages.document(name).decode()
    for of_old, form in (("2026-08-03", "%Y-%m-%d"),
                         ("Mon, 03 Aug 2026", "%a, %d %b %Y"),
                         ("Aug <var data-var='date'> 3</var>",
                          "%b <var data-var='date'>%d</var>")):
        text = text.replace(of_old, time.strftime(form, then))
    media = pages.MEDIA[os.path.splitext(name)[1]]
    return pages.Doc(text.encode(), media)


def declare_pages(lab):
    """Pages in several formats, at one address or several."""
    shown = {SMALL: posts.says(now=time.time()),
             LARGE: pages.Doc(page_bench.document(LARGE_BYTES),
                              "application/json"),
             **{path: of_yesterday(name) for path, name in DOCUMENTS.items()},
             "/": pages.Doc(b"<p>Buy!", "text/html")}
    for host, where in HOSTS.items():
        lab.site(host, where, dict(shown), gzip=True)


def declare(lab):
    """All of it; returns the site of the mail flows."""
    lab.n_roots = 13
    lab.sign_above()
    site = flows.Site(lab, users=FLOWS)
    nsd = lab.server("nsd")
    declare_zones(lab, nsd)
    declare_domains(lab, nsd)
    declare_pages(lab)
    return site


def trusted(lab):
    """A folder like that of the host's CA certificates which has the lab's,
    too; None where the host has none."""
    folder = os.path.join(lab.root, "trusted")
    if not os.path.isdir(CERTIFICATES):
        return None
    if not os.path.isdir(folder):
        shutil.copytree(CERTIFICATES, folder, ignore_dangling_symlinks=True)
        ours = pathlib.Path(lab.ca_file()).read_bytes()
        name = servers.run_tool(["openssl", "x509", "-in", lab.ca_file(),
                                 "-noout", "-subject_hash"]).strip()
        pathlib.Path(folder, f"{name}.0").write_bytes(ours)
        with open(f"{folder}/{BUNDLE}", "ab") as out:
            out.write(ours)
    return folder


def show_trusted(root):
    """From now on it is that of the host, in this namespace of mounts."""
    folder = os.path.join(root, "trusted")
    if os.path.isdir(folder):
        bench.run("mount", "--bind", folder, os.path.realpath(CERTIFICATES))


# What is run.

class Commands:
    """The command lines of a fleet, by rows."""

    def __init__(self, args, lab, site):
        self.args, self.lab, self.site = args, lab, site
        self.trust = [] if trusted(lab) else ["--ca-file", lab.ca_file()]
        self.walk = ["--root-hints", lab.hints_file(), "--trust-anchor",
                     lab.anchor_file()]

    def state(self):
        """The options of one that remembers."""
        folder = self.lab.folder("state")
        os.chmod(folder, 0o700)
        return ["--state-dir", folder]

    def ours(self):
        """Row: command lines, each with a memory of its own."""
        zones, domains = zone_names(), domain_names()
        flow, fifth = self.flows()
        rows = {
            DELEGATION: [["-H", zone, *self.walk] for zone in zones],
            SECONDARY: [["-H", zone, *self.walk, "--primary",
                         primary_of(zone), *self.state()]
                        for _ in range(COPIES["zones"]) for zone in zones],
            MX: [["-H", name, "--rcpt", f"user@{name}", "--helo",
                  "monitor.example.net", *self.walk, *self.trust,
                  *self.state()]
                 for _ in range(COPIES["domains"]) for name in domains],
            FLOW: flow, FIFTH: fifth,
            PAGE: [[*words, *self.trust, *self.state()]
                   for _ in range(COPIES["pages"])
                   for words in self.looks()]}
        return {row: [[f"{self.args.plugins}/{row.split()[0]}", *words]
                      for words in some] for row, some in rows.items()}

    def flows(self):
        """Options of check_mail_flow: all send, and one in five does."""
        every = []
        is_built = os.access(f"{self.args.plugins}/{FLOW}", os.X_OK)
        for number in range(FLOWS if is_built else 0):
            flow = flows.Flow(self.site)
            flow.given.update({
                **flow.submits(security="starttls", engine=None, login=True),
                "ca_file": self.trust[-1] if self.trust else None})
            flow.init()
            every.append([flow.arguments({"every": often}) for often in
                          ("0s", "30d" if number % 5 else "0s")])
        return zip(*every) if every else ([], [])

    @staticmethod
    def looks():
        """Options of check_status_page; the last has a probe."""
        some = [["-u", f"https://{host}.example.com{path}"]
                for host, path in LOOKED_AT]
        some[-1] += ["--probe", "https://one.example.com/"]
        return some

    def theirs(self):
        """Row: command lines of what people use today, where it is here."""
        dig, smtp, curl = (bench.peer_plugin(name) for name in
                           ("check_dig", "check_smtp", "check_curl"))
        zones = zone_names()
        return {row: commands for row, path, commands in (
            (DIG, dig, [
                [dig, "-H", self.lab.hosts[primary_of(zone)][0], "-l", zone,
                 "-T", "SOA"] for zone in zones]),
            (SMTP, smtp, [
                [smtp, "-S", "-F", "monitor.example.net", "-H", address]
                for where in EXCHANGERS.values()
                for address in where.split()]),
            (CURL, curl, [
                [curl, "-H", f"{host}.example.com", "-I",
                 HOSTS[f"{host}.example.com"].split()[0], "-p", "443", "-S",
                 "-D", *(f"--ca-cert={path}" for path in self.trust[1:]),
                 "-u", path]
                for host, path in LOOKED_AT])) if path}


def mixed(commands):
    """Those of all rows in one list, each row spread evenly over it."""
    places = []
    for row, count in MIX.items():
        some = commands[row]
        places += [((n + 0.5) / count, some[n % len(some)])
                   for n in range(count)]
    return [command for _, command in sorted(places, key=lambda p: p[0])]


# The servers' side.

def cores():
    """(the one of the plugins, those of the servers)."""
    own = sorted(os.sched_getaffinity(0))
    return own[0], own[1:] or own


def serve(args):
    """Starts the servers, then measures behind the line."""
    core, others = cores()
    os.environ["LIFELINE_PLUGINS"] = args.plugins
    os.sched_setaffinity(0, others)
    lab = labs.enter()
    lab.tested = FLOW
    site = declare(lab)
    try:
        lab.start()
    except labs.Missing as missing:
        netns.die(str(missing))
    bench.run("ip", "tuntap", "add", "dev", "line0", "mode", "tun")
    bench.run("ip", "link", "set", "line0", "up")
    for address in bench.MONITOR:
        bench.ip(address, "route", "add", address, "dev", "line0")
    every = Commands(args, lab, site)
    with open(f"{lab.root}/commands", "w", encoding="ascii") as out:
        json.dump({"ours": every.ours(), "theirs": every.theirs()}, out)
    load = os.getloadavg()[0]
    done = subprocess.run(
        [args.delay_line, f"{bench.DELAY_MS}ms", "unshare", "--mount",
         sys.executable, __file__, *sys.argv[1:], "--folder", lab.root,
         "--core", str(core)], check=False)
    if done.returncode:
        netns.die(f"behind the line: exit {done.returncode}")
    with open(f"{lab.root}/figures", encoding="ascii") as got:
        figures = json.load(got)
    site.stop()
    lab.stop()
    print_all(figures, load, args.seconds)
    return 1 if any(row["bad"] for row in figures.values()) else 0


# The monitor's side.

class Sampler(threading.Thread):
    """Looks each half second what memory the children of a program have that
    is theirs alone, and their part of what they share."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.is_over, self.each_kb = pid, threading.Event(), []
        self.start()

    def run(self):
        path = f"/proc/{self.pid}/task/{self.pid}/children"
        while not self.is_over.wait(0.5):
            try:
                children = pathlib.Path(path).read_text("ascii").split()
            except OSError:
                return
            self.each_kb += filter(None, map(pss_kb, children[:20]))

    def median_mb(self):
        """What it comes to."""
        self.is_over.set()
        self.join()
        return statistics.median(self.each_kb or [0]) / 1024


def pss_kb(pid):
    """The proportional set size of a process; None: it has gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return None
    found = re.search(r"^Pss: +(\d+)", text, re.M)
    return int(found[1]) if found else None


def core_busy(core):
    """(busy, all) of a core in ticks since it started, whoever it was."""
    with open("/proc/stat", encoding="ascii") as lines:
        ticks = next([int(tick) for tick in line.split()[1:9]]
                     for line in lines if line.startswith(f"cpu{core} "))
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def run_fleet(args, commands, gap_us, seconds, jobs):
    """What tests/bench/fleet makes of these; see there."""
    is_ours = commands[0][0].startswith(args.plugins)
    around = bench.as_installed() if "check_dig" in commands[0][0] else []
    before = core_busy(args.core)
    with subprocess.Popen(
            [*around, args.fleet, str(seconds), str(gap_us), str(jobs)],
            env=dict(os.environ) if is_ours else bench.peer_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {args.core})) as fleet:
        sampler = Sampler(fleet.pid)
        out, _ = fleet.communicate("".join(
            "\t".join(command) + "\n" for command in commands))
        pss = sampler.median_mb()
    if fleet.returncode:
        netns.die(f"{args.fleet}: exit {fleet.returncode}")
    after = core_busy(args.core)
    *lines, total = out.splitlines()
    rows = [[int(word) for word in line.split()] for line in lines]
    *times, most = (int(word) for word in total.split()[1:])
    return {**summary(rows, *times), "most": most, "pss": pss,
            "core": (after[0] - before[0]) / max(1, after[1] - before[1]),
            "bad": failed(rows, commands)}


def summary(rows, start_us, wall_us, own_us):
    """What all runs come to; cpu with the part of what starts them."""
    cpu_us = sum(row[4] for row in rows) + own_us
    return {"runs": len(rows), "rate": (len(rows) - 1) * 1e6 / start_us,
            "cpu": cpu_us / len(rows) / 1000, "busy": cpu_us / wall_us,
            "late": percentile([row[2] for row in rows], 95) / 1000,
            "wall": statistics.median(row[3] for row in rows) / 1000,
            "wall95": percentile([row[3] for row in rows], 95) / 1000,
            "rss": max(row[5] for row in rows) / 1024}


def percentile(values, percent):
    """The least that so many of a hundred do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def failed(rows, commands):
    """"exit code: command" of some that did not end with 0."""
    return sorted({f"{row[1]}: {' '.join(commands[row[0]][:5])}"
                   for row in rows if row[1]})[:5]


def pace(full):
    """How long lies between two starts, in microseconds. Where the servers
    keep the core from being full, it is their pace that is kept below."""
    able = min(1000 / full["cpu"], full["rate"])
    return math.ceil(1e6 / (HEADROOM * able))


def fill(args, commands, jobs=FULL_JOBS):
    """As many as there can be, so many at once."""
    return run_fleet(args, commands, 0, max(2, args.seconds // 2), jobs)


def on_time(args, commands):
    """Warms up, fills the core, then goes by the clock."""
    run_fleet(args, commands, WARM_GAP_US,
              math.ceil(len(commands) * WARM_GAP_US / 1e6), FULL_JOBS)
    alone = run_fleet(args, commands, 0, 1, 1)
    full = fill(args, commands, min(FULL_JOBS, len(commands) * 3 // 4))
    timed = run_fleet(args, commands, pace(full), args.seconds, MOST_JOBS)
    return {**timed, "full": full["rate"], "full busy": full["busy"],
            "alone": alone["wall"], "overloaded": full["bad"]}


def cut_line():
    """The monitor's own line: packets leave and get lost."""
    for words in ("link add void type veth peer name nobody",
                  "link set void arp off addrgenmode none up",
                  "link set nobody arp off addrgenmode none up",
                  "-4 route replace default dev void",
                  "-6 route replace default dev void"):
        bench.run("ip", *words.split())


def monitor(args):
    """Measures behind the line; leaves the figures in the folder."""
    bench.join_line()
    bench.start_resolver(args.folder)
    show_trusted(args.folder)
    with open(f"{args.folder}/commands", encoding="ascii") as got:
        commands = json.load(got)
    figures = {}
    ours = {row: some for row, some in commands["ours"].items()
            if some and os.access(some[0][0], os.X_OK)}
    for row, some in ours.items():
        figures[row] = on_time(args, some)
    for row, some in commands["theirs"].items():
        run_fleet(args, some, 0, 1, 4)
        figures[row] = fill(args, some, PEER_JOBS)
    if not set(MIX) - set(ours):
        figures[ALL] = on_time(args, mixed(ours))
        cut_line()
        figures[CUT] = {**run_fleet(
            args, mixed(ours), math.ceil(1e6 / figures[ALL]["rate"]),
            CUT_TIMES * args.seconds, MOST_JOBS), "bad": []}
    with open(f"{args.folder}/figures", "w", encoding="ascii") as out:
        json.dump(figures, out)
    return 0


# What is printed.

def kept_up(row):
    """Whether it was on time."""
    return (row["late"] <= LATE_MS
            and row["wall95"] <= WALL_TIMES * row["alone"])


def rounded(number):
    """Down to two digits."""
    step = 10 ** max(0, int(math.log10(max(1, number))) - 1)
    return f"{int(number // step * step):,}".replace(",", " ")


def print_rows(figures):
    print(f"{'':<27}{'CPU':>6}{'memory':>8}{'full':>6}{'on time':>9}"
          f"{'busy':>6}{'at':>5}{'late':>5}{'wall':>6}\n{'':<27}{'ms':>6}"
          f"{'MB':>8}{'1/s':>6}{'1/s':>9}{'%':>6}{'once':>5}{'ms':>5}"
          f"{'ms':>6}")
    for name, row in figures.items():
        full = row["full"] if "full" in row else row["rate"]
        print(f"{name:<27}{row['cpu']:>6.1f}{row['pss']:>8.1f}", end="")
        print(f"{'' if name == CUT else round(full):>6}", end="")
        if "full" in row or name == CUT:
            busy = row["cpu"] * row["rate"] / 10
            print(f"{row['rate']:>9.1f}{busy:>6.0f}{row['most']:>5}"
                  f"{row['late']:>5.0f}{row['wall95']:>6.0f}", end="")
            print("" if name == CUT or kept_up(row) else " LATE", end="")
        print()


def print_carried(figures):
    print(f"\nOne core carries{'every minute':>31}{'every 5 minutes':>17}")
    for name, (unit, each, when) in UNITS.items():
        if name in figures:
            many = [rounded(minutes * 60 * figures[name]["rate"] * each)
                    if minutes in when else "" for minutes in (1, 5)]
            print(f"{name:<27}{many[0]:>20}{many[1]:>17} {unit}")
    if ALL in figures:
        rounds = figures[ALL]["rate"] * 300 / sum(MIX.values())
        many = {unit: rounded(rounds * count)
                for unit, count in MIX_OF.items()}
        print(f"\nor together {many['zones']} zones, by both plugins, and "
              f"{many['domains']} domains every 5 minutes,\nand "
              f"{many['pages']} pages and {many['flows']} flows every minute")


def print_all(figures, load, seconds):
    print(f"{bench.machine()}\nload {load:.1f} before; one core for the "
          f"plugins; {seconds} s each; IPv4 and IPv6; round trip\n"
          f"{bench.RTT_MS} ms; CPU is that of the whole process tree and of "
          "starting it; memory is the\nproportional set size of one; late "
          "and wall are what 95 % do not exceed\n")
    print_rows(figures)
    print_carried(figures)
    for name in (DIG, SMTP, CURL):
        if name not in figures:
            print(f"# {name} is not here (contrib/peers bench)")
    for name, row in figures.items():
        if "full busy" in row:
            print(f"# {name}: full {100 * row['full busy']:.0f} %, on time "
                  f"{100 * row['busy']:.0f} % by these, the core "
                  f"{100 * row['core']:.0f} % by all")
        for bad in row.get("overloaded", []):
            print(f"# with the core full: {bad}")
        for bad in row["bad"]:
            print(f"did not do its work: {bad}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--delay-line", required=True)
    parser.add_argument("--fleet", required=True)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    return monitor(args) if args.folder else serve(args)


if __name__ == "__main__":
    sys.exit(main())
