# SPDX-License-Identifier: GPL-3.0-or-later
"""Delegations that are well: check_dns_delegation finds nothing."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
import behaviours  # noqa: E402
from demo import many  # noqa: E402


@case("BIND inside the zone, NSD in another one")
def plain(lab):
    lab.zone("example.org", {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
                             "ns2.example.net": "198.51.100.1 2001:db8:2::1"},
             on={"ns1.example.org": "bind", "ns2.example.net": "nsd"})
    result = lab.check("example.org").expect("OK", {})
    same(result.json["zone"], "example.org", "zone")
    same(result.json["parent"]["zone"], "org", "parent zone")


def add_counts(kind, count, inside):
    """A zone with so many name servers on both families."""
    where = "inside the zone" if inside else "named in another zone"

    @case(f"{count} name servers {where} on {kind}")
    def counts(lab):
        zone = "example.org" if inside else "farm.net"
        server = lab.server(kind)
        lab.zone(zone, many(count, 1, zone), on=server)
        if not inside:
            lab.zone("example.org", list(lab.zones[zone].ns), on=server)
        result = lab.check("example.org").expect("OK", {})
        same(len(result.json["servers"]), 2 * count, "addresses")
        check(len(result.output) <= 60000, f"{len(result.output)} bytes")


for _kind, _count, _inside in (
        ("bind", 2, True), ("nsd", 2, False), ("knot", 4, True),
        ("bind", 4, False), ("nsd", 13, True), ("knot", 13, False),
        ("bind", 26, True), ("nsd", 26, True), ("nsd", 26, False)):
    add_counts(_kind, _count, _inside)


@case("one name server is too few")
def one(lab):
    lab.zone("example.org", {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    lab.check("example.org").expect("WARNING", {"too-few-ns": None})


@case("parent and child on the same servers: the parent side is null")
def same_servers(lab):
    server = lab.server("nsd")
    hosts = many(2, 1, "example.org")
    lab.zone("org", hosts, on=server)
    lab.zone("example.org", hosts, on=server)
    result = lab.check("example.org").expect("OK", {})
    same(result.json["parent"]["zone"], "org", "parent zone")
    same(result.json["parent"]["ns"], None, "parent side")
    same(result.json["child"]["ns"],
         ["ns1.example.org", "ns2.example.org"], "child side")


@case("parent and child share one of their servers")
def one_shared(lab):
    server = lab.server("knot")
    shared = {"ns1.example.org": "192.0.2.1 2001:db8:1::1"}
    lab.zone("org", {**shared,
                     "a.nic.org": "198.51.100.9 2001:db8:2::9"},
             on={"ns1.example.org": server, "a.nic.org": "nsd"})
    lab.zone("example.org", {**shared,
                             "ns2.example.org": "198.51.100.1 2001:db8:2::1"},
             on={"ns1.example.org": server, "ns2.example.org": "bind"})
    result = lab.check("example.org").expect("OK", {})
    check(result.json["parent"]["ns"], "the parent side is known")


def add_two_levels(kind):
    """uk and co.uk on the same servers."""
    @case(f"two levels above on the same servers ({kind})")
    def two_levels(lab):
        server = lab.server(kind)
        hosts = {"nsa.nic.uk": "203.0.113.101 2001:db8:a::1",
                 "nsb.nic.uk": "203.0.113.102 2001:db8:b::1"}
        lab.zone("uk", hosts, on=server)
        lab.zone("co.uk", hosts, on=server)
        lab.zone("example.co.uk", many(2, 1, "example.co.uk"))
        result = lab.check("example.co.uk").expect("OK", {})
        same(result.json["parent"]["zone"], "co.uk", "parent zone")


for _kind in ("bind", "nsd", "knot"):
    add_two_levels(_kind)


@case("all of uk, co.uk and example.co.uk on the same servers")
def three_levels(lab):
    server = lab.server("bind")
    hosts = many(2, 1, "example.co.uk")
    for name in ("uk", "co.uk", "example.co.uk"):
        lab.zone(name, hosts, on=server)
    result = lab.check("example.co.uk").expect("OK", {})
    same(result.json["parent"]["zone"], "co.uk", "parent zone")
    same(result.json["parent"]["ns"], None, "parent side")


@case("an empty non-terminal between parent and child")
def empty_non_terminal(lab):
    lab.zone("shop.nowhere.org", many(2, 1, "shop.nowhere.org"),
             on="knot")
    result = lab.check("shop.nowhere.org").expect("OK", {})
    same(result.json["parent"]["zone"], "org", "parent zone")


@case("a zone below a zone")
def below(lab):
    lab.zone("example.org", many(2, 1, "example.org"), on="bind")
    lab.zone("dept.example.org", many(2, 11, "dept.example.org"))
    result = lab.check("dept.example.org").expect("OK", {})
    same(result.json["parent"]["zone"], "example.org", "parent zone")


@case("a top-level domain")
def top_level(lab):
    lab.zone("org", many(2, 1, "nic.org"))
    result = lab.check("org").expect("OK", {})
    same(result.json["parent"]["zone"], ".", "parent zone")


@case("names that need three other zones to be resolved")
def chain(lab):
    lab.zone("example.org", {"ns1.first.net": "192.0.2.1 2001:db8:1::1",
                             "ns2.first.net": "198.51.100.1 2001:db8:2::1"})
    lab.zone("first.net", {"ns1.second.com": "192.0.2.2 2001:db8:1::2",
                           "ns2.second.com": "198.51.100.2 2001:db8:2::2"})
    lab.zone("second.com", {"ns1.third.info": "192.0.2.3",
                            "ns2.third.info": "198.51.100.3"})
    lab.zone("third.info", {"ns1.third.info": "192.0.2.3",
                            "ns2.third.info": "198.51.100.3"},
             on=lab.server("nsd"))
    lab.on["second.com", "ns1.third.info"] = lab.servers[-1]
    lab.on["second.com", "ns2.third.info"] = lab.servers[-1]
    lab.check("example.org").expect("OK", {})


@case("an international name as a person types it")
def international(lab):
    lab.zone("xn--bcher-kva.org", many(2, 1, "xn--bcher-kva.org"))
    result = lab.check("bücher.org").expect("OK", {})
    same(result.json["zone"], "xn--bcher-kva.org", "zone")


@case("capitals and a dot at the end")
def capitals(lab):
    lab.zone("example.org", many(2, 1, "example.org"))
    result = lab.check("EXAMPLE.Org.").expect("OK", {})
    same(result.json["zone"], "example.org", "zone")


@case("an international name in capitals, in a locale without UTF-8")
def international_locale(lab):
    lab.zone("xn--bcher-kva.org", many(2, 1, "xn--bcher-kva.org"))
    lab.environment = {"LC_ALL": "C"}
    lab.check("BÜCHER.ORG").expect("OK", {})


@case("only one family on request")
def families(lab):
    lab.zone("example.org", many(2, 1, "example.org"))
    for option, family in (("-4", "."), ("-6", ":")):
        result = lab.check("example.org", option).expect("OK", {})
        check(all(family in s["address"] for s in result.json["servers"]
                  if s["verdict"] == "good"), f"{option}: {family}")


@case("--parent starts at the parent's server")
def parent_option(lab):
    lab.zone("org", {"a.nic.org": "203.0.113.100", "b.nic.org":
                     "203.0.113.101"})
    lab.zone("example.org", many(2, 1, "example.org"))
    result = lab.check("example.org", "--parent", "203.0.113.100",
                       "--parent", "203.0.113.101").expect("OK", {})
    check(result.json["parent"]["ns"], "the parent side is known")


@case("--expect-ns with the exact set")
def expected(lab):
    lab.zone("example.org", many(2, 1, "example.org"))
    lab.check("example.org", "--expect-ns",
              "NS2.example.org,ns1.example.org.").expect("OK", {})


@case("a server that loses the first packet of every question")
def first_lost(lab):
    lab.zone("example.org", many(3, 1, "example.org"),
             on={"ns1.example.org": "nsd", "ns3.example.org": "nsd"})
    lab.scripted(" ".join(lab.hosts["ns2.example.org"]),
                 behaviours.drops_first, ["example.org"])
    lab.check("example.org").expect("OK", {})


if __name__ == "__main__":
    main()
