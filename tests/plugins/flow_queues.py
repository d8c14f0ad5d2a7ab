# SPDX-License-Identifier: GPL-3.0-or-later
"""What queues, filters and storages do to probes: held for hours, deleted,
bounced, put off, stalled, doubled, taken for junk; with real servers."""

import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, same  # noqa: E402
from flow import MX2, begin, counts, main, site_of  # noqa: E402

HOUR = 3600
SLOW = {"threshold": None}


def says(result, *words):
    """Holds where all of this is in line 1."""
    for word in words:
        check(word in result.json["summary"],
              f"{word} is not in {result.json['summary']}")


def blamed(result, rule, *words):
    """Holds where all of this is in the text of a rule's only finding."""
    found = [f for f in result.findings if f["rule"] == rule]
    same(len(found), 1, f"findings of {rule}")
    for word in words:
        check(word in found[0]["text"], f"{word} is not in {found[0]}")


@case("a stopped queue, and then flushed: late, and none lost")
def stopped(lab):
    flow = begin(lab)
    site, user = flow.site, flow.user
    site.mx1.holds(user)
    counts(flow.run().expect("OK", {}), outstanding=1)
    site.mx1.wait_queue(user, 1, "hold")
    site.clock.forward(6 * 60)
    counts(flow.run().expect("WARNING", SLOW), outstanding=2)
    site.mx1.wait_queue(user, 2, "hold")
    site.clock.forward(4 * HOUR + 5)
    counts(flow.run().expect("CRITICAL", SLOW), outstanding=3)
    site.mx1.wait_queue(user, 3, "hold")
    site.clock.forward(6 * 60)
    site.mx1.undo(user)
    site.mx1.release()
    user.wait_kept(3)
    counts(flow.run().expect("CRITICAL", SLOW), outstanding=1, late=3)
    user.wait_kept(1)
    result = counts(flow.run().expect("OK", {}), outstanding=1, late=3,
                    delivered=1)
    says(result, "3 were late by up to 4 h 12 min, none lost")
    result.notes("mail-late")


@case("one message deleted from the queue: lost, and only that one")
def deleted(lab):
    flow = begin(lab)
    site, user = flow.site, flow.user
    site.mx1.holds(user)
    idents = []
    for count in (1, 2, 3):
        flow.run()
        idents += set(site.mx1.wait_queue(user, count, "hold")) - {*idents}
    site.mx1.delete(idents[1])
    site.mx1.undo(user)
    site.mx1.release()
    user.wait_kept(2)
    counts(flow.run().expect("OK", {}), outstanding=2, delivered=2)
    user.wait_kept(1)
    site.clock.forward(25 * HOUR)
    result = flow.run().expect("CRITICAL", {"mail-lost": None})
    counts(result, outstanding=1, delivered=3, lost=1)


@case("accepted and thrown away: lost, until enough arrived in time again")
def discarded(lab):
    flow = begin(lab, lost_after="2h")
    site, user = flow.site, flow.user
    site.mx1.does(user, "DISCARD for good")
    flow.run()
    site.submit.wait_queue(user, 0)
    site.mx1.undo(user)
    site.clock.forward(2 * HOUR + 5)
    counts(flow.run().expect("CRITICAL", {"mail-lost": None}),
           outstanding=1, lost=1)
    for delivered in (1, 2):
        user.wait_kept(1)
        counts(flow.run().expect("CRITICAL", {"mail-lost": None}),
               outstanding=1, lost=1, delivered=delivered)
    user.wait_kept(1)
    counts(flow.run().expect("OK", {}), outstanding=1, lost=1, delivered=3)


@case("what was counted lost and arrives is put right, and said")
def found(lab):
    flow = begin(lab, lost_after="2h")
    site, user = flow.site, flow.user
    site.mx1.holds(user)
    flow.run()
    site.mx1.wait_queue(user, 1, "hold")
    site.clock.forward(3 * HOUR + 5)
    counts(flow.run().expect("CRITICAL", {"mail-lost": None}),
           outstanding=1, lost=1)
    site.mx1.wait_queue(user, 2, "hold")
    site.mx1.undo(user)
    site.mx1.release()
    user.wait_kept(2)
    result = counts(flow.run(), outstanding=1, late=1, delivered=1)
    check("mail-lost" not in result.found(), result.found())
    says(flow.run(), "1 was late by up to 3 h", "none lost")


def add_bounces():
    """From both hops, with notifications asked for and not."""
    for engine in ("libesmtp", "dialogue"):
        for dsn in (True, None):
            for hop in ("exchanger", "mailbox"):
                @case(f"a bounce, of the {hop}, {engine}, "
                      f"{'--dsn' if dsn else 'not asked for'}")
                def bounced(lab, engine=engine, dsn=dsn, hop=hop):
                    flow = begin(lab, dsn=dsn, submit_with=engine)
                    is_told(flow, hop)


def is_told(flow, hop):
    """Critical, with the reason as it was said; over when others arrive."""
    site, user = flow.site, flow.user
    if hop == "exchanger":
        site.mx1.does(user, "550 5.1.1 Nobody of this name")
    else:  # its server does not know the user that this one is called there
        site.mx1.aliases[user.to] = "nobody@example.org"
    flow.run()
    user.wait_kept(1)
    site.mx1.undo(user)
    result = flow.run().expect("CRITICAL", {"mail-bounced": None})
    counts(result, outstanding=1, bounced=1)
    blamed(result, "mail-bounced", "5.1.1", "Nobody of this name"
           if hop == "exchanger" else "User doesn't exist")
    for delivered in (1, 2):
        user.wait_kept(1)
        counts(flow.run().expect("CRITICAL", {"mail-bounced": None}),
               outstanding=1, bounced=1, delivered=delivered)
    user.wait_kept(1)
    counts(flow.run().expect("OK", {}), outstanding=1, bounced=1, delivered=3)


add_bounces()


@case("a notification of delay, asked for by --dsn")
def delayed(lab):
    flow = begin(lab, dsn=True)
    site, user = flow.site, flow.user
    for host in (site.mx1, site.mx2):
        host.does(user, "450 4.2.0 The disk is busy")
    flow.run()
    site.submit.wait_queue(user, 1, "deferred")
    site.clock.forward(2 * HOUR)
    site.submit.flush()
    user.wait_kept(1)
    result = flow.run().expect("CRITICAL", {
        "mail-delayed": None, "threshold": None})
    counts(result, outstanding=2)
    blamed(result, "mail-delayed", "example.org", "The disk is busy")


@case("greylisted: taken at the second try, and nothing but a delay")
def greylisted(lab):
    flow = begin(lab)
    site, user = flow.site, flow.user
    site.greylists(user, 200)
    begin_s = time.monotonic()
    flow.run().expect("OK", {})
    site.submit.wait_queue(user, 1, "deferred")
    site.clock.forward(240)
    site.submit.flush()
    user.wait_kept(1)
    result = counts(flow.run().expect("OK", {}), outstanding=1, delivered=1)
    took_s = time.monotonic() - begin_s
    check(230 < result.json["metrics"]["delay"] < 241 + took_s,
          result.json["metrics"])


@case("accepted by the exchanger, which can't give it on: outstanding")
def stalled(lab):
    flow = begin(lab)
    site, user = flow.site, flow.user
    site.mx1.routes[user.to] = site.closed()
    flow.run()
    site.mx1.wait_queue(user, 1, "deferred")
    site.clock.forward(20 * 60)
    result = counts(flow.run().expect("CRITICAL", SLOW), outstanding=2)
    check(result.json["metrics"]["oldest_outstanding"] > 1190, "age")
    site.mx1.wait_queue(user, 2, "deferred")
    del site.mx1.routes[user.to]
    site.clock.forward(60)
    site.mx1.deliver(user, 2)
    counts(flow.run(), outstanding=1, late=1, delivered=1)


@case("each one delivered twice: counted once, and the copies said")
def doubled(lab):
    flow = begin(lab)
    site, user = flow.site, flow.user
    site.mx1.doubles(user)
    flow.run()
    user.wait_kept(2)
    result = counts(flow.run().expect("OK", {}), outstanding=1, delivered=1,
                    duplicate=1)
    result.notes("mail-duplicate")
    user.wait_kept(2)
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=2,
           duplicate=2)


@case("a copy that comes a day later is a copy still")
def doubled_later(lab):
    flow = begin(lab)
    flow.run()
    text = flow.user.wait_kept(1)[0]
    counts(flow.run(), outstanding=1, delivered=1)
    flow.site.clock.forward(4 * 60)
    flow.user.wait_kept(1)
    flow.user.put(text)
    counts(flow.run(), outstanding=1, delivered=2, duplicate=1)
    flow.user.wait_kept(1)
    counts(flow.run(), outstanding=1, delivered=3, duplicate=1)


@case("taken for junk")
def junk(lab):
    flow = begin(lab, mailbox=["INBOX", "Junk"])
    site, user = flow.site, flow.user
    site.mx1.junks(user)
    flow.run()
    user.wait_kept(1, "Junk")
    result = flow.run().expect("WARNING", {"mail-junk": None})
    counts(result, outstanding=1, junk=1)
    user.wait_kept(1, "Junk")
    same(user.kept(), [], "in the other folder")


@case("what a folder is for: by its name, or as was said")
def meant(lab):
    for typed, is_junk in (("Spam", True), ("Bulk", True),
                           ("x.JUNK E-Mail", True), ("[Gmail]/Spam", True),
                           ("junk=Lists", True), ("inbox=Junk", False),
                           ("Spam and more", False)):
        flow = begin(lab, mailbox=["INBOX", typed])
        name = typed.rpartition("=")[2]
        if name != "Junk":  # which is there
            flow.user.make_folder(f'"{name}"')
        flow.run()
        flow.user.put(flow.user.take(), folder=f'"{name}"')
        counts(flow.run(), outstanding=1, junk=int(is_junk),
               delivered=int(not is_junk))


@case("in a folder with a name of other letters")
def folders(lab):
    flow = begin(lab, mailbox=["INBOX", "Entw\u00fcrfe/M\u00e4rz"])
    flow.user.make_folder("Entw&APw-rfe/M&AOQ-rz")
    flow.run()
    flow.user.put(flow.user.take(), folder="Entw&APw-rfe/M&AOQ-rz")
    counts(flow.run().expect("OK", {}), outstanding=1, delivered=1)


@case("one of the folders is not there: that one is told")
def missing(lab):
    flow = begin(lab, mailbox=["INBOX", "Nowhere"])
    result = flow.run()
    same(result.state, "UNKNOWN", "state")
    blamed(result, "mailbox-unreadable", "Nowhere")


@case("a full mailbox: the probe bounces, the reason is told")
def full(lab):
    site = site_of(lab)
    full_user, other = site.user(is_full=True), site.user()
    flow = begin(lab, user=other, to=full_user.to, dsn=True)
    site.mailboxes.put(full_user.name, "Subject: x\r\n\r\n" + "x\r\n" * 1300)
    flow.run()
    other.wait_kept(1)
    result = flow.run().expect("CRITICAL", {"mail-bounced": None})
    blamed(result, "mail-bounced", "5.2.2")


FATES = {"arrives": None, "held": "HOLD", "lost": "DISCARD",
         "bounced": "550 5.1.1 Nobody of this name", "duplicate": None}
COMES = {"arrives": 1, "held": 0, "lost": 0, "bounced": 1, "duplicate": 2}
MANY = 60


@case("sixty probes, to each of which something else happens: all counted as "
      "what became of them")
def fates(lab):
    flow = begin(lab, window=1000, lost_after="6h", dsn=True)
    chance = random.Random(MANY)
    wanted = [chance.choice(list(FATES)) for _ in range(MANY)]
    for fate in wanted:
        suffer(flow, fate)
        if chance.random() < 0.2:
            let_go(flow)
        flow.site.clock.forward(chance.randrange(1, 1800))
    let_go(flow)
    flow.run(every="30d")
    flow.site.clock.forward(7 * HOUR)
    metrics = flow.run(every="30d").json["metrics"]
    for fate in ("lost", "bounced", "duplicate"):
        same(metrics[fate], wanted.count(fate), fate)
    same(metrics["delivered"] + metrics["late"],
         MANY - metrics["lost"] - metrics["bounced"], "arrived")
    same(metrics["outstanding"] + metrics["unaccounted"], 0, "open")


def suffer(flow, fate):
    """One more probe, of this fate, that has come to it. The run takes away
    what came before."""
    site, user = flow.site, flow.user
    held = len(site.mx1.queue(user, "hold"))
    site.mx1.undo(user)
    if fate == "duplicate":
        site.mx1.doubles(user)
    elif FATES[fate]:
        site.mx1.does(user, FATES[fate])
    flow.run()
    user.wait_kept(COMES[fate])
    site.submit.wait_queue(user, 0)
    site.mx1.wait_queue(user, held + (fate == "held"))


def let_go(flow):
    """What is held comes, late or not."""
    site, user = flow.site, flow.user
    held = len(site.mx1.queue(user, "hold"))
    there = len(user.kept())
    site.mx1.undo(user)
    site.mx1.release()
    user.wait_kept(there + held)
    site.mx1.wait_queue(user, 0)


@case("the primary is down: --via the backup is queued, delivered later, and "
      "the trail charges the backup")
def via_backup(lab):
    flow = begin(lab, via=MX2, smtp=None)
    site, user = flow.site, flow.user
    site.mx1.goes_down()
    counts(flow.run().expect("OK", {}), outstanding=1)
    site.mx2.wait_queue(user, 1, "deferred")
    site.clock.forward(17 * 60)
    counts(flow.run().expect("CRITICAL", SLOW), outstanding=2)
    site.mx2.wait_queue(user, 2, "deferred")
    site.mx1.comes_up()
    site.mx2.deliver(user, 2)
    arrivals = counts(flow.run(), outstanding=1, late=1,
                      delivered=1).json["arrivals"]
    same(sorted((a["number"], a["passed_via"]) for a in arrivals),
         [(1, True), (2, True)], "arrivals")
    first = next(a for a in arrivals if a["number"] == 1)
    same(first["slowest"], MX2, "who held it")
    held = {leg["by"]: leg["time"] for leg in first["held"]}
    check(16 * 60 < held[MX2] < 18 * 60, held)


main()
