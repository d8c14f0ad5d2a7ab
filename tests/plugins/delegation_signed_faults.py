# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with signed zones, on real servers; what Unbound makes of
the zone is held beside it."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
import behaviours  # noqa: E402
import message as m  # noqa: E402
import servers  # noqa: E402
import signing  # noqa: E402
from demo import RESOLVER, many  # noqa: E402
from signing import DAY, Signing, resolvers_verdict  # noqa: E402

ZONE = "example.org"
HOSTS = {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
         "ns2.example.org": "198.51.100.1 2001:db8:2::1",
         "ns3.example.net": "203.0.113.101 2001:db8:3::1"}
SECOND = HOSTS["ns2.example.org"].split()
ADDRESSES = " ".join(HOSTS.values()).split()
UPSTREAM = "203.0.113.240"
ABSENT = 65280  # the type that no apex has
# RRSIG, NSEC and NXNAME in the bitmap of an NSEC record.
NXNAME_TYPES = bytes.fromhex("0011" + "00" * 5 + "03" + "00" * 10 + "80")
EXPIRED = {"begin_s": -9 * DAY, "end_s": -2 * DAY}
EARLY = {"begin_s": DAY, "end_s": 9 * DAY}


def three(lab, second="nsd", above=True, **settings):
    """The signed zone on three servers; the second is the odd one out."""
    if above:
        lab.sign_above()
    lab.server("unbound", RESOLVER)
    return lab.zone(ZONE, HOSTS, records="www A 192.0.2.80", on={
        "ns1.example.org": "bind", "ns2.example.org": second,
        "ns3.example.net": "knot"}, signed=Signing(**settings))


def verdicts(lab, result, status, unbound):
    """What we make of the whole zone, and what Unbound does."""
    same(result.json["security"]["status"], status, "status")
    same(resolvers_verdict(RESOLVER, ZONE), unbound, "Unbound's verdict")


def securities(result):
    """{address: security} of the servers."""
    return {s["address"]: s["security"] for s in result.json["servers"]}


def other_key(lab, zone=ZONE, name="csk-other"):
    """A key that the zone does not have."""
    return lab.keys.key(zone, name, "ECDSAP256SHA256")


# One server of three.

def add_second(title, **changes):
    """The second server has the zone at the same serial, signed wrongly."""
    @case(title)
    def second(lab):
        zone = three(lab)
        zone.at("ns2.example.org",
                signed=zone.settings["signed"].but(**changes))
        result = lab.check(ZONE).expect("WARNING", {"dnssec-bogus": SECOND})
        same(len({s["serial"] for s in result.json["servers"]}), 1, "serials")
        same({a for a, s in securities(result).items() if s == "bogus"},
             set(SECOND), "bogus")


add_second("signatures have ended on one server, at the same serial",
           **EXPIRED)
add_second("signatures have not begun on one server", **EARLY)
add_second("one server is signed by keys without a DS",
           published=["csk-other"])
add_second("one server serves the signatures of keys that it has not got",
           published=["csk", "csk-other"], signs=["csk-other"])


@case("one server has the zone unsigned")
def unsigned_second(lab):
    three(lab).at("ns2.example.org", signed=None)
    lab.check(ZONE).expect("WARNING", {"dnssec-bogus": SECOND})


def add_relay(title, *types):
    """One server drops records."""
    @case(title)
    def relay(lab):
        three(lab, None)
        lab.server("nsd", UPSTREAM, zones=[ZONE])
        lab.scripted(" ".join(SECOND), behaviours.relay(UPSTREAM, *types),
                     [ZONE])
        lab.check(ZONE).expect("WARNING", {"dnssec-bogus": SECOND})


add_relay("one server drops all signatures", m.RRSIG)
add_relay("one server drops keys", m.DNSKEY)
add_relay("one server drops the proofs of denial", m.NSEC)


def add_withheld(title, behaviour):
    """One server answers for the zone, and not for its keys."""
    @case(title)
    def withheld(lab):
        three(lab, None)
        lab.server("nsd", UPSTREAM, zones=[ZONE])
        lab.scripted(" ".join(SECOND), behaviours.either(
            lambda query: query.type == m.DNSKEY, behaviour,
            behaviours.relay(UPSTREAM)), [ZONE])
        lab.check(ZONE, "--query-timeout", "0.8").expect(
            "WARNING", {"dnssec-bogus": SECOND})


add_withheld("one server is silent on keys", behaviours.silent)
add_withheld("one server answers SERVFAIL for keys", behaviours.rcode(2))


@case("one server passes everything on: no finding")
def honest_relay(lab):
    three(lab, None)
    lab.server("nsd", UPSTREAM, zones=[ZONE])
    lab.scripted(" ".join(SECOND), behaviours.relay(UPSTREAM), [ZONE])
    lab.check(ZONE).expect("OK", {})


@case("one server drops the proofs of denial by NSEC3")
def no_nsec3(lab):
    three(lab, None, denial="nsec3")
    lab.server("nsd", UPSTREAM, zones=[ZONE])
    lab.scripted(" ".join(SECOND), behaviours.relay(UPSTREAM, m.NSEC3),
                 [ZONE])
    lab.check(ZONE).expect("WARNING", {"dnssec-bogus": SECOND})


def add_false_denial(denial, other, what, test):
    """One server denies with a valid proof of something else."""
    @case(f"one server denies {what} by a proof of something else, {denial}")
    def false_denial(lab):
        zone = three(lab, None, denial=denial)
        zone.settings["records"] += "\naaa A 192.0.2.81\nzzz A 192.0.2.82\n"
        lab.server("nsd", UPSTREAM, zones=[ZONE])
        lab.scripted(" ".join(SECOND), behaviours.denies_as(
            UPSTREAM, other, test), [ZONE])
        lab.check(ZONE).expect("WARNING", {"dnssec-bogus": SECOND})


for _denial, _other in (("nsec", "zzzz.example.org"),
                        ("nsec3", "nothing.www.example.org")):
    add_false_denial(_denial, _other, "a name",
                     lambda query: query.name.startswith("does-not-exist"))
    add_false_denial(_denial, "www.example.org", "a type",
                     lambda query: query.type == ABSENT)


@case("fewer servers than --min-good validate: critical")
def min_good(lab):
    zone = three(lab)
    for host in ("ns2.example.org", "ns3.example.net"):
        zone.at(host, signed=None)
    lab.check(ZONE).expect("WARNING", {"dnssec-bogus": ADDRESSES[2:]})
    lab.check(ZONE, "--min-good", "2").expect(
        "CRITICAL", {"dnssec-bogus": ADDRESSES[2:]})


# The whole zone.

def add_all(title, rules, status="bogus", unbound="bogus", **settings):
    """Every server has it."""
    @case(title)
    def everywhere(lab):
        three(lab, **settings)
        result = lab.check(ZONE).expect("CRITICAL", rules)
        verdicts(lab, result, status, unbound)


add_all("all signatures have ended", {"dnssec-bogus": None}, **EXPIRED)
add_all("no signature has begun", {"dnssec-bogus": None}, **EARLY)
add_all("the key with the DS does not sign",
        {"dnssec-bogus": None}, published=["csk1", "csk2"], signs=["csk2"],
        holds=["csk1"])
add_all("the DS is of a key that the zone has not got",
        {"ds-matches-no-key": None}, holds=["csk-other"])


@case("the DS has the right tag and a wrong digest")
def wrong_digest(lab):
    three(lab)
    ds = lab.key(ZONE).ds()
    lab.ds(ZONE, ds[:-1] + ("0" if ds[-1] != "0" else "1"))
    result = lab.check(ZONE).expect("CRITICAL", {"ds-matches-no-key": None})
    verdicts(lab, result, "bogus", "bogus")


@case("the parent has a DS, the zone is unsigned")
def unsigned(lab):
    zone = three(lab)
    zone.settings["signed"] = None
    lab.ds(ZONE, other_key(lab).ds())
    result = lab.check(ZONE).expect(
        "CRITICAL", {"ds-without-signed-zone": None})
    verdicts(lab, result, "bogus", "bogus")


@case("signed, and the parent has no DS: of no effect")
def without_ds(lab):
    three(lab, holds=[])
    result = lab.check(ZONE).expect("OK", {}).notes("signed-without-ds")
    verdicts(lab, result, "insecure", "insecure")


@case("signatures have ended, and the parent has no DS: nobody looks")
def expired_without_ds(lab):
    three(lab, holds=[], **EXPIRED)
    result = lab.check(ZONE).expect("OK", {}).notes("signed-without-ds")
    verdicts(lab, result, "insecure", "insecure")


@case("neither signed nor with a DS, under a signed parent")
def plain(lab):
    three(lab).settings["signed"] = None
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "insecure", "insecure")


# The parent, and what is above it.

@case("the parent is not signed: the zone's signatures have no effect")
def insecure_parent(lab):
    lab.zone("org", {f"{c}.nic.org": lab.next_pair() for c in "ab"})
    three(lab)
    result = lab.check(ZONE).expect("OK", {}).notes("signed-without-ds")
    verdicts(lab, result, "insecure", "insecure")


@case("the parent is not signed and has a DS all the same")
def insecure_parent_ds(lab):
    lab.zone("org", {f"{c}.nic.org": lab.next_pair() for c in "ab"})
    three(lab)
    lab.ds(ZONE, lab.key(ZONE).ds())
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "insecure", "insecure")


def add_bogus_parent(title, **settings):
    """org itself does not validate."""
    @case(title)
    def bogus_parent(lab):
        lab.zone("org", {f"{c}.nic.org": lab.next_pair() for c in "ab"},
                 signed=Signing(**settings))
        three(lab)
        result = lab.check(ZONE).expect(
            "CRITICAL", {"dnssec-chain-broken": ["org"]})
        verdicts(lab, result, "bogus", "bogus")


add_bogus_parent("the parent's signatures have ended", **EXPIRED)
add_bogus_parent("the parent's DS in the root is of another key",
                 holds=["csk-other"])


def add_half_parent(title, signed):
    """One of org's servers has it, the other is well."""
    @case(title)
    def half_parent(lab):
        zone = lab.zone("org", {f"{c}.nic.org": lab.next_pair()
                                for c in "ab"}, signed=Signing())
        zone.at("b.nic.org", signed=signed)
        three(lab)
        lab.prepare()
        result = lab.check(ZONE).expect("WARNING", {
            "dnssec-chain-broken": lab.hosts["b.nic.org"]})
        verdicts(lab, result, "secure", "secure")


add_half_parent("the parent's signatures have ended on one of its servers",
                Signing(**EXPIRED))
add_half_parent("one of the parent's servers has it signed by another key",
                Signing(published=["csk-other"]))


@case("the root's signatures have ended on one of its servers: no finding")
def half_root(lab):
    lab.sign_above()
    three(lab)
    lab.prepare()
    lab.zones["."].at("a.root-servers.net", signed=Signing(**EXPIRED))
    lab.on["root-servers.net", "a.root-servers.net"] = None
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "secure", "secure")


@case("one of the parent's servers has no DS")
def ds_missing(lab):
    lab.zone("org", {f"{c}.nic.org": f"203.0.113.12{i}"
                     for i, c in enumerate("abc")}, signed=Signing())
    three(lab)
    lab.ds(ZONE, at="b.nic.org")
    lab.check(ZONE).expect("WARNING", {"ds-differs": ["203.0.113.121"]})


@case("the root is signed by another key than the anchor's: not judged")
def wrong_anchor(lab):
    three(lab)
    lab.start()
    path = os.path.join(lab.root, "other-anchor")
    with open(path, "w", encoding="ascii") as out:
        out.write(f". IN DS {other_key(lab, '.').ds()}\n")
    result = lab.check(ZONE, "--trust-anchor", path).expect("OK", {})
    result.not_judged("dnssec-chain-broken")
    same(result.json["security"]["status"], "indeterminate", "status")


@case("DS sets differ between the parent's servers")
def ds_differs(lab):
    lab.zone("org", {f"{c}.nic.org": f"203.0.113.12{i}"
                     for i, c in enumerate("abc")}, signed=Signing())
    three(lab)
    lab.ds(ZONE, other_key(lab).ds(), lab.key(ZONE).ds(), at="b.nic.org")
    lab.check(ZONE).expect("WARNING", {"ds-differs": ["203.0.113.121"]})


@case("parent and child on the same servers, both signed")
def same_servers(lab):
    lab.sign_above()
    lab.server("unbound", RESOLVER)
    server = lab.server("nsd")
    hosts = many(2, 1, ZONE)
    lab.zone("org", hosts, on=server, signed=Signing())
    lab.zone(ZONE, hosts, on=server, signed=Signing())
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "secure", "secure")


@case("parent and child on the same servers, the child unsigned")
def same_servers_plain(lab):
    lab.sign_above()
    lab.server("unbound", RESOLVER)
    server = lab.server("bind")
    hosts = many(2, 1, ZONE)
    lab.zone("org", hosts, on=server, signed=Signing())
    lab.zone(ZONE, hosts, on=server)
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "insecure", "insecure")


@case("parent and child on the same servers, the DS is of another key")
def same_servers_wrong(lab):
    lab.sign_above()
    lab.server("unbound", RESOLVER)
    server = lab.server("knot")
    hosts = many(2, 1, ZONE)
    lab.zone("org", hosts, on=server, signed=Signing())
    lab.zone(ZONE, hosts, on=server, signed=Signing(holds=["csk-other"]))
    result = lab.check(ZONE)
    same(result.state, "CRITICAL", "state")
    verdicts(lab, result, "bogus", "bogus")


# Algorithms and digests.

def add_ds(title, state, rules, unbound, make):
    """The parent's DS set is what make returns for the zone's key."""
    @case(title)
    def odd_ds(lab):
        three(lab)
        lab.ds(ZONE, *make(lab.key(ZONE)))
        result = lab.check(ZONE).expect(state, rules)
        verdicts(lab, result, unbound, unbound)


add_ds("the only DS is of an algorithm that nobody knows: insecure",
       "OK", {}, "insecure", lambda key: [key.ds(algorithm=200)])
add_ds("the only DS has a digest that nobody knows: insecure",
       "OK", {}, "insecure",
       lambda key: [key.ds().replace(" 13 2 ", " 13 200 ")])
add_ds("a DS of an algorithm that nobody knows beside a good one",
       "OK", {}, "secure", lambda key: [key.ds(algorithm=200), key.ds()])
add_ds("the only DS is by SHA-1", "WARNING", {"ds-digest-forbidden": None},
       "secure", lambda key: [key.ds(1)])
add_ds("a DS by SHA-1 beside one by SHA-256", "OK", {}, "secure",
       lambda key: [key.ds(1), key.ds(2)])
add_ds("a DS by SHA-384", "OK", {}, "secure", lambda key: [key.ds(4)])


@case("signed by RSA with SHA-1 only")
def rsa_sha1(lab):
    three(lab, algorithm="RSASHA1")
    result = lab.check(ZONE)
    same((result.state, sorted(result.found())),
         ("WARNING", ["dnssec-algorithm-forbidden"]), "rules")


def add_iterations(denial, iterations, state):
    """NSEC3 with so many iterations."""
    @case(f"{denial} with {iterations} iterations: {state}")
    def many_iterations(lab):
        three(lab, denial=denial, iterations=iterations)
        lab.check(ZONE).expect(state, {} if state == "OK" else {
            "nsec3-iterations": None})


for _denial in ("nsec3", "opt-out"):
    add_iterations(_denial, 100, "OK")
    add_iterations(_denial, 101, "WARNING")
    add_iterations(_denial, 150, "WARNING")


@case("more iterations than anybody hashes: insecure, not bogus")
def far_too_many_iterations(lab):
    three(lab, signer="ldns", denial="nsec3", iterations=600)
    lab.check(ZONE).expect("WARNING", {"nsec3-iterations": None})
    facts = lab.run([lab.plugin(), "-H", ZONE, *lab.arguments(), "--facts"])
    denials = {server["security"]["nxdomain"]["security"]
               for server in json.loads(facts[1])["servers"]}
    same(denials, {"insecure"}, "denials of a name")


# How long signatures go on.

def add_life(title, state, begin_s, end_s, *options):
    """Signatures with so much of their life left."""
    @case(title)
    def life(lab):
        three(lab, begin_s=begin_s, end_s=end_s)
        result = lab.check(ZONE, *options)
        result.expect(state, {} if state == "OK" else {
            "signature-expiring": ADDRESSES})
        ends = [s["first_end"] for s in result.json["servers"]]
        check(all(abs(e - result.json["time"] - end_s) < 60 for e in ends),
              f"first ends {ends}")


HOUR = DAY // 24
add_life("11 % of a fortnight left", "OK", -299 * HOUR, 37 * HOUR)
add_life("9 % of a fortnight left", "WARNING", -306 * HOUR, 30 * HOUR)
add_life("2 % of a fortnight left", "CRITICAL", -329 * HOUR, 7 * HOUR)
add_life("a day-long signature with 3 hours left", "OK",
         -21 * HOUR, 3 * HOUR)
add_life("a day-long signature with 2 hours left", "WARNING",
         -22 * HOUR, 2 * HOUR)
add_life("--sig-warning 8d at 7 days", "WARNING", -7 * DAY, 7 * DAY,
         "--sig-warning", "8d")
add_life("--sig-critical 8d at 7 days", "CRITICAL", -7 * DAY, 7 * DAY,
         "--sig-critical", "8d")
add_life("--sig-warning and --sig-critical of an hour at 2 hours", "OK",
         -329 * HOUR, 2 * HOUR, "--sig-warning", "1h", "--sig-critical",
         "1h")
add_life("signatures that ended within the skew of clocks", "CRITICAL",
         -DAY, -120)


@case("signatures end soon on one server")
def life_second(lab):
    zone = three(lab)
    zone.at("ns2.example.org", signed=Signing(
        begin_s=-306 * HOUR, end_s=30 * HOUR))
    lab.check(ZONE).expect("WARNING", {"signature-expiring": SECOND})


# CDS and CDNSKEY.

def add_cds(title, state, rules, records="", **settings):
    """The zone says what DS it wants."""
    @case(title)
    def cds(lab):
        zone = three(lab, **settings)
        zone.settings["records"] += records
        lab.check(ZONE).expect(state, rules)


add_cds("CDS and CDNSKEY of the key with the DS", "OK", {}, cds=["csk"])
add_cds("CDS of the next key beside that of the one with the DS", "OK", {},
        published=["csk1", "csk2"], holds=["csk1"], cds=["csk1", "csk2"])
add_cds("CDS of no key that has a DS", "WARNING", {"cds-without-ds": None},
        published=["csk1", "csk2"], holds=["csk1"], cds=["csk2"])
add_cds("CDS that wants the DS deleted", "WARNING", {"cds-delete": None},
        records="\n" + signing.DELETE_CDS)
add_cds("CDS that wants a DS where there is none", "OK", {},
        holds=[], cds=["csk"])


# Names that the zone does not deny in the plain way.

@case("a wildcard answers for every name")
def wildcard(lab):
    three(lab).settings["records"] += "\n* A 192.0.2.99\n"
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "secure", "secure")


@case("a wildcard alias answers for every name, NSEC3")
def wildcard_alias(lab):
    three(lab, denial="nsec3").settings["records"] += "\n* CNAME www\n"
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "secure", "secure")


def add_online(title, records):
    """Signed for each answer, compact denial without NXNAME."""
    @case(title)
    def online(lab):
        lab.sign_above()
        lab.server("unbound", RESOLVER)
        lab.zone(ZONE, HOSTS, on="knot", records=records,
                 signed=Signing(signer="online"))
        result = lab.check(ZONE).expect("OK", {})
        verdicts(lab, result, "secure", "secure")


add_online("compact denial by Knot for each answer", "www A 192.0.2.80")
add_online("a wildcard that Knot signs for each answer", "* A 192.0.2.99")
add_online("a wildcard alias that Knot signs for each answer",
           "www A 192.0.2.80\n* CNAME www")


@case("compact denial with NXNAME (RFC 9824)")
def nxname(lab):
    three(lab, signer="ldns")
    lab.start()
    facts = lab.run([lab.plugin(), "-H", ZONE, *lab.arguments(), "--facts"])
    name = next(step["question"] for step in json.loads(facts[1])["steps"]
                if step["came"] == "no such name").split()[0]
    lab.stop()
    # For the signer, the name is there and has the type that stands for its
    # absence; for who asks, it is denied.
    three(lab, signer="ldns").settings["records"] += (
        f"\n{name}. TYPE128 \\# 0\n\\000.{name}. TXT \"the next name\"\n")
    for host in HOSTS:  # BIND and Knot know better than to load that
        lab.on[ZONE, host] = "nsd"
    result = lab.check(ZONE).expect("OK", {})
    verdicts(lab, result, "secure", "secure")
    reply = servers.answer(SECOND[0], name, m.A, wants_dnssec=True)
    nsec = [r for r in m.read_sections(reply)[1] if r[1] == m.NSEC]
    same((reply[3] & 15, [r[4][-19:] for r in nsec]),
         (0, [NXNAME_TYPES]), "the denial")


if __name__ == "__main__":
    main()
