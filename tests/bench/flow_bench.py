#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench, of the mail flow: check_mail_flow beside check_email_delivery
and check_smtp, between the real servers of tests/lab/flow.py.

The first two do the same: hand a message to a submission server without TLS or
login, log in to a mailbox by IMAP with TLS, search it, and delete what was
found. check_mail_flow finds what the run before sent, check_email_delivery
waits for its own; time asleep is not compared, processor time is. Only the
first one reads the trail, and keeps a ledger, on disk before and after.
check_smtp says EHLO and no more. Then the mailbox grows by foreign mail.
"""

import argparse
import json
import os
import pathlib
import re
import socket
import ssl
import statistics
import subprocess
import sys

LAB = pathlib.Path(__file__).resolve().parent.parent / "lab"
sys.path.insert(0, str(LAB))

# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402
import bench  # noqa: E402
import flow as flows  # noqa: E402
import netns  # noqa: E402

US, PEER, SMTP = "check_mail_flow", "check_email_delivery", "check_smtp"
DIALOGUE = f"{US} --submit-with dialogue"
ASLEEP_S = 1  # of PEER, between sending and looking
FEW, MANY = 100, 50000
MESSAGE = ("From: a@example.com\r\nTo: b@example.com\r\nSubject: Hello {n}\r\n"
           "Message-ID: <{n}@example.com>\r\nDate: Fri, 15 Jan 2027 08:00:00 "
           "+0000\r\n\r\nNothing of ours.\r\n")
CPU_SHARE, RESIDENT_MB, TRIPS = 0.2, 24, 12
GROWTH_CPU_MS, GROWTH_MB, GROWTH_WALL_MS = 1.5, 0.5, 10
SERVED = re.compile(
    r"^  (?:select|search|fetch|delete|logout): .*?([\d.]+) ms", re.M)


def fill(user, count):
    """Lays so many foreign messages into the mailbox, by one command (RFC
    3502) for each thousand."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host = flows.AT[flows.IMAP].split()[0]
    with socket.create_connection((host, 993), timeout=60) as plain, \
            context.wrap_socket(plain) as peer, peer.makefile("rb") as reader:
        def say(tag, words):
            peer.sendall(b"%s %s\r\n" % (tag, words))
            while True:
                line = reader.readline()
                if line.startswith(tag) or not line:
                    labs.check(line.startswith(tag + b" OK"), line)
                    return
        say(b"a", b"LOGIN %s %s" % (user.name.encode(), user.secret.encode()))
        for begin in range(0, count, 1000):
            texts = [MESSAGE.format(n=n).encode()
                     for n in range(begin, min(begin + 1000, count))]
            say(b"b", b"APPEND INBOX" + b"".join(
                b" {%d+}\r\n%s" % (len(text), text) for text in texts))
        say(b"c", b"LOGOUT")


def ours(flow, engine):
    """The command line of check_mail_flow."""
    return [flow.site.lab.plugin(), *flow.arguments(
        {"submit_with": engine, "smtp": flows.SUBMIT + ":25"})]


def theirs(user):
    """The command line of check_email_delivery; each run has a new token."""
    own = bench.peer_plugin(PEER)
    folder = os.path.dirname(own)
    return [own, "--wait", str(ASLEEP_S), "-p",
            f"{folder}/check_smtp_send -H {flows.SUBMIT} "
            f"--mailfrom {user.sender} --mailto {user.to} "
            "--header 'Subject: Test %TOKEN1%' --body 'A probe.'", "-p",
            f"{folder}/check_imap_receive -H {flows.IMAP} -U {user.name} "
            f"-P {user.secret} --ssl --ssl-ca-file {user.site.lab.ca_file()} "
            "--imap-check-interval 1 --imap-retries 10 "
            "-s SUBJECT -s 'Test %TOKEN1%'"]


def greet():
    """The command line of check_smtp."""
    return [bench.peer_plugin(SMTP), "-H",
            flows.AT[flows.SUBMIT].split()[0], "-F", "monitor.example.net"]


def runs_of(args, command):
    """What runs come to, after one that warms caches."""
    bench.measure(args, command, 1)
    return bench.summary(bench.measure(args, command, args.runs)[1])


def await_probe(user, count):
    """Waits until the mailbox has one more than so many."""
    user.site.wait(lambda: len(user.site.mailboxes.kept(user.name)),
                   lambda found: found == count + 1,
                   f"a probe for {user.name}", user.site.mx1)


def measure_ours(args, flow, engine, count):
    """What a run costs that sends one and finds the one before, which has
    arrived; the new one does so when it is over."""
    command = ours(flow, engine)
    runs, served = [], []

    def tell(*more):
        with flow.site.gate:
            done = subprocess.run([*command, *more], check=False, text=True,
                                  stdout=subprocess.PIPE)
        await_probe(flow.user, count)
        return done.stdout
    tell()
    for _ in range(args.runs + 1):
        with flow.site.gate:
            runs += bench.measure(args, command, 1)[1]
        await_probe(flow.user, count)
        served.append(sum(float(ms) for ms in SERVED.findall(tell("-vv"))))
    got = bench.summary(runs[1:])
    shown = json.loads(tell("--output=json"))
    return {**got, "served": statistics.median(served),
            "trips": shown["mailboxes"][0]["round_trips"],
            "found": shown["run"]["arrived"]}


def measure_all(args, site):
    """{(count, command): summary}."""
    table = {}
    here, there = site.user(), site.user()
    for count, more in ((FEW, FEW), (MANY, MANY - FEW)):
        for user in (here, there):
            fill(user, more)
        for engine, name in (("auto", US), ("dialogue", DIALOGUE)):
            flow = flows.Flow(site, here).init()
            table[count, name] = measure_ours(args, flow, engine, count)
            empty(here)
        if bench.peer_plugin(PEER):
            table[count, PEER] = runs_of(args, theirs(there))
    if bench.peer_plugin(SMTP):
        table[0, SMTP] = runs_of(args, greet())
    return table


def empty(user):
    """The last probe of a check is left: takes it out of the mailbox."""
    with user.logged_in() as peer:
        peer.select("INBOX")
        _, found = peer.uid("SEARCH", "HEADER", "X-Lifeline-Probe", "lp1")
        peer.uid("STORE", found[0].decode().replace(" ", ","), "+FLAGS",
                 r"(\Deleted)")
        peer.expunge()


def targets(table):
    """(what, reached, at most, unit) of each."""
    few, many = table[FEW, US], table[MANY, US]
    if (FEW, PEER) in table:
        yield ("CPU", few["cpu"], CPU_SHARE * table[FEW, PEER]["cpu"], "ms")
        yield (f"CPU, {DIALOGUE[len(US) + 1:]}", table[FEW, DIALOGUE]["cpu"],
               CPU_SHARE * table[FEW, PEER]["cpu"], "ms")
    yield "resident", max(few["rss"], many["rss"]), RESIDENT_MB, "MB"
    yield "round trips", many["trips"], TRIPS, ""
    yield (f"CPU, {MANY} mails", many["cpu"], few["cpu"] + GROWTH_CPU_MS,
           "ms")
    yield (f"resident, {MANY} mails", many["rss"], few["rss"] + GROWTH_MB,
           "MB")
    yield (f"wall but for the server, {MANY} mails",
           many["median"] - many["served"],
           few["median"] - few["served"] + GROWTH_WALL_MS, "ms")


def print_all(table, args, load):
    print(f"\nMail flow: {bench.machine()}\nload {load:.1f} before; "
          f"{args.runs} runs each; CPU and resident memory are those of the "
          "whole process tree;\nserver is what the mailbox's server took to "
          f"select, search, fetch and delete;\n{PEER} sleeps {ASLEEP_S} s\n\n"
          f"{'':<44}{'wall ms':>9}{'':>14}{'server':>7}{'round':>6}{'CPU':>7}"
          f"{'resident':>9}\n{'mails':>6}  {'command':<33}{'exit':>5}"
          f"{'median':>7}{'min':>7}{'max':>7}{'ms':>7}{'trips':>6}{'ms':>7}"
          f"{'MB':>9}")
    for (count, name), got in table.items():
        status = ",".join(str(s) for s in got["status"])
        served = f"{got['served']:.1f}" if "served" in got else ""
        print(f"{count or '':>6}  {name:<33}{status:>5}{got['median']:>7.0f}"
              f"{got['min']:>7.0f}{got['max']:>7.0f}{served:>7}"
              f"{got.get('trips', ''):>6}{got['cpu']:>7.1f}{got['rss']:>9.1f}")
    if (FEW, PEER) not in table:
        print(f"{PEER} is not here (contrib/peers bench)")
    print()
    for what, got, wanted, unit in targets(table):
        print(f"{'reached' if got <= wanted else 'MISSED':<9}{what:<40}"
              f"{got:>7.1f} {unit} (at most {wanted:.1f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--measure", required=True)
    parser.add_argument("--runs", type=int, default=20)
    args = parser.parse_args()
    if not os.access(f"{args.plugins}/{US}", os.X_OK):
        print(f"{US} was not built")
        return 0
    os.environ["LIFELINE_PLUGINS"] = args.plugins
    lab = labs.enter()
    lab.tested = US
    site = flows.Site(lab, users=2)
    try:
        site.start()
    except labs.Missing as missing:
        netns.die(str(missing))
    load = os.getloadavg()[0]
    table = measure_all(args, site)
    site.stop()
    lab.stop()
    print_all(table, args, load)
    bad = [(count, name) for (count, name), got in table.items()
           if got["status"] != [0] or got.get("found", 1) != 1]
    for count, name in bad:
        print(f"could not run: {name}, {count} mails")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
