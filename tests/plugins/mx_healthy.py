# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail exchangers as a sender meets them: a pair that is well, and a backup
that would not have taken the mail."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from mail import Greylist  # noqa: E402
from signing import Signing  # noqa: E402
import netns  # noqa: E402
import smtp  # noqa: E402

KINDS = ("postfix", "exim")
DOMAIN, USER = "example.org", "user@example.org"
MX1, MX2 = "mx1.example.org", "mx2.example.org"
AT1, AT2 = ("192.0.2.25", "2001:db8:1::25"), ("198.51.100.25",
                                              "2001:db8:2::25")


def by_kind(title):
    """Makes a function of a lab and a kind a case for each kind."""
    def add(function):
        for kind in KINDS:
            case(f"{kind}: {title}")(
                lambda lab, kind=kind: function(lab, kind))
    return add


def pair(lab, kinds, **second):
    """The domain with two exchangers on both families."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    lab.mx(DOMAIN, 10, MX1)
    lab.mx(DOMAIN, 20, MX2)
    lab.mail(MX1, " ".join(AT1), kinds[0], domains=[DOMAIN], users=["user"],
             cert=lab.certificate(MX1))
    lab.mail(MX2, " ".join(AT2), kinds[1],
             **{"domains": [DOMAIN], "users": ["user"],
                "cert": lab.certificate(MX2), **second})


def ask(lab, *options):
    """Runs the plugin for the user."""
    lab.start()
    return lab.check(DOMAIN, "--rcpt", USER, "--helo", "probe.example.net",
                     "--ca-file", lab.ca_file(), "-t", "20", *options)


@by_kind("a healthy pair is OK on both families")
def healthy(lab, kind):
    lab.sign_above()
    pair(lab, (kind, kind))
    result = ask(lab).expect("OK", {})
    same(result.json.get("not_judged"), [], "not judged")
    same(sorted(a["address"] for a in result.json["addresses"]),
         sorted(AT1 + AT2), "addresses")
    check(f"2 of 2 exchangers (4 of 4 addresses) take {USER}"
          in result.json["summary"], result.json["summary"])


@case("a backup by another maker than the primary's")
def mixed(lab):
    pair(lab, ("postfix", "exim"))
    ask(lab).expect("OK", {})


@by_kind("a backup that does not know the domain would bounce its mail")
def rejects(lab, kind):
    pair(lab, ("postfix", kind), domains=[])
    result = ask(lab).expect("CRITICAL", {
        "loss-bounces": None, "recipient-refused": AT2})
    check(f"if mx1 fails, mx2 ({AT2[0]}) rejects {USER} with 55"
          in result.json["summary"], result.json["summary"])


@by_kind("a recipient that is asked for and refused, and one that is not")
def recipients(lab, kind):
    pair(lab, (kind, kind))
    lab.start()
    words = ("--helo", "probe.example.net", "--ca-file", lab.ca_file())
    lab.check(DOMAIN, *words).expect("OK", {})
    result = lab.check(DOMAIN, *words, "--rcpt", "nobody@example.org")
    result.expect("CRITICAL", {
        "too-few-good-exchangers": None, "recipient-refused": AT1 + AT2})


@case("a primary that is down leaves the backup")
def primary_down(lab):
    pair(lab, ("postfix", "exim"))
    lab.start()
    next(s for s in lab.servers if getattr(s, "name", None) == MX1).stop()
    ask(lab).expect("WARNING", {"mx-unreachable": AT1})


@case("a domain signed with TLSA records that match, and one that does not")
def dane(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    lab.zones[DOMAIN].settings["signed"] = Signing()
    lab.tlsa(MX1, lab.certificate(MX1))
    lab.tlsa(MX2, lab.certificate("other.example.org"))
    result = ask(lab).expect("CRITICAL", {"dane-mismatch": AT2})
    same({a["address"]: a["dane"] for a in result.json["addresses"]},
         {**dict.fromkeys(AT1, "matches"), **dict.fromkeys(AT2, "differs")},
         "DANE")


@case("no exchanger answers: it is them, or port 25 is closed from here")
def control(lab):
    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    lab.mx(DOMAIN, 10, MX1)
    lab.mx(DOMAIN, 20, MX2)
    lab.mail(MX1, " ".join(AT1), "closed")
    lab.mail(MX2, " ".join(AT2), "closed")
    lab.mail("up.example.net", "203.0.113.25", "postfix")
    lab.mail("down.example.net", "203.0.113.26", "closed")
    theirs = {"too-few-good-exchangers": None, "mx-unreachable": AT1 + AT2}
    maybe = ", or port 25 is closed from here"
    result = ask(lab).expect("CRITICAL", theirs)
    check(maybe in result.json["summary"], result.json["summary"])
    for host in ("up.example.net", "203.0.113.25"):
        result = ask(lab, "--control", host).expect("CRITICAL", theirs)
        check(maybe not in result.json["summary"], result.json["summary"])
    for host in ("down.example.net", "203.0.113.26"):
        ask(lab, "--control", host).expect(
            "UNKNOWN", {"port-25-closed": None})


@case("IPv4 only and IPv6 only ask no more than that")
def families(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    for word, number in (("-4", 0), ("-6", 1)):
        result = ask(lab, word)
        same(result.found(), {}, word)
        same([a["address"] for a in result.json["addresses"]],
             [AT1[number], AT2[number]], word)


@case("the set: null MX, no MX, no such domain")
def sets(lab):
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    lab.mx(DOMAIN, 0, ".")
    lab.mail("example.net", " ".join(AT1), "postfix", domains=["example.net"],
             users=["user"])
    lab.zone("example.com", {"ns1.example.com": "198.51.100.1"})
    lab.start()
    words = ("--helo", "probe.example.net", "--ca-file", lab.ca_file())
    lab.check(DOMAIN, *words).expect("CRITICAL", {"null-mx": None})
    lab.check("example.com", *words).expect("CRITICAL", {"mx-missing": None})
    lab.check("no.example.com", *words).expect(
        "CRITICAL", {"domain-not-found": None})
    result = lab.check("example.net", *words, "--rcpt", "user@example.net")
    same(result.json["set"], "implicit", "set")


@case("beside a good one: an alias, a name of nothing, a literal, a null MX")
def names(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    lab.record("alias.example.org", "CNAME", f"{MX2}.")
    for number, host in enumerate(("alias.example.org", "no.example.org",
                                   "203.0.113.9", ".")):
        lab.mx(DOMAIN, 30 + number, host)
    result = ask(lab).expect("WARNING", {
        "mx-alias": ["alias.example.org"], "mx-literal": ["203.0.113.9"],
        "mx-nonexistent": ["no.example.org"], "mx-shared-address": None,
        "null-mx-beside-others": None})
    same([e["name"] for e in result.json["exchangers"]],
         [MX1, MX2, "alias.example.org", "no.example.org", "203.0.113.9"],
         "by preference")
    same([a["address"] for a in result.json["addresses"]],
         [*AT1, *AT2, *AT2], "addresses")


@case("a domain in another script, as its users write it")
def script(lab):
    lab.sign_above()
    ours = "xn--exmple-cua.org"
    lab.zone(ours, {f"ns1.{ours}": "192.0.2.1 2001:db8:1::1"})
    for preference, name, where, kind in ((10, f"mx1.{ours}", AT1, "postfix"),
                                          (20, f"mx2.{ours}", AT2, "exim")):
        lab.mx(ours, preference, name)
        lab.mail(name, " ".join(where), kind, domains=[ours], users=["user"])
    lab.start()
    for domain in ("ex\u00e4mple.org", "EX\u00c4MPLE.org", ours):
        result = lab.check("ex\u00e4mple.org.", "--rcpt", f"user@{domain}",
                           "--rcpt-invalid", f"nobody@{domain}",
                           "--relay-test", "user@ex\u00e4mple.net",
                           "--helo", "probe.example.net", "-t", "20")
        result.expect("OK", {})
        same(result.json["not_judged"], [], "not judged")
    for rcpt in ("user@ex\u00e4mple.org", f"user@{ours}"):
        same(lab.check(ours, "--rcpt", rcpt, "--rcpt-invalid",
                       "user@ex\u00e4mple.org").state, "UNKNOWN", rcpt)
    same(lab.check(ours, "--relay-test", "nobody@ex\u00e4mple.org").state,
         "UNKNOWN", "relay test")


@case("a domain that is an alias, of one with an MX and of a host")
def aliased(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    lab.zone("example.net", {"ns1.example.net": "198.51.100.1"})
    lab.mail("host.example.net", "203.0.113.25 2001:db8:3::25", "exim",
             domains=["host.example.net"])
    for name, target in (("one", DOMAIN), ("two", "host.example.net")):
        lab.record(f"{name}.example.net", "CNAME", f"{target}.")
    ask(lab).expect("OK", {})
    for name, rcpt in (("one", USER), ("two", "user@host.example.net")):
        lab.check(f"{name}.example.net", "--rcpt", rcpt, "--helo",
                  "probe.example.net", "--ca-file", lab.ca_file()).expect(
                      "OK", {})


@case("beside good ones: aliases that run in circles")
def circles(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    lab.record("one.example.org", "CNAME", "two.example.org.")
    lab.record("two.example.org", "CNAME", "one.example.org.")
    lab.mx(DOMAIN, 30, "one.example.org")
    ask(lab).expect("WARNING", {"mx-alias": ["one.example.org"],
                                "mx-unresolvable": ["one.example.org"]})


@case("--lost: an exchanger or a network, and the other carries on")
def lost(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    for words in (("--lost", MX1), ("--lost", f"{AT1[0]}/24")):
        ask(lab, *words).expect("OK", {})
    ask(lab, "--lost", MX1, "--lost", MX2).expect(
        "WARNING", {"lost-not-survived": None})


@case("a primary that never greets is found before the time is over")
def tarpit(lab):
    lab.sign_above()
    pair(lab, ("postfix", "exim"))
    lab.servers = [s for s in lab.servers if getattr(s, "name", "") != MX1]
    lab.smtp(MX1, " ".join(AT1), smtp.silent)
    result = ask(lab, "-t", "4").expect("WARNING", {"mx-tarpit": AT1})
    same(result.json["timeout_stage"], None, "stage of a timeout")


@by_kind("greylisting is no fault, wherever it is")
def greylists(lab, kind):
    lab.sign_above()
    pair(lab, ("postfix", kind), greylist=Greylist(passes_at=None))
    result = ask(lab)
    same(result.found(), {}, "findings")
    same(result.state, "OK", "state")


@case("without --helo: the host's full name, or the address that is seen")
def own_name(lab):
    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    lab.mx(DOMAIN, 10, MX1)
    server = lab.smtp(MX1, " ".join(AT1), smtp.honest)
    lab.start()
    same(netns.has_mounts(), True, "mounts of its own")
    hosts = os.path.join(lab.root, "hosts")
    for name, line, expected in (
            ("probe.example.net", "", "probe.example.net"),
            ("probe", "192.0.2.7 probe.example.com probe",
             "probe.example.com"),
            ("probe", "2001:db8::7 full.example.com probe",
             "full.example.com"),
            ("probe", "127.0.0.1 localhost probe", None),
            ("probe", "127.0.0.1 localhost.localdomain probe", None),
            ("localhost.localdomain", "", None), ("localhost", "", None)):
        with open(hosts, "w", encoding="ascii") as out:
            out.write(f"127.0.0.1 localhost\n{line}\n")
        before = len(server.heard)
        script = (f"hostname {name} && mount --bind {hosts} /etc/hosts && "
                  'exec "$@"')
        code, *_ = lab.run(["unshare", "--uts", "--mount", "sh", "-c", script,
                            "sh", lab.plugin(), "-H", DOMAIN, "-t", "20",
                            "--ca-file", lab.ca_file(), *lab.arguments()])
        check(code in (0, 1), f"exit {code} as {name}")
        told = {(at, line.split()[1]) for at, line in server.heard[before:]
                if line.startswith("EHLO")}
        same(told, {(AT1[0], expected or f"[{AT1[0]}]"),
                    (AT1[1], expected or f"[IPv6:{AT1[1]}]")},
             f"as {name}, {line}")


main("check_mx")
