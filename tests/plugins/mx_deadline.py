# SPDX-License-Identifier: GPL-3.0-or-later
"""A run ends at its -t, whoever is silent; and who is slow holds up nobody
but himself."""

import json
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
import behaviours as b  # noqa: E402
import smtp  # noqa: E402

DOMAIN, USER = "example.org", "user@example.org"
AT = ["192.0.2.25 2001:db8:1::25", "198.51.100.25 2001:db8:2::25",
      "203.0.113.125 2001:db8:3::25"]
# By the plugin's own clock, and by ours: a busy machine has it wait for its
# turn, to start it takes time, and so does what sanitizers do when it ends.
OWN_SLACK_S = 0.5
SLACK_S = 3.0 if os.environ.get("LIFELINE_SANITIZERS") else 2.0


def words(lab, *options):
    """The options of every run."""
    return ("--rcpt", USER, "--helo", "probe.example.net", "--ca-file",
            lab.ca_file(), *options)


def domain(lab, hosts, behaviour):
    """The domain with these exchangers, all of that behaviour."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    for number, (host, addresses) in enumerate(zip(hosts, AT)):
        lab.mx(DOMAIN, 10 * (number + 1), host)
        lab.smtp(host, addresses, behaviour)


def elsewhere(lab, host, behaviour):
    """The zone that a host is named in, on a server of that behaviour."""
    zone = ".".join(host.split(".")[-2:])
    lab.zone(zone, {f"ns1.{zone}": "198.51.100.3"}, on=None)
    return lab.scripted("198.51.100.3", behaviour, [zone])


def in_time(result, timeout_s, stage):
    """It used its time up, and no more."""
    same(result.json["timeout_stage"], stage, "stage")
    for seconds, slack_s in ((result.json["duration"], OWN_SLACK_S),
                             (result.seconds, SLACK_S)):
        check(abs(seconds - timeout_s) < slack_s,
              f"{seconds} s of {timeout_s} s")
    return result


TALKING = "talking to the mail exchangers"


@case("tarpits everywhere, two at a time: -t is kept")
def tarpits(lab):
    domain(lab, [f"mx{n}.example.net" for n in range(3)], smtp.silent)
    result = lab.check(DOMAIN, *words(lab, "-t", "2"))
    in_time(result, 2, TALKING)
    check("mx-tarpit" in result.found(), f"{result.found()}")


@case("replies that drip, two at a time: -t is kept")
def drips(lab):
    domain(lab, [f"mx{n}.example.net" for n in range(3)],
           smtp.drips_at("greeting", "220 " + 99 * "x", 0.05))
    in_time(lab.check(DOMAIN, *words(lab, "-t", "2")), 2, TALKING)


@case("handshakes that never end, two at a time: each is found before -t")
def handshakes(lab):
    hosts = [f"mx{n}.example.net" for n in range(2)]
    domain(lab, hosts, smtp.no_handshake())
    result = lab.check(DOMAIN, *words(lab, "-t", "6"))
    same(result.json["timeout_stage"], None, "stage")
    same(len(result.found()["starttls-broken"]), 4, "addresses")


@case("the DNS is silent: -t is kept, and nothing is judged")
def dns_is_silent(lab):
    domain(lab, ["mx1.example.org"], smtp.honest)
    lab.scripted("203.0.113.250", b.silent)
    result = lab.check(DOMAIN, *words(lab, "-t", "1"), hints={
        "a.root-servers.net": ["203.0.113.250"]})
    in_time(result, 1, "asking the DNS")
    same(result.state, "UNKNOWN", "state")
    same(result.found(), {}, "findings")
    result.not_judged("mx-obtained")


@case("one exchanger's name servers are silent, the other is a tarpit")
def both_are_silent(lab):
    hosts = ["mx1.example.net", "mx2.example.com"]
    domain(lab, hosts, smtp.silent)
    elsewhere(lab, hosts[1], b.silent)
    # The tarpit is given up after 2.1 s, the name servers never.
    result = lab.check(DOMAIN, *words(lab, "-t", "3", "--tries", "10"))
    in_time(result, 3, "asking the DNS")
    check("mx-tarpit" in result.found(), f"{result.found()}")


def facts_of(lab):
    """The facts of a run, which has the time that it needs."""
    lab.start()
    _, output, _, _ = lab.run([
        lab.plugin(), "-H", DOMAIN, *lab.arguments(),
        *words(lab, "-t", "20", "--facts")])
    return json.loads(output)


def steps_of(facts, host):
    """{step: (begin, end) in ms} of a host's first address."""
    index = [e["name"] for e in facts["exchangers"]].index(host)
    address = next(a for a in facts["addresses"] if a["exchanger"] == index)
    return {name: (step["at_us"] / 1e3,
                   (step["at_us"] + step["took_us"]) / 1e3)
            for name, step in address["session"]["steps"].items()
            if step["outcome"] == "done"}


@case("slow name servers of one exchanger do not hold up the other")
def one_is_slow(lab):
    hosts = ["mx1.example.net", "mx2.example.com"]
    domain(lab, hosts, smtp.honest)
    quick = lab.servers[0]
    elsewhere(lab, hosts[1], b.after(lambda: quick.verbs().count("QUIT") == 2))
    facts = facts_of(lab)
    same([a["addr"] for a in facts["addresses"]],
         sorted(AT[0].split()) + sorted(AT[1].split()), "addresses")
    first, second = (steps_of(facts, host) for host in hosts)
    check(first["quit"][0] < second["connect"][0], f"{first}, {second}")


@case("name servers that are silent or broken are the domain's own fault")
def unserved(lab):
    for behaviour in (b.silent, b.rcode(2)):
        lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"}, on=None)
        lab.scripted("192.0.2.1", behaviour, [DOMAIN])
        result = lab.check(DOMAIN, *words(lab, "-t", "20", "--tries", "2"))
        result.expect("CRITICAL", {"mx-obtained": None})
        same(result.json["timeout_stage"], None, "stage")
        lab.stop()
    domain(lab, ["mx1.example.org"], smtp.honest)
    lab.scripted("203.0.113.250", b.silent)
    result = lab.check(
        DOMAIN, *words(lab, "-t", "20", "--tries", "2"), hints={
            "a.root-servers.net": ["203.0.113.250"]})
    result.expect("UNKNOWN", {}).not_judged("mx-obtained")


@case("name servers to which no route leads: theirs, but for a whole family")
def cut_off(lab):
    for address, state in (("192.0.2.1", "CRITICAL"),
                           ("2001:db8:1::1", "UNKNOWN")):
        lab.zone(DOMAIN, {"ns1.example.org": address}, on=None)
        lab.start()
        if ":" in address:
            lab.net.remove("2001:db8::/32")
        result = lab.check(DOMAIN, *words(lab, "-t", "20"))
        result.expect(state, {"mx-obtained": None}
                      if state == "CRITICAL" else {})
        lab.stop()


@case("port 25 is shut: eight addresses of a provider, two at a time, end")
def shut(lab):
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    for n in range(1, 5):
        host = f"mx{n}.example.net"
        lab.mx(DOMAIN, n, host)
        lab.mail(host, f"198.51.100.{n} 2001:db8:2::{n}", "closed")
    lab.start()
    lab.net.block("tcp", port=25)
    # Each is given up after a sixth of that.
    result = lab.check(DOMAIN, *words(lab, "-t", "6"))
    same(result.json["timeout_stage"], None, "stage")
    same(len(result.found()["mx-unreachable"]), 8, "addresses")
    check("or port 25 is closed from here" in result.json["summary"],
          result.json["summary"])


def most_at_once(facts):
    """How many connections were open at the same time, at most."""
    spans = [(s["connect"]["at_us"], s["quit"]["at_us"]) for s in (
        a["session"]["steps"] for a in facts["addresses"])]
    return max(sum(begin <= at < end for begin, end in spans)
               for at, _ in spans)


class Together:
    """Exchangers that greet once so many have been come to; not at once, so
    that one more has its time to come."""

    def __init__(self, wanted):
        self.wanted, self.came = wanted, 0
        self.lock = threading.Lock()

    def __call__(self, connection):
        with self.lock:
            self.came += 1
        connection.wait_for(lambda: self.came >= self.wanted)
        smtp.late(0.2)(connection)


@case("two connections at once to a provider; one's own hosts are no such")
def at_once(lab):
    for zone, most in ((DOMAIN, 4), ("example.net", 2)):
        together = Together(most)
        lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
        for n in range(1, 5):
            lab.mx(DOMAIN, n, f"mx{n}.{zone}")
            lab.smtp(f"mx{n}.{zone}", f"198.51.100.{n}", together)
        facts = facts_of(lab)
        same(len(facts["addresses"]), 4, "addresses")
        same(most_at_once(facts), most, zone)
        lab.stop()


main("check_mx")
