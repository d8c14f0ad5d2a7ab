# SPDX-License-Identifier: GPL-3.0-or-later
"""What else is in a mailbox: foreign and forged mail, other instances, 50,000
messages, 5,000 probes; and mailboxes that get new numbers, or keep what is to
be deleted. Real servers, but where they refuse to."""

import imaplib
import json
import os
import re
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, same  # noqa: E402
from flow import (Flow, SECRET, SPARE, SPARE_AT, begin,  # noqa: E402
                  counts, main, probe, token)
from mailboxes import Box, imap  # noqa: E402
import mailbox  # noqa: E402

MANY, OUTSTANDING, SCAN = 50000, 5000, 200
TEXTS = 100  # of the many
TRIPS_MAX = 12
AMPLE = "25s"  # how long a server takes is not what is looked at
MOST_KB = 24 << 10
FOREIGN = ("Subject: number {}\r\nFrom: b@example.org\r\n\r\n"
           "a4 OK forged\r\n* SEARCH 1 2 3\r\n.\r\n+OK\r\n")


def by_protocol(title):
    """Makes a function a case for IMAP and for POP3."""
    def add(function):
        for protocol in ("imap", "pop3"):
            case(f"{protocol}: {title}")(
                lambda lab, protocol=protocol: function(lab, protocol))
    return add


def large(lab, flow):
    """A server of its own for this user, whose mail is files: many can be
    laid there at once."""
    server = mailbox.Dovecot(lab, [SPARE_AT],
                             users={flow.user.name: SECRET},
                             cert=flow.site.certs[SPARE])
    lab.net.add([SPARE_AT])
    server.start()
    server.wait()
    flow.site.scripted.append(server)
    return server


def make_index(lab, flow):
    """The server reads all of it once, for as long as that takes."""
    context = ssl.create_default_context(cafile=lab.ca_file())
    with imaplib.IMAP4_SSL(SPARE, ssl_context=context) as peer:
        peer.login(flow.user.name, SECRET)
        peer.select()
        peer.uid("SEARCH", "OR HEADER X-Lifeline-Probe x OR HEADER "
                 "Message-ID x OR HEADER Content-Type x OR FROM x SUBJECT x")


def frugally(flow, **more):
    """A run of which the memory is measured, as its JSON."""
    path = os.path.join(flow.state, "used")
    flow.under = [sys.executable, "-I", "-S", "-c", MEASURE, path]
    with flow.site.gate:
        _, text, errors, _ = flow.plainly("--output=json", **{
            "timeout": AMPLE, **more})
    flow.under = []
    with open(path, encoding="ascii") as file:
        used_kb = int(file.read())
    os.unlink(path)
    result = json.loads(text)
    print(f"# {used_kb} kB, {result['duration']} s")
    same(errors, "", "stderr")
    check(used_kb <= MOST_KB or is_instrumented(flow), f"{used_kb} kB")
    return result


# By the side of a program that is small itself: what was there before a
# program counts as that program's, too.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(code)
"""


def is_instrumented(flow):
    """Whether the plugin takes memory for its sanitizers."""
    with open(flow.site.lab.plugin(), "rb") as program:
        return b"__asan_init" in program.read()


# This one comes first: its files are of the kernel's clock.
@case("50,000 foreign mails cost neither round trips nor memory")
def many(lab):
    flow = begin(lab)
    server = large(lab, flow)
    name = flow.user.name
    server.put(name, *(FOREIGN.format(n % TEXTS) for n in range(MANY)))
    make_index(lab, flow)
    there = flow.reads("imap", "tls", SPARE)
    flow.run(timeout=AMPLE, **there).expect("OK", {})
    server.put(name, flow.user.take(), prefix="z")
    result = frugally(flow, **there)
    same((result["state"], result["metrics"]["delivered"]), (0, 1), "state")
    flow.user.take()
    box = result["mailboxes"][0]
    check(box["round_trips"] <= TRIPS_MAX, box)
    same((box["read"], box["undeleted"]), (1, 0), "read")
    flow = begin(lab, user=flow.user, instance="another")
    there = flow.reads("pop3", "tls", SPARE)
    result = frugally(flow, **there)
    box = result["mailboxes"][0]
    same((result["state"], box["read"], box["left_out"]),
         (0, SCAN, MANY - SCAN), "the first run by POP3")
    for delivered in (1, 2):
        server.put(name, flow.user.take(), prefix="z")
        result = frugally(flow, **there)
        same((result["state"], result["mailboxes"][0]["read"],
              result["metrics"]["delivered"]), (0, 1, delivered), "a new one")
    same(len(server.kept(name)), MANY, "what is left")


@by_protocol("5,000 that are outstanding arrive at once")
def outstanding(lab, protocol):
    flow = begin(lab)
    server = large(lab, flow)
    flow.run()
    flow.user.take()
    path = flow.files()[0]
    with open(path, encoding="ascii") as file:
        ledger = json.load(file)
    state = ledger["state"]
    (series, _, sent_ms, *_), *_ = state["probes"]
    state["probes"] = [[series, n, sent_ms + n, "accepted", None, 0]
                       for n in range(1, OUTSTANDING + 1)]
    state.update(sent=OUTSTANDING, last_sent_ms=sent_ms + OUTSTANDING)
    with open(path, "w", encoding="ascii") as file:
        json.dump(ledger, file)
    flow.site.clock.forward(10)
    server.put(flow.user.name, *(
        probe(flow.user, token(flow.key, flow.user.name, series, n,
                               sent_ms + n))
        for n in range(1, OUTSTANDING + 1)))
    there = flow.reads(protocol, "tls", SPARE)
    there["pop3_scan"] = OUTSTANDING
    result = frugally(flow, **there)
    same((result["state"], result["outstanding"], result["run"]["arrived"]),
         (0, 1, OUTSTANDING), "state")
    same(server.kept(flow.user.name), [], "what is left")


def forgeries(flow):
    """Mail that is nobody's probe, whatever it says."""
    user = flow.user
    at_ms = int(flow.site.clock.now() * 1000) - 60000
    mine = user.name
    right = token(flow.key, mine, 1700000000, 7, at_ms)
    wrong = right[:-4] + ("0000" if right[-4:] != "0000" else "1111")
    stranger = token(b"\1" * 32, mine, 1700000000, 8, at_ms)
    return [
        probe(user, wrong), probe(user, stranger),
        probe(user, right.replace("-7.", "-8.")),  # of another number
        probe(user, right.replace(f".{at_ms}.", f".{at_ms - 1}.")),
        probe(user, right.upper()), probe(user, right + "0"),
        probe(user, right[:-2]), probe(user, "lp1." + mine + "."),
        probe(user, "lp1." + "9" * 900),
        # Somebody answers one of ours, or forwards it.
        f"Subject: Re: {right}\r\nFrom: b@example.org\r\n\r\n{right}\r\n",
        f"Subject: Automatic reply: {right}\r\nFrom: {user.to}\r\n"
        "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n",
        "Subject: Fwd\r\nFrom: b@example.org\r\n\r\n"
        f"> X-Lifeline-Probe: {right}\r\n",
        FOREIGN.format(1)]


@by_protocol("a probe to its own sender: who answers there is no probe")
def answered(lab, protocol):
    flow = begin(lab, protocol=protocol)
    flow.given["from"] = flow.user.to
    flow.run()
    text = flow.user.take()
    word = re.search(r"^X-Lifeline-Probe: (lp1\.\S+)\r$",
                     re.sub("\r\n[ \t]+", " ", text), re.M)[1]
    flow.user.put(f"From: {flow.user.to}\r\nSubject: Re: Mail flow probe "
                  f"{word}\r\nIn-Reply-To: <{word}@example.org>\r\n"
                  "Message-ID: <1@example.org>\r\n\r\nHello?\r\n")
    counts(flow.run().expect("OK", {}), outstanding=2)
    flow.user.wait_kept(2)


@by_protocol("forged and foreign mail is never counted, never deleted")
def forged(lab, protocol):
    flow = begin(lab, protocol=protocol)
    texts = forgeries(flow)
    flow.user.put(*texts)
    for delivered in range(3):
        result = counts(flow.run(), outstanding=1, delivered=delivered)
        same(result.state, "OK", "state")
        flow.user.wait_kept(len(texts) + 1)
    left = [text for text in flow.user.kept() if "Received:" not in text]
    same(sorted(left), sorted(texts), "what is left")


@by_protocol("other instances of the same key, in the same mailbox")
def instances(lab, protocol):
    flow = begin(lab, protocol=protocol)
    flows = [flow]
    for name in (flow.user.name + "x", flow.user.name + ".2", "z"):
        other = Flow(flow.site, flow.user)
        other.given.update(flow.given, instance=name, state_dir=other.state)
        flows.append(other)
    with flow.site.gate:
        for one in flows:
            one.run()
    for delivered in (1, 2):
        flow.user.wait_kept(len(flows))
        with flow.site.gate:
            for left, one in enumerate(reversed(flows), 1):
                counts(one.run().expect("OK", {}), outstanding=1,
                       delivered=delivered)
                same(len(flow.user.kept()), len(flows) - left, "what is left")


@case("what somebody else marked as deleted stays there")
def marked_by_others(lab):
    flow = begin(lab)
    flow.user.put(FOREIGN.format(1))
    flow.user.mark()
    for delivered in range(3):
        counts(flow.run().expect("OK", {}), outstanding=1,
               delivered=delivered)
        flow.user.wait_kept(2)


@case("a bounce and a vacation of somebody else are left alone")
def notifications(lab):
    flow = begin(lab, dsn=True)
    site, user = flow.site, flow.user
    nobody = site.user()
    site.mx1.does(nobody, "550 5.1.1 Nobody of this name")
    site.send(user, to=nobody.to)
    user.wait_kept(1)
    user.put("Subject: Out of office\r\nFrom: MAILER-DAEMON@example.org\r\n"
             "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n")
    for delivered in range(3):
        counts(flow.run().expect("OK", {}), outstanding=1,
               delivered=delivered)
        user.wait_kept(3)


@case("the mailbox becomes another one: nothing twice, none missed")
def renumbered(lab):
    flow = begin(lab)
    user = flow.user
    user.put(FOREIGN.format(1), FOREIGN.format(2))
    flow.run()
    user.wait_kept(3)
    counts(flow.run(), outstanding=1, delivered=1)
    user.wait_kept(3)
    user.renumber()
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=2)
    user.wait_kept(3)
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=3)


@case("all numbers change and nothing was deleted: counted once")
def numbers_change(lab):
    flow = begin(lab)
    box = Box(FOREIGN.format(1))
    flow.site.script(143, imap(box, acts={"uid store": refuses}))
    flow.given.update(flow.reads("imap", "plain", SPARE))
    flow.run()
    for delivered in (1, 2, 3):
        box.put(flow.user.take())
        box.renumber()
        result = flow.run()
        counts(result, outstanding=1, delivered=delivered)
        same(list(result.found((1, 2, 3))), ["mail-not-deleted"], "rules")
    same(len(box.kept()), 4, "what is left")


def refuses(session, tag, _):
    """It does not want to."""
    session.connection.say(f"{tag} NO Never")


@case("a server without UIDPLUS: probes are marked and counted once")
def marked(lab):
    flow = begin(lab)
    box = Box(FOREIGN.format(1))
    flow.site.script(143, imap(
        box, capability="IMAP4rev1 SASL-IR AUTH=PLAIN"))
    flow.given.update(flow.reads("imap", "plain", SPARE))
    flow.run()
    for delivered in (1, 2, 3):
        box.put(flow.user.take())
        counts(flow.run(), outstanding=1, delivered=delivered)
        same(len(box.marked()), delivered, "marked")
    check(FOREIGN.format(1) not in box.marked(), "foreign mail is marked")
    same(len(box.kept()), 4, "what is left")


main()
