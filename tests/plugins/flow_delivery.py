# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that arrive, by every way of handing them in and of looking for
them, between real servers."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, same  # noqa: E402
from flow import (AT, IMAP, MX1, MX2, SECRET, SUBMIT, Clock,  # noqa: E402
                  begin, counts, main)

TRIPS_MAX = 12
# (with, security, whether it logs in)
HANDS_IN = (("libesmtp", "plain", False), ("libesmtp", "starttls", True),
            ("libesmtp", "plain", True), ("dialogue", "plain", False),
            ("dialogue", "starttls", True), ("dialogue", "tls", True),
            ("dialogue", "plain", True), ("dialogue", "offered", False),
            ("auto", "starttls", True))
LOOKS = (("imap", "tls"), ("pop3", "starttls"), ("imap", "starttls"),
         ("pop3", "tls"), ("imap", "plain"), ("pop3", "plain"))


def three(flow):
    """Three runs: each counts what the one before sent, and deletes that."""
    counts(flow.run().expect("OK", {}), outstanding=1)
    for delivered in (1, 2):
        text = flow.user.wait_kept(1)[0]
        result = counts(flow.run().expect("OK", {}), outstanding=1,
                        delivered=delivered)
        same(flow.user.wait_kept(1)[0] == text, False, "it is still there")
        check(0 <= result.json["metrics"]["delay"] < 30, result.json)
        check(SECRET not in result.output, "the password is told")
    same([a["number"] for a in result.json["arrivals"]], [2], "arrivals")
    return result


def add_ways():
    """Each way of both, with one of the other."""
    for number in range(max(len(HANDS_IN), len(LOOKS))):
        engine, security, login = HANDS_IN[number % len(HANDS_IN)]
        protocol, kind = LOOKS[number % len(LOOKS)]

        @case(f"{engine}, {security}{', login' if login else ''}; "
              f"{protocol}, {kind}")
        def arrives(lab, handed=(security, engine, login),
                    looked=(protocol, kind)):
            flow = begin(lab)
            flow.given.update({**flow.submits(SUBMIT, *handed),
                               **flow.reads(*looked)})
            result = three(flow)
            same(result.json["submission"]["outcome"], "done", "submission")


add_ways()


@case("what a probe is: three tokens, marked as of no person")
def looks_like(lab):
    flow = begin(lab)
    flow.run()
    text = re.sub("\r\n[ \t]+", " ", flow.user.wait_kept(1)[0])
    own = re.search(r"^X-Lifeline-Probe: (lp1\.\S+)\r$", text, re.M)[1]
    for line in (f"^Message-ID: <{re.escape(own)}@", "^Auto-Submitted: auto-",
                 f"^Subject: .*{re.escape(own)}",
                 f"^From: .*{flow.user.sender}", f"^To: .*{flow.user.to}"):
        check(re.search(line, text, re.M), f"{line} is not in {text}")


@case("by IMAP with TLS and one arrival, it takes at most 12 round trips")
def round_trips(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    result = flow.run()
    trips = result.json["mailboxes"][0]["round_trips"]
    check(trips <= TRIPS_MAX, trips)


def by_protocol(title):
    """Makes a function a case for IMAP and for POP3."""
    def add(function):
        for protocol in ("imap", "pop3"):
            case(f"{protocol}: {title}")(
                lambda lab, protocol=protocol: function(lab, protocol))
    return add


@by_protocol("a gateway takes all tokens but one away, whichever that is")
def rewritten(lab, protocol):
    for name in ("stripped1", "renamed1"):
        flow = begin(lab, protocol=protocol, instance=name + protocol)
        three(flow)
        text = flow.user.wait_kept(1)[0]
        same(len(re.findall(r"lp1\.[a-z]+1(?:imap|pop3)\.", text)), 1, text)


@by_protocol("a hundred servers on the way, with much to say")
def long_way(lab, protocol):
    flow = begin(lab, protocol=protocol)
    flow.run()
    host = f"{'a-long-name-of-a-host' * 2}.example.org"
    hop = (f"Received: from {host} ({host} [192.0.2.1])\r\n\tby {host} "
           f"(Postfix) with ESMTPS id {'0123456789' * 10}\r\n\t"
           f"for <{flow.user.to}>; Sun, 22 Nov 2026 02:47:57 +0000\r\n")
    flow.user.put(hop * 100 + flow.user.take())
    counts(flow.run(), outstanding=1, delivered=1)


@case("without --instance, in another time zone")
def usual(lab):
    flow = begin(lab, instance=None)
    flow.environment["TZ"] = "Asia/Kolkata"
    three(flow)
    other = begin(lab, user=flow.user, instance=None, via=MX1, smtp=None)
    other.given.update(key_file=flow.key, state_dir=flow.state)
    flow.user.take()
    three(other)


@case("the trail: each hop in its order, and that it was encrypted")
def trail(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    hops = flow.run().json["arrivals"][0]["hops"]
    same({hop["by"] for hop in hops}, {SUBMIT, MX1, IMAP}, "hops")
    same(len(hops), 3, "hops")


@case("--every: no second probe before its time, arrivals count all the same")
def every(lab):
    flow = begin(lab, every="10m")
    site, user = flow.site, flow.user
    same(flow.run().json["is_due"], True, "due")
    user.wait_kept(1)
    result = counts(flow.run().expect("OK", {}), delivered=1)
    same(result.json["is_due"], False, "due")
    same(user.kept(), [], "what was sent")
    site.clock.forward(540)
    counts(flow.run().expect("OK", {}), delivered=1)
    site.clock.forward(61)
    counts(flow.run().expect("OK", {}), delivered=1, outstanding=1)


@case("--wait: the run ends when the probe is there")
def wait(lab):
    flow = begin(lab, wait="25s", timeout="40s")
    result = counts(flow.run_on().expect("OK", {}), delivered=1)
    same(flow.user.kept(), [], "what is left")
    check(result.seconds < 20, result.seconds)
    flow.site.mx1.holds(flow.user)
    result = counts(flow.run_on(wait="2s").expect("OK", {}), delivered=1,
                    outstanding=1)
    check(2 <= result.seconds < 20, result.seconds)
    check(result.json["waited"] > 1, "it did not arrive, and that is said")


@case("--via each exchanger in turn, proven by the trail")
def via(lab):
    flow = begin(lab, via=[MX1, MX2], smtp=None)
    seen = {}
    flow.run().expect("OK", {})
    for _ in range(4):
        flow.user.wait_kept(1)
        arrival = flow.run().expect("OK", {}).json["arrivals"][0]
        same(arrival["passed_via"], True, "passed")
        seen.setdefault(arrival["via"], []).append(
            [hop["by"] for hop in arrival["hops"]])
    same({via: [set(by) for by in bys] for via, bys in seen.items()},
         {MX1: [{MX1, IMAP}] * 2, MX2: [{MX2, MX1, IMAP}] * 2}, "trails")


@case("--via an address, of both families")
def via_address(lab):
    for address in AT[MX2].split():
        flow = begin(lab, via=address, smtp=None)
        flow.run().expect("OK", {})
        flow.user.wait_kept(1)
        arrival = flow.run().expect("OK", {}).json["arrivals"][0]
        same((arrival["via"], arrival["passed_via"]), (address, True), "via")


@case("addresses in the place of names, of both families")
def literals(lab):
    flow = begin(lab, any_certificate=True)
    for delivered in (0, 1, 2):
        at = [f"[{a}]" if ":" in a else a for a in AT[SUBMIT].split()]
        flow.given.update(smtp=f"{at[delivered % 2]}:25", imap="imaps://"
                          f"{flow.user.name}@[{AT[IMAP].split()[1]}]/INBOX")
        counts(flow.run().expect("OK", {}), outstanding=1,
               delivered=delivered)
        flow.user.wait_kept(1)


@case("one family alone, where that was asked for")
def families(lab):
    flow = begin(lab)
    for option, sign in (("use_ipv4", "."), ("use_ipv6", ":")):
        result = flow.run(**{option: True}).expect("OK", {})
        for service in (result.json["submission"],
                        *result.json["mailboxes"]):
            check(sign in service["address"], service)


@case("names that lead nowhere: each side is its own trouble")
def nowhere(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    result = flow.run(smtp="nothing.example.net:25").expect("CRITICAL", {
        "submission-failed": ["nothing.example.net:25"]})
    counts(result, outstanding=0, delivered=1)
    result = flow.run(imap="imaps://x@nothing.example.net").expect(
        "UNKNOWN", {"mailbox-unreadable": ["nothing.example.net"]})
    counts(result, outstanding=1, delivered=1)
    flow.user.wait_kept(1)
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=2)


@case("a monitor whose clock is ten minutes fast, or slow, alarms nobody")
def other_clocks(lab):
    for seconds in (600, -600):
        flow = begin(lab)
        own = Clock(lab, f"clock{seconds}")
        own.forward(flow.site.clock.seconds + seconds)
        flow.environment = own.environment({})
        for delivered in (0, 1, 2):
            counts(flow.run().expect("OK", {}), outstanding=1,
                   delivered=delivered)
            flow.user.wait_kept(1)


@case("Authentication-Results of the own receiver count, and no others")
def authenticated(lab):
    flow = begin(lab, authserv_id=MX1)
    site, user = flow.site, flow.user
    prefix = "PREPEND Authentication-Results: "
    site.mx1.does(user, f"{prefix}{MX1}; spf=pass; dkim=pass; dmarc=pass")
    flow.run()
    user.wait_kept(1)
    site.mx1.does(user, f"{prefix}elsewhere.example; spf=fail")
    arrival = flow.run().expect("OK", {}).json["arrivals"][0]
    same([arrival[k] for k in ("spf", "dkim", "dmarc")], ["pass"] * 3, "own")
    user.wait_kept(1)
    site.mx1.does(user, f"{prefix}{MX1}; spf=pass; dkim=fail; dmarc=fail")
    flow.run().expect("OK", {}).not_judged("authentication-fails")
    user.wait_kept(1)
    flow.run().expect("WARNING", {"authentication-fails": [MX1]})


main()
