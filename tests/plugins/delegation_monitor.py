# SPDX-License-Identifier: GPL-3.0-or-later
"""What the monitor's own host can't see, its deadline, and what it is told."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import HANGS_S, case, check, main, same  # noqa: E402
import message as m  # noqa: E402
from demo import many  # noqa: E402

ZONE = "example.org"
V4 = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
V6 = ("2001:db8::/32",)


def lose(lab, where, how):
    """A family is gone: without a route, or without an answer."""
    for prefix in where:
        (lab.net.remove if how == "no route" else lab.net.silence)(prefix)


def family_of(result, family):
    """What was seen of a family."""
    return result.json["sight"][family]


def add_families(how, seen):
    """A monitor that has one family only."""
    @case(f"a monitor without IPv6 ({how}) does not judge it")
    def no_v6(lab):
        lab.zone(ZONE, many(3, 1, ZONE))
        lab.start()
        lose(lab, V6, how)
        result = lab.check(ZONE).expect("OK", {})
        result.not_judged("server-silent")
        same((family_of(result, "v4"), family_of(result, "v6")),
             ("seen", seen), "sight")

    @case(f"a monitor without IPv4 ({how}) does not judge it")
    def no_v4(lab):
        lab.zone(ZONE, many(3, 1, ZONE))
        lab.start()
        lose(lab, V4, how)
        result = lab.check(ZONE).expect("OK", {})
        result.not_judged("server-silent")
        same((family_of(result, "v4"), family_of(result, "v6")),
             (seen, "seen"), "sight")


add_families("no route", "no_route")
add_families("no answer", "silent")


@case("a monitor without IPv6 still finds a dead IPv4 address")
def no_v6_dead(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    lose(lab, V6, "no route")
    lab.net.silence("198.51.100.1")
    lab.check(ZONE).expect("WARNING", {"server-silent": ["198.51.100.1"]})


@case("a monitor without IPv4 can't judge a zone without IPv6")
def v4_zone(lab):
    lab.zone(ZONE, {"ns1.example.org": "192.0.2.1",
                    "ns2.example.org": "198.51.100.1"})
    lab.start()
    lose(lab, V4, "no route")
    result = lab.check(ZONE).expect("UNKNOWN", {})
    result.not_judged("too-few-good-servers")


@case("with --nat64 a monitor without IPv4 judges it")
def nat64(lab):
    lab.nat64 = True
    lab.zone(ZONE, {"ns1.example.org": "192.0.2.1",
                    "ns2.example.org": "198.51.100.1"})
    result = lab.check(ZONE, "--nat64", "64:ff9b::/96").expect("OK", {})
    same(family_of(result, "v4"), "seen", "IPv4")
    same([s["address"] for s in result.json["servers"]
          if s["verdict"] == "good"], ["192.0.2.1", "198.51.100.1"], "good")


@case("with --nat64 a dead server is found")
def nat64_dead(lab):
    lab.nat64 = True
    lab.zone(ZONE, {"ns1.example.org": "192.0.2.1",
                    "ns2.example.org": "198.51.100.1",
                    "ns3.example.org": "203.0.113.101"})
    lab.start()
    lab.net.silence("64:ff9b::cb00:7165")
    lab.check(ZONE, "--nat64", "64:ff9b::/96").expect(
        "WARNING", {"server-silent": ["203.0.113.101"]})


@case("TCP blocked for everything is not held against the servers")
def no_tcp(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    lab.net.block("tcp")
    result = lab.check(ZONE).expect("OK", {})
    result.not_judged("server-no-tcp")
    same(family_of(result, "tcp"), "silent", "TCP")


@case("UDP blocked for everything: nothing can be judged")
def no_udp(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    lab.net.block("udp")
    result = lab.check(ZONE)
    same(result.state, "UNKNOWN", "state")
    same(result.found(), {}, "findings")
    result.in_time(8)


@case("no network at all is UNKNOWN")
def no_network(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    lose(lab, V4 + V6, "no route")
    result = lab.check(ZONE).expect("UNKNOWN", {})
    # Had it waited for an answer, each of three tries would take 1.5 s.
    check(result.json["duration"] < 4, f"{result.json['duration']} s")


def add_interception(word, flags):
    """The root's addresses are answered by somebody else."""
    @case(f"interception: a root that answers {word}")
    def intercepted(lab):
        lab.zone(ZONE, many(3, 1, ZONE))
        lab.prepare()
        for host in lab.zones["."].ns:
            lab.on[".", host] = lab.on["root-servers.net", host] = None
        roots = " ".join(a for host in lab.zones["."].ns
                         for a in lab.hosts[host])
        lab.scripted(roots, lambda ask: ask.honest(flags=flags),
                     [".", "root-servers.net"])
        result = lab.check(ZONE)
        same(result.state, "UNKNOWN", "state")
        same(sorted(result.found()), ["interception"], "rules")


add_interception("with RA", m.AA | m.RA)
add_interception("without authority", m.RA)


@case("a resolver that refuses in place of the root: nobody is blamed")
def resolver_root(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    lab.add_server("unbound", "203.0.113.99")
    result = lab.check(ZONE, hints={"x.root": ["203.0.113.99"]})
    same(result.state, "UNKNOWN", "state")
    result.not_judged("too-few-good-servers")


# The deadline.

def add_deadline(timeout, what, where, stage):
    """A run ends at -t whatever is silent."""
    @case(f"-t {timeout} with {what} silent: ends in time")
    def deadline(lab):
        lab.zone(ZONE, many(4, 1, ZONE))
        lab.start()
        for prefix in where:
            lab.net.silence(prefix)
        result = lab.check(ZONE, "-t", str(timeout)).in_time(timeout)
        check(result.state in ("UNKNOWN", "CRITICAL"),
              f"state {result.state}")
        check(result.json["timeout_stage"], f"a stage is named ({stage})")


add_deadline(1, "the zone's servers",
             ("192.0.2.0/24", "198.51.100.0/24", "2001:db8:1::/48",
              "2001:db8:2::/48"), "servers")
add_deadline(1, "everything", V4 + V6, "root")
add_deadline(2.5, "everything", V4 + V6, "root")


@case("a silent server is found within the time that Zabbix gives")
def zabbix(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    lab.net.silence("198.51.100.1")
    lab.check(ZONE, "-t", "2.5").expect(
        "WARNING", {"server-silent": ["198.51.100.1"]}).in_time(2.5)


@case("--timeout-result decides what a run that saw nothing is")
def timeout_result(lab):
    lab.zone(ZONE, many(3, 1, ZONE))
    lab.start()
    for prefix in V4 + V6:
        lab.net.silence(prefix)
    result = lab.check(ZONE, "-t", "1", "--timeout-result", "critical")
    same(result.state, "CRITICAL", "state")


# What comes in and goes out.

def add_usage(title, *words):
    """Wrong usage: one line, exit 3, nothing sent."""
    @case(f"usage: {title}")
    def usage(lab):
        lab.zone(ZONE, many(2, 1, ZONE))
        code, output, errors, _ = lab.run([lab.plugin(), *words])
        same(code, 3, "exit code")
        same(errors, "", "stderr")
        same(output.count("\n"), 1, f"lines of {output!r}")


add_usage("no zone")
add_usage("unknown option", "-H", ZONE, "--no-such-option")
add_usage("a label that is too long", "-H", "x" * 64 + ".org")
add_usage("a name that is too long", "-H", ".".join(["x" * 60] * 5))
add_usage("an empty name", "-H", "")
add_usage("two dots in a row", "-H", "example..org")
add_usage("hints that are not there", "-H", ZONE, "--root-hints",
          "/nonexistent/hints")
add_usage("hints that are rubbish", "-H", ZONE, "--root-hints", "/bin/sh")
add_usage("empty hints", "-H", ZONE, "--root-hints", "/dev/null")
add_usage("hints that are a folder", "-H", ZONE, "--root-hints", "/")
add_usage("a number that is no number", "-H", ZONE, "--tries", "3x")
add_usage("a range that is no range", "-H", ZONE, "-w", "20:10")
add_usage("an unknown rule", "-H", ZONE, "--rule", "no-such-rule=ok")
add_usage("bytes that are no UTF-8", "-H", b"b\xfccher.org")


@case("the exit code is the state with standard output closed")
def closed_output(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.start()
    command = [lab.plugin(), "-H", ZONE, *lab.arguments()]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command],
                          stderr=subprocess.PIPE, check=False)
    same((done.returncode, done.stderr), (3, b""), "exit code and stderr")


@case("a reader that goes away does not kill it")
def closed_pipe(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.start()
    with subprocess.Popen([lab.plugin(), "-H", ZONE, *lab.arguments()],
                          stdout=subprocess.PIPE) as process:
        process.stdout.close()
        code = process.wait(HANGS_S)
    check(code in (0, 3), f"exit code {code}")


@case("standard input, output and error closed from the start")
def all_closed(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.start()
    command = [lab.plugin(), "-H", ZONE, *lab.arguments()]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh",
                           *command], check=False)
    same(done.returncode, 3, "exit code")


@case("no descriptors left: UNKNOWN, and nobody is blamed")
def no_descriptors(lab):
    lab.zone(ZONE, many(26, 1, ZONE))
    lab.start()
    code, output, errors, _ = lab.run(
        ["sh", "-c", 'ulimit -n 12; exec "$@"', "sh", lab.plugin(), "-H",
         ZONE, *lab.arguments()])
    same((code, errors), (3, ""), f"exit code and stderr of {output!r}")


@case("twenty runs at once do not disturb each other")
def at_once(lab):
    lab.zone(ZONE, many(4, 1, ZONE), on="bind")
    lab.start()
    command = [lab.plugin(), "-H", ZONE, *lab.arguments(), "-t", "30"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL)
            for _ in range(20)]
    same([run.wait(HANGS_S) for run in runs], [0] * 20, "exit codes")


if __name__ == "__main__":
    main()
