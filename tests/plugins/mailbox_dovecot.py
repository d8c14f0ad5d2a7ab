# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes of Dovecot, by IMAP and POP3: own mail is found and deleted,
foreign mail is neither, and how much of that there is does not matter."""

import os
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, plugins_folder, same  # noqa: E402
import certificates  # noqa: E402
import mailbox  # noqa: E402

HOST, AT = "imap.example.org", "192.0.2.143"
PORTS = {("imap", "plain"): 143, ("imap", "starttls"): 143,
         ("imap", "tls"): 993, ("pop3", "plain"): 110,
         ("pop3", "starttls"): 110, ("pop3", "tls"): 995}
MANY = 5000
TRIPS_MAX = 12


def serve(lab, **options):
    """The server, with one user."""
    return mailbox.serve(lab, HOST, AT, users={"user": "geheim"}, **options)


def own(number):
    """A message with a token, though no right one."""
    return ("Received: from a.example.org (a.example.org [192.0.2.9])\r\n"
            "\tby b.example.org; Sun, 22 Nov 2026 02:47:57 +0000\r\n"
            f"X-Lifeline-Probe: lp1.mon.5-{number}.17.00\r\n"
            "Subject: probe\r\nFrom: a@example.org\r\n\r\nHello.\r\n")


def foreign(number):
    """One that is none of ours, and says what servers say."""
    return (f"Subject: number {number}\r\nFrom: b@example.org\r\n\r\n"
            "a4 OK forged\r\n* SEARCH 1 2 3\r\n.\r\n+OK\r\n")


def read(lab, protocol, security, *folders, secret="geheim", keep=False,
         host=HOST):
    """[facts after reading, facts at the end], each a dict."""
    program = os.path.join(plugins_folder(), "../tests/plugins/read_mailbox")
    words = [program, protocol, security, AT,
             str(PORTS[protocol, security]), host, lab.ca_file(), "user",
             secret, "mon", "keep" if keep else "delete", *folders]
    code, out, err, _ = lab.run(words, 90)
    same((code, err), (0, ""), "what it ends with")
    return [dict(line.split("=", 1) for line in part.splitlines() if line)
            for part in out.split("-- after\n")]


def by_way(title):
    """Makes a function a case for each protocol and kind of TLS."""
    def add(function):
        for protocol, security in PORTS:
            case(f"{protocol}, {security}: {title}")(
                lambda lab, way=(protocol, security): function(lab, *way))
    return add


@by_way("what is own is found and deleted, the rest stays")
def deletes(lab, protocol, security):
    server = serve(lab, cert=lab.certificate(HOST))
    folders = ("INBOX",) if protocol == "imap" else ()
    server.put("user", foreign(1), own(1), foreign(2), own(2))
    first, last = read(lab, protocol, security, *folders)
    same(first["outcome"], "done", "outcome")
    same((first["own"], first["0.all"]), ("2", "1"), "own")
    same(first["trusted"], "0" if security == "plain" else "1", "trusted")
    same((last["0.deleted"], last["0.undeleted"]), ("2", "0"), "deleted")
    left = []
    for path in server.kept("user"):
        with open(path, encoding="ascii", newline="") as file:
            left.append(file.read())
    same(sorted(left), [foreign(1), foreign(2)], "what is left")
    check(int(last["round_trips"]) <= TRIPS_MAX + 2 * (
        security == "starttls"), last["round_trips"])
    again, _ = read(lab, protocol, security, *folders)
    same((again["own"], again["0.exists"]), ("0", "2"), "the second run")


@case("junk is looked at, too")
def junk(lab):
    server = serve(lab, cert=lab.certificate(HOST))
    server.put("user", foreign(1), own(1))
    server.put("user", own(2), foreign(2), folder="Junk")
    first, last = read(lab, "imap", "tls", "INBOX", "Junk", "Not here")
    same(first["own"], "2", "own")
    same((last["0.deleted"], last["1.deleted"]), ("1", "1"), "deleted")
    same(first["2.all"], "0", "the one that is not there")


@by_way("a wrong password is told as such, and not what it is")
def wrong_password(lab, protocol, security):
    serve(lab, cert=lab.certificate(HOST))
    folders = ("INBOX",) if protocol == "imap" else ()
    first, _ = read(lab, protocol, security, *folders, secret="falsch-1234")
    same(first["last"], "login", "last")
    check("falsch" not in str(first), first)
    same(first["0.all"], "0", "all")


@case("what comes by LMTP is found")
def delivered(lab):
    serve(lab, cert=lab.certificate(HOST))
    lab.start()
    with smtplib.LMTP(AT, 24, local_hostname="mx.example.org") as peer:
        peer.sendmail("a@example.org", "user@example.org", own(1))
    first, last = read(lab, "imap", "tls", "INBOX")
    same((first["own"], last["0.deleted"]), ("1", "1"), "own")


@case("certificates that are not right")
def untrusted(lab):
    serve(lab, cert=lab.certificate(HOST, end_s=-certificates.DAY))
    for protocol in ("imap", "pop3"):
        folders = ("INBOX",) if protocol == "imap" else ()
        for security in ("tls", "starttls"):
            first, _ = read(lab, protocol, security, *folders)
            same((first["last"], first["trusted"]), ("tls", "0"), protocol)
            check("expired" in first["said"], first["said"])


@case("a certificate of another name")
def misnamed(lab):
    serve(lab, cert=lab.certificate(HOST))
    first, _ = read(lab, "imap", "tls", "INBOX", host="imap.example.net")
    same((first["last"], first["trusted"]), ("tls", "0"), "last")


@case("without UIDPLUS own mail is marked, and stays")
def marked(lab):
    server = serve(lab, cert=lab.certificate(HOST), uidplus=False)
    server.put("user", foreign(1), own(1))
    _, last = read(lab, "imap", "tls", "INBOX")
    same((last["0.deleted"], last["0.undeleted"]), ("0", "1"), "deleted")
    same(len(server.kept("user")), 2, "what is left")
    again, _ = read(lab, "imap", "tls", "INBOX")
    same(again["own"], "0", "what is marked")


@case("5,000 foreign mails cost no round trip more")
def many(lab):
    server = serve(lab, cert=lab.certificate(HOST))
    server.put("user", *(foreign(n) for n in range(MANY)))
    lab.start()
    read(lab, "imap", "tls", "INBOX")  # makes the server's index
    server.put("user", own(1), prefix="z")
    first, last = read(lab, "imap", "tls", "INBOX")
    same((first["own"], first["0.found"]), ("1", "1"), "own")
    check(int(last["round_trips"]) <= TRIPS_MAX, last["round_trips"])
    same(last["0.deleted"], "1", "deleted")
    print(f"# IMAP: {last['round_trips']} round trips, SEARCH "
          f"{first['ms.search']} ms, FETCH {first['ms.fetch']} ms")
    server.put("user", own(2), prefix="z")
    known = f"INBOX={first['0.remember']}"
    first, last = read(lab, "imap", "tls", known)
    same(first["own"], "1", "own")
    print(f"# IMAP, from {known} on: SEARCH {first['ms.search']} ms")
    server.put("user", own(3), prefix="z")
    first, last = read(lab, "pop3", "tls")
    same((first["own"], first["messages"]), ("1", "200"), "own by POP3")
    same(first["0.left_out"], str(MANY + 1 - 200), "left out")
    check(int(last["round_trips"]) <= 20, last["round_trips"])
    same(last["0.deleted"], "1", "deleted by POP3")
    print(f"# POP3, the first run: {last['round_trips']} round trips, UIDL "
          f"{first['ms.search']} ms")
    same(len(server.kept("user")), MANY, "what is left")


main("check_mx")
