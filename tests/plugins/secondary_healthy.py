# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondaries that are well: nothing is found, and the cover is told."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from copies import (  # noqa: E402
    DAY, EXPIRE_S, FIRST_AT, GIVEN, HOSTS, PLUGIN, PRIMARY, SECOND,
    SECONDARIES_AT, SECOND_AT, THIRD, THIRD_AT, ZONE, copy_at, covers,
    on_files, rotations, seconds_left, transferred)
from signing import Signing  # noqa: E402
import transfers  # noqa: E402

HIDDEN = "hidden.example.com"
SIGNER = "signer.example.com"
SOURCES = {"bind": "measured", "knot": "measured", "nsd": "assumed"}


def in_step(lab, kinds, words=GIVEN):
    """All is well, and each secondary's cover is what its kind can tell."""
    result = lab.check(ZONE, *words).expect("OK", {})
    for addresses, kind in zip((SECOND_AT, THIRD_AT), kinds[1:]):
        for address in addresses:
            copy = copy_at(result, address)
            same(copy["step"], "equal", f"step of {address}")
            same(copy["cover"]["source"], SOURCES[kind],
                 f"source of {address} ({kind})")
            left = copy["expire_left"]
            check(EXPIRE_S - 60 <= left <= EXPIRE_S, f"{left} s left")
    return result


def add_pairs(kinds, has_key):
    """A primary and two secondaries of the other kinds."""
    with_key = "with" if has_key else "without"
    @case(f"{kinds[0]} to {kinds[1]} and {kinds[2]}, {with_key} TSIG")
    def pairs(lab):
        transferred(lab, kinds, tsig=has_key)
        lab.start()
        in_step(lab, kinds)
        lab.wait_serial(ZONE, lab.bump(ZONE))
        in_step(lab, kinds)


for _kinds in rotations():
    for _has_key in (False, True):
        add_pairs(_kinds, _has_key)
for _kind in ("bind", "nsd", "knot"):
    add_pairs((_kind, _kind, _kind), True)


@case("without --primary it is inferred, and said to be")
def inferred(lab):
    transferred(lab)
    result = in_step(lab, ("bind", "nsd", "knot"), ())
    result.notes("primary-inferred")
    same({c["address"] for c in result.json["primaries"]}, set(FIRST_AT),
         "primaries")


@case("--primary by addresses, --secondary by name and address")
def by_address(lab):
    transferred(lab)
    words = [w for a in FIRST_AT for w in ("--primary", a)]
    lab.start()
    result = lab.check(ZONE, *words, "--secondary", SECOND, "--secondary",
                       THIRD_AT[0], "--secondary", f"[{THIRD_AT[1]}]:53")
    result.expect("OK", {})
    same({c["address"] for c in result.json["secondaries"]},
         set(SECONDARIES_AT), "secondaries")


def hidden(lab, kinds=("knot", "bind", "nsd", "knot"), **settings):
    """The zone's primary is not among its name servers."""
    lab.host(HIDDEN, "192.0.2.9")
    hosts = [HIDDEN, *HOSTS]
    transferred(lab, primary={h: HIDDEN for h in HOSTS}, **settings)
    for host, kind in zip(hosts, kinds):
        lab.on[ZONE, host] = kind


@case("a hidden primary, by name")
def hidden_by_name(lab):
    hidden(lab, mname=HIDDEN, tsig=True)
    lab.start()
    result = lab.check(ZONE, "--primary", HIDDEN).expect("OK", {})
    same([c["address"] for c in result.json["primaries"]], ["192.0.2.9"],
         "primaries")
    same(len(result.json["secondaries"]), 6, "secondaries")
    same(set(covers(result, "source").values()), {"measured", "assumed"},
         "sources")


@case("a hidden primary, by address; the MNAME is another host")
def hidden_by_address(lab):
    hidden(lab)
    result = lab.check(ZONE, "--primary", "192.0.2.9").expect("OK", {})
    same(len(result.json["secondaries"]), 6, "secondaries")


@case("a hidden primary on a port of its own")
def hidden_port(lab):
    on_files(lab)
    lab.server("knot", "192.0.2.9 2001:db8:9::1", [ZONE], port=5300)
    words = ("--primary", "[192.0.2.9]:5300", "--primary",
             "[2001:db8:9::1]:5300")
    result = lab.check(ZONE, *words).expect("OK", {})
    same({(c["address"], c["port"]) for c in result.json["primaries"]},
         {("192.0.2.9", 5300), ("2001:db8:9::1", 5300)}, "primaries")
    lab.check(ZONE, "--primary", "192.0.2.9").expect(
        "WARNING", {"primary-silent": ["192.0.2.9"]})


@case("a primary and a secondary at one address, on two ports")
def two_ports(lab):
    lab.zone(ZONE, HOSTS, on={SECOND: "nsd", THIRD: "knot",
                              PRIMARY: lab.server("nsd")}, serial=7)
    lab.server("knot", FIRST_AT[0], [ZONE], port=5300)
    result = lab.check(ZONE, "--primary", f"[{FIRST_AT[0]}]:5300").expect(
        "OK", {})
    same(len(result.json["secondaries"]), 6, "secondaries")


@case("a hidden primary that only the MNAME tells of")
def hidden_inferred(lab):
    hidden(lab, mname=HIDDEN)
    result = lab.check(ZONE).expect("OK", {}).notes("primary-inferred")
    same([c["address"] for c in result.json["primaries"]], ["192.0.2.9"],
         "primaries")


@case("an MNAME that is no host: every server is a secondary")
def no_mname(lab):
    transferred(lab, mname="nobody.example.org")
    result = lab.check(ZONE).expect("OK", {})
    same(result.json["primaries"], [], "primaries")
    same(len(result.json["secondaries"]), 6, "secondaries")


def wait_in_step(lab, addresses, serial=1):
    """Returns when all of them serve the same serial, at least this one."""
    def are_in_step():
        serials = {transfers.serial_at(at, ZONE) for at in addresses}
        return len(serials) == 1 and (serials.pop() or 0) >= serial

    lab.wait_until(are_in_step, "in step")
    lab.settle(*HOSTS)


def add_signer(kind):
    """A server in the middle signs what it transfers in."""
    @case(f"{kind} as the signer in the wire")
    def signer(lab):
        lab.sign_above()
        lab.host(HIDDEN, "192.0.2.9")
        lab.host(SIGNER, "192.0.2.10")
        transferred(lab, tsig=True, signs_at=SIGNER, primary={
            SIGNER: HIDDEN, **{host: SIGNER for host in HOSTS}},
                    signed=Signing(signer="server"))
        lab.on[ZONE, HIDDEN], lab.on[ZONE, SIGNER] = "nsd", kind
        lab.start()

        everybody = ["192.0.2.10", *FIRST_AT, *SECONDARIES_AT]
        wait_in_step(lab, everybody)
        result = lab.check(ZONE, "--primary", SIGNER).expect("OK", {})
        same(result.json["security"]["status"], "secure", "status")
        serial = lab.bump(ZONE)
        wait_in_step(lab, everybody, serial)
        lab.check(ZONE, "--primary", SIGNER).expect("OK", {})


add_signer("knot")
add_signer("bind")


def add_signed(kinds):
    """The primary signs and hands that out."""
    @case(f"signed by {kinds[0]} as the primary")
    def signed(lab):
        lab.sign_above()
        transferred(lab, kinds, signed=Signing(signer="server"))
        lab.start()
        wait_in_step(lab, [*FIRST_AT, *SECONDARIES_AT])
        result = lab.check(ZONE, *GIVEN).expect("OK", {})
        check(all(c["signature_life"] > DAY for c in
                  result.json["secondaries"]), "signature_life")


add_signed(("knot", "bind", "nsd"))
add_signed(("bind", "nsd", "knot"))


@case("signatures that end before the zone expires limit the cover: noted")
def signature_first(lab):
    lab.sign_above()
    # A key that signed for ten days; the zone expires after fourteen.
    transferred(lab, signed=Signing(end_s=10 * DAY))
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    result.notes("signature-ends-first")
    same(set(covers(result, "limit").values()), {"signature"}, "limits")
    for left in covers(result, "seconds").values():
        check(10 * DAY - 60 <= left <= 10 * DAY, f"{left} s")


@case("signatures that last: the zone's expire limits the cover")
def expire_first(lab):
    lab.sign_above()
    transferred(lab, signed=Signing(end_s=30 * DAY))
    result = lab.check(ZONE, *GIVEN).expect("OK", {})
    check("signature-ends-first" not in result.found((0,)), "no note")
    same(set(covers(result, "limit").values()), {"expire"}, "limits")


@case("--independent: other serials, the same contents")
def independent(lab):
    zone = on_files(lab, "nsd", records="@ MX 10 mail\nmail A 192.0.2.25")
    for number, host in enumerate(HOSTS):
        zone.at(host, serial=100 + 7 * number, mname=host)
    result = lab.check(ZONE, "--independent").expect("OK", {})
    same(result.json["primaries"], [], "primaries")
    same(set(covers(result, "source").values()), {"unlimited"}, "sources")
    same(lab.state_files(), [], "state files")


@case("a zone that does not change for a year stays well")
def static(lab):
    transferred(lab, ("nsd", "nsd", "nsd"))
    lab.check(ZONE, *GIVEN).expect("OK", {})
    for _ in range(4):
        lab.age(91 * DAY)
        result = lab.check(ZONE, *GIVEN).expect("OK", {})
        same(set(seconds_left(result).values()), {EXPIRE_S},
             "seconds left")
    lab.wait_serial(ZONE, lab.bump(ZONE))
    lab.check(ZONE, *GIVEN).expect("OK", {})


@case("a zone as a file everywhere, rewritten at each by a tool")
def files(lab):
    on_files(lab, {PRIMARY: "bind", SECOND: "nsd", THIRD: "knot"})
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.age(400 * DAY)
    lab.check(ZONE, *GIVEN).expect("OK", {})


def add_wrap(title, old, new):
    """Serials are numbers on a circle (RFC 1982)."""
    @case(title)
    def wrap(lab):
        transferred(lab, serial=old)
        lab.check(ZONE, *GIVEN).expect("OK", {})
        lab.permit(ZONE, "nobody")
        lab.bump(ZONE, new)
        result = lab.check(ZONE, *GIVEN).expect("OK", {})
        for address in SECONDARIES_AT:
            lag = copy_at(result, address)
            same((lag["step"], lag["serial_lag"]),
                 ("behind", (new - old) % 2**32), f"lag of {address}")
        lab.permit(ZONE, "followers")
        lab.bump(ZONE)
        lab.wait_serial(ZONE, new + 1)
        lab.check(ZONE, *GIVEN).expect("OK", {})


add_wrap("the serial wraps from its end to 1", 2**32 - 1, 1)
add_wrap("the serial wraps by a large step", 4200000000, 100)


if __name__ == "__main__":
    main(PLUGIN)
