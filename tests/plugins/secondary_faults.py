# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondaries that are not listed, not reachable, not the same, too near."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from copies import (  # noqa: E402
    DAY, FIRST_AT, GIVEN, HOSTS, PLUGIN, PRIMARY, SECOND, SECONDARIES_AT,
    SECOND_AT, THIRD, THIRD_AT, ZONE, on_files, transferred)
import behaviours  # noqa: E402
from signing import Signing  # noqa: E402

FOURTH, FOURTH_AT = "ns4.example.com", ["203.0.113.102", "2001:db8:4::1"]
QUICK = (*GIVEN, "--tries", "2", "--query-timeout", "1")
NAMED = (*GIVEN, "--secondary", SECOND, "--secondary", THIRD)


# Reachable.

@case("TCP to a secondary is filtered")
def no_tcp(lab):
    transferred(lab)
    lab.start()
    lab.net.block("tcp", SECOND_AT)
    lab.check(ZONE, *QUICK).expect("WARNING", {"server-no-tcp": SECOND_AT})


@case("UDP to a secondary is filtered")
def no_udp(lab):
    transferred(lab)
    lab.start()
    lab.net.block("udp", SECOND_AT)
    lab.check(ZONE, *QUICK).expect("WARNING", {"server-silent": SECOND_AT})


def add_family(address):
    """One family of one secondary is dead."""
    @case(f"only {address} of a secondary is dead")
    def family(lab):
        transferred(lab)
        lab.check(ZONE, *GIVEN).expect("OK", {})
        lab.net.silence(address)
        lab.check(ZONE, *QUICK).expect("WARNING",
                                       {"server-silent": [address]})


for _address in SECOND_AT:
    add_family(_address)


@case("a secondary is gone: a warning, with the other one there")
def one_gone(lab):
    transferred(lab)
    lab.start()
    lab.server_at(SECOND).stop()
    lab.check(ZONE, *GIVEN).expect("WARNING", {"server-silent": SECOND_AT})


@case("all secondaries are gone: nobody would carry the zone")
def all_gone(lab):
    transferred(lab)
    lab.start()
    lab.server_at(SECOND).stop()
    lab.server_at(THIRD).stop()
    lab.check(ZONE, *GIVEN).expect("CRITICAL", {
        "no-good-secondary": None, "server-silent": SECONDARIES_AT,
        "too-few-survivors": None})


@case("the zone has a primary and no secondary at all")
def no_secondary(lab):
    lab.zone(ZONE, {PRIMARY: HOSTS[PRIMARY]})
    result = lab.check(ZONE, *GIVEN)
    same(result.state, "WARNING", "state")
    check("no-good-secondary" in result.found(), sorted(result.found()))


@case("the monitor's own IPv6 is dead: not judged by it")
def no_v6(lab):
    transferred(lab)
    lab.start()
    lab.net.remove("2001:db8::/32")
    lab.check(ZONE, *GIVEN).expect("OK", {}).not_judged("server-silent")


@case("the monitor sees nothing at all: UNKNOWN")
def blind(lab):
    transferred(lab)
    lab.start()
    lab.check(ZONE, *GIVEN).expect("OK", {})
    for prefix in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
                   "2001:db8::/32"):
        lab.net.silence(prefix)
    result = lab.check(ZONE, *GIVEN, "-t", "3")
    same(result.state, "UNKNOWN", "state")
    result.not_judged("no-good-secondary")


def add_bad(kind, rule):
    """A secondary that answers without the zone."""
    @case(f"a secondary ({kind}): {rule}")
    def bad(lab):
        on_files(lab, {PRIMARY: "bind", SECOND: None, THIRD: "knot"})
        lab.server(kind, HOSTS[SECOND],
                   zones={ZONE: None} if rule == "server-servfail" else {})
        lab.check(ZONE, *GIVEN).expect("WARNING", {rule: SECOND_AT})


add_bad("bind", "server-servfail")
add_bad("bind", "server-refuses")
add_bad("nsd", "server-refuses")


@case("a secondary resolves for everybody")
def open_recursion(lab):
    on_files(lab, {PRIMARY: "nsd", THIRD: "nsd",
                   SECOND: lab.server("bind", recursive=True)})
    lab.check(ZONE, *GIVEN).expect("WARNING", {"open-recursion": SECOND_AT})


@case("a secondary takes no EDNS")
def no_edns(lab):
    on_files(lab, {PRIMARY: "nsd", SECOND: None, THIRD: "nsd"})
    lab.scripted(HOSTS[SECOND], behaviours.no_edns(1), [ZONE])
    lab.check(ZONE, *GIVEN).expect("WARNING",
                                   {"server-edns-broken": SECOND_AT})


@case("the primary is gone, and is said to be")
def primary_gone(lab):
    transferred(lab)
    lab.start()
    lab.server_at(PRIMARY).stop()
    lab.check(ZONE, *GIVEN).expect("WARNING", {
        "primary-silent": None, "server-silent": FIRST_AT})


@case("a hidden primary is gone: no server of the delegation is silent")
def hidden_gone(lab):
    on_files(lab)
    lab.host("hidden.example.com", "192.0.2.9")
    lab.start()
    lab.check(ZONE, "--primary", "192.0.2.9").expect(
        "WARNING", {"primary-silent": None})


@case("the name of a given secondary does not exist")
def unresolvable(lab):
    transferred(lab)
    lab.check(ZONE, *NAMED, "--secondary", "nobody.example.net").expect(
        "CRITICAL", {"secondary-unresolvable": ["nobody.example.net"],
                     "secondary-not-listed": ["nobody.example.net"]})


@case("the name of a given primary does not exist")
def no_primary(lab):
    transferred(lab)
    lab.check(ZONE, "--primary", "nobody.example.net").expect(
        "WARNING", {"secondary-unresolvable": ["nobody.example.net"]})


# Listed.

@case("named, serves the zone, and the world does not know of it")
def not_delegated(lab):
    transferred(lab)
    lab.host(FOURTH, " ".join(FOURTH_AT))
    lab.prepare()
    lab.server("nsd", " ".join(FOURTH_AT), [ZONE])
    result = lab.check(ZONE, *NAMED, "--secondary", FOURTH)
    same(result.state, "CRITICAL", "state")
    same(sorted(result.found()), ["secondary-not-listed"], "rules")
    same({f["culprit"]["name"] for f in
          result.found()["secondary-not-listed"]}, {FOURTH}, "culprit")


@case("named by its address, and the world does not know of it")
def not_delegated_address(lab):
    transferred(lab)
    lab.server("nsd", " ".join(FOURTH_AT), [ZONE])
    result = lab.check(ZONE, *NAMED, "--secondary", FOURTH_AT[0])
    result.expect("CRITICAL", {"secondary-not-listed": FOURTH_AT[:1]})


@case("named, and only the zone lists it")
def only_in_child(lab):
    transferred(lab)
    lab.delegation(ZONE, [PRIMARY, SECOND])
    result = lab.check(ZONE, *NAMED)
    same(result.state, "CRITICAL", "state")
    same({f["culprit"]["name"] for f in
          result.found()["secondary-not-listed"]}, {THIRD}, "culprit")


@case("named, and only the parent hands it out")
def only_in_parent(lab):
    transferred(lab, lists=[PRIMARY, SECOND])
    result = lab.check(ZONE, *NAMED)
    same(result.state, "CRITICAL", "state")
    same({f["culprit"]["name"] for f in
          result.found()["secondary-not-listed"]}, {THIRD}, "culprit")


@case("nobody was named: what only one side lists is a warning")
def lists_differ(lab):
    transferred(lab, lists=[PRIMARY, SECOND])
    lab.check(ZONE, *GIVEN).expect("WARNING", {"ns-only-in-parent": [THIRD]})


@case("listed, and not among those that were named")
def unexpected(lab):
    transferred(lab)
    result = lab.check(ZONE, *GIVEN, "--secondary", SECOND)
    same(result.state, "WARNING", "state")
    same({f["culprit"]["name"] for f in
          result.found()["secondary-unexpected"]}, {THIRD}, "culprit")


# The same contents.

def add_contents(title, records, state, rules, *words):
    """The second server gives something else at the same serial."""
    @case(title)
    def contents(lab):
        zone = on_files(lab, {PRIMARY: "bind", SECOND: "nsd", THIRD: "knot"},
                        records="www A 192.0.2.80\n@ MX 10 mail\n"
                        "mail A 192.0.2.25")
        zone.at(SECOND, records=records)
        lab.check(ZONE, *GIVEN, *words).expect(state, rules)


WWW = ("--probe", "www.example.org/A")
add_contents("another mail exchanger at the same serial",
             "www A 192.0.2.80\n@ MX 10 relay\nmail A 192.0.2.25",
             "WARNING", {"contents-differ": SECOND_AT})
add_contents("the same in capitals, in another order, with another TTL",
             "mail 60 A 192.0.2.25\n@ 60 MX 10 MAIL\nWWW 60 A 192.0.2.80",
             "OK", {}, *WWW, "--probe", "@/MX")
add_contents("another address of www, where nobody asks for it",
             "www A 192.0.2.81\n@ MX 10 mail\nmail A 192.0.2.25", "OK", {})
add_contents("another address of www, and --probe",
             "www A 192.0.2.81\n@ MX 10 mail\nmail A 192.0.2.25",
             "WARNING", {"contents-differ": SECOND_AT}, *WWW)
add_contents("no such name on one of them, and --probe",
             "@ MX 10 mail\nmail A 192.0.2.25",
             "WARNING", {"contents-differ": SECOND_AT}, *WWW)
add_contents("one record more, and --probe",
             "www A 192.0.2.80\nwww A 192.0.2.81\n@ MX 10 mail\n"
             "mail A 192.0.2.25",
             "WARNING", {"contents-differ": SECOND_AT}, *WWW)


def add_forgotten(title, *words):
    """The primary has other contents than both secondaries."""
    @case(title)
    def forgotten(lab):
        zone = on_files(lab, records="www A 192.0.2.80")
        zone.at(PRIMARY, records="www A 192.0.2.81")
        lab.check(ZONE, *words, *WWW).expect(
            "WARNING", {"contents-differ": SECONDARIES_AT})


add_forgotten("changed at the primary without a new serial", *GIVEN)
add_forgotten("the same, where the primary is inferred")


@case("other signatures and keys of other signers are no other contents")
def other_signatures(lab):
    lab.sign_above()
    zone = on_files(lab, records="www A 192.0.2.80",
                    signed=Signing(published=["csk", "csk2"]))
    zone.at(SECOND, signed=Signing(published=["csk", "csk2"],
                                   signs=["csk2"], end_s=20 * DAY))
    lab.check(ZONE, *GIVEN, *WWW).expect("OK", {})


@case("other contents at another serial: not compared")
def other_serial(lab):
    zone = on_files(lab, records="www A 192.0.2.80")
    zone.at(SECOND, serial=2026010100, records="www A 192.0.2.81")
    lab.check(ZONE, *GIVEN, *WWW).expect("OK", {})


@case("--independent: other contents, whatever the serials")
def independent(lab):
    zone = on_files(lab, records="www A 192.0.2.80")
    zone.at(SECOND, serial=7, records="www A 192.0.2.81")
    zone.at(THIRD, serial=9)
    lab.check(ZONE, "--independent", *WWW).expect(
        "WARNING", {"contents-differ": SECOND_AT})
    lab.check(ZONE, "--independent").expect("OK", {})


@case("--independent: one of them is gone, and there is no primary to miss")
def independent_gone(lab):
    on_files(lab, {PRIMARY: "bind", SECOND: "nsd", THIRD: "knot"})
    lab.start()
    lab.server_at(PRIMARY).stop()
    lab.check(ZONE, "--independent").expect(
        "WARNING", {"server-silent": FIRST_AT})


# How long it would live.

def add_expire(title, timers, state, *words):
    """The SOA's expire against --min-cover."""
    @case(title)
    def expire(lab):
        on_files(lab, timers=timers)
        lab.check(ZONE, *GIVEN, *words).expect(
            state, {} if state == "OK" else {"soa-expire-short": None})


add_expire("an expire of six days is short", "7200 900 518400 300",
           "WARNING")
add_expire("and is long enough where that is said", "7200 900 518400 300",
           "OK", "--min-cover", "5d")
add_expire("two weeks are short where a month is wanted",
           "7200 900 1209600 300", "WARNING", "--min-cover", "30d")


@case("a short expire is no matter between independent primaries")
def independent_expire(lab):
    on_files(lab, timers="7200 900 86400 300")
    lab.check(ZONE, "--independent").expect("OK", {})


@case("signatures that end soon")
def signatures(lab):
    lab.sign_above()
    on_files(lab, signed=Signing(begin_s=-29 * DAY, end_s=DAY // 2))
    result = lab.check(ZONE, *GIVEN)
    same(result.state, "CRITICAL", "state")
    check("signature-expiring" in result.found(), sorted(result.found()))


@case("a secondary's signatures have ended: bogus there, with time to spare")
def signatures_ended(lab):
    lab.sign_above()
    zone = on_files(lab, signed=Signing())
    zone.at(SECOND, signed=Signing(begin_s=-20 * DAY, end_s=-DAY))
    result = lab.check(ZONE, *GIVEN)
    check("dnssec-bogus" in result.found(), sorted(result.found()))
    result.blames(result.found()["dnssec-bogus"], SECOND_AT)


# Independent networks.

NEAR = {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
        "ns2.example.net": "192.0.2.2 2001:db8:1::2"}


@case("the one backup is in the same building: a warning beforehand")
def near(lab):
    lab.zone(ZONE, NEAR, primary=PRIMARY, on={PRIMARY: "bind",
                                              SECOND: "nsd"})
    lab.check(ZONE, *GIVEN).expect("WARNING", {"too-few-survivors": None})


@case("and critical once that building is dark")
def near_dark(lab):
    lab.zone(ZONE, NEAR, primary=PRIMARY, on={PRIMARY: "bind",
                                              SECOND: "nsd"})
    lab.check(ZONE, *GIVEN)
    lab.net.silence("192.0.2.0/24")
    lab.net.silence("2001:db8:1::/48")
    result = lab.check(ZONE, *QUICK)
    same(result.state, "CRITICAL", "state")
    same([f["state"] for f in result.found()["too-few-survivors"]], [2],
         "states")


@case("a backup for the backup: --min-survivors")
def survivors(lab):
    transferred(lab)
    lab.check(ZONE, *GIVEN, "--min-survivors", "2").expect("OK", {})
    lab.check(ZONE, *GIVEN, "--min-survivors", "3").expect(
        "WARNING", {"too-few-survivors": None})
    lab.server_at(SECOND).stop()
    lab.check(ZONE, *GIVEN).expect("WARNING", {"server-silent": SECOND_AT})
    lab.check(ZONE, *GIVEN, "--min-survivors", "2").expect("WARNING", {
        "server-silent": SECOND_AT, "too-few-survivors": None})


def add_lost(title, state, *prefixes):
    """As if networks were gone."""
    @case(f"--lost: {title}")
    def lost(lab):
        transferred(lab)
        words = [w for p in prefixes for w in ("--lost", p)]
        lab.check(ZONE, *GIVEN, *words).expect(
            state, {} if state == "OK" else {"loss-not-survived": None})


add_lost("one network of three", "OK", "192.0.2.0/24", "2001:db8:1::/48")
add_lost("two of three", "OK", "192.0.2.0/24", "198.51.100.0/24",
         "2001:db8:1::/48", "2001:db8:2::/48")
add_lost("all three", "CRITICAL", "192.0.2.0/24", "198.51.100.0/24",
         "203.0.113.0/24", "2001:db8::/32")
add_lost("all of IPv4", "CRITICAL", "0.0.0.0/0")
add_lost("all of IPv6", "WARNING", "::/0")


@case("--lost: what is left is dead already")
def lost_and_dead(lab):
    transferred(lab)
    lab.start()
    words = ("--lost", "192.0.2.0/24", "--lost", "2001:db8:1::/48",
             "--lost", "198.51.100.0/24", "--lost", "2001:db8:2::/48")
    lab.check(ZONE, *GIVEN, *words).expect("OK", {})
    lab.server_at(THIRD).stop()
    lab.check(ZONE, *GIVEN, *words).expect("CRITICAL", {
        "server-silent": THIRD_AT, "loss-not-survived": None})


# Drift.

def add_drift(title, change):
    """Something at the parent changed, and nobody declared it."""
    @case(f"drift: {title}")
    def drift(lab):
        declare_signed(lab)
        lab.check(ZONE, *GIVEN, "--remember").expect("OK", {})
        lab.check(ZONE, *GIVEN, "--remember").expect("OK", {})
        change(lab)
        lab.rewrite("org")
        for _ in range(2):
            result = lab.check(ZONE, *GIVEN, "--remember")
            check("delegation-drifted" in result.found(),
                  sorted(result.found()))
            same({f["state"] for f in result.found()["delegation-drifted"]},
                 {1}, "states")
        lab.check(ZONE, *GIVEN)
        result = lab.check(ZONE, *GIVEN, "--remember", "--accept")
        check("delegation-drifted" not in result.found(), "accepted")
        result = lab.check(ZONE, *GIVEN, "--remember")
        check("delegation-drifted" not in result.found(), "taken")


def declare_signed(lab):
    """A signed zone with glue."""
    lab.sign_above()
    lab.zone(ZONE, {**HOSTS, "ns4.example.org": "203.0.113.110"},
             signed=Signing(published=["csk", "csk2"], holds=["csk"]))


def without_one(lab):
    """A name server is gone from the parent."""
    lab.delegation(ZONE, [PRIMARY, SECOND, "ns4.example.org"])


def other_glue(lab):
    """The glue of a name server is another address."""
    lab.delegation(ZONE, glue={PRIMARY: HOSTS[PRIMARY],
                               "ns4.example.org": "203.0.113.111"})


def other_ds(lab):
    """The DS of another key."""
    lab.ds(ZONE, *[key.ds() for key in lab.zones[ZONE].settings[
        "signed"].keys(lab, ZONE, ["csk", "csk2"])])


add_drift("a name server is gone", without_one)
add_drift("other glue", other_glue)
add_drift("one DS more", other_ds)


@case("drift: what was accepted is one for both plugins")
def shared_drift(lab):
    declare_signed(lab)
    words = ("--state-dir", lab.state_dir, "--remember")
    lab.check(ZONE, *GIVEN, "--remember").expect("OK", {})
    without_one(lab)
    lab.rewrite("org")
    lab.tested = "check_dns_delegation"
    try:
        result = lab.check(ZONE, *words)
        check("delegation-drifted" in result.found(), sorted(result.found()))
        result = lab.check(ZONE, *words, "--accept")
        check("delegation-drifted" not in result.found(), "accepted")
    finally:
        lab.tested = PLUGIN
    result = lab.check(ZONE, *GIVEN, "--remember")
    check("delegation-drifted" not in result.found(), "accepted for both")


@case("drift: nothing is remembered where nobody asked for it")
def no_drift(lab):
    declare_signed(lab)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    without_one(lab)
    lab.rewrite("org")
    result = lab.check(ZONE, *GIVEN)
    check("delegation-drifted" not in result.found(), "not found")


@case("drift: names in another order or in capitals are the same")
def same_delegation(lab):
    declare_signed(lab)
    lab.check(ZONE, *GIVEN, "--remember").expect("OK", {})
    lab.delegation(ZONE, ["NS4.example.org", "NS3.EXAMPLE.net", SECOND,
                          "Ns1.Example.Org"],
                   glue={"NS1.example.org": HOSTS[PRIMARY],
                         "NS4.example.ORG": "203.0.113.110"})
    lab.rewrite("org")
    lab.check(ZONE, *GIVEN, "--remember").expect("OK", {})


@case("no given secondary over IPv4, and another name server is")
def given_lack_ipv4(lab):
    transferred(lab)
    lab.start()
    for address in (FIRST_AT[0], SECOND_AT[0]):
        lab.net.silence(address)
    words = (*QUICK, "--secondary", SECOND)
    result = lab.check(ZONE, *words)
    found = result.found()["no-good-secondary"]
    same([f["state"] for f in found], [1], "states")
    lab.net.silence(THIRD_AT[0])
    result = lab.check(ZONE, *words)
    same([f["state"] for f in result.found()["no-good-secondary"]], [2],
         "states")


if __name__ == "__main__":
    main(PLUGIN)
