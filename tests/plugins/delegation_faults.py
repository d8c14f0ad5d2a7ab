# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a delegation, on real servers."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
import behaviours  # noqa: E402
from demo import many  # noqa: E402

ZONE = "example.org"
HOSTS = {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
         "ns2.example.org": "198.51.100.1 2001:db8:2::1",
         "ns3.example.net": "203.0.113.101 2001:db8:3::1"}
NAMES = list(HOSTS)
SECOND = ["198.51.100.1", "2001:db8:2::1"]


def three(lab, second="nsd", **settings):
    """The zone on three servers; the second one is the odd one out."""
    lab.zone(ZONE, HOSTS, on={NAMES[0]: "bind", NAMES[1]: second,
                              NAMES[2]: "knot"}, **settings)


# One server of three is bad.

@case("BIND refuses a zone that it does not have")
def refused(lab):
    three(lab, None)
    lab.server("bind", HOSTS[NAMES[1]])
    lab.check(ZONE).expect("WARNING", {"server-refuses": SECOND})


def add_broken(kind):
    """A server that knows of the zone and could not load it."""
    @case(f"{kind} can't load the zone: SERVFAIL")
    def broken(lab):
        three(lab, None)
        lab.server(kind, HOSTS[NAMES[1]], zones={ZONE: None})
        lab.check(ZONE).expect("WARNING", {"server-servfail": SECOND})


for _kind in ("bind", "nsd", "knot"):
    add_broken(_kind)


@case("a resolver stands where a name server belongs")
def resolver(lab):
    three(lab, None)
    lab.server("unbound", HOSTS[NAMES[1]])
    lab.check(ZONE).expect("WARNING", {
        "server-refuses": SECOND, "open-recursion": SECOND})


@case("a resolver that tells what it has in its cache")
def snooped(lab):
    three(lab, None)
    lab.server("bind", HOSTS[NAMES[1]], recursive=True)
    lab.check(ZONE).expect("WARNING", {
        "server-not-authoritative": SECOND, "open-recursion": SECOND})


@case("a name server that also resolves for everybody")
def open_recursion(lab):
    three(lab, lab.server("bind", recursive=True))
    lab.check(ZONE).expect("WARNING", {"open-recursion": SECOND})


@case("a server's packets get lost")
def silent(lab):
    three(lab)
    lab.start()
    lab.net.silence("198.51.100.0/24")
    lab.net.silence("2001:db8:2::/48")
    lab.check(ZONE).expect("WARNING", {"server-silent": SECOND})


@case("only the IPv6 address of a server is dead")
def silent_v6(lab):
    three(lab)
    lab.start()
    lab.net.silence("2001:db8:2::/48")
    lab.check(ZONE).expect("WARNING", {"server-silent": SECOND[1:]})


@case("no route to a server")
def unreachable(lab):
    three(lab)
    lab.start()
    lab.net.remove("198.51.100.0/24")
    lab.net.remove("2001:db8:2::/48")
    lab.check(ZONE).expect("WARNING", {"server-silent": SECOND})


@case("nothing listens on a server")
def closed(lab):
    three(lab)
    lab.start()
    next(s for s in lab.servers if SECOND[0] in s.addresses).stop()
    result = lab.check(ZONE).expect("WARNING", {"server-silent": SECOND})
    # Had it waited for an answer, each of three tries would take 1.5 s.
    check(result.json["duration"] < 4, f"{result.json['duration']} s")


@case("a server without TCP: connections are refused")
def no_tcp(lab):
    three(lab, None)
    lab.scripted(HOSTS[NAMES[1]], behaviours.honest, [ZONE], tcp=False)
    lab.check(ZONE).expect("WARNING", {"server-no-tcp": SECOND})


@case("a server behind a filter that drops TCP")
def lost_tcp(lab):
    three(lab)
    lab.start()
    lab.net.block("tcp", SECOND)
    lab.check(ZONE).expect("WARNING", {"server-no-tcp": SECOND})


# Fewer and fewer servers.

@case("one of two servers is dead: one good server is left")
def one_left(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.start()
    lab.net.silence("198.51.100.0/24")
    lab.net.silence("2001:db8:2::/48")
    lab.check(ZONE).expect("WARNING", {
        "one-good-server": None,
        "server-silent": ["198.51.100.1", "2001:db8:2::1"]})


@case("--min-good 2 and one good server: critical")
def min_good(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.start()
    lab.net.remove("198.51.100.0/24")
    lab.net.remove("2001:db8:2::/48")
    result = lab.check(ZONE, "--min-good", "2")
    same(result.state, "CRITICAL", "state")
    check("too-few-good-servers" in result.found(), "too few")


@case("all servers refuse the zone")
def all_refuse(lab):
    lab.zone(ZONE, many(2, 1, ZONE), on=None)
    addresses = " ".join(many(2, 1, ZONE).values())
    lab.server("nsd", addresses)
    lab.check(ZONE).expect("CRITICAL", {
        "too-few-good-servers": None, "server-refuses": addresses.split()})


@case("the zone is not in its parent")
def not_found(lab):
    three(lab)
    result = lab.check("missing.org").expect(
        "CRITICAL", {"zone-not-found": None})
    same(result.json["parent"]["cut"], "nxdomain", "cut")


@case("a top-level domain that does not exist")
def no_tld(lab):
    three(lab)
    lab.check("missing.nowhere").expect("CRITICAL", {"zone-not-found": None})


@case("a host inside a zone: the zone that holds it is named")
def no_cut(lab):
    three(lab, records="www IN A 192.0.2.80")
    result = lab.check("www.example.org").expect(
        "CRITICAL", {"zone-no-cut": None})
    check("example.org" in result.findings[0]["text"].replace(
        "www.example.org", ""), "the holder is named")


@case("a name that does not exist inside a zone")
def nothing_inside(lab):
    three(lab)
    lab.check("nothing.example.org").expect(
        "CRITICAL", {"zone-not-found": None})


@case("an empty non-terminal is no zone")
def empty_name(lab):
    lab.zone("shop.nowhere.org", many(2, 1, "shop.nowhere.org"))
    lab.check("nowhere.org").expect("CRITICAL", {"zone-no-cut": None})


@case("an alias is no zone")
def alias_name(lab):
    three(lab, records="www IN CNAME ns1")
    lab.check("www.example.org").expect("CRITICAL", {"zone-no-cut": None})


# Parent and child, and servers among themselves.

@case("the parent hands out a server that the zone does not list")
def only_parent(lab):
    three(lab, lists=NAMES[:2])
    lab.delegation(ZONE, NAMES)
    lab.check(ZONE).expect("WARNING", {"ns-only-in-parent": NAMES[2:]})


@case("the zone lists a server that the parent does not hand out")
def only_child(lab):
    three(lab)
    lab.delegation(ZONE, NAMES[:2])
    lab.check(ZONE).expect("WARNING", {"ns-only-in-child": NAMES[2:]})


@case("the parent's servers disagree")
def parents_disagree(lab):
    three(lab)
    lab.delegation(ZONE, NAMES[:2], at="b.nic.org")
    result = lab.check(ZONE)
    same(result.state, "WARNING", "state")
    check("parents-disagree" in result.found(), "they disagree")
    same(result.json["parent"]["ns"] is None, False, "parent side")


@case("a third of the parent's servers is silent")
def parents_silent(lab):
    lab.zone("org", {f"{c}.nic.org": f"203.0.113.12{i}"
                     for i, c in enumerate("abc")})
    three(lab)
    lab.start()
    lab.net.silence("203.0.113.121")
    lab.check(ZONE).expect("WARNING", {"parents-silent": None})


@case("all of the parent's servers are silent")
def parents_dead(lab):
    three(lab)
    lab.start()
    for host in ("a.nic.org", "b.nic.org"):
        for address in lab.hosts[host]:
            lab.net.silence(address)
    result = lab.check(ZONE)
    same(result.state, "CRITICAL", "state")
    check("delegation-obtained" in result.found(), "no delegation")


@case("servers of the zone disagree on its name servers")
def children_disagree(lab):
    three(lab)
    lab.zones[ZONE].at(NAMES[1], lists=NAMES[:2])
    lab.check(ZONE).expect("WARNING", {"children-disagree": SECOND})


@case("servers with different serials and SOA fields are noted")
def serials(lab):
    three(lab)
    lab.zones[ZONE].at(NAMES[1], serial=2025123101, mname="old.example.org")
    result = lab.check(ZONE, "-v").expect("OK", {})
    result.notes("serials-differ", SECOND).notes("soa-differ", SECOND)


@case("--rule raises what is only noted")
def raised(lab):
    three(lab)
    lab.zones[ZONE].at(NAMES[1], serial=2025123101)
    lab.check(ZONE, "--rule", "serials-differ=critical").expect(
        "CRITICAL", {"serials-differ": SECOND})


@case("--rule silences one known-bad server and no other")
def silenced(lab):
    three(lab)
    lab.start()
    lab.net.remove("198.51.100.1")
    lab.net.remove("2001:db8:3::1")
    lab.check(ZONE, "--rule", "server-silent@198.51.100.1=ok").expect(
        "WARNING", {"server-silent": ["2001:db8:3::1"]})


@case("not the name servers that were expected")
def unexpected(lab):
    three(lab)
    result = lab.check(ZONE, "--expect-ns",
                       "ns1.example.org,ns2.example.org,ns4.example.org")
    same(result.state, "WARNING", "state")
    same(sorted(result.found()), ["ns-unexpected"], "rules")


# Names and addresses.

@case("the parent's glue is an old address")
def glue_mismatch(lab):
    three(lab)
    lab.delegation(ZONE, glue={NAMES[0]: HOSTS[NAMES[0]],
                               NAMES[1]: "198.51.100.77 2001:db8:2::1"})
    lab.server("nsd", "198.51.100.77", zones=[ZONE])
    lab.check(ZONE).expect("WARNING", {"glue-mismatch": NAMES[1:2]})


@case("the parent's glue is an old and dead address")
def glue_dead(lab):
    three(lab)
    lab.delegation(ZONE, glue={NAMES[0]: HOSTS[NAMES[0]],
                               NAMES[1]: "198.51.100.77 2001:db8:2::1"})
    lab.check(ZONE).expect("WARNING", {
        "glue-mismatch": NAMES[1:2], "server-silent": ["198.51.100.77"]})


@case("glue is missing for one server inside the zone")
def glue_missing(lab):
    three(lab)
    lab.delegation(ZONE, glue={NAMES[0]: HOSTS[NAMES[0]]})
    lab.check(ZONE).expect("WARNING", {"glue-missing": NAMES[1:2]})


@case("no glue at all for servers that are all inside the zone")
def no_glue(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.delegation(ZONE, glue={})
    result = lab.check(ZONE)
    same(result.state, "CRITICAL", "state")
    check("delegation-circular" in result.found(), "circular")


@case("two zones with each other's servers and no glue")
def circular(lab):
    lab.zone(ZONE, {"ns1.example.net": "192.0.2.1",
                    "ns2.example.net": "198.51.100.1"})
    lab.zone("example.net", {"ns1.example.org": "192.0.2.2",
                             "ns2.example.org": "198.51.100.2"})
    result = lab.check(ZONE)
    same(result.state, "CRITICAL", "state")
    check("delegation-circular" in result.found(), "circular")


@case("one of three names can only be resolved through the zone itself")
def partly_circular(lab):
    lab.zone(ZONE, {**many(2, 1, ZONE), "ns3.example.net": "203.0.113.101"},
             on="nsd")
    lab.zone("example.net", {"ns9.example.org": "198.51.100.9"})
    lab.check(ZONE).expect("OK", {})


@case("the name of a server is an alias")
def alias(lab):
    # BIND does not load such a zone.
    lab.zone(ZONE, HOSTS, on="nsd", records="ns4 IN CNAME ns1",
             lists=NAMES + ["ns4.example.org"])
    lab.delegation(ZONE, NAMES + ["ns4.example.org"])
    result = lab.check(ZONE)
    same(result.state, "WARNING", "state")
    check("ns-alias" in result.found(), "alias")


@case("the name of a server is an alias into another zone")
def foreign_alias(lab):
    lab.zone("example.net", {"ns.example.net": "203.0.113.90"},
             records="ns4 IN CNAME ns5")
    lab.host("ns5.example.net", "203.0.113.105")
    lab.zone(ZONE, {**HOSTS, "ns4.example.net": ""})
    lab.server("nsd", "203.0.113.105", zones=[ZONE])
    lab.check(ZONE).expect("WARNING", {"ns-alias": ["ns4.example.net"]})


@case("the name of a server does not exist")
def nonexistent(lab):
    three(lab)
    lab.zone("example.com", {"ns.example.com": "203.0.113.90"})
    lab.zones[ZONE].settings["lists"] = NAMES + ["gone.example.com"]
    lab.delegation(ZONE, NAMES + ["gone.example.com"])
    lab.check(ZONE).expect("WARNING", {"ns-nonexistent": ["gone.example.com"]})


@case("the name of a server has no address")
def no_address(lab):
    three(lab)
    lab.zone("example.com", {"ns.example.com": "203.0.113.90"},
             records='bare IN TXT "nothing here"')
    lab.zones[ZONE].settings["lists"] = NAMES + ["bare.example.com"]
    lab.delegation(ZONE, NAMES + ["bare.example.com"])
    lab.check(ZONE).expect("WARNING", {"ns-no-address": ["bare.example.com"]})


@case("the name of a server can't be resolved: its zone is dead")
def unresolvable(lab):
    three(lab)
    lab.zone("example.com", {"ns.example.com": "203.0.113.90"}, on=None)
    lab.zones[ZONE].settings["lists"] = NAMES + ["ns4.example.com"]
    lab.delegation(ZONE, NAMES + ["ns4.example.com"])
    lab.check(ZONE).expect("WARNING", {"ns-unresolvable": ["ns4.example.com"]})


@case("an address where the name of a server belongs")
def literal(lab):
    three(lab, lists=NAMES + ["192.0.2.9"])
    lab.delegation(ZONE, NAMES + ["192.0.2.9"])
    lab.check(ZONE).expect("WARNING", {"ns-literal": ["192.0.2.9"]})


@case("a private address is unusable, and is not asked")
def private(lab):
    lab.zone(ZONE, {**HOSTS, "ns4.example.org": "10.0.0.1"},
             on=dict.fromkeys(NAMES, "nsd"))
    result = lab.check(ZONE).expect(
        "WARNING", {"ns-unusable-address": ["10.0.0.1"]})
    same([s["udp"] for s in result.json["servers"]
          if s["address"] == "10.0.0.1"], ["not_asked"], "asked")


@case("a private address that is permitted is asked (no route from here)")
def permitted(lab):
    lab.zone(ZONE, {**HOSTS, "ns4.example.org": "10.0.0.1"},
             on=dict.fromkeys(NAMES, "nsd"))
    lab.check(ZONE, "--permit-address", "10.0.0.0/8").expect(
        "WARNING", {"server-silent": ["10.0.0.1"]})


@case("two names have the same addresses")
def shared_address(lab):
    hosts = {**HOSTS, "ns4.example.org": HOSTS[NAMES[0]]}
    lab.zone(ZONE, hosts, on=lab.server("bind"))
    result = lab.check(ZONE)
    same(sorted(result.found()), ["shared-address"], "rules")


@case("all servers in one network")
def single_network(lab):
    lab.zone(ZONE, {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
                    "ns2.example.org": "192.0.2.2 2001:db8:1::2"})
    lab.check(ZONE).expect("WARNING", {"single-network": None})


@case("all IPv4 in one network, IPv6 in two: no finding")
def two_networks(lab):
    lab.zone(ZONE, {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
                    "ns2.example.org": "192.0.2.2 2001:db8:2::1"})
    lab.check(ZONE).expect("OK", {})


@case("-w and -c judge the slowest answer")
def thresholds(lab):
    three(lab, None)
    lab.scripted(HOSTS[NAMES[1]], behaviours.late(0.3), [ZONE])
    lab.check(ZONE, "-w", "0.2", "-c", "20").expect(
        "WARNING", {"threshold": None})
    lab.check(ZONE, "-w", "100ms", "-c", "200ms").expect(
        "CRITICAL", {"threshold": None})


if __name__ == "__main__":
    main()
