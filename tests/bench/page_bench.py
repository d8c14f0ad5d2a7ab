#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench, of status pages: check_status_page beside check_curl -S -D.

Both with the same CA file of one certificate, both told the address: one
request of check_curl's is the work of one address. Then eight addresses at
once, all quick or one of them late, where what is measured is what the plugin
adds to the time of its slowest. Then documents of 256 KiB and 4 MiB. The
servers are nginx in network namespaces of the bench's own.
"""

import argparse
import copy
import json
import os
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lab"), str(HERE.parent / "servers")]

# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402
import bench  # noqa: E402
import netns  # noqa: E402
import pages  # noqa: E402
import web  # noqa: E402

US, PEER = "check_status_page", "check_curl"
ALONE = "check_curl -S -D, the slowest"
KIB, MIB = 1 << 10, 1 << 20
MANY = 8
LATE_S = 1
SIZES = {"small": 0, "256 KiB": 256 * KIB, "4 MiB": 4 * MIB}
QUICK, LATE = "quick.example.org", "late.example.org"
AT = {QUICK: [f"192.0.2.{80 + n}" for n in range(MANY)],
      LATE: [f"192.0.2.{90 + n}" for n in range(MANY)]}
# Of the targets.
CPU_TIMES, MORE_MS, JUDGING_MS = 1.3, 40, 120
RSS_MB, LARGE_RSS_MB = 16, 48


def path_of(size):
    """Where the document of that size is."""
    return "/" + size.replace(" ", "-") + ".json"


def document(size):
    """A page where all is well, with as many components as make it nearly so
    large."""
    page = json.loads(pages.document("statuspage/all-well.json"))
    one = page["components"][0]
    # In the document, each is followed by ", ".
    each = len(json.dumps({**one, "id": f"c{0:07}", "name": f"{0:07}"})) + 2
    for number in range((size - len(json.dumps(page))) // each):
        page["components"].append({**copy.deepcopy(one), "name":
                                   f"{number:07}", "id": f"c{number:07}"})
    return json.dumps(page).encode()


def declare(lab):
    """Eight addresses that answer at once; seven such and a late one."""
    shown = {path_of(name): pages.Doc(document(size), "application/json")
             for name, size in SIZES.items()}
    lab.site(QUICK, " ".join(AT[QUICK]), shown)
    lab.site(LATE, " ".join(AT[LATE][1:]), shown)
    lab.web(LATE, AT[LATE][0], web.serve(
        web.late(LATE_S, web.sends(web.reply(document(0)))),
        lab.certificate(LATE)))


def ours(args, lab, host, count, size="small"):
    """The command line of check_status_page for so many addresses."""
    words = [f"{args.plugins}/{US}", "-u", f"https://{host}{path_of(size)}",
             "--ca-file", lab.ca_file(), "--no-state"]
    for address in AT[host][:count]:
        words += ["--address", address]
    return words


def theirs(path, lab, host, address, size="small"):
    """The command line of check_curl for one."""
    return [path, "-H", host, "-I", address, "-p", "443", "-S", "-D",
            f"--ca-cert={lab.ca_file()}", "-u", path_of(size)]


def figures(args, command):
    """What comes of a command, after one run that warms caches."""
    bench.measure(args, command, 1)
    return bench.summary(bench.measure(args, command, args.runs)[1])


def slowest(args, lab, peer, host):
    """check_curl at each address, one after the other."""
    each = [figures(args, theirs(peer, lab, host, address))
            for address in AT[host]]
    return {**max(each, key=lambda got: got["median"]),
            "cpu": statistics.median(got["cpu"] for got in each)}


def measure_all(args, lab, peer):
    """{(host, addresses, size, command): summary}."""
    table = {}
    for host in (QUICK, LATE):
        if peer:
            table[host, 1, "small", ALONE] = slowest(args, lab, peer, host)
        for count in (1, MANY):
            table[host, count, "small", US] = figures(
                args, ours(args, lab, host, count))
    for size in list(SIZES)[1:]:
        if peer:
            table[QUICK, 1, size, PEER] = figures(
                args, theirs(peer, lab, QUICK, AT[QUICK][0], size))
        for count in (1, MANY):
            table[QUICK, count, size, US] = figures(
                args, ours(args, lab, QUICK, count, size))
    return table


def targets(table):
    """(what, reached, at most, unit) of each."""
    yield ("CPU, one address", table[QUICK, 1, "small", US]["cpu"],
           CPU_TIMES * table[QUICK, 1, "small", ALONE]["cpu"], "ms")
    for host in (QUICK, LATE):
        yield (f"wall, {MANY} addresses of {host}",
               table[host, MANY, "small", US]["median"],
               table[host, 1, "small", ALONE]["median"] + MORE_MS, "ms")
    yield ("CPU, reading and judging 4 MiB, check_curl's taken off",
           table[QUICK, 1, "4 MiB", US]["cpu"] -
           table[QUICK, 1, "4 MiB", PEER]["cpu"], JUDGING_MS, "ms")
    for size, most in (("256 KiB", RSS_MB), ("4 MiB", LARGE_RSS_MB)):
        yield (f"resident, {size}",
               max(got["rss"] for key, got in table.items()
                   if key[2:] == (size, US)), most, "MB")


def print_all(table, args, load, peer):
    print(f"\nStatus pages: {bench.machine()}\nload {load:.1f} before; "
          f"{args.runs} runs each; one of {LATE} answers after {LATE_S} s\n")
    print(f"{'':<58}{'wall ms':>7}{'':>13}{'CPU':>7}{'resident':>10}\n"
          f"{'host':<19}{'addresses':>9} {'size':<8}{'command':<15}{'exit':>5}"
          f"{'median':>8}{'min':>7}{'max':>7}{'ms':>6}{'MB':>10}")
    for (host, count, size, who), got in table.items():
        status = ",".join(str(s) for s in got["status"])
        print(f"{host:<19}{count:>9} {size:<8}{who.split(',')[0]:<15.15}"
              f"{status:>5}{got['median']:>8.0f}{got['min']:>7.0f}"
              f"{got['max']:>7.0f}{got['cpu']:>6.1f}{got['rss']:>10.1f}")
    if not peer:
        print(f"{PEER} is not here (contrib/peers bench): nothing to compare")
        return
    print()
    for what, got, wanted, unit in targets(table):
        print(f"{'reached' if got <= wanted else 'MISSED':<9}{what:<55}"
              f"{got:>7.1f} {unit} (at most {wanted:.1f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--measure", required=True)
    parser.add_argument("--runs", type=int, default=20)
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
    peer = bench.peer_plugin(PEER)
    table = measure_all(args, lab, peer)
    lab.stop()
    print_all(table, args, load, peer)
    bad = [key for key, got in table.items() if got["status"] != [0]]
    for key in bad:
        print("did not do its work:", *key)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
