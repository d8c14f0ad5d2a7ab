# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that lie, drop, hold their peace or want the password in the clear,
at either end of a mail flow: whatever they do, no probe is counted twice, none
is counted that is none, and what could not be seen is said."""

import glob
import itertools
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, same  # noqa: E402
from flow import (PATIENCE_S, SECRET, SPARE, begin, counts,  # noqa: E402
                  main)
from mailboxes import (Box, after, drops, holds, imap,  # noqa: E402
                       pop3, says, sends)
import smtp  # noqa: E402

ENGINES = ("libesmtp", "dialogue")
FOREIGN = "Subject: number {}\r\nFrom: b@example.org\r\n\r\nNo probe.\r\n"
UNREAD = {"mailbox-unreadable": None}
HASTY, HASTY_MAX_S = "4s", 8  # a run that is cut


def by_engine(title):
    """Makes a function a case for each of what submits."""
    def add(function):
        for engine in ENGINES:
            case(f"{engine}: {title}")(
                lambda lab, engine=engine: function(lab, engine))
    return add


# Who takes the mail.

def hand_in(flow, engine, behaviour, security="plain", login=False, **more):
    """A run that submits to a scripted server: (result, server)."""
    words = flow.submits(SPARE, security, engine, login)
    port = int(words["smtp"].rpartition(":")[2])
    server = flow.site.script(port, behaviour)
    return flow.run(**words, **more), server


def add_refusals():
    """A reply at each stage, and what is made of it."""
    for stage, reply, state in (
            ("greeting", "554 5.7.1 Go away", "CRITICAL"),
            ("greeting", "421 4.3.2 Later", "CRITICAL"),
            ("ehlo", "550 What?", "CRITICAL"),
            ("mail", "550 5.7.1 Not from there", "CRITICAL"),
            ("mail", "452 4.3.1 No room", "CRITICAL"),
            ("rcpt", "550 5.1.1 Nobody of this name", "CRITICAL"),
            ("rcpt", "450 4.7.1 Greylisted, try again later", "WARNING"),
            ("data", "554 5.6.0 No", "CRITICAL")):
        @by_engine(f"{stage} gets {reply[:9]}: not sent, arrivals count")
        def refused(lab, engine, stage=stage, reply=reply, state=state):
            flow = begin(lab)
            flow.run()
            flow.user.wait_kept(1)
            told = {stage: reply, "helo": reply} if stage == "ehlo" else {
                stage: reply}
            result, _ = hand_in(flow, engine, smtp.dialogue(**told))
            result.expect(state, {"submission-failed": None})
            check(reply[:3] in result.found()["submission-failed"][0]["text"],
                  result.found())
            counts(result, outstanding=0, delivered=1)


add_refusals()


@by_engine("nobody listens: not sent, arrivals count")
def closed(lab, engine):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    words = flow.submits(SPARE, "plain", engine)
    lab.net.add(["203.0.113.110"])
    result = flow.run(**words).expect("CRITICAL", {"submission-failed": None})
    counts(result, outstanding=0, delivered=1)


@by_engine("the server never says a word: told in time, arrivals count")
def tarpit(lab, engine):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    result, _ = hand_in(flow, engine, smtp.silent, timeout=HASTY)
    check("submission-failed" in result.found(), result.found())
    check(result.state in ("CRITICAL", "UNKNOWN"), result.state)
    check(result.seconds < HASTY_MAX_S, result.seconds)
    counts(result, outstanding=0, delivered=1)


def swallows(connection):
    """Takes the message, and goes away without a word."""
    connection.say("354 Go on")
    while connection.hear() not in (".", None):
        pass
    raise smtp.Over


@by_engine("it goes away behind the message: nobody knows, so it is neither "
           "sent nor lost, and delivered where it arrives")
def unsure(lab, engine):
    flow = begin(lab, lost_after="2h")
    result, server = hand_in(flow, engine, smtp.dialogue(
        acts={"data": swallows}))
    result.expect("CRITICAL", {"submission-failed": None})
    counts(result, outstanding=1)
    text = "\r\n".join(line for _, line in server.heard
                       if line.startswith("X-Lifeline-Probe:"))
    check(text, server.heard)
    flow.site.clock.forward(2 * 3600 + 60)
    result = flow.run()
    counts(result, outstanding=1, unaccounted=1)
    check("mail-lost" not in result.found(), result.found())
    flow.user.wait_kept(1)
    flow.user.put(text + "\r\n\r\n")
    counts(flow.run(), delivered=1, late=1, outstanding=1)


@by_engine("STARTTLS is not offered: no password is said")
def stripped(lab, engine):
    flow = begin(lab)
    result, server = hand_in(
        flow, engine, smtp.dialogue(ehlo=["mx", "AUTH PLAIN LOGIN"]),
        "starttls", login=True)
    result.expect("CRITICAL", {"submission-failed": None})
    same([v for v in server.verbs() if v in ("AUTH", "MAIL")], [], "verbs")


@by_engine("text behind the reply to STARTTLS: nothing of it counts")
def injected(lab, engine):
    flow = begin(lab)
    replies = b"".join(b"250 2.0.0 Ok\r\n" for _ in range(8))
    result, server = hand_in(
        flow, engine, smtp.injected(flow.site.certs[SPARE], replies),
        "starttls")
    result.expect("CRITICAL", {"submission-failed": None})
    same([v for v in server.verbs() if v in ("MAIL", "DATA")], [], "verbs")
    counts(result, outstanding=0)


@by_engine("the password is refused, and mail taken without: not sent")
def refuses_password(lab, engine):
    flow = begin(lab)
    result, server = hand_in(flow, engine, smtp.dialogue(
        ehlo=["mx", "AUTH PLAIN LOGIN"], auth="535 5.7.8 No"),
        login=True)
    result.expect("CRITICAL", {"submission-failed": None})
    same([v for v in server.verbs() if v in ("MAIL", "DATA")], [], "verbs")
    check(SECRET not in result.output, "the password is told")


# Where it arrives.

PROTOCOLS = {
    "imap": (imap, 143, ("capability", "authenticate", "select",
                         "uid search", "uid fetch"),
             ("uid store", "uid expunge", "logout")),
    "pop3": (pop3, 110, ("capa", "user", "pass", "uidl", "top"),
             ("dele", "quit"))}


def look(flow, protocol, box, timeout=None, **changes):
    """A run that reads a scripted mailbox."""
    kind, port, *_ = PROTOCOLS[protocol]
    flow.site.script(port, kind(box, **changes))
    return flow.run(timeout=timeout, **flow.reads(protocol, "plain", SPARE))


def add_ends():
    """The connection ends, or nothing more is said, at each command."""
    for protocol, (_, _, reading, deleting) in PROTOCOLS.items():
        for verb in reading + deleting:
            @case(f"{protocol}: it drops the connection at {verb}")
            def dropped(lab, protocol=protocol, verb=verb,
                        was_read=verb in deleting):
                is_survived(lab, protocol, verb, drops, was_read)
        for verb in (reading[-1], deleting[0]):
            @case(f"{protocol}: it says no more at {verb}")
            def held(lab, protocol=protocol, verb=verb,
                     was_read=verb in deleting):
                is_survived(lab, protocol, verb, holds, was_read)


def is_survived(lab, protocol, verb, act, was_read):
    """A probe is there, and the server fails: it is counted once, at once or
    in the next run, and all that is not ours stays."""
    flow = begin(lab)
    box = Box(FOREIGN.format(1), FOREIGN.format(2))
    counts(look(flow, protocol, box).expect("OK", {}), outstanding=1)
    box.put(flow.user.take())
    result = look(flow, protocol, box, HASTY, acts={verb: act})
    if was_read:
        counts(result, outstanding=1, delivered=1)
        check(result.state in ("OK", "WARNING"), result.state)
    else:
        counts(result, outstanding=2)
        same(result.state, "UNKNOWN", "state")
        check("mailbox-unreadable" in result.found((3,)), result.found())
    box.put(flow.user.take())
    counts(look(flow, protocol, box).expect("OK", {}), outstanding=1,
           delivered=2)
    same(box.kept(), [FOREIGN.format(1), FOREIGN.format(2)], "what is left")


add_ends()


def fails(flow, protocol, timeout=None, **changes):
    """Such a server is told as one that can't be read."""
    box = Box(FOREIGN.format(1))
    result = look(flow, protocol, box, timeout, **changes)
    same(result.state, "UNKNOWN", "state")
    check("mailbox-unreadable" in result.found((3,)), result.found())
    check(SECRET not in result.output, "the password is told")
    same(box.kept(), [FOREIGN.format(1)], "what is left")
    flow.user.take()
    return result


def limits_of(name):
    """The bounds of each process that was begun by it: {path: text}."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/limits"):
        try:
            with open(os.path.dirname(path) + "/cmdline", "rb") as words:
                is_it = name.encode() in words.read()
            if is_it:
                with open(path, encoding="utf-8") as limits:
                    found[path] = limits.read()
        except OSError:
            continue  # it has ended
    return found


@case("libesmtp: a run that is killed leaves nothing behind")
def killed(lab):
    flow = begin(lab)
    words = {**flow.submits(SPARE, "plain", "libesmtp"), "timeout": "10m"}
    held = threading.Event()

    def holds_it(connection):
        held.set()
        connection.hold()

    port = int(words["smtp"].rpartition(":")[2])
    flow.site.script(port, smtp.dialogue(acts={"mail": holds_it}))
    for kind in (signal.SIGTERM, signal.SIGKILL):
        held.clear()
        with subprocess.Popen([lab.plugin(), *flow.arguments(words)],
                              stdout=subprocess.PIPE,
                              env={**os.environ, **lab.environment}) as run:
            check(held.wait(PATIENCE_S), "nothing is submitted")
            run.send_signal(kind)
            # Whoever has it open keeps the monitor.
            run.communicate(timeout=PATIENCE_S)
        check(not limits_of(lab.plugin()), "it is not alone")


@case("a run that dies leaves no core with a password in it")
def no_core(lab):
    flow = begin(lab)
    before = resource.getrlimit(resource.RLIMIT_CORE)
    found = {}

    def looks(session, tag, rest):
        found.update(limits_of("check_mail_flow"))
        session.do(session.verb, tag, rest)

    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        look(flow, "imap", Box(), acts={"select": looks})
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    mine = [re.search(r"Max core file size +(\S+) +(\S+)", text).groups()
            for text in found.values()]
    check(("0", "0") in mine, mine)


@case("imap: greetings that are none")
def greetings(lab):
    flow = begin(lab)
    for greeting in ("* BYE Come back later", "", "220 smtp.example ESMTP",
                     "+OK POP3", "* OK [ALERT] " + "x" * 100000):
        if greeting.startswith("* OK"):
            box = Box()
            look(flow, "imap", box, greeting=greeting)
            flow.user.take()
        else:
            fails(flow, "imap", greeting=greeting)


@case("imap: no login without TLS where the server forbids it")
def no_login(lab):
    fails(begin(lab), "imap", capability="IMAP4rev1 LOGINDISABLED")


@case("imap, pop3: a refusal that repeats the password does not tell it")
def repeated(lab):
    flow = begin(lab)
    fails(flow, "imap", acts={"authenticate": says(
        "{tag} NO [ALERT] " + SECRET + " is wrong")})
    fails(flow, "pop3", acts={"pass": says(
        "-ERR " + SECRET + " is wrong")})


@case("imap, pop3: STARTTLS that is not there: no password is said")
def no_starttls(lab):
    flow = begin(lab)
    for protocol, port in (("imap", 143), ("pop3", 110)):
        kind = PROTOCOLS[protocol][0]
        server = flow.site.script(port, kind(Box()))
        result = flow.run(**flow.reads(protocol, "starttls", SPARE))
        result.expect("UNKNOWN", UNREAD)
        verbs = " ".join(line for _, line in server.heard).upper()
        for word in ("LOGIN", "AUTHENTICATE", "USER", "PASS", "AUTH "):
            check(word not in verbs, verbs)
        flow.user.take()


@case("imap: a search that names what is not ours")
def search_lies(lab):
    flow = begin(lab)
    box = Box(*(FOREIGN.format(n) for n in range(1, 6)))
    look(flow, "imap", box)
    box.put(flow.user.take())
    result = look(flow, "imap", box, acts={"uid search": says(
        "* SEARCH 1 2 3 4 5 6 7 99 4294967295", "{tag} OK Done")})
    counts(result, outstanding=1, delivered=1)
    same(len(box.kept()), 5, "what is left")


@case("imap: a search that finds nothing, or is refused: it is looked at what "
      "came last")
def search_fails(lab):
    flow = begin(lab)
    box = Box(FOREIGN.format(1))
    look(flow, "imap", box)
    for delivered, lines in enumerate((
            ("* SEARCH", "{tag} OK Done"), ("{tag} NO Not today",),
            ("{tag} BAD What?",)), 1):
        box.put(flow.user.take())
        result = look(flow, "imap", box, acts={"uid search": says(*lines)})
        counts(result, outstanding=1, delivered=delivered)
    same(len(box.kept()), 1, "what is left")


@case("imap: a search that finds a notification of others alone: it is looked "
      "at what came last")
def search_blind(lab):
    flow = begin(lab)
    box = Box(FOREIGN.format(1), "From: MAILER-DAEMON@example.org\r\n\r\n")
    look(flow, "imap", box)
    box.put(flow.user.take())
    result = look(flow, "imap", box, acts={
        "uid search": says("* SEARCH 2", "{tag} OK Done")})
    counts(result.expect("OK", {}), outstanding=1, delivered=1)
    same(len(box.kept()), 2, "what is left")


@case("imap: neither a search nor a look at what came last tells anything")
def tells_nothing(lab):
    flow = begin(lab)
    fails(flow, "imap", acts={"uid search": says("{tag} NO Not today"),
                              "fetch": says("{tag} OK Done")})
    result = look(flow, "imap", Box(FOREIGN.format(1)), acts={
        "fetch": says("{tag} OK Done")})
    same(result.state, "UNKNOWN", "state")
    result.not_judged("mailbox-unreadable")


@case("imap: a line of 20,000 numbers")
def long_search(lab):
    flow = begin(lab)
    box = Box(FOREIGN.format(1))
    look(flow, "imap", box)
    box.put(flow.user.take())
    numbers = " ".join(str(n) for n in range(1, 20000))
    result = look(flow, "imap", box, acts={"uid search": says(
        f"* SEARCH {numbers}", "{tag} OK Done")})
    check(result.state in ("OK", "UNKNOWN"), result.state)
    check(result.json["metrics"]["delivered"] <= 1, result.json["metrics"])
    same(box.kept()[0], FOREIGN.format(1), "what is left")


@case("imap: answers in the place of others, and literals without an end")
def other_answers(lab):
    flow = begin(lab)
    for data in (b"* 1 FETCH (UID 1 BODY[] {4294967295}\r\nx",
                 b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\nx",
                 b"* 1 FETCH (UID 1 RFC822.SIZE -1)\r\n{tag} OK Done\r\n",
                 b"* 1 FETCH (((((((((((((((((((((((\r\n{tag} OK Done\r\n",
                 b"\0" * 5000, b"* " + b"x" * 300000,
                 b"* BYE\r\n"):
        box = Box(FOREIGN.format(1), "X-Lifeline-Probe: lp1."
                  + flow.user.name + ".1-1.1.00\r\n\r\n")
        result = look(flow, "imap", box, HASTY,
                      acts={"uid fetch": sends(data)})
        check(result.state in ("UNKNOWN", "OK"), result.state)
        same(len(box.kept()), 2, "what is left")
        flow.user.take()
    same(flow.run().json["metrics"]["duplicate"], 0, "duplicates")


def floods(begin_with, line, seconds=15):
    """Sends more than anybody can read, for a time."""
    def act(session, _, __):
        end = time.monotonic() + seconds
        session.connection.send(begin_with)
        while time.monotonic() < end:
            session.connection.send(line * (65536 // len(line)))
        raise smtp.Over
    return act


def add_floods():
    """What comes without an end keeps no run from its own."""
    for protocol, verb, begin_with, line in (
            ("imap", "authenticate", b"", b"* OK All is well\r\n"),
            ("imap", "uid search", b"", b"* 7 FETCH (FLAGS ())\r\n"),
            ("pop3", "uidl", b"+OK\r\n", b"1 a\r\n"),
            ("pop3", "top", b"+OK\r\n", b"Received: from nowhere\r\n")):
        @case(f"{protocol}: {verb} has no end: the run has one")
        def flooded(lab, protocol=protocol, verb=verb,
                    begin_with=begin_with, line=line):
            flow = begin(lab)
            result = look(flow, protocol, Box(FOREIGN.format(1)), HASTY,
                          acts={verb: floods(begin_with, line)})
            result.expect("UNKNOWN", UNREAD)
            check(result.seconds < HASTY_MAX_S, result.seconds)
            counts(result, outstanding=1)


add_floods()


def expunges(first, *others):
    """Somebody deletes these, by number, while a search is on its way."""
    def act(session, tag, rest):
        box = session.box
        for number in (first, *others):
            box.remove([box.messages[number - 1]])
            session.connection.say(f"* {number} EXPUNGE")
        session.do(session.verb, tag, rest)
    return act


def is_strict(session, tag, rest):
    """Refuses numbers that are none."""
    last = rest.partition(" ")[0].rpartition(":")[2]
    if int(last) > len(session.box.messages):
        session.connection.say(f"{tag} BAD Invalid messageset")
    else:
        session.do(session.verb, tag, rest)


@case("imap: others delete while it is searched: what is left is read")
def deleted_meanwhile(lab):
    flow = begin(lab)
    box = Box(*(FOREIGN.format(n) for n in range(1, 5)))
    for gone, left in (((2, 2), 2), ((1, 1), 0)):
        result = look(flow, "imap", box, acts={
            "uid search": expunges(*gone), "fetch": is_strict})
        result.expect("OK", {})
        same(result.json["mailboxes"][0]["messages"], left, "messages")
        probe = flow.user.take()
    box.put(probe)
    counts(look(flow, "imap", box), outstanding=2, delivered=1)


@case("imap: the mailbox is an older copy of itself: what comes is seen")
def restored(lab):
    flow = begin(lab)
    box = Box(*(FOREIGN.format(n) for n in range(1, 201)))
    for _ in range(2):
        look(flow, "imap", box)
        probe = flow.user.take()
    with box.lock:
        box.messages = box.messages[:20]
        box.next = itertools.count(21)
    box.put(probe)
    counts(look(flow, "imap", box), outstanding=2, delivered=1)


def later(seconds):
    """Does what is asked for, and takes its time."""
    def act(session, tag, rest):
        time.sleep(seconds)
        session.do(session.verb, tag, rest)
    return act


@case("imap, pop3: what the deadline keeps from being deleted is told")
def cut(lab):
    flow = begin(lab)
    for protocol, slow, still in (("imap", "uid search", "uid store"),
                                  ("pop3", "uidl", "dele")):
        box = Box(FOREIGN.format(1))
        look(flow, protocol, box)
        box.put(flow.user.take())
        result = look(flow, protocol, box, HASTY, acts={
            slow: later(0.5), still: holds})
        result.expect("WARNING", {"mail-not-deleted": None})
        check(result.seconds < HASTY_MAX_S, result.seconds)
        flow.user.take()


@case("imap: it deletes what it likes, and tells of that")
def deletes(lab):
    flow = begin(lab)
    box = Box(FOREIGN.format(1))
    look(flow, "imap", box)
    box.put(flow.user.take())
    result = look(flow, "imap", box, acts={"uid store": after(says(
        "* 1 EXPUNGE", "* 7 EXPUNGE", "* 0 EXISTS"))})
    counts(result, outstanding=1, delivered=1)


@case("pop3: no UIDL, no TOP, lists without an end or sense")
def pop3_lies(lab):
    flow = begin(lab)
    fails(flow, "pop3", acts={"uidl": says("-ERR What?")})
    fails(flow, "pop3", acts={"uidl": says("+OK", "1 a", "1 a", "2", ".")})
    fails(flow, "pop3", acts={"uidl": says("+OK", "1 " + "a" * 100000, ".")})
    fails(flow, "pop3", HASTY,
          acts={"top": sends(b"+OK\r\n" + b"x" * 500000)})
    counts(flow.run(), outstanding=5)


main()
