#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench, of mail: check_mx beside check_smtp -S once an address.

Without a delay line: what is measured is what the plugin adds to the time of
its slowest server. All answer at once, then one of them greets after a second.
All is done in a network namespace; since servers and clients share its
processors, servers that are all busy at once are compared with themselves
when check_smtp keeps them as busy.
"""

import argparse
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


def measure_all(args, lab, peer):
    """{(domain, command): summary}."""
    table = {}
    for is_late in (False, True):
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


def print_all(table, args, load):
    print(f"\nMail: {bench.machine()}\nload {load:.1f} before; {args.runs} "
          "runs each; IPv4 and IPv6; answers at once, but for the first\n"
          f"server of late*.org, which greets after {LATE_S} s\n\n"
          f"{'':<53}{'wall ms':>7}{'':>13}{'CPU':>7}{'an ad-':>7}"
          f"{'resident':>9}\n{'domain':<12}{'command':<29}{'exit':>5}"
          f"{'median':>7}{'min':>7}{'max':>7}{'ms':>7}{'dress':>7}{'MB':>8}")
    for (name, who), got in table.items():
        status = ",".join(str(s) for s in got["status"])
        count = 1 if who == ALONE else int(name[4:-4])
        print(f"{name:<12}{who:<29}{status:>5}{got['median']:>7.0f}"
              f"{got['min']:>7.0f}{got['max']:>7.0f}{got['cpu']:>7.1f}"
              f"{got['cpu'] / count:>7.1f}{got['rss']:>8.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--measure", required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--bundle",
                        default="/etc/ssl/certs/ca-certificates.crt")
    parser.add_argument("--shell", action="store_true",
                        help="a shell among the servers, in place of a run")
    args = parser.parse_args()
    if not os.access(f"{args.plugins}/{US}", os.X_OK):
        print(f"{US} was not built")
        return 0
    lab = labs.enter()
    declare(lab)
    try:
        lab.start()
    except labs.Missing as missing:
        netns.die(str(missing))
    load = os.getloadavg()[0]
    if args.shell:
        print(*ours(args, lab, domain(26), ONE_CA))
        subprocess.run(["sh"], check=False)
        return 0
    peer = bench.peer_plugin(PEER)
    table = measure_all(args, lab, peer)
    lab.stop()
    print_all(table, args, load)
    if not peer:
        print(f"{PEER} is not here (contrib/peers bench): nothing to compare")
        return 0
    for what, got, wanted, unit in targets(table):
        print(f"{'reached' if got <= wanted else 'MISSED':<9}{what:<50}"
              f"{got:>7.1f} {unit} (at most {wanted:.1f})")
    bad = [key for key, got in table.items()
           if set(got["status"]) - PERMITTED]
    for name, who in bad:
        print(f"could not run: {who}, {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
