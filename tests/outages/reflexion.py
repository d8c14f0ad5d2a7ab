# SPDX-License-Identifier: GPL-3.0-or-later
"""The Reflexion outage, replayed.

A mail service's storage failed. Its mail did not fail over to a backup and
came hours late; none was lost.

First act: the day before. The primary is Postfix, and Exim its backup, which
takes the mail of the recipients that it knows. Nobody has brought its list up
to date. Both answer on port 25, mail arrives, and no check of a port says
anything else. Once the primary fails, a sender tries the backup, and what
that one rejects comes back at once instead of waiting. So the backup is found
the day before, and mended; then the storage fails, in the ways that storage
fails, and senders do what was said they would. The sender is a real one, too.

Second act: the four hours. The storage behind both exchangers fails. The
primary goes on to take mail and can give none of it on, so that no sender ever
turns to the backup: ports answer, and every exchanger says that it takes the
mail. Only who hands in a message and waits for it sees that nothing arrives,
and in the end whether all of it did. The servers are real, and so are their
queues; their one clock is set.
"""

import collections
import contextlib
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from sender import Sender  # noqa: E402
from telling import say, show  # noqa: E402
import flow as flows  # noqa: E402
import servers  # noqa: E402

PLUGIN = "check_mx"
DOMAIN, USER, CUSTOMER = ("example.org", "user@example.org",
                          "alice@example.net")
MX1, MX2 = "mx1.example.org", "mx2.example.org"
AT1 = ("192.0.2.25", "2001:db8:1::25")
AT2 = ("198.51.100.25", "2001:db8:2::25")
RESOLVER = "203.0.113.53"
GIVEN = ("--rcpt", USER)
UNSAID = ("--helo", "probe.example.net")
HASTY = ("-t", "4")

FOUND = (f"MX CRITICAL - {DOMAIN}: if mx1 fails, mx2 ({AT2[0]}) rejects "
         f"{USER} with 550 5.1.1: mail would bounce, not wait")

# The second act: how often a probe is sent, how many while the storage is
# gone, and when it is back after the last of them.
EVERY_S, PROBES, BACK_S = 15 * 60, 16, 17 * 60
ENDS_WELL = "16 were late by up to 4 h 2 min, none lost; 5 of 21 in time"

Site = collections.namedtuple("Site", "primary backup sender")


def declare(lab, at1=AT1):
    """Two exchangers, a resolver, and a customer's provider."""
    lab.tested = PLUGIN
    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    lab.mx(DOMAIN, 10, MX1)
    lab.mx(DOMAIN, 20, MX2)
    primary = lab.mail(MX1, " ".join(at1), "postfix", domains=[DOMAIN],
                       users=["user"])
    backup = lab.mail(MX2, " ".join(AT2), "exim", relays=[DOMAIN],
                      relay_users=["postmaster@example.org"],
                      unknown="550 5.1.1 No such recipient here")
    lab.server("unbound", RESOLVER)
    sender = Sender(lab, "out.example.net", "203.0.113.90 2001:db8:90::1",
                    RESOLVER, greeting_s=4)
    lab.servers.append(sender)
    lab.start()
    return Site(primary, backup, sender)


def mend(site):
    """The backup learns who there is."""
    site.backup.relay_users.append(USER)
    site.backup.restart()


def ask(lab, *options):
    """What the plugin says of the user's mail."""
    return lab.check(DOMAIN, *GIVEN, *UNSAID, *options)


def send(site):
    """What becomes of a customer's message at the first try."""
    return site.sender.fate(site.sender.submit(CUSTOMER, USER))


def went_to(fate, status, host):
    """The message came to this, at an exchanger of that name."""
    same((fate.status, fate.relay.partition("[")[0]), (status, host),
         f"fate of the message ({fate.said})")


def port_check(lab, address):
    """What checks of a port say: the exit code of check_smtp."""
    path, environment = servers.peer("check_smtp") or missing("check_smtp")
    return lab.run([path, "-H", address, "-t", "5"], env=environment)[0]


def missing(tool):
    """There is nothing to compare with."""
    raise servers.Missing(f"{tool} is not here: contrib/peers mail")


def goes_down(primary):
    """The host is up, and nothing listens."""
    primary.stop()


def hangs(primary):
    """Every process waits for the storage; the kernel takes connections."""
    os.killpg(primary.process.pid, signal.SIGSTOP)


def sends_away(primary):
    """Whoever connects is asked to come later."""
    primary.refuses = {"connect": "421 4.3.2 The storage is not there"}
    primary.restart()


def is_full(primary):
    """There is no room to queue anything in."""
    primary.more = "queue_minfree = 4000000000000000000"
    primary.restart()


def loses_users(primary):
    """The list of its users was on the storage."""
    primary.more = "local_recipient_maps = texthash:/nonexistent/users"
    primary.restart()


@case("the day before: ports answer, mail arrives, and the backup is found")
def found(lab):
    site = declare(lab)
    same([port_check(lab, a) for a in AT1 + AT2], [0] * 4, "check_smtp")
    went_to(send(site), "sent", MX1)
    result = ask(lab).expect("CRITICAL", {
        "loss-bounces": None, "recipient-refused": AT2})
    same(result.json["summary"].partition(" (+")[0], FOUND, "line 1")


@case("not mended: with the primary down, mail comes back at once")
def bounced(lab):
    site = declare(lab)
    goes_down(site.primary)
    fate = send(site)
    went_to(fate, "bounced", MX2)
    check("550 5.1.1" in fate.said, fate.said)
    report = site.sender.returned()
    same(len(report), 1, "messages that came back")
    for line in ("Action: failed", "Status: 5.1.1",
                 f"Remote-MTA: dns; {MX2}"):
        check(line in report[0], f"{line} is not in {report[0]}")
    ask(lab).expect("CRITICAL", {
        "too-few-good-exchangers": None, "mx-unreachable": AT1,
        "recipient-refused": AT2})


@case("mended: all is well, and the loss of either exchanger would be borne")
def mended(lab):
    site = declare(lab)
    mend(site)
    ask(lab).expect("OK", {})
    for host in (MX1, MX2):
        ask(lab, "--lost", host).expect("OK", {})


def is_borne(lab, fail, rule):
    """The storage fails: who it is, and that mail goes to the backup."""
    site = declare(lab)
    mend(site)
    fail(site.primary)
    ask(lab, *HASTY).expect("WARNING", {rule: AT1})
    fate = send(site)
    went_to(fate, "sent", MX2)
    same([fate.said.partition("id=")[2]], site.backup.spool(),
         "messages at the backup")


@case("the primary is down: its mail is at the backup")
def down(lab):
    is_borne(lab, goes_down, "mx-unreachable")


@case("the primary never greets: its mail is at the backup, some time later")
def tarpit(lab):
    is_borne(lab, hangs, "mx-tarpit")


@case("the primary greets with 421: its mail is at the backup")
def closing(lab):
    is_borne(lab, sends_away, "greeting-refuses")


def is_deferred(lab, fail, judged):
    """The primary says 4xx in the middle of it.

    Postfix ends a try after two sessions that got so far (its
    smtp_mx_session_limit): where the primary has two addresses, mail does
    not fail over, waits at its senders, and arrives late.
    """
    site = declare(lab, AT1[:1])
    mend(site)
    fail(site.primary)
    judged(ask(lab), AT1[:1])
    went_to(send(site), "sent", MX2)
    lab.stop()

    site = declare(lab)
    mend(site)
    fail(site.primary)
    judged(ask(lab), AT1)
    message = site.sender.submit(CUSTOMER, USER)
    went_to(site.sender.fate(message), "deferred", MX1)
    site.primary.more = ""
    site.primary.restart()
    site.sender.retry()
    went_to(site.sender.fate(message, "sent"), "sent", MX1)


@case("the primary has no room: its mail is at the backup, or waits for it")
def full(lab):
    is_deferred(lab, is_full, lambda result, at: result.expect(
        "WARNING", {"mail-refused": at}))


@case("the primary knows nobody for now: mail is at the backup, or waits")
def unlisted(lab):
    is_deferred(lab, loses_users, lambda result, at: result.expect(
        "OK", {}).notes("recipient-deferred", at))


@contextlib.contextmanager
def the_day(lab):
    """The site of the second act, with a check that has run for a while."""
    lab.tested = "check_mail_flow"
    lab.plugin()
    site = flows.Site(lab, users=1)
    try:
        site.start()
        flow = flows.Flow(site, every=f"{EVERY_S}s").init()
        for _ in range(3):
            flow.run().expect("OK", {})
            flow.user.wait_kept(1)
            site.clock.forward(EVERY_S)
        yield site, flow
    finally:
        site.stop()


def fails(site, flow):
    """The storage is gone: what is taken can't be given on."""
    site.mx1.routes[flow.user.to] = site.closed()


def works(site, flow):
    """It is back, and the queue is tried again."""
    del site.mx1.routes[flow.user.to]
    site.mx1.deliver(flow.user, PROBES)


def hours(site, flow):
    """Goes through these hours, a probe at a time: (how many were sent, and
    what was said), with the storage back behind the last of them."""
    for number in range(1, PROBES + 1):
        yield number, flow.run()
        site.mx1.wait_queue(flow.user, number, "deferred")
        site.clock.forward(EVERY_S if number < PROBES else BACK_S)


@case("the four hours: all ports answer, mail is taken, and none arrives")
def held(lab):
    with the_day(lab) as (site, flow):
        flow.run().expect("OK", {})
        flow.user.wait_kept(1)
        site.clock.forward(EVERY_S)
        fails(site, flow)
        for number, result in hours(site, flow):
            if number == 1:
                flows.counts(result.expect("OK", {}), outstanding=1,
                             delivered=4)
                continue
            result.expect("CRITICAL", {"threshold": None})
            flows.counts(result, outstanding=number, delivered=4)
            same(round(result.json["metrics"]["oldest_outstanding"]
                       / EVERY_S), number - 1, "age of the oldest, in probes")
            if number == 2:
                same([port_check(lab, a) for a in AT1 + AT2], [0] * 4,
                     "check_smtp")
                lab.tested = PLUGIN
                lab.check(DOMAIN, "--rcpt", flow.user.to, *UNSAID,
                          "--ca-file", lab.ca_file()).expect("OK", {})
                lab.tested = "check_mail_flow"
        works(site, flow)
        result = flow.run().expect("CRITICAL", {"threshold": None})
        flows.counts(result, outstanding=1, delivered=4, late=PROBES)
        arrivals = result.json["arrivals"]
        same({a["slowest"] for a in arrivals}, {MX1}, "who held it")
        flow.user.wait_kept(1)
        site.clock.forward(EVERY_S)
        result = flow.run().expect("OK", {})
        check(ENDS_WELL in result.json["summary"], result.json["summary"])


def tell_ports(lab):
    """What everybody sees; the exit codes."""
    codes = []
    for address in (AT1[0], AT2[0]):
        path, environment = servers.peer("check_smtp") or missing(
            "check_smtp")
        print(f"\n  $ check_smtp -H {address}")
        codes.append(show(lab, [path, "-H", address], env=environment))
    return codes


def tell_message(site):
    """What becomes of a customer's message."""
    fate = send(site)
    print(f"\n  A customer's message, by {site.sender.name}: {fate.status}, "
          f"{fate.relay}\n  {fate.said}", flush=True)
    return f"{fate.status} {fate.relay.partition('[')[0]}"


def tell_before(lab):
    """The first act, told by running it; whether it went as it should."""
    site = declare(lab)

    def mx(text, *options):
        return say(lab, DOMAIN, text, *GIVEN, *options, unsaid=UNSAID)

    print("\nThe Reflexion outage, the day before. mx1 (Postfix) takes the "
          "mail, and mx2\n(Exim) is its backup. Both ports answer, and mail "
          "arrives.")
    went = [*tell_ports(lab), tell_message(site)]
    went.append(mx("But would the backup take the mail?"))
    goes_down(site.primary)
    print("\nIt would not. A test takes mx1 down.")
    went.append(tell_message(site))
    lab.stop()

    site = declare(lab)
    mend(site)
    went.append(mx("The operator mends it: mx2 gets the list of "
                   "recipients."))
    hangs(site.primary)
    went.append(mx("Now the storage of mx1 fails: it takes connections and "
                   "says nothing.", *HASTY))
    went.append(tell_message(site))
    lab.stop()
    return went == [0, 0, f"sent {MX1}", 2, f"bounced {MX2}", 0, 1,
                    f"sent {MX2}"]


def tell_flow(flow, text):
    """A heading, and what the check of the mail flow says now."""
    user = flow.user
    print(f"\n{text}\n\n  $ check_mail_flow --from {user.sender} "
          f"--to {user.to} \\\n      --smtp {flows.SUBMIT} --imap "
          f"imaps://{user.name}@{flows.IMAP} ...")
    lab = flow.site.lab
    with flow.site.gate:
        return show(lab, [lab.plugin(), *flow.arguments({})],
                    env={**os.environ, **flow.environment})


def tell_day(lab):
    """The second act, in the same way."""
    with the_day(lab) as (site, flow):
        went = [tell_flow(flow, (
            "The Reflexion outage, the day. Every 15 minutes a probe goes "
            "from our side to\nmx1, and from there to its mailbox."))]
        flow.user.wait_kept(1)
        site.clock.forward(EVERY_S)
        fails(site, flow)
        print("\nThe storage of the mailboxes fails. mx1 takes the mail, and "
              "keeps it; the ports\nanswer, and no sender tries mx2.")
        went += tell_ports(lab)
        for number, result in hours(site, flow):
            if number in (2, 5, 9, 16):
                print(f"\nAfter {(number - 1) * 15} minutes:\n\n  "
                      f"{result.json['summary']}", flush=True)
        works(site, flow)
        went.append(tell_flow(
            flow, "Four hours and two minutes later the storage is back."))
        flow.user.wait_kept(1)
        site.clock.forward(EVERY_S)
        went.append(tell_flow(flow, "And 15 minutes after that:"))
    lab.stop()
    return went == [0, 0, 0, 2, 0]


def tell(lab):
    """The story, told by running it; whether it went as it should."""
    return tell_before(lab) and tell_day(lab)


if __name__ == "__main__":
    main(PLUGIN)
