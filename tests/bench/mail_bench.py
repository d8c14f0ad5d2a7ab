#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench, of mail: check_mx beside check_smtp -S once an address.

First among the servers themselves, where what is measured is what the plugin
adds to the time of its slowest server: all answer at once, then one of them
greets after a second. Since servers and clients share the processors there,
servers that are all busy at once are compared with themselves when check_smtp
keeps them as busy. Then behind the delay line of bench.py, with its round
trip. All is done in network namespaces of its own.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

LAB = pathlib.Path(__file__).resolve().parent.parent / "lab"
sys.path.insert(0, str(LAB))

# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402
import bench  # noqa: E402
import netns  # noqa: E402

US, PEER = "check_mx", "check_smtp"
ALONE, AT_ONCE = "check_smtp -S, the slowest", "check_smtp -S, all at once"
COUNTS = (1, 4, 26)
LATE_S = 1
BUNDLE = "the host's CA certificates"
BUNDLE_FILE = "--ca-file, all of the host's"
ONE_CA = "--ca-file, one certificate"
PERMITTED = {0, 1}


def domain(count, is_late=False):
    """The domain with that many exchangers."""
    return f"{'late' if is_late else 'mail'}{count}.org"


def addresses(count, is_late=False):
    """Those of a domain's exchangers."""
    first = 100 * is_late + {1: 1, 4: 10, 26: 20}[count]
    return [f"198.51.100.{first + n}" for n in range(count)]


def declare(lab):
    """Domains with their exchangers, each an address of one Postfix."""
    lab.n_roots = 13
    lab.sign_above()
    nsd = lab.server("nsd")
    for is_late in (False, True):
        for count in COUNTS:
            name = domain(count, is_late)
            lab.zone(name, {f"ns{n}.{name}": lab.next_pair()
                            for n in range(2)}, on=nsd)
            hosts = {f"mx{n}.{name}": address for n, address in
                     enumerate(addresses(count, is_late))}
            settings = {"domains": [name], "users": ["user"],
                        "cert": lab.certificate(f"*.{name}", key="rsa")}
            late = dict(list(hosts.items())[:is_late])
            for some, greets_after_s in ((hosts, 0), (late, LATE_S)):
                some = {h: a for h, a in some.items()
                        if greets_after_s or h not in late}
                if some:
                    lab.mail(some, None, "postfix", **settings,
                             greets_after_s=greets_after_s)
            for number, host in enumerate(hosts):
                lab.mx(name, 10 + number, host)


def ours(args, lab, name, trust):
    """The command line of check_mx for a domain."""
    anchors = {BUNDLE: [], BUNDLE_FILE: ["--ca-file", args.bundle],
               ONE_CA: ["--ca-file", lab.ca_file()]}[trust]
    return [f"{args.plugins}/{US}", "-H", name, "--rcpt", f"user@{name}",
            "--helo", "monitor.example.net", "--root-hints",
            lab.hints_file(), "--trust-anchor", lab.anchor_file(), *anchors]


def theirs(path, *where):
    """The command line of check_smtp for an address, or all at once."""
    words = [path, "-S", "-F", "monitor.example.net", "-H"]
    if len(where) == 1:
        return words + list(where)
    script = " & ".join(" ".join([*words, address]) for address in where)
    return ["sh", "-c", f"{script} & wait"]


def runs_of(args, command, count):
    """One dict a run, after one that warms caches."""
    bench.measure(args, command, 1)
    return bench.measure(args, command, count)[1]


def measure_all(args, lab, peer, kinds=(False, True)):
    """{(domain, command): summary}; kinds: whether one server is late."""
    table = {}
    for is_late in kinds:
        for count in COUNTS:
            name = domain(count, is_late)
            where = addresses(count, is_late)
            if peer:
                each = [bench.summary(runs_of(args, theirs(peer, address),
                                              args.runs // 4 + 1))
                        for address in where]
                table[name, ALONE] = {
                    **max(each, key=lambda got: got["median"]),
                    "cpu": statistics.median(got["cpu"] for got in each)}
            if peer and count > 1:
                table[name, AT_ONCE] = bench.summary(runs_of(
                    args, theirs(peer, *where), args.runs))
            for trust in (BUNDLE, BUNDLE_FILE, ONE_CA):
                table[name, trust] = bench.summary(runs_of(
                    args, ours(args, lab, name, trust), args.runs))
    return table


def targets(table):
    """(what, reached, at most, unit) of each."""
    for is_late in (False, True):
        name = domain(26, is_late)
        slowest = table[name, ALONE if is_late else AT_ONCE]["median"]
        for trust, more in ((BUNDLE, 80), (BUNDLE_FILE, 80), (ONE_CA, 40)):
            yield (f"wall, {name}, {trust}", table[name, trust]["median"],
                   slowest + more, "ms")
    for count in (4, 26):
        name = domain(count)
        for trust in (BUNDLE, BUNDLE_FILE, ONE_CA):
            yield (f"CPU an address, {name}, {trust}",
                   table[name, trust]["cpu"] / count,
                   table[name, ALONE]["cpu"], "ms")
    yield ("resident, most of all",
           max(got["rss"] for (_, who), got in table.items()
               if not who.startswith(PEER)), 24, "MB")


# Behind the line.

class There:
    """What the monitor's side knows of the lab."""

    def __init__(self, args):
        self.folder, self.ca = args.folder, args.ca

    def hints_file(self):
        return f"{self.folder}/hints"

    def anchor_file(self):
        return f"{self.folder}/anchor"

    def ca_file(self):
        return self.ca


def behind_line(args, lab):
    """The table of a monitor that is that far away."""
    bench.run("ip", "tuntap", "add", "dev", "line0", "mode", "tun")
    bench.run("ip", "link", "set", "line0", "up")
    for address in bench.MONITOR:
        bench.ip(address, "route", "add", address, "dev", "line0")
    lab.hints_file()
    lab.anchor_file()
    subprocess.run([
        args.delay_line, f"{bench.DELAY_MS}ms", "unshare", "--mount",
        sys.executable, __file__, *sys.argv[1:], "--folder", lab.root, "--ca",
        lab.ca_file()], check=True)
    with open(f"{lab.root}/mail-figures", encoding="ascii") as figures:
        return {tuple(key): got for key, got in json.load(figures)}


def monitor(args):
    """The monitor's side: leaves the figures in the folder."""
    bench.join_line()
    table = measure_all(args, There(args), bench.peer_plugin(PEER), (False,))
    with open(f"{args.folder}/mail-figures", "w", encoding="ascii") as out:
        json.dump(list(table.items()), out)
    return 0


# What is printed.

def print_table(title, table):
    print(f"\n{title}\n\n{'':<46}{'wall ms':>7}{'':>13}{'CPU':>7}"
          f"{'an ad-':>7}{'resident':>9}\n{'domain':<12}{'command':<29}"
          f"{'exit':>5}{'median':>7}{'min':>7}{'max':>7}{'ms':>6}"
          f"{'dress':>7}{'MB':>9}")
    for (name, who), got in table.items():
        status = ",".join(str(s) for s in got["status"])
        count = 1 if who == ALONE else int(name[4:-4])
        print(f"{name:<12}{who:<29}{status:>5}{got['median']:>7.0f}"
              f"{got['min']:>7.0f}{got['max']:>7.0f}{got['cpu']:>6.1f}"
              f"{got['cpu'] / count:>7.1f}{got['rss']:>9.1f}")


def print_all(tables, args, load, peer):
    print(f"\nMail: {bench.machine()}\nload {load:.1f} before; {args.runs} "
          "runs each; one address an exchanger; CPU and resident\nmemory are "
          "those of the whole process tree")
    print_table(f"Immediate answers; in late*.org one greets after {LATE_S} s",
                tables[0])
    print_table(f"Round trip {bench.RTT_MS} ms", tables[1])
    if not peer:
        print(f"{PEER} is not here (contrib/peers bench): nothing to compare")
        return
    print()
    for what, got, wanted, unit in targets(tables[0]):
        print(f"{'reached' if got <= wanted else 'MISSED':<9}{what:<55}"
              f"{got:>7.1f} {unit} (at most {wanted:.1f})")


def serve(args):
    """The servers' side, which is all that the first table needs."""
    lab = labs.enter()
    declare(lab)
    try:
        lab.start()
    except labs.Missing as missing:
        netns.die(str(missing))
    load = os.getloadavg()[0]
    peer = bench.peer_plugin(PEER)
    tables = [measure_all(args, lab, peer), behind_line(args, lab)]
    lab.stop()
    print_all(tables, args, load, peer)
    bad = [key for table in tables for key, got in table.items()
           if set(got["status"]) - PERMITTED]
    for name, who in bad:
        print(f"could not run: {who}, {name}")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--delay-line", required=True)
    parser.add_argument("--measure", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--bundle",
                        default="/etc/ssl/certs/ca-certificates.crt")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--ca", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not os.access(f"{args.plugins}/{US}", os.X_OK):
        print(f"{US} was not built")
        return 0
    return monitor(args) if args.folder else serve(args)


if __name__ == "__main__":
    sys.exit(main())
