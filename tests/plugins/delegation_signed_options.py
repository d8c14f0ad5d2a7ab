# SPDX-License-Identifier: GPL-3.0-or-later
"""A delegation judged before it is made, trust anchors, and which instance
answered."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from demo import many  # noqa: E402
from signing import Signing  # noqa: E402
import servers  # noqa: E402

ZONE = "example.org"
NEW = {"ns3.example.org": "192.0.2.3 2001:db8:1::3",
       "ns4.example.org": "198.51.100.3 2001:db8:2::3"}


def not_yet(lab, signed=None, **settings):
    """The zone is on its servers, and not in its parent."""
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=signed, **settings)
    lab.delegation(ZONE, ns=[], glue={})
    lab.ds(ZONE)


def given(hosts):
    """The options for these name servers and their addresses."""
    return [word for host, addresses in hosts.items()
            for address in addresses.split()
            for word in ("--ns", f"{host}/{address}")]


def ds_of(lab, name="csk"):
    """The option for the DS of a key."""
    return ["--ds", lab.keys.key(ZONE, name, "ECDSAP256SHA256").ds()]


# Before it is made.

@case("--ns: an unsigned zone that is not in the parent yet")
def new(lab):
    not_yet(lab)
    lab.check(ZONE).expect("CRITICAL", {"zone-not-found": None})
    result = lab.check(ZONE, *given(many(2, 1, ZONE))).expect("OK", {})
    same(len(result.json["servers"]), 4, "addresses")


@case("--ns and --ds: a signed zone that is not in the parent yet")
def new_signed(lab):
    not_yet(lab, Signing())
    result = lab.check(ZONE, *given(many(2, 1, ZONE)), *ds_of(lab)).expect(
        "OK", {})
    same(result.json["security"]["status"], "secure", "status")
    same(result.json["security"]["ds_is_given"], True, "ds_is_given")
    same({s["security"] for s in result.json["servers"]}, {"secure"},
         "security of the servers")


@case("--ns and --ds: the DS is of another key")
def new_wrong_ds(lab):
    not_yet(lab, Signing())
    lab.check(ZONE, *given(many(2, 1, ZONE)), *ds_of(lab, "csk-other")).expect(
        "CRITICAL", {"ds-matches-no-key": None})


@case("--ns and --ds: the zone is not signed")
def new_unsigned(lab):
    not_yet(lab)
    lab.check(ZONE, *given(many(2, 1, ZONE)), *ds_of(lab)).expect(
        "CRITICAL", {"ds-without-signed-zone": None})


@case("--ns: one of the servers does not have the zone")
def new_refused(lab):
    not_yet(lab, on={"ns1.example.org": "nsd"})
    lab.server("nsd", many(2, 1, ZONE)["ns2.example.org"])
    result = lab.check(ZONE, *given(many(2, 1, ZONE)))
    same(result.state, "WARNING", "state")
    check("server-refuses" in result.found(), sorted(result.found()))
    result.blames(result.found()["server-refuses"],
                  many(2, 1, ZONE)["ns2.example.org"].split())


@case("--ns: no server is there")
def new_dead(lab):
    not_yet(lab, on=None)
    lab.start()
    result = lab.check(ZONE, *given(many(2, 1, ZONE)))
    same(result.state, "CRITICAL", "state")
    check("too-few-good-servers" in result.found(), sorted(result.found()))


@case("--ns: the zone lists other servers than would be delegated")
def new_differs(lab):
    not_yet(lab, lists=["ns1.example.org"])
    result = lab.check(ZONE, *given(many(2, 1, ZONE)))
    same(result.state, "WARNING", "state")
    check("ns-only-in-parent" in result.found(), sorted(result.found()))


@case("--ns: servers in another zone need no address")
def new_elsewhere(lab):
    hosts = many(2, 1, "example.net")
    lab.sign_above()
    lab.zone(ZONE, hosts, signed=Signing())
    lab.delegation(ZONE, ns=[], glue={})
    lab.ds(ZONE)
    words = [word for host in hosts for word in ("--ns", host)]
    result = lab.check(ZONE, *words, *ds_of(lab)).expect("OK", {})
    same(len(result.json["servers"]), 4, "addresses")


@case("--ns: the zone moves to servers that have it already")
def moves(lab):
    lab.sign_above()
    old = lab.zone(ZONE, many(2, 1, ZONE), signed=Signing())
    for host, addresses in NEW.items():
        lab.host(host, addresses)
    old.at("the new ones", lists=list(NEW))
    lab.prepare()
    lab.server("knot", " ".join(NEW.values()),
               zones={ZONE: old.text("the new ones")})
    lab.check(ZONE).expect("OK", {})
    result = lab.check(ZONE, *given(NEW), *ds_of(lab)).expect("OK", {})
    same({s["address"] for s in result.json["servers"]},
         set(" ".join(NEW.values()).split()), "addresses")


@case("--ds alone: a signed zone gets its first DS")
def first_ds(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing(holds=[]))
    lab.check(ZONE).expect("OK", {}).notes("signed-without-ds")
    result = lab.check(ZONE, *ds_of(lab)).expect("OK", {})
    same(result.json["security"]["status"], "secure", "status")
    result = lab.check(ZONE, *ds_of(lab, "csk-other")).expect(
        "CRITICAL", {"ds-matches-no-key": None})


@case("--ds alone: the DS of the next key, published and not yet signing")
def next_ds(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing(
        published=["csk", "csk-next"], signs=["csk"], holds=["csk"]))
    lab.check(ZONE).expect("OK", {})
    result = lab.check(ZONE, *ds_of(lab, "csk-next"))
    same(result.state, "CRITICAL", "state")
    lab.check(ZONE, *ds_of(lab, "csk-next"), *ds_of(lab)).expect("OK", {})


@case("--ds alone, several: one of them is enough")
def several_ds(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing(holds=[]))
    lab.check(ZONE, *ds_of(lab), *ds_of(lab, "csk-other")).expect("OK", {})


# Where the chain begins.

def parents(lab):
    """--parent with every server of the parent."""
    lab.prepare()
    return [word for host in lab.zones["org"].ns
            for address in lab.hosts[host]
            for word in ("--parent", address)]


@case("--parent starts at the parent's DS set, and says so")
def at_parent(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing())
    result = lab.check(ZONE, *parents(lab)).expect("OK", {})
    same(result.json["security"]["status"], "secure", "status")
    same(result.json["security"]["starts_at_ds"], True, "starts_at_ds")


@case("--parent with a DS of another key")
def at_parent_wrong(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing(holds=["csk-other"]))
    lab.check(ZONE, *parents(lab)).expect(
        "CRITICAL", {"ds-matches-no-key": None})


def add_anchor(title, key, is_at_ds):
    """--parent with an anchor of the parent's own."""
    @case(title)
    def anchored(lab):
        lab.sign_above()
        lab.zone(ZONE, many(2, 1, ZONE), signed=Signing())
        lab.start()
        path = os.path.join(lab.root, "org-anchor")
        with open(path, "w", encoding="ascii") as out:
            out.write(f"; the parent's own\norg. 3600 IN {key(lab)}\n")
        result = lab.check(ZONE, *parents(lab), "--trust-anchor",
                           path).expect("OK", {})
        same(result.json["security"]["status"], "secure", "status")
        same(result.json["security"]["starts_at_ds"], is_at_ds,
             "starts_at_ds")


add_anchor("--parent with the parent's DS as the anchor",
           lambda lab: f"DS {lab.key('org').ds()}", False)
add_anchor("--parent with the parent's DNSKEY as the anchor",
           lambda lab: f"DNSKEY {lab.key('org').data}", False)


@case("an anchor in the middle, above which nothing is signed")
def island(lab):
    lab.sign_above()
    lab.zone("org", {f"{c}.nic.org": lab.next_pair() for c in "ab"},
             signed=Signing(holds=[]))
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing())
    lab.check(ZONE).expect("OK", {}).notes("signed-without-ds")
    path = os.path.join(lab.root, "org-anchor")
    with open(path, "w", encoding="ascii") as out:
        out.write(f"org. IN DS {lab.key('org').ds()}\n")
    result = lab.check(ZONE, "--trust-anchor", path).expect("OK", {})
    same(result.json["security"]["status"], "secure", "status")


@case("an anchor over several lines, with comments")
def several_lines(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing())
    lab.start()
    path = os.path.join(lab.root, "wrapped")
    with open(lab.anchor_file(), encoding="ascii") as anchor:
        owner, rest = anchor.read().split(None, 1)
    *words, digest = rest.split()
    with open(path, "w", encoding="ascii") as out:
        out.write(f"; the lab's root\n\n{owner} {' '.join(words)} (\n"
                  f"\t{digest[:20]} {digest[20:]}\n) ; the end\n")
    result = lab.check(ZONE, "--trust-anchor", path).expect("OK", {})
    same(result.json["security"]["status"], "secure", "status")


@case("a file without an anchor is a usage error")
def no_anchor(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE))
    lab.start()
    path = os.path.join(lab.root, "rubbish")
    with open(path, "w", encoding="ascii") as out:
        out.write("rubbish\n")
    code, out, _, _ = lab.run([lab.plugin(), "-H", ZONE, "--root-hints",
                               lab.hints_file(), "--trust-anchor", path])
    same(code, 3, "exit code")
    check("--trust-anchor" in out, out)


# A lab's own port.

@case("--port: a lab that leaves port 53 alone")
def port(lab):
    servers.Server.port = 5300
    try:
        lab.sign_above()
        lab.zone(ZONE, many(2, 1, ZONE), signed=Signing(), on={
            host: lab.server(kind) for host, kind in zip(
                many(2, 1, ZONE), ("bind", "knot"))})
        result = lab.check(ZONE, "--port", "5300").expect("OK", {})
        same(result.json["security"]["status"], "secure", "status")
        lab.check(ZONE).expect("UNKNOWN", {})
    finally:
        servers.Server.port = 53


# What this host can verify.

@case("OpenSSL refuses the algorithms here: not judged, and no fault")
def refused(lab):
    lab.sign_above()
    lab.zone(ZONE, many(2, 1, ZONE), signed=Signing())
    lab.start()
    conf = os.path.join(lab.root, "openssl.cnf")
    with open(conf, "w", encoding="ascii") as out:
        # No algorithm has the property, without the module that has it.
        out.write("openssl_conf = main\n[main]\nalg_section = rules\n"
                  "[rules]\ndefault_properties = fips=yes\n")
    os.environ["OPENSSL_CONF"] = conf
    try:
        result = lab.check(ZONE).expect("OK", {})
    finally:
        del os.environ["OPENSSL_CONF"]
    check("dnssec-chain-broken" in {entry["rule"] for entry in
                                    result.json["not_judged"]},
          "the chain is not among what was not judged")
    same(lab.check(ZONE).expect("OK", {}).json["security"]["status"],
         "secure", "status where they are taken")


# Which instance answered.

@case("NSID of every server")
def nsid(lab):
    lab.sign_above()
    kinds = {f"ns{i}.example.org": kind
             for i, kind in enumerate(("bind", "nsd", "knot"), 1)}
    lab.zone(ZONE, many(3, 1, ZONE), signed=Signing(), on={
        host: lab.server(kind, nsid=f"site-{kind}")
        for host, kind in kinds.items()})
    result = lab.check(ZONE).expect("OK", {})
    wanted = {address: f"site-{kinds[host]}"
              for host, addresses in many(3, 1, ZONE).items()
              for address in addresses.split()}
    same({s["address"]: s.get("nsid") for s in result.json["servers"]},
         wanted, "NSID")


@case("no NSID where a server tells none")
def no_nsid(lab):
    lab.zone(ZONE, many(2, 1, ZONE))
    result = lab.check(ZONE).expect("OK", {})
    same({s.get("nsid") for s in result.json["servers"]}, {None}, "NSID")


if __name__ == "__main__":
    main()
