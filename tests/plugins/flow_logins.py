# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and passwords that are not right, at the server that takes the
mail and at the one that keeps it: each is its own trouble, and the other side
goes on; with real servers."""

import base64
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, same  # noqa: E402
from flow import (SECRET, SPARE, SUBMIT, begin, counts,  # noqa: E402
                  main, private)
from mailboxes import Box, imap  # noqa: E402
import smtp  # noqa: E402

# Host: what is said of its certificate.
WRONG = {"expired.example.net": "expired", "misnamed.example.net": "name",
         "stranger.example.net": "issuer"}
WAYS = [("libesmtp", "starttls"), ("dialogue", "starttls"),
        ("dialogue", "tls")]


def told(result, rule, *words):
    """Holds where all of this is in the text of a rule's only finding, and
    no secret anywhere."""
    found = [f for f in result.findings if f["rule"] == rule]
    same(len(found), 1, f"findings of {rule}")
    for word in words:
        check(word in found[0]["text"], f"{word} is not in {found[0]}")
    check(SECRET not in result.output, "the password is told")


def add_certificates():
    """All that can be wrong, at each side, by each way."""
    for host, word in WRONG.items():
        for engine, security in WAYS:
            @case(f"{host}, {security}, {engine}: nothing is sent, arrivals "
                  "count")
            def sends(lab, host=host, word=word, engine=engine,
                      security=security):
                flow = begin(lab)
                flow.run().expect("OK", {})
                flow.user.wait_kept(1)
                result = flow.run(**flow.submits(
                    host, security, engine, login=True))
                result.expect("CRITICAL", {"submission-failed": None})
                told(result, "submission-failed", word)
                counts(result, outstanding=0, delivered=1)
                same(flow.user.kept(), [], "what was sent")
                counts(flow.run().expect("OK", {}), outstanding=1,
                       delivered=1)
        for protocol in ("imap", "pop3"):
            for security in ("tls", "starttls"):
                @case(f"{host}, {protocol}, {security}: arrivals can't be "
                      "seen, probes go on")
                def reads(lab, host=host, word=word, protocol=protocol,
                          security=security):
                    flow = begin(lab)
                    flow.run().expect("OK", {})
                    flow.user.wait_kept(1)
                    result = flow.run(**flow.reads(protocol, security, host))
                    result.expect("UNKNOWN", {"mailbox-unreadable": None})
                    told(result, "mailbox-unreadable", word)
                    flow.user.wait_kept(2)
                    counts(result, outstanding=2)
                    counts(flow.run().expect("OK", {}), outstanding=1,
                           delivered=2)


add_certificates()


@case("a certificate that ends in five days, at each side: a warning, no more")
def ending(lab):
    flow = begin(lab, cert_warning="14d", cert_critical="2d")
    for number, words in enumerate((
            flow.submits("ending.example.net", "starttls", login=True),
            flow.reads("imap", "tls", "ending.example.net"),
            flow.reads("pop3", "starttls", "ending.example.net"))):
        result = flow.run(**words).expect("WARNING", {
            "certificate-expiring": None})
        counts(result, outstanding=1, delivered=number)
        check("ending.example.net" in result.json["summary"], result.json)
        flow.user.wait_kept(1)
    flow.run(cert_critical="6d", **words).expect("CRITICAL", {
        "certificate-expiring": None})


@case("any certificate is taken where that was asked for")
def any_certificate(lab):
    flow = begin(lab, any_certificate=True)
    for number, host in enumerate(WRONG):
        flow.given.update({**flow.submits(host, "starttls", login=True),
                           **flow.reads("imap", "tls", host)})
        counts(flow.run().expect("OK", {}), outstanding=1, delivered=number)
        flow.user.wait_kept(1)


def wrong_secret(flow):
    """A file with a password that is not the right one."""
    return private(flow.secret + "-wrong", "falsch-0815")


def add_passwords():
    """A wrong one, at each side by each way."""
    for engine, security in [*WAYS, ("libesmtp", "plain")]:
        @case(f"a wrong password, {security}, {engine}: nothing is sent, "
              "arrivals count")
        def sends(lab, engine=engine, security=security):
            flow = begin(lab)
            flow.run()
            flow.user.wait_kept(1)
            words = flow.submits(SUBMIT, security, engine, login=True)
            words["smtp_password_file"] = wrong_secret(flow)
            result = flow.run(**words).expect("CRITICAL", {
                "submission-failed": [SUBMIT + WITH_PORT[security]]})
            told(result, "submission-failed", "535")
            check("falsch" not in result.output, "the password is told")
            same(flow.user.kept(), [], "what was sent")
            counts(result, outstanding=0, delivered=1)
    for protocol in ("imap", "pop3"):
        for security in ("tls", "starttls", "plain"):
            @case(f"a wrong password, {protocol}, {security}: arrivals can't "
                  "be seen, probes go on")
            def reads(lab, protocol=protocol, security=security):
                flow = begin(lab)
                flow.run()
                words = flow.reads(protocol, security)
                words["mailbox_password_file"] = wrong_secret(flow)
                result = flow.run(**words).expect("UNKNOWN", {
                    "mailbox-unreadable": None})
                told(result, "mailbox-unreadable", "login")
                check("falsch" not in result.output, "the password is told")
                flow.user.wait_kept(2)
                counts(flow.run().expect("OK", {}), outstanding=1,
                       delivered=2)


WITH_PORT = {"tls": ":465", "starttls": "", "plain": ""}
add_passwords()


@case("a mailbox that can't be read for a day: nothing is lost by that")
def unread(lab):
    flow = begin(lab)
    flow.run()
    words = flow.reads("imap", "tls")
    words["mailbox_password_file"] = wrong_secret(flow)
    for outstanding in (2, 3, 4):
        flow.user.wait_kept(outstanding - 1)
        flow.site.clock.forward(20 * 3600)
        counts(flow.run(**words).expect("UNKNOWN", {
            "mailbox-unreadable": None}), outstanding=outstanding)
    flow.user.wait_kept(4)
    metrics = flow.run().json["metrics"]
    same((metrics["lost"], metrics["delivered"]), (0, 4), "lost, delivered")


def bearers(server):
    """The tokens that were said to a scripted server."""
    said = [base64.b64decode(word) for _, line in server.heard
            for word in line.split(" ") if BASE64.fullmatch(word)]
    return [re.search(rb"auth=Bearer ([^\x01]*)\x01", text)[1].decode()
            for text in said if b"auth=Bearer" in text]


def add_tokens():
    """Bearer tokens, by each mechanism."""
    for mechanism in ("XOAUTH2", "OAUTHBEARER"):
        @case(f"{mechanism}: tokens of files that are read anew by each run")
        def tokens(lab, mechanism=mechanism):
            flow = begin(lab)
            box = Box()
            mails = flow.site.script(587, smtp.dialogue(
                flow.site.certs[SPARE], ehlo=["mx", f"AUTH {mechanism}"]))
            reads = flow.site.script(143, imap(
                box, cert=flow.site.certs[SPARE],
                capability=f"IMAP4rev1 SASL-IR UIDPLUS AUTH={mechanism}"))
            flow.given.update(
                {**flow.submits(SPARE, "starttls", "auto", login=True),
                 **flow.reads("imap", "starttls", SPARE),
                 "smtp_password_file": None, "mailbox_password_file": None})
            for number in (1, 2):
                for side in ("smtp", "mailbox"):
                    flow.given[f"{side}_token_file"] = private(
                        f"{flow.secret}-{side}", f"{side}-token-{number}")
                flow.run().expect("OK", {})
            same(bearers(mails), ["smtp-token-1", "smtp-token-2"], "mails")
            same(bearers(reads), ["mailbox-token-1", "mailbox-token-2"],
                 "reads")


BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
add_tokens()


@case("--wait tries no password a second time")
def locked_out(lab):
    flow = begin(lab, wait="5s")
    tries = []

    def refuses(session, tag, _):
        tries.append(tag)
        session.connection.say(f"{tag} NO [AUTHENTICATIONFAILED] No")
    flow.site.script(143, imap(Box(), acts={"authenticate": refuses}))
    result = flow.run_on(**flow.reads("imap", "plain", SPARE))
    result.expect("UNKNOWN", {"mailbox-unreadable": None})
    same(len(tries), 1, "tries")


@case("a file that is not there is that side's own trouble: UNKNOWN")
def no_file(lab):
    flow = begin(lab)
    flow.run()
    flow.user.wait_kept(1)
    none = flow.secret + "-none"
    for kind in ("password", "token"):
        words = {"mailbox_password_file": None, f"mailbox_{kind}_file": none}
        result = flow.run(**words).expect("UNKNOWN", {
            "mailbox-unreadable": None})
        check(none in result.output, "the file")
    flow.user.wait_kept(3)
    words = flow.submits(SUBMIT, "starttls", "auto", login=True)
    words["smtp_password_file"] = none
    result = flow.run(**words).expect("UNKNOWN", {"submission-failed": None})
    counts(result, outstanding=0, delivered=3)


@case("no password in the arguments, the environment of a child, or a file")
def secrets(lab):
    flow = begin(lab)
    words = flow.submits(SUBMIT, "starttls", "libesmtp", login=True)
    flow.run(**words).expect("OK", {})
    for path in flow.files():
        with open(path, encoding="ascii") as file:
            check(SECRET not in file.read(), path)
    code, out, errors, _ = lab.run(
        [lab.plugin(), *flow.arguments(words), f"--smtp-password={SECRET}"])
    same(code, 3, f"exit code: {out}")
    check(SECRET not in out + errors, "the password is told")


@case("a password of the environment, and of a file of extra-opts")
def other_places(lab):
    flow = begin(lab, mailbox_password_file=None)
    flow.environment["LIFELINE_MAILBOX_PASSWORD"] = SECRET
    flow.run().expect("OK", {})
    flow.user.wait_kept(1)
    del flow.environment["LIFELINE_MAILBOX_PASSWORD"]
    opts = private(flow.secret + ".ini",
                   f"[check_mail_flow]\nmailbox-password={SECRET}")
    counts(flow.run(extra_opts=f"@{opts}").expect("OK", {}), outstanding=1,
           delivered=1)
    os.chmod(opts, 0o644)
    same(flow.run(extra_opts=f"@{opts}").state, "UNKNOWN", "an open file")


main()
