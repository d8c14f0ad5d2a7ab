# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes the mail, for whom, and what becomes of it where one exchanger is
gone: backups that reject, put off, relay and loop, as check_mx meets them."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from exchangers import (AT1, AT2, DOMAIN, MX1, MX2, USER, ask,  # noqa: E402
                        by_kind, domain, exchanger, pair, same_takes, saying)
from mail import Greylist  # noqa: E402
import smtp  # noqa: E402

AT3 = ("203.0.113.25", "2001:db8:3::25")
CLASSIC = {"loss-bounces": None, "recipient-refused": AT2}
NONE_LEFT = {"too-few-good-exchangers": None}


@by_kind("a backup that knows the domain and not the user")
def unknown(lab, kind):
    pair(lab, kind, domains=[], relays=[DOMAIN],
         relay_users=["else@example.org"])
    result = ask(lab).expect("CRITICAL", CLASSIC)
    code = "550 5.1.1" if kind == "postfix" else "550"
    said = (f"MX CRITICAL - {DOMAIN}: if mx1 fails, mx2 ({AT2[0]}) rejects "
            f"{USER} with {code}: mail would bounce, not wait")
    same(result.json["summary"][:len(said)], said, "line 1")
    same_takes(result, first="takes", second="bounces")


def add_rejections():
    """What backups say, and what it is worth."""
    for title, reply, found in (
            ("5.1.1", "550 5.1.1 <user@example.org>: unknown", CLASSIC),
            ("plain 550", "550 no", CLASSIC),
            ("5.2.2", "552 5.2.2 mailbox full", CLASSIC),
            ("5.4.1 of one who rejects all that he does not know",
             "550 5.4.1 Recipient address rejected: Access denied", CLASSIC),
            ("5.7.1 of Postfix, to relay",
             "554 5.7.1 <user@example.org>: Relay access denied", CLASSIC),
            ("5.7.1 of Sendmail, to relay",
             "550 5.7.1 <user@example.org>... Relaying denied. IP name lookup "
             "failed [203.0.113.200]", CLASSIC),
            ("5.7.54 of Exchange, to relay",
             "550 5.7.54 SMTP; Unable to relay recipient in non-accepted "
             "domain", CLASSIC),
            ("530 that wants a password", "530 5.7.1 Client was not "
             "authenticated", CLASSIC),
            ("550 of a loop that Exim sees",
             "550 lowest numbered MX record points to local host", CLASSIC),
            ("450 of a loop that Postfix sees",
             "450 4.1.1 <user@example.org>: Recipient address rejected: "
             "undeliverable address: mail for example.org loops back to "
             "myself", {"recipient-deferred": AT2}),
            ("454 of Postfix, to relay",
             "454 4.7.1 <user@example.org>: Relay access denied",
             {"recipient-deferred": AT2}),
            ("452 of a full mailbox", "452 4.2.2 over quota", {}),
            ("451 of Exim in trouble",
             "451 Temporary local problem - please try later", {})):
        @case(f"a backup that says {title}")
        def rejects(lab, reply=reply, found=found):
            pair(lab, saying("rcpt", reply))
            result = ask(lab)
            result.expect("CRITICAL" if found is CLASSIC else
                          "WARNING" if found else "OK", found)
            if not found:
                result.notes("recipient-deferred", AT2)
            same_takes(result, first="takes",
                       second="bounces" if found is CLASSIC else "defers")


add_rejections()


@case("a backup of Postfix that defers what it would not relay")
def defers_relay(lab):
    pair(lab, "postfix", domains=[],
         more="smtpd_relay_restrictions = defer_unauth_destination")
    ask(lab).expect("WARNING", {"recipient-deferred": AT2})


@case("a mailbox that needs SMTPUTF8, and a backup that does not offer it")
def utf8(lab):
    pair(lab, "postfix", users=None, more="smtputf8_enable = no")
    lab.servers[-2].more = "smtputf8_advertise_hosts = *"
    lab.servers[-2].users = None
    result = ask(lab, rcpt="m\u00fcl@example.org").expect("CRITICAL", CLASSIC)
    said = (f"MX CRITICAL - {DOMAIN}: if mx1 fails, mx2 ({AT2[0]}) offers no "
            "SMTPUTF8 for the recipient: mail would bounce, not wait")
    same(result.json["summary"][:len(said)], said, "line 1")
    same_takes(result, first="takes", second="bounces")


@by_kind("the user is over quota, at one and at all")
def quota(lab, kind):
    said = {USER: "452 4.2.2 Mailbox full", "full@example.org":
            "552 5.2.2 Mailbox full"}
    domain(lab)
    exchanger(lab, MX1, AT1, kind, users=None,
              replies=said)
    exchanger(lab, MX2, AT2, kind, users=None, replies={
        **said, "half@example.org": "452 4.2.2 Mailbox full"})
    ask(lab).expect("CRITICAL", {"recipient-deferred": AT1 + AT2,
                                 **NONE_LEFT})
    result = ask(lab, rcpt="full@example.org").expect("CRITICAL", {
        "recipient-refused": AT1 + AT2, **NONE_LEFT})
    check(MX2 in result.json["summary"], result.json["summary"])
    ask(lab, rcpt="half@example.org").expect("OK", {}).notes(
        "recipient-deferred", AT2)


@by_kind("both greylist: the mail comes in later")
def both_greylist(lab, kind):
    domain(lab)
    for name, where in ((MX1, AT1), (MX2, AT2)):
        exchanger(lab, name, where, kind, greylist=Greylist(passes_at=None))
    result = ask(lab).expect("OK", {}).notes("recipient-deferred", AT1 + AT2)
    same_takes(result, first="greylists", second="greylists")


@by_kind("whom the primary puts off, the backup rejects at once")
def greylisted_then_rejected(lab, kind):
    domain(lab)
    exchanger(lab, MX1, AT1, kind, greylist=Greylist(passes_at=None))
    exchanger(lab, MX2, AT2, kind, domains=[])
    result = ask(lab).expect("CRITICAL", {"recipient-refused": AT2})
    check(MX2 in result.json["summary"], result.json["summary"])


@by_kind("a backup that relays for strangers, asked and not asked")
def relays(lab, kind):
    pair(lab, kind, open_relay=True)
    ask(lab).expect("OK", {})
    ask(lab, "--relay-test", "someone@example.com").expect(
        "CRITICAL", {"open-relay": AT2})


@by_kind("a backup that takes whoever is asked for")
def catch_all(lab, kind):
    pair(lab, kind, domains=[], relays=[DOMAIN])
    ask(lab).expect("OK", {})
    ask(lab, "--rcpt-invalid", "nobody@example.org").expect(
        "WARNING", {"accepts-invalid": AT2})


@by_kind("what greylisting hides of a stranger and of nobody")
def hidden(lab, kind):
    pair(lab, kind, greylist=Greylist(passes_at=None), users=None,
         relays=["example.com"])
    result = ask(lab, "--rcpt-invalid", "nobody@example.org",
                 "--relay-test", "someone@example.com").expect("OK", {})
    result.not_judged("accepts-invalid", "open-relay")


@by_kind("of equal preference one rejects: mail bounces already")
def equal(lab, kind):
    domain(lab, (10, MX1), (10, MX2))
    exchanger(lab, MX1, AT1, kind)
    exchanger(lab, MX2, AT2, kind, domains=[])
    ask(lab).expect("CRITICAL", {"recipient-refused": AT2})


@case("a primary in a tarpit leaves the mail to backups that reject")
def tarpit_and_rejects(lab):
    domain(lab, (10, MX1), (20, MX2), (20, "mx3.example.org"))
    exchanger(lab, MX1, AT1, smtp.silent)
    exchanger(lab, MX2, AT2, "postfix", domains=[])
    exchanger(lab, "mx3.example.org", AT3, "exim", domains=[])
    ask(lab, "-t", "5").expect("CRITICAL", {
        "mx-tarpit": AT1, "recipient-refused": AT2 + AT3, **NONE_LEFT})


@by_kind("the third of three rejects: met where the first is down")
def third(lab, kind):
    domain(lab, (10, MX1), (20, MX2), (30, "mx3.example.org"))
    exchanger(lab, MX1, AT1, kind)
    exchanger(lab, MX2, AT2, kind)
    exchanger(lab, "mx3.example.org", AT3, kind, domains=[])
    ask(lab).expect("CRITICAL", {"recipient-refused": AT3})
    lab.servers[[getattr(s, "name", "") for s in lab.servers].index(
        MX1)].stop()
    result = ask(lab).expect("CRITICAL", {
        "loss-bounces": None, "mx-unreachable": AT1,
        "recipient-refused": AT3})
    check(f"if mx2 fails, mx3 ({AT3[0]}) rejects" in result.json["summary"],
          result.json["summary"])


@by_kind("--lost by prefix and by host: where the mail would be")
def lost(lab, kind):
    pair(lab, kind, domains=[])
    gone = {"lost-not-survived": None, **CLASSIC}
    prefixes = [w for a, bits in zip(AT1, ("24", "48"))
                for w in ("--lost", f"{a}/{bits}")]
    for words in (prefixes, ["--lost", MX1]):
        result = ask(lab, *words).expect("CRITICAL", gone)
        same(result.found()["lost-not-survived"][0]["state"], 2, "state")
    ask(lab, "--lost", MX2).expect("CRITICAL", CLASSIC)
    result = ask(lab, "--lost", MX1, "--lost", MX2).expect("CRITICAL", gone)
    same(result.found()["lost-not-survived"][0]["state"], 1, "it waits")
    for word in ("203.0.113.0/24", "mx9.example.org"):
        result = ask(lab, "--lost", word).expect("CRITICAL", CLASSIC)
        result.not_judged("lost-not-survived")


@by_kind("--lost names one family, and the other carries on")
def lost_family(lab, kind):
    pair(lab, kind)
    ask(lab, "--lost", f"{AT1[0]}/32", "--lost", f"{AT2[0]}/32").expect(
        "OK", {})
    ask(lab, "--lost", MX2, "--lost", f"{AT1[1]}/128",
        "--lost", f"{AT1[0]}/32").expect(
            "WARNING", {"lost-not-survived": None})


def add_shunned():
    """A refusal of this host, at each stage."""
    said = "554 5.7.1 Service unavailable; blocked using bl.example.com"
    for stage in ("connect", "helo", "mail", "rcpt"):
        @by_kind(f"this host is on a block list: refused at {stage}")
        def shunned(lab, kind, stage=stage):
            pair(lab, kind, refuses={stage: said})
            result = ask(lab).expect("WARNING", {"refuses-monitor": AT2})
            result.not_judged("loss-bounces", "recipient-refused")
            same_takes(result, first="takes", second="shuns_us")

        @by_kind(f"all have this host on a block list: at {stage}")
        def shunned_by_all(lab, kind, stage=stage):
            domain(lab)
            for name, where in ((MX1, AT1), (MX2, AT2)):
                exchanger(lab, name, where, kind, refuses={stage: said})
            result = ask(lab).expect("UNKNOWN",
                                     {"refuses-monitor": AT1 + AT2})
            result.not_judged("too-few-good-exchangers")


add_shunned()


@case("--min-good wants more than are left")
def min_good(lab):
    pair(lab, saying("rcpt", "452 4.2.2 over quota"))
    ask(lab, "--min-good", "2").expect("CRITICAL", NONE_LEFT)
    ask(lab, "--min-good", "0").expect("OK", {})


@by_kind("without --rcpt nobody is said to take mail")
def no_rcpt(lab, kind):
    pair(lab, kind, domains=[])
    result = ask(lab, rcpt=None).expect("OK", {})
    result.not_judged("recipient-refused", "loss-bounces")
    check("no recipient" in result.json["summary"], result.json["summary"])
    ask(lab, "--lost", MX1, rcpt=None).not_judged("lost-not-survived")


@by_kind("a single exchanger on both families")
def single(lab, kind):
    domain(lab, (10, MX1))
    exchanger(lab, MX1, AT1, kind)
    ask(lab).expect("OK", {})
    ask(lab, "--lost", MX1).expect("WARNING", {"lost-not-survived": None})


@by_kind("four exchangers, the last of which rejects")
def four(lab, kind):
    names = [f"mx{n}.example.org" for n in range(1, 5)]
    domain(lab, *((10 * n, name) for n, name in enumerate(names, 1)))
    for n, name in enumerate(names, 1):
        exchanger(lab, name, (f"203.0.113.{n}", f"2001:db8:{n}::25"), kind,
                  **({"domains": []} if n == 4 else {}))
    result = ask(lab)
    result.expect("CRITICAL", {"recipient-refused": ["mx4.example.org"] * 2})
    check(": mx4.example.org (" in result.json["summary"],
          result.json["summary"])


@case("26 exchangers, one of which rejects")
def many(lab):
    names = [f"mx{n}.example.org" for n in range(1, 27)]
    domain(lab, *((10 * n, name) for n, name in enumerate(names, 1)))
    for n, name in enumerate(names, 1):
        exchanger(lab, name, (f"192.0.2.{n + 100}", f"2001:db8:{n}::25"),
                  saying("rcpt", "550 no") if n == 2 else smtp.honest)
    result = ask(lab).expect("CRITICAL", {
        "loss-bounces": None, "recipient-refused": ["mx2.example.org"] * 2})
    check("if mx1 fails, mx2 " in result.json["summary"],
          result.json["summary"])
    same(len(result.json["addresses"]), 52, "addresses")


main("check_mx")
