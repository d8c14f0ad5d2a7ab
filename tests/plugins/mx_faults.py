# SPDX-License-Identifier: GPL-3.0-or-later
"""The set of exchangers and each address of theirs, with every fault that
senders meet before anyone asks for a recipient."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from exchangers import (AT1, AT2, DOMAIN, MX1, MX2, ask, by_kind,  # noqa: E402
                        domain, exchanger, pair, same_takes, saying,
                        takes)
import smtp  # noqa: E402

NONE_LEFT = {"too-few-good-exchangers": None}
HINT = ", or port 25 is closed from here"


# Each address.

@by_kind("421 and 554 instead of a greeting")
def greetings(lab, kind):
    domain(lab, (10, MX1), (20, MX2), (30, "mx3.example.org"))
    exchanger(lab, MX1, AT1, kind)
    exchanger(lab, MX2, AT2, kind, refuses={"connect": "421 4.3.2 Too busy"})
    exchanger(lab, "mx3.example.org", ("203.0.113.25",), kind,
              refuses={"connect": "554 5.7.1 Not you"})
    result = ask(lab).expect("WARNING", {
        "greeting-refuses": AT2, "refuses-monitor": ["203.0.113.25"]})
    same(takes(result), {**dict.fromkeys(AT1, "takes"),
                         **dict.fromkeys(AT2, "defers"),
                         "203.0.113.25": "shuns_us"}, "takes")


def add_greetings():
    """What is said instead of a greeting."""
    for reply, rule, take in (
            ("421 4.3.2 too busy", "greeting-refuses", "defers"),
            ("450 try later", "greeting-refuses", "defers"),
            ("521 5.3.2 no mail here", "greeting-refuses", "defers"),
            ("354 go on", "dialogue-broken", "defers"),
            ("554 no SMTP service here", "refuses-monitor", "shuns_us"),
            ("421 4.7.0 Try again later, closing connection",
             "refuses-monitor", "shuns_us"),
            ("550 5.7.1 on a block list", "refuses-monitor", "shuns_us")):
        @case(f"the greeting is {reply}")
        def greets(lab, reply=reply, rule=rule, take=take):
            pair(lab, saying("greeting", reply))
            result = ask(lab).expect("WARNING", {rule: AT2})
            same_takes(result, first="takes", second=take)


add_greetings()


@case("EHLO is refused, with HELO and without")
def ehlo(lab):
    domain(lab, (10, MX1), (20, MX2), (30, "mx3.example.org"))
    exchanger(lab, MX1, AT1, "postfix")
    exchanger(lab, MX2, AT2, saying("ehlo", "502 5.5.1 What?"))
    exchanger(lab, "mx3.example.org", ("203.0.113.25",), smtp.dialogue(
        ehlo="502 5.5.1 What?", helo="502 5.5.1 What?"))
    result = ask(lab).expect("WARNING", {
        "ehlo-refused": (*AT2, "203.0.113.25")})
    same(takes(result), {**dict.fromkeys(AT1 + AT2, "takes"),
                         "203.0.113.25": "defers"}, "takes")


@by_kind("EHLO is refused: Postfix says that it is our name's fault")
def ehlo_refused(lab, kind):
    pair(lab, kind, refuses={"helo": "550 5.5.0 Go on elsewhere"})
    rule = "refuses-monitor" if kind == "postfix" else "ehlo-refused"
    result = ask(lab).expect("WARNING", {rule: AT2})
    same_takes(result, first="takes",
               second="shuns_us" if kind == "postfix" else "defers")


@by_kind("a server in trouble is not at odds with this host")
def trouble(lab, kind):
    pair(lab, kind, refuses={"mail": "452 4.3.1 Insufficient storage"})
    result = ask(lab).expect("WARNING", {"mail-refused": AT2})
    same_takes(result, first="takes", second="defers")


def add_ends():
    """A connection that ends at each step."""
    for stage in ("greeting", "ehlo", "mail", "rcpt", "rset", "quit"):
        for how in ("drops_at", "resets_at"):
            # A reset may come before it is seen that there was a connection.
            if (stage, how) == ("greeting", "resets_at"):
                continue
            is_harmless = stage in ("rset", "quit")

            @case(f"{how.replace('_', ' ')} {stage}")
            def ends(lab, stage=stage, how=how, is_harmless=is_harmless):
                pair(lab, smtp.dialogue(**{how: stage}))
                result = ask(lab).expect(
                    "OK" if is_harmless else "WARNING",
                    {} if is_harmless else {"dialogue-broken": AT2})
                same_takes(result, first="takes",
                           second="takes" if is_harmless else "defers")
                same(result.json["timeout_stage"], None, "stage")


add_ends()


@case("a connection that goes on in silence, at each step")
def silences(lab):
    stages = ("ehlo", "mail", "rcpt", "rset", "quit")
    names = [f"mx{n}.example.org" for n in range(2, 7)]
    domain(lab, (10, MX1), *((20, name) for name in names))
    exchanger(lab, MX1, AT1, "exim")
    at = {stage: (f"198.51.100.{n}", f"2001:db8:2::{n}")
          for n, stage in enumerate(stages, 1)}
    for name, stage in zip(names, stages):
        exchanger(lab, name, at[stage], smtp.dialogue(silent_at=stage))
    result = ask(lab, "-t", "5").expect("WARNING", {
        "dialogue-broken": at["ehlo"] + at["mail"] + at["rcpt"]})
    same(result.json["timeout_stage"], None, "stage")
    taking = dict.fromkeys(AT1 + at["rset"] + at["quit"], "takes")
    same(takes(result), {**dict.fromkeys(
        at["ehlo"] + at["mail"] + at["rcpt"], "defers"), **taking}, "takes")


@case("both wait six seconds before they greet, as postscreen does")
def six_seconds(lab):
    domain(lab)
    exchanger(lab, MX1, AT1, "postfix", greets_after_s=6)
    exchanger(lab, MX2, AT2, "exim", greets_after_s=6)
    result = ask(lab, "-t", "50").expect("OK", {})
    check(5.9 < result.json["metrics"]["greeting"] < 10,
          result.json["metrics"])


@by_kind("a greeting that is later than -w and -c want")
def late(lab, kind):
    pair(lab, kind, greets_after_s=1)
    for words, state in ((("-w", "0.5"), "WARNING"),
                         (("-w", "0.2", "-c", "0.7"), "CRITICAL")):
        ask(lab, *words).expect(state, {"threshold": None})


# The set.

def add_names():
    """Exchangers that are none, alone and beside a good one."""
    for title, host, rule in (
            ("a name of nothing", "no.example.org", "mx-nonexistent"),
            ("a name without an address", "text.example.org",
             "mx-no-address"),
            ("an address", "203.0.113.9", "mx-literal"),
            ("an alias of nothing", "alias.example.org", "mx-alias")):
        @case(f"{title} where an exchanger belongs")
        def names(lab, host=host, rule=rule):
            domain(lab, (10, host))
            lab.record("text.example.org", "TXT", '"none"')
            lab.zone("example.net", {"ns1.example.net": "198.51.100.1"})
            lab.record("alias.example.org", "CNAME", "no.example.net.")
            found = {rule: [host]}
            if rule == "mx-alias":
                found["mx-nonexistent"] = [host]
            result = ask(lab).expect("CRITICAL", {**found, **NONE_LEFT})
            check(result.found()[rule][0]["state"] == 2, result.found())
            check(f": {host.removesuffix('.' + DOMAIN)} "
                  in result.json["summary"], result.json["summary"])

        @case(f"{title}, beside an exchanger")
        def beside(lab, host=host, rule=rule):
            domain(lab, (10, MX1), (20, host))
            exchanger(lab, MX1, AT1, "postfix")
            lab.record("text.example.org", "TXT", '"none"')
            lab.zone("example.net", {"ns1.example.net": "198.51.100.1"})
            lab.record("alias.example.org", "CNAME", "no.example.net.")
            found = {rule: [host]}
            if rule == "mx-alias":
                found["mx-nonexistent"] = [host]
            ask(lab).expect("WARNING", found)


add_names()


@case("a private address, and one that is meant to be")
def private(lab):
    domain(lab, (10, MX1), (20, "private.example.org"))
    exchanger(lab, MX1, AT1, "exim")
    lab.record("private.example.org", "A", "10.9.0.25")
    result = ask(lab).expect("WARNING",
                             {"mx-unusable-address": ["10.9.0.25"]})
    same(result.json["metrics"]["connections"], 2, "connections")
    ask(lab, "--permit-address", "10.9.0.0/16").expect(
        "WARNING", {"mx-unreachable": ["10.9.0.25"]})
    lab.servers[[getattr(s, "name", "") for s in lab.servers].index(
        MX1)].stop()
    result = ask(lab).expect("CRITICAL", {
        "mx-unusable-address": ["10.9.0.25"], "mx-unreachable": AT1,
        **NONE_LEFT})
    text = result.found()["too-few-good-exchangers"][0]["text"]
    check("private (10.9.0.25) is private" in text, text)


@case("a null MX beside a name of nothing, and beside an exchanger")
def null_beside(lab):
    domain(lab, (0, "."), (10, "no.example.org"))
    lab.zone("example.net", {"ns1.example.net": "198.51.100.1"})
    lab.mx("example.net", 0, ".")
    lab.mx("example.net", 10, MX1)
    exchanger(lab, MX1, AT1, "postfix", domains=["example.net"])
    result = ask(lab).expect("CRITICAL", {
        "null-mx-beside-others": None, "mx-nonexistent": None, **NONE_LEFT})
    same({f["state"] for f in result.findings if f["state"]}, {2}, "states")
    lab.check("example.net").expect("WARNING",
                                    {"null-mx-beside-others": None})


@case("no MX: the domain's own address, on one family and on both")
def implicit(lab):
    for name, where in (("example.org", AT1), ("example.net", AT2[:1])):
        lab.zone(name, {f"ns1.{name}": lab.next_pair()})
        exchanger(lab, name, where, "postfix", domains=[name])
    result = ask(lab).expect("OK", {})
    same(result.json["set"], "implicit", "set")
    lab.check("example.net", "--rcpt", "user@example.net").expect(
        "WARNING", {"mx-one-address": None})


@case("no MX, and an address of the family alone that is not used")
def implicit_unseen(lab):
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    exchanger(lab, DOMAIN, AT1[1:], "postfix")
    result = ask(lab, "-4").expect("UNKNOWN", {}).not_judged("mx-obtained")
    check("there is no MX, and no address" in result.json["summary"],
          result.json["summary"])


@case("no MX and no address, no domain at all")
def no_set(lab):
    domain(lab)
    lab.zone("example.net", {"ns1.example.net": "198.51.100.1"})
    lab.check("example.net").expect("CRITICAL", {"mx-missing": None})
    lab.check("no.example.net").expect("CRITICAL", {"domain-not-found": None})


@case("one address for all: by one name, and by two")
def one_address(lab):
    found = {"mx-one-address": None}
    for name in (None, "twin.example.org"):
        domain(lab, (10, MX1))
        exchanger(lab, MX1, AT1[:1], "postfix")
        if name:
            lab.mx(DOMAIN, 20, name)
            lab.record(name, "A", AT1[0])
            found["mx-shared-address"] = [f"{name} ({AT1[0]})"]
        ask(lab).expect("WARNING", found)
        lab.stop()


@case("two names at one host of both families")
def one_host(lab):
    domain(lab)
    exchanger(lab, MX1, AT1, "postfix")
    for kind, data in zip(("A", "AAAA"), AT1):
        lab.record(MX2, kind, data)
    ask(lab).expect("WARNING", {
        "mx-shared-address": [f"{MX2} ({a})" for a in AT1]})


def add_networks():
    """Where exchangers stand, and whether that is one network."""
    near, nearer = ("192.0.2.26", "2001:db8:1:2::25"), ("192.0.2.26",)
    for title, second, is_one in (
            ("in one /24 and one /48", near, True),
            ("in one /24, and one has no IPv6", nearer, True),
            ("in one /24 and two /48", (nearer[0], AT2[1]), False),
            ("in two /24 and one /48", (AT2[0], near[1]), False)):
        @case(f"two exchangers {title}")
        def networks(lab, second=second, is_one=is_one):
            domain(lab)
            exchanger(lab, MX1, AT1, "postfix")
            exchanger(lab, MX2, second, "exim")
            ask(lab).expect("WARNING" if is_one else "OK",
                            {"mx-single-network": None} if is_one else {})


add_networks()


@case("one name with several addresses is as good as several names")
def several(lab):
    domain(lab, (10, MX1))
    exchanger(lab, MX1, AT1 + AT2, "postfix")
    ask(lab).expect("OK", {})
    ask(lab, "--lost", f"{AT1[0]}/24", "--lost", f"{AT1[1]}/48").expect(
        "OK", {})


# What the monitor's own host can't see.

@by_kind("exchangers on IPv6 alone")
def v6_only(lab, kind):
    domain(lab)
    exchanger(lab, MX1, AT1[1:], kind)
    exchanger(lab, MX2, AT2[1:], kind)
    ask(lab).expect("OK", {})


def lose_v6(lab):
    """Without a route for it."""
    lab.start()
    lab.net.remove("2001:db8::/32")


def add_without_v6():
    """IPv6 leads nowhere, or is not there."""
    for title, how in (("without IPv6", "remove"),
                       ("whose IPv6 leads nowhere", "silence")):
        @case(f"a monitor {title} judges the other family")
        def no_v6(lab, how=how):
            domain(lab)
            exchanger(lab, MX1, AT1, "exim")
            exchanger(lab, MX2, AT2, smtp.honest)
            lab.start()
            getattr(lab.net, how)("2001:db8::/32")
            result = ask(lab, "-t", "10").expect("OK", {})
            result.not_judged("mx-unreachable")
            same(takes(result), {AT1[0]: "takes", AT1[1]: "unknown",
                                 AT2[0]: "takes", AT2[1]: "unknown"}, "takes")


add_without_v6()


@case("a monitor without IPv6: a dead backup is found, a dead pair is lost")
def no_v6_dead(lab):
    pair(lab)
    lose_v6(lab)
    lab.net.remove(AT2[0])
    lab.net.silence(AT2[0])
    ask(lab, "-t", "8").expect("WARNING", {"mx-unreachable": AT2[:1]})
    lab.net.remove(AT1[0])
    lab.net.silence(AT1[0])
    result = ask(lab, "-t", "8").expect("CRITICAL", {
        "mx-unreachable": [AT1[0], AT2[0]], **NONE_LEFT})
    check(HINT in result.json["summary"], result.json["summary"])


@case("a monitor without IPv6 can't judge exchangers on IPv6 alone")
def no_v6_v6_only(lab):
    domain(lab)
    exchanger(lab, MX1, AT1[1:], "postfix")
    exchanger(lab, MX2, AT2[1:], "exim")
    lose_v6(lab)
    ask(lab).expect("UNKNOWN", {}).not_judged("too-few-good-exchangers")


@by_kind("a monitor without IPv4 sees it by --nat64")
def nat64(lab, kind):
    lab.nat64 = True
    domain(lab)
    exchanger(lab, MX1, AT1[:1], kind)
    exchanger(lab, MX2, AT2[:1], kind, domains=[])
    result = ask(lab, "--nat64", "64:ff9b::/96").expect("CRITICAL", {
        "loss-bounces": None, "recipient-refused": AT2[:1]})
    same(takes(result), {AT1[0]: "takes", AT2[0]: "bounces"}, "takes")


@by_kind("port 25 filtered on the way, while DNS works")
def filtered(lab, kind):
    pair(lab, kind)
    lab.mail("up.example.net", "203.0.113.25", kind)
    lab.start()
    lab.net.block("tcp", AT1 + AT2, port=25)
    dead = {"mx-unreachable": AT1 + AT2, **NONE_LEFT}
    result = ask(lab, "-t", "6").expect("CRITICAL", dead)
    check(HINT in result.json["summary"], result.json["summary"])
    result = ask(lab, "-t", "6", "--control", "up.example.net").expect(
        "CRITICAL", dead)
    check(HINT not in result.json["summary"], result.json["summary"])
    lab.net.block("tcp", port=25)
    ask(lab, "-t", "6", "--control", "up.example.net").expect(
        "UNKNOWN", {"port-25-closed": None})
    ask(lab, "-t", "6", "--control", "no.example.net").expect(
        "CRITICAL", dead)


@case("something on the way takes all connections and says nothing")
def swallowed(lab):
    domain(lab)
    exchanger(lab, MX1, AT1, smtp.silent)
    exchanger(lab, MX2, AT2, smtp.silent)
    lab.smtp("up.example.net", "203.0.113.25", smtp.silent)
    result = ask(lab, "-t", "4").expect("CRITICAL", {
        "mx-tarpit": AT1 + AT2, **NONE_LEFT})
    check(HINT not in result.json["summary"], result.json["summary"])
    ask(lab, "-t", "4", "--control", "203.0.113.25").expect(
        "UNKNOWN", {"port-25-closed": None})


@case("port 25 filtered for one exchanger alone is that one's")
def filtered_one(lab):
    pair(lab)
    lab.start()
    lab.net.block("tcp", AT2, port=25)
    result = ask(lab, "-t", "6").expect("WARNING", {"mx-unreachable": AT2})
    check(HINT not in result.json["summary"], result.json["summary"])


main("check_mx")
