# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed zones that are well, by each signer, algorithm and denial."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, main, same  # noqa: E402
from demo import RESOLVER, many  # noqa: E402
from signing import Signing, resolvers_verdict  # noqa: E402

ZONE = "example.org"
SPLIT = ["ksk", "zsk"]


def secure(lab):
    """Nothing is found, every address validates, and for Unbound it does."""
    result = lab.check(ZONE).expect("OK", {})
    same(result.json["security"]["status"], "secure", "status")
    same({s["security"] for s in result.json["servers"]}, {"secure"},
         "security of the servers")
    same(resolvers_verdict(RESOLVER, ZONE), "secure", "Unbound's verdict")
    return result


def declare(lab, on="nsd", **settings):
    """The zone on two servers, and a resolver beside it."""
    lab.sign_above()
    lab.server("unbound", RESOLVER)
    return lab.zone(ZONE, many(2, 1, ZONE), on=on,
                    records="www A 192.0.2.80\na.b.c A 192.0.2.81",
                    signed=Signing(**settings))


def add_signer(title, kind, **settings):
    """A zone that is well."""
    @case(title)
    def signer(lab):
        declare(lab, kind, **settings)
        secure(lab)


for _algorithm in ("RSASHA256", "ECDSAP256SHA256", "ED25519"):
    for _signer, _kind, _by in (
            ("dnssec-signzone", "nsd", "bind"),
            ("ldns-signzone", "bind", "ldns"),
            ("named", "bind", "server"), ("knotd", "knot", "server")):
        add_signer(f"{_algorithm} by {_signer}, one key", _kind,
                   algorithm=_algorithm, signer=_by)
        add_signer(f"{_algorithm} by {_signer}, KSK and ZSK", _kind,
                   algorithm=_algorithm, signer=_by, published=SPLIT)
    if _algorithm != "RSASHA256":  # which is too much for Knot over UDP
        add_signer(f"{_algorithm} by Knot for each answer", "knot",
                   algorithm=_algorithm, signer="online")

for _denial, _iterations in (("nsec3", 0), ("nsec3", 100), ("opt-out", 0)):
    for _signer, _kind, _by in (
            ("dnssec-signzone", "knot", "bind"),
            ("ldns-signzone", "nsd", "ldns"),
            ("named", "bind", "server"), ("knotd", "knot", "server")):
        add_signer(f"{_denial} with {_iterations} iterations by {_signer}",
                   _kind, signer=_by, denial=_denial, iterations=_iterations)


# Key rollovers (RFC 6781 section 4.1, RFC 7583): published, signing, DS.

ALL = None
ROLLOVERS = {
    "ZSK, pre-publish": [
        (["ksk", "zsk1"], ALL, ALL),
        (["ksk", "zsk1", "zsk2"], ["ksk", "zsk1"], ALL),
        (["ksk", "zsk1", "zsk2"], ["ksk", "zsk2"], ALL),
        (["ksk", "zsk2"], ALL, ALL)],
    "ZSK, double signature": [
        (["ksk", "zsk1"], ALL, ALL),
        (["ksk", "zsk1", "zsk2"], ALL, ALL),
        (["ksk", "zsk2"], ALL, ALL)],
    "KSK, double key": [
        (["ksk1", "zsk"], ALL, ["ksk1"]),
        (["ksk1", "ksk2", "zsk"], ALL, ["ksk1"]),
        (["ksk1", "ksk2", "zsk"], ALL, ["ksk2"]),
        (["ksk2", "zsk"], ALL, ["ksk2"])],
    "KSK, double DS": [
        (["ksk1", "zsk"], ALL, ["ksk1", "ksk2"]),
        (["ksk2", "zsk"], ALL, ["ksk1", "ksk2"])],
    "KSK, double DS and key": [
        (["ksk1", "ksk2", "zsk"], ["ksk1", "zsk"], ["ksk1", "ksk2"]),
        (["ksk1", "ksk2", "zsk"], ALL, ["ksk1", "ksk2"]),
        (["ksk1", "ksk2", "zsk"], ["ksk2", "zsk"], ["ksk1", "ksk2"])],
    "CSK, double signature": [
        (["csk1", "csk2"], ALL, ["csk1"]),
        (["csk1", "csk2"], ALL, ["csk1", "csk2"]),
        (["csk1", "csk2"], ALL, ["csk2"])],
}


def add_phase(title, published, signs, holds, **settings):
    """One phase, in a signed zone file."""
    @case(title)
    def phase(lab):
        declare(lab, published=published, signs=signs, holds=holds,
                **settings)
        secure(lab)


for _title, _phases in ROLLOVERS.items():
    for _number, (_published, _signs, _holds) in enumerate(_phases, 1):
        add_phase(f"rollover of a {_title}: phase {_number}", _published,
                  _signs, _holds)

OLD, NEW = ["ksk1:RSASHA256", "zsk1:RSASHA256"], ["ksk2", "zsk2"]
for _number, (_published, _holds, _hidden) in enumerate((
        (OLD, OLD[:1], []), (OLD, OLD[:1], NEW[1:]),
        (OLD + NEW, OLD[:1], []), (OLD + NEW, OLD[:1] + NEW[:1], []),
        (OLD + NEW, NEW[:1], []), (NEW, NEW[:1], OLD[1:]),
        (NEW, NEW[:1], [])), 1):
    add_phase(f"rollover of the algorithm: phase {_number}", _published, ALL,
              _holds, hidden=_hidden)


def add_behind(title, before, after):
    """A secondary is still in the phase before."""
    @case(f"rollover of a {title}: a secondary is a phase behind")
    def behind(lab):
        zone = declare(lab, published=after[0], signs=after[1],
                       holds=after[2])
        zone.at("ns2.example.org", serial=2026010100,
                signed=zone.settings["signed"].but(
                    published=before[0], signs=before[1]))
        secure(lab)


for _title, _phases in ROLLOVERS.items():
    for _before, _after in zip(_phases, _phases[1:]):
        # The DS set moves only when every server is there.
        if _before[2] == _after[2]:
            add_behind(_title, _before, _after)


if __name__ == "__main__":
    main()
