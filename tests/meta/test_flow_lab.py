# SPDX-License-Identifier: GPL-3.0-or-later
"""The site with mail is what it says, and the scripted mailboxes answer as
Dovecot does where nothing else was asked for, both by Python's own clients."""

import email.utils
import imaplib
import os
import poplib
import re
import smtplib
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, same  # noqa: E402
from flow import (AT, IMAP, MX1, MX2, ODD, SECRET, SPARE,  # noqa: E402
                  SPARE_AT, SUBMIT, hops, main, site_of)
from mailboxes import Box, imap, pop3  # noqa: E402

TEXTS = ("X-Lifeline-Probe: lp1.mon.1-1.5.00\r\nSubject: one\r\n\r\n.\r\n",
         "Subject: two\r\nFrom: a@example.org,\r\n b@example.org\r\n\r\ny\r\n",
         "Subject: lp1.mon.1-2.5.00\r\n\r\nz\r\n")
ITEMS = ("(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]<0.16384>"
         ")")


def context(lab):
    """Trusts the lab's authority and no other."""
    return ssl.create_default_context(cafile=lab.ca_file())


def is_about(text, *words):
    """Holds where all of this is in a text."""
    for word in words:
        check(word in text, f"{word} is not in {text}")


@case("mail goes by the primary, or by the backup and the primary")
def passes(lab):
    site = site_of(lab)
    user = site.user()
    site.send(user)
    same(hops(user.wait_kept(1)[0]), [SUBMIT, MX1, IMAP], "the way")
    site.send(user, via=site.mx2)
    same([hops(text) for text in user.wait_kept(2)],
         [[SUBMIT, MX1, IMAP], [MX2, MX1, IMAP]], "the ways")


@case("what is held is kept, deleted, and released hours later")
def held(lab):
    site = site_of(lab)
    user = site.user()
    site.mx1.holds(user)
    site.send(user)
    site.send(user)
    idents = site.mx1.wait_queue(user, 2, "hold")
    site.mx1.delete(idents[0])
    site.clock.forward(4 * 3600)
    site.mx1.release()
    text = user.wait_kept(1)[0]
    times = [email.utils.parsedate_to_datetime(said) for said in re.findall(
        r"; (\w+, \d+ \w+ \d+ [\d:]+ [-+]\d+)", text)]
    way_s = (times[0] - times[-1]).total_seconds()
    check(0 <= way_s - 4 * 3600 < 60, f"{way_s} s on the way")
    site.mx1.wait_queue(user, 0)
    with imaplib.IMAP4_SSL(IMAP, ssl_context=context(lab)) as peer:
        peer.login(user.name, SECRET)
        peer.select()
        _, (said, *_) = peer.fetch("1", "(INTERNALDATE)")
        came = time.mktime(imaplib.Internaldate2tuple(said))
    check(abs(came - site.clock.now()) < 60, said)


@case("a recipient is unknown, greylisted, full, junk, or gets it twice")
def treated(lab):
    site = site_of(lab)
    user = site.user()
    site.mx1.does(user, "550 5.1.1 Nobody of this name")
    site.send(user)
    is_about(user.wait_kept(1)[0], "Action: failed", "Status: 5.1.1")

    user = site.user()
    site.greylists(user)
    site.send(user)
    site.submit.wait_queue(user, 1, "deferred")
    site.clock.forward(400)
    site.submit.flush()
    user.wait_kept(1)

    user = site.user(is_full=True)
    user.sender = site.user().sender
    site.send(user, "Subject: long\r\n\r\n" + "of this\r\n" * 900)
    bounced = site.named(user.sender).wait_kept(1)[0]
    is_about(bounced, "Action: failed", "5.2.2")

    user = site.user()
    site.mx1.junks(user)
    site.send(user)
    user.wait_kept(1, "Junk")

    user = site.user()
    site.mx1.doubles(user)
    site.send(user)
    user.wait_kept(2)


@case("the storage is down, and mail waits until it is back")
def storage(lab):
    site = site_of(lab)
    user = site.user()
    site.mx1.routes[user.to] = site.closed()
    site.send(user)
    site.mx1.wait_queue(user, 1, "deferred")
    del site.mx1.routes[user.to]
    site.clock.forward(3600)
    site.mx1.flush()
    user.wait_kept(1)


@case("logins and certificates, right and wrong, at each host")
def logins(lab):
    site = site_of(lab)
    user = site.user()
    for host in (SUBMIT, *ODD):
        for port in (465, 587):
            words = (login(lab, host, port, user, SECRET),
                     login(lab, host, port, user, "falsch"))
            same(words, WORDS.get(host, (235, 535)), f"{host} {port}")
    for host in (IMAP, *ODD):
        try:
            imaplib.IMAP4_SSL(host, ssl_context=context(lab)).login(
                user.name, SECRET)
            said = (235, 535)
        except ssl.SSLCertVerificationError as error:
            said = (error.verify_code,) * 2
        same(said, WORDS.get(host, (235, 535)), host)


# By OpenSSL: expired, another name, no known issuer.
WORDS = {"expired.example.net": (10, 10), "misnamed.example.net": (62, 62),
         "stranger.example.net": (20, 20)}


def login(lab, host, port, user, secret):
    """The code that it gets, or that of what is wrong with TLS."""
    try:
        if port == 465:
            peer = smtplib.SMTP_SSL(host, port, context=context(lab))
        else:
            peer = smtplib.SMTP(host, port)
            peer.starttls(context=context(lab))
    except ssl.SSLCertVerificationError as error:
        return error.verify_code
    with peer:
        peer.ehlo()
        try:
            return peer.login(user.name, secret)[0]
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code


def by_imap(lab, host, user, port):
    """What it says, one after the other."""
    peer = imaplib.IMAP4(host, port)
    peer.starttls(ssl_context=context(lab))
    peer.login(user.name, SECRET)
    said = [peer.select()]
    for words in ('HEADER X-Lifeline-Probe "lp1.mon."',
                  'OR HEADER X-Lifeline-Probe "lp1.mon." SUBJECT "lp1.mon."',
                  'UNDELETED FROM "b@example"', "UID 3:*"):
        said.append(peer.uid("SEARCH", words))
    said.append(peer.uid("FETCH", "1:2", ITEMS))
    said.append(peer.fetch("2", ITEMS))
    said.append(peer.uid("FETCH", "1", "(UID BODY.PEEK[]<0.65536>)"))
    peer.uid("STORE", "1,3", "+FLAGS.SILENT", "(\\Deleted)")
    said.append(peer.uid("SEARCH", "UNDELETED SUBJECT o"))
    said.append(peer.uid("EXPUNGE", "1"))
    said.append(peer.uid("SEARCH", "UID 1:*"))
    peer.logout()
    return [plain(answer) for answer in said]


def plain(answer):
    """What is no matter of taste."""
    kind, data = answer
    flat = b" ".join(b" ".join(d) if isinstance(d, tuple) else d
                     for d in data if d)
    flat = re.sub(rb' INTERNALDATE "[^"]*"| FLAGS \([^)]*\)', b"", flat)
    return kind, sorted(re.findall(rb"UID \d+|RFC822.SIZE \d+|\{\d+\}\s.*",
                                   flat, re.DOTALL)) or flat.split()


@case("the scripted IMAP server answers as Dovecot does")
def same_imap(lab):
    site = site_of(lab)
    user = site.user()
    user.put(*TEXTS)
    box = Box(*TEXTS)
    site.script(143, imap(box, cert=site.certs[SPARE]))
    for mine, its in zip(by_imap(lab, SPARE, user, 143),
                         by_imap(lab, IMAP, user, 143)):
        same(mine, its, "an answer")
    same(len(box.kept()), len(user.kept()), "what is left")


def by_pop3(lab, host, user):
    """What it says, one after the other."""
    peer = poplib.POP3(host)
    peer.stls(context=context(lab))
    peer.user(user.name)
    peer.pass_(SECRET)
    said = [peer.stat()[0], len(set(peer.uidl()[1])), peer.top(1, 0)[1],
            peer.top(2, 1)[1], peer.retr(1)[1]]
    peer.dele(1)
    peer.quit()
    return said


@case("the scripted POP3 server answers as Dovecot does")
def same_pop3(lab):
    site = site_of(lab)
    user = site.user()
    user.put(*TEXTS)
    box = Box(*TEXTS)
    site.script(110, pop3(box, cert=site.certs[SPARE]))
    for mine, its in zip(by_pop3(lab, SPARE, user),
                         by_pop3(lab, IMAP, user)):
        same(mine, its, "an answer")
    same(len(box.kept()), len(user.kept()), "what is left")
    check(SPARE_AT not in AT[IMAP], "they are one")


main()
