# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are broken or hostile: a finding, never a crash or an OK."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
import behaviours as b  # noqa: E402
import message as m  # noqa: E402
from demo import many  # noqa: E402
import ways  # noqa: E402

ZONE = "example.org"
HOSTS = many(3, 1, ZONE)
SECOND = ["198.51.100.1", "2001:db8:2::1"]
QUICK = ("--tries", "2", "--query-timeout", "0.4")
WAITS = ("--tries", "2", "--query-timeout", "1")
# Where nobody is silent, nobody is waited for, and nobody is asked twice.
PATIENT = ("--tries", "2", "--query-timeout", "4")


def with_second(lab, behaviour):
    """The zone on three servers, of which the second one is scripted."""
    lab.zone(ZONE, HOSTS, on={"ns1.example.org": "nsd",
                              "ns3.example.org": "knot"})
    return lab.scripted(" ".join(SECOND), behaviour, [ZONE])


def add(title, behaviour, *rules, culprits=SECOND):
    """One of three servers misbehaves: these rules name it, no others."""
    @case(title)
    def misbehaves(lab):
        with_second(lab, behaviour)
        lab.check(ZONE, *PATIENT).expect(
            "WARNING" if rules else "OK",
            {rule: culprits for rule in rules})


def from_elsewhere(ask):
    """Answers from another address of its own than was asked."""
    return b.wrong_source(next(
        a for a in ask.server.addresses[2:]
        if (":" in a) == (":" in ask.address)))(ask)


# Who has to be waited for: of each what it does, and the rule that names it.
SLOW = {
    "silent over UDP and TCP": (b.silent, "server-silent"),
    "answers too late": (b.late(6.0), "server-silent"),
    "a reply with a wrong id": (b.over("udp", b.wrong_id), "server-silent"),
    "a reply to another question": (b.over("udp", b.wrong_question),
                                    "server-silent"),
    "a reply that is a question": (b.over("udp", b.not_a_response),
                                   "server-silent"),
    "a reply from another address": (from_elsewhere, "server-silent"),
    "truncated over and over": (b.truncated, "server-silent"),
    "garbage": (b.garbage, "server-silent"),
    "less than a header": (b.short, "server-silent"),
    "a message that ends inside a record": (b.cut_record, "server-silent"),
    "a name that is compressed to itself": (b.compression_loop,
                                            "server-silent"),
    "counts that can't be": (b.many_counts, "server-silent"),
    "more over UDP than was asked for": (b.huge, "server-silent"),
    "a connection that is accepted and then held": (
        b.over("tcp", b.silent), "server-no-tcp"),
    "a connection that is closed at once": (b.over("tcp", b.tcp_close),
                                            "server-no-tcp"),
    "a connection that ends midway": (b.over("tcp", b.tcp_cut),
                                      "server-no-tcp"),
    "a length over TCP that promises too much": (
        b.over("tcp", b.tcp_wrong_length), "server-no-tcp"),
    "an answer over TCP that drips": (b.over("tcp", b.tcp_drip),
                                      "server-no-tcp"),
    "garbage over TCP": (b.over("tcp", b.garbage), "server-no-tcp"),
    "silent to EDNS over UDP": (b.over("udp", b.edns_dropped),
                                "server-edns-broken"),
    "loses the first packet": (b.drops_first, None)}


@case("silent, late, garbled or cut, each server in another way: each by its "
      "rule, and no other")
def slow(lab):
    good = {host: HOSTS[host] for host in ("ns1.example.org",
                                           "ns3.example.org")}
    places = ways.declare(lab, ZONE, good, ("nsd", "knot"), SLOW)
    ways.judged(lab.check(ZONE, *WAITS, "-t", "30"), places, SLOW)


add("rate limited: TC over UDP, the answer over TCP", b.rate_limited)
add("refers upwards", b.upward, "server-not-authoritative")
add("answers without authority", b.flags(0), "server-not-authoritative")
add("an empty answer", b.either(lambda q: q.name == ZONE, b.empty),
    "server-not-authoritative")
add("NXDOMAIN for its own zone", b.rcode(m.NXDOMAIN),
    "server-not-authoritative")
add("NOTIMP for everything", b.rcode(m.NOTIMP), "server-not-authoritative")
add("as much as a message holds, over TCP", b.large)
add("refused over TCP only", b.over("tcp", b.rcode(m.REFUSED)),
    "server-udp-tcp-differ")
add("FORMERR to EDNS", b.no_edns(m.FORMERR), "server-edns-broken")
add("NOTIMP to EDNS", b.no_edns(m.NOTIMP), "server-edns-broken")
add("resolves for everybody", b.resolves, "open-recursion")


@case("answers after the deadline of the run")
def after_the_end(lab):
    with_second(lab, b.late(9.0))
    lab.check(ZONE, *WAITS).expect("WARNING", {"server-silent": SECOND})


@case("ignores EDNS: noted")
def edns_ignored(lab):
    with_second(lab, b.edns_ignored)
    lab.check(ZONE, "-v").expect("OK", {}).notes("edns-ignored", SECOND)


@case("refers upwards for a foreign name: noted")
def upward_foreign(lab):
    with_second(lab, b.either(lambda q: q.name.endswith(ZONE), b.honest,
                              b.upward))
    lab.check(ZONE, "-v").expect("OK", {}).notes("upward-referral", SECOND)


@case("other name servers over TCP than over UDP")
def other_over_tcp(lab):
    def lies(ask):
        if ask.transport == "tcp" and ask.query.type in (m.SOA, m.NS):
            return ask.honest(answer=[
                m.record(ZONE, m.SOA, "evil.example.com x.example.com "
                         "1 2 3 4 5")] if ask.query.type == m.SOA else [
                             m.record(ZONE, m.NS, "evil.example.com")])
        return ask.honest()

    with_second(lab, lies)
    result = lab.check(ZONE, *PATIENT)
    same(result.state, "WARNING", "state")
    result.blames(result.found()["server-udp-tcp-differ"], SECOND)


@case("a newer serial over TCP is no difference")
def newer_serial(lab):
    def newer(ask):
        if ask.transport == "tcp" and ask.query.type == m.SOA:
            lab.zones[ZONE].settings["serial"] += 1
        return ask.honest()

    with_second(lab, newer)
    lab.check(ZONE, *PATIENT).expect("OK", {})


# All servers of the zone, or those above it.

def all_servers(lab, behaviour):
    """Every server of the zone is scripted."""
    lab.zone(ZONE, HOSTS, on=None)
    lab.scripted(" ".join(HOSTS.values()), behaviour, [ZONE])


def tld_servers(lab, behaviour):
    """Every server of org is scripted."""
    lab.zone("org", {"a.nic.org": "203.0.113.101 2001:db8:a::1",
                     "b.nic.org": "203.0.113.102 2001:db8:b::1"}, on=None)
    lab.zone(ZONE, HOSTS)
    lab.scripted(" ".join(lab.hosts["a.nic.org"] + lab.hosts["b.nic.org"]),
                 behaviour, ["org"])


def add_hopeless(title, place, behaviour, *rules):
    """All of them misbehave: critical, in time, and by these rules."""
    @case(title)
    def hopeless(lab):
        place(lab, behaviour)
        result = lab.check(ZONE, *QUICK).expect(
            "CRITICAL", dict.fromkeys(rules))
        result.in_time(8)
        if place is all_servers:
            result.blames(result.found()[rules[0]],
                          " ".join(HOSTS.values()).split())


for _name, _behaviour, _rule in (
        ("silent", b.silent, "server-silent"),
        ("garbage", b.garbage, "server-silent"),
        ("truncated over and over", b.truncated, "server-silent"),
        ("compressed to themselves", b.compression_loop, "server-silent"),
        ("impossible counts", b.many_counts, "server-silent"),
        ("wrong id", b.wrong_id, "server-silent"),
        ("wrong question", b.wrong_question, "server-silent"),
        ("upward", b.upward, "server-not-authoritative"),
        ("refused", b.rcode(m.REFUSED), "server-refuses"),
        ("SERVFAIL", b.rcode(m.SERVFAIL), "server-servfail")):
    add_hopeless(f"all servers: {_name}", all_servers, _behaviour, _rule,
                 "too-few-good-servers")
    add_hopeless(f"all parents: {_name}", tld_servers, _behaviour,
                 "delegation-obtained")


def loop_org(ask):
    """org refers to org's own servers, for ever."""
    if ask.query.name == "org":
        return ask.honest()
    return b.referral("org", ["a.nic.org", "b.nic.org"])(ask)


add_hopeless("a referral to the zone itself, over and over", tld_servers,
             loop_org, "delegation-obtained")


def deeper(ask):
    """Refers one label deeper than the last one, by made-up zones."""
    glue = [("a.nic.org", "203.0.113.101")]
    return m.reply(ask.query, flags=0, authority=[
        m.record(ask.query.name, m.NS, "a.nic.org")], additional=[
            m.record(n, m.A, a) for n, a in glue])


add_hopeless("a referral for every label to the same servers", tld_servers,
             deeper, "too-few-good-servers", "server-not-authoritative",
             "ns-unresolvable", "too-few-ns")


def delegates(ns, glue=()):
    """org hands out these names for the zone, and tells of itself well."""
    return b.either(lambda q: q.name.endswith(ZONE),
                    b.referral(ZONE, ns, glue))


@case("a delegation to hundreds of names that do not exist")
def nxns(lab):
    names = [f"ns{i}.victim.net" for i in range(300)]
    tld_servers(lab, delegates(names))
    lab.zone("victim.net", {"ns.victim.net": "203.0.113.150"}, on=None)
    victim = lab.scripted("203.0.113.150", b.honest, ["victim.net"])
    result = lab.check(ZONE, *PATIENT)
    same(result.state, "CRITICAL", "state")
    check("too-few-good-servers" in result.found(), "no server is good")
    result.in_time(8)
    check(len(victim.asked) > 1, "the names were looked up")
    # 128 of the names count, and both families of each are asked for once.
    check(len(victim.asked) <= 256, f"{len(victim.asked)} queries")
    same(len(set(victim.asked)), len(victim.asked), "questions asked once")


def add_trap(title, behaviour, *rules, limit=200):
    """The names of the servers lead into a trap: it ends at a bound."""
    @case(title)
    def trap(lab):
        tld_servers(lab, delegates(["ns1.trap.net", "ns2.trap.net"]))
        lab.zone("trap.net", {"ns.trap.net": "203.0.113.150"}, on=None)
        server = lab.scripted("203.0.113.150", behaviour, ["trap.net"])
        result = lab.check(ZONE, *PATIENT).expect(
            "CRITICAL", dict.fromkeys(rules + ("too-few-good-servers",
                                               "ns-unresolvable")))
        result.in_time(8)
        check(len(server.asked) <= limit, f"{len(server.asked)} queries")


def counted(name):
    """a1 -> a2 -> a3 ..."""
    digits = "".join(c for c in name.split(".")[0] if c.isdigit())
    return f"a{int(digits or 0) + 1}.trap.net"


def go_deeper(ask):
    """Each answer is a referral to one more label in front."""
    if ask.query.name in ("trap.net", "ns.trap.net"):
        return ask.honest()
    return b.referral(ask.query.name, ["x." + ask.query.name])(ask)


add_trap("aliases without an end",
         b.either(lambda q: q.name.startswith(("ns1", "ns2", "a")),
                  b.cname(counted)), "ns-alias", "walk-limit")
add_trap("an alias to itself",
         b.either(lambda q: q.name.startswith(("ns1", "ns2")),
                  b.cname(lambda name: name)),
         "ns-alias", "delegation-circular")
add_trap("two aliases to each other",
         b.either(lambda q: q.name.startswith(("ns1", "ns2")),
                  b.cname(lambda name: {"ns1.trap.net": "ns2.trap.net"}.get(
                      name, "ns1.trap.net"))),
         "ns-alias", "delegation-circular")
add_trap("referrals that need a deeper name each time", go_deeper,
         "delegation-circular")
add_trap("names that refer to the zone they are in",
         b.either(lambda q: q.name.startswith(("ns1", "ns2")),
                  b.referral("trap.net", ["ns.trap.net"],
                             [("ns.trap.net", "203.0.113.150")])))


@case("answers that hold records of other people's zones are not believed")
def poison(lab):
    def poisons(ask):
        return ask.honest(additional=[
            m.record("a.nic.net", m.A, "203.0.113.166"),
            m.record("ns9.example.net", m.A, "203.0.113.166")])

    lab.zone(ZONE, {"ns1.example.org": "192.0.2.1",
                    "ns9.example.net": "198.51.100.9"},
             on={"ns9.example.net": "nsd"})
    lab.scripted("192.0.2.1", poisons, [ZONE])
    result = lab.check(ZONE, *PATIENT)
    same(result.json["addresses"]["ns9.example.net"]["v4"],
         ["198.51.100.9"], "addresses")
    check("203.0.113.166" not in result.output, "not believed")


@case("text from outside is harmless in the output")
def escapes(lab):
    def shouts(ask):
        if ask.query.type != m.SOA:
            return ask.honest()
        mname = b"\x0ea|b\x1b[31m\n\"'<&\x07\x07org\x00"
        soa = (m.wire_name(ZONE) + b"\x00\x06\x00\x01\x00\x00\x0e\x10"
               + (len(mname) + 1 + 20).to_bytes(2, "big") + mname + b"\0"
               + bytes(20))
        return ask.honest(answer=[soa])

    with_second(lab, shouts)
    code, output, errors, _ = lab.run(
        [lab.plugin(), "-H", ZONE, *lab.arguments(), *PATIENT, "-vvv"])
    same(errors, "", "stderr")
    same(output.count("|"), 1, "bars")
    check(all(c == "\n" or c >= " " for c in output), "control characters")
    check(code in (0, 1), f"exit code {code}")


if __name__ == "__main__":
    main()
