# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail lab is what it says: each kind of server, certificate, policy and
record, as Python's own SMTP and TLS see it."""

import hashlib
import http.client
import os
import smtplib
import socket
import ssl
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same, seen_through_nat64  # noqa: E402
from certificates import DAY  # noqa: E402
from mail import Greylist, Page, policy_text  # noqa: E402
from signing import Signing, resolvers_verdict  # noqa: E402
import message  # noqa: E402
import servers  # noqa: E402
import smtp  # noqa: E402

KINDS = ("postfix", "exim")
DOMAIN, USER = "example.org", "user@example.org"
MX1, MX2 = "mx1.example.org", "mx2.example.org"
AT1, AT2 = "192.0.2.25", "198.51.100.25"
AT1_6, AT2_6 = "2001:db8:1::25", "2001:db8:2::25"
TLSA = 52


def by_kind(title):
    """Makes a function of a lab and a kind a case for each kind."""
    def add(function):
        for kind in KINDS:
            case(f"{kind}: {title}")(
                lambda lab, kind=kind: function(lab, kind))
    return add


def rcpts(address, *recipients, sender="", tls=None):
    """[(code, text)] that each recipient gets; tls: a context."""
    with smtplib.SMTP(address, timeout=10, local_hostname="probe") as peer:
        if tls:
            # What the certificate is compared with.
            peer._host = tls.name  # pylint: disable=protected-access
            peer.starttls(context=tls)
        peer.ehlo_or_helo_if_needed()
        code, text = peer.mail(sender)
        if code != 250:
            return [(code, text.decode())]
        return [(code, text.decode()) for code, text in map(
            peer.rcpt, recipients)]


def codes(address, *recipients, **words):
    """[code] that each recipient gets."""
    return [code for code, _ in rcpts(address, *recipients, **words)]


def greeting(address):
    """(code, text) of the greeting."""
    with socket.create_connection((address, 25), 10) as sock:
        with sock.makefile("rb") as lines:
            line = lines.readline().decode()
    return line[:3], line[4:].strip()


def trusting(lab, name, **versions):
    """A context that trusts the lab's authority, for a host of that name."""
    context = ssl.create_default_context(cafile=lab.ca_file())
    context.name = name
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    for setting, value in versions.items():
        setattr(context, setting, value)
    return context


def tls_error(lab, address, name):
    """What OpenSSL says against a server's certificate; None: it is good."""
    try:
        same(codes(address, USER, tls=trusting(lab, name)), [250], "over TLS")
        return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


def pair(lab, kind="postfix", **second):
    """The domain with two exchangers on both families."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    lab.mx(DOMAIN, 10, MX1)
    lab.mx(DOMAIN, 20, MX2)
    lab.mail(MX1, f"{AT1} {AT1_6}", kind, domains=[DOMAIN], users=["user"])
    lab.mail(MX2, f"{AT2} {AT2_6}", kind,
             **{"domains": [DOMAIN], "users": ["user"], **second})
    lab.start()


@by_kind("a healthy pair takes the user and nobody else")
def healthy(lab, kind):
    pair(lab, kind)
    for address in (AT1, AT1_6, AT2, AT2_6):
        same(codes(address, USER, "nobody@example.org", "a@example.com"),
             [250, 550, 550 if kind == "exim" else 554], address)
    unknown = rcpts(AT1, "nobody@example.org")[0][1]
    same(unknown.startswith("5.1.1 "), kind == "postfix", unknown)
    _, _, found = message.read_reply(servers.answer("192.0.2.1", DOMAIN,
                                                    message.MX))
    same(sorted(struct.unpack("!H", data[:2])[0] for _, _, data in found),
         [10, 20], "preferences")


@by_kind("a catch-all, and a backup with and without its recipients")
def backups(lab, kind):
    pair(lab, kind, domains=[], relays=[DOMAIN], relay_users=[USER])
    lab.add_mail("mx3.example.org", "203.0.113.25", kind, relays=[DOMAIN])
    lab.add_mail("mx4.example.org", "203.0.113.26", kind, domains=[DOMAIN])
    lab.add_mail("mx5.example.org", "203.0.113.27", kind)
    ask = (USER, "nobody@example.org", "a@example.com")
    for address, wanted in ((AT2, [250, 550]), ("203.0.113.25", [250, 250]),
                            ("203.0.113.26", [250, 250])):
        same(codes(address, *ask)[:2], wanted, address)
    relaying = 550 if kind == "exim" else 554
    same(codes("203.0.113.25", ask[2]), [relaying], "a stranger's")
    same(codes("203.0.113.27", USER), [relaying], "a backup that rejects")


@by_kind("an open relay, and refusals in its own words at each stage")
def refusals(lab, kind):
    lab.mail(MX1, AT1, kind, open_relay=True)
    said = "554 5.7.1 Service unavailable; blocked"
    at = {"connect": "203.0.113.25", "helo": "203.0.113.26",
          "mail": "203.0.113.27", "rcpt": "203.0.113.28"}
    for number, (stage, address) in enumerate(at.items()):
        lab.mail(f"mx{number + 2}.example.org", address, kind,
                 domains=[DOMAIN], refuses={stage: said})
    lab.mail("busy.example.org", AT2, kind, domains=[DOMAIN],
             refuses={"connect": "421 4.3.2 All lines busy"})
    lab.mail("full.example.org", AT2_6, kind, domains=[DOMAIN],
             replies={USER: "552 5.2.2 Mailbox full",
                      "slow@example.org": "451 4.3.0 Later"})
    lab.start()
    same(codes(AT1, "a@example.com"), [250], "an open relay")
    same(greeting(at["connect"])[0], "554", "greeting")
    with smtplib.SMTP(at["helo"], timeout=10) as peer:
        same((peer.ehlo("probe")[0], peer.helo("probe")[0]), (554, 554),
             "EHLO and HELO")
    for stage in ("mail", "rcpt"):
        (code, text), = rcpts(at[stage], USER)
        same((code, "5.7.1" in text, "blocked" in text), (554, True, True),
             stage)
    same(greeting(AT2)[0], "421", "greeting")
    same([(code, text[:5]) for code, text in rcpts(
        AT2_6, USER, "slow@example.org", "else@example.org")],
         [(552, "5.2.2"), (451, "4.3.0"),
          (250, "2.1.5" if kind == "postfix" else "Accep")], "replies")


@by_kind("greylisting lets the second try pass, or none")
def greylists(lab, kind):
    pair(lab, kind, greylist=Greylist())
    lab.add_mail("mx3.example.org", "203.0.113.25", kind, domains=[DOMAIN],
                 greylist=Greylist(None))
    for address, wanted in ((AT2, 250), ("203.0.113.25", 450)):
        (code, text), = rcpts(address, USER, sender="a@example.com")
        same((code, text[:5], "reylist" in text), (450, "4.7.1", True),
             "the first try")
        same(codes(address, USER, sender="a@example.com"), [wanted],
             "the second try")


@by_kind("a late greeting, and a machine without a server")
def late(lab, kind):
    lab.mail(MX1, AT1, kind, greets_after_s=1, domains=[DOMAIN])
    lab.mail(MX2, AT2, "closed")
    lab.start()
    begin = time.monotonic()
    same(greeting(AT1)[0], "220", "greeting")
    check(time.monotonic() - begin > 0.9, "it was early")
    try:
        socket.create_connection((AT2, 25), 1)
        check(False, "somebody answers")
    except ConnectionRefusedError:
        pass


@by_kind("STARTTLS by name, by SNI, absent, broken, and of one version")
def starttls(lab, kind):
    good, other = lab.certificate(MX1), lab.certificate("other.example.org")
    has_sni = kind == "postfix"  # Exim with GnuTLS does not survive it
    sni = {"sni": {"other.example.org": other}} if has_sni else {}
    hosts = {f"mx{n}.example.org": f"203.0.113.2{n}" for n in range(1, 5)}
    at = list(hosts.values())
    options = ({"cert": good, **sni}, {}, {"cert": "broken"},
               {"cert": good, "versions": ["TLSv1.2"]})
    for host, more in zip(hosts, options):
        lab.mail(host, hosts[host], kind, domains=[DOMAIN], **more)
    lab.start()
    same(tls_error(lab, at[0], MX1), None, "its own name")
    said = tls_error(lab, at[0], "other.example.org")
    same(said is None, has_sni, f"SNI: {said}")
    with smtplib.SMTP(at[1], timeout=10) as peer:
        peer.ehlo("probe")
        check(not peer.has_extn("starttls"), "STARTTLS is offered")
    with smtplib.SMTP(at[2], timeout=10) as peer:
        peer.ehlo("probe")
        check(peer.has_extn("starttls"), "STARTTLS is not offered")
        same(peer.docmd("STARTTLS")[0], 454, "STARTTLS")
    with smtplib.SMTP(at[3], timeout=10) as peer:
        peer._host = MX1  # pylint: disable=protected-access
        peer.starttls(context=trusting(lab, MX1))
        same(peer.sock.version(), "TLSv1.2", "version")


FAULTS = {
    "good": ({}, None),
    "by an intermediate": ({"issuer": "intermediate"}, None),
    "EC and RSA": ({"key": "rsa"}, None),
    "RSA of 1024 bits": ({"key": "rsa1024"}, None),
    "expired": ({"end_s": -DAY}, "certificate has expired"),
    "not yet valid": ({"begin_s": DAY}, "certificate is not yet valid"),
    "signed by itself": ({"issuer": "self"}, "self-signed certificate"),
    "of an unknown authority": (
        {"issuer": "stranger"}, "unable to get local issuer certificate"),
    "without the intermediate": (
        {"issuer": "intermediate", "has_chain": False},
        "unable to get local issuer certificate")}


@by_kind("certificates of every kind")
def certificates(lab, kind):
    def name(number):
        return f"mx{number}.example.org"

    for number, (settings, _) in enumerate(FAULTS.values()):
        lab.mail(name(number), f"203.0.113.{30 + number}", kind,
                 cert=lab.certificate(name(number), **settings),
                 domains=[DOMAIN])
    lab.start()
    for number, (fault, (_, wanted)) in enumerate(FAULTS.items()):
        address = f"203.0.113.{30 + number}"
        same(tls_error(lab, address, name(number)), wanted, fault)
        if not wanted:
            said = tls_error(lab, address, "wrong.example.org")
            check(said and "Hostname mismatch" in said, f"{fault}: {said}")


@by_kind("26 hosts of one server, seen through NAT64")
def many(lab, kind):
    hosts = {f"mx{n}.example.org": f"198.51.100.{100 + n}"
             for n in range(1, 27)}
    lab.mail(hosts, None, kind, domains=[DOMAIN], users=["user"])
    lab.nat64 = True
    lab.start()
    seen = [seen_through_nat64(address) for address in hosts.values()]
    same([codes(a, USER, "nobody@example.org") for a in seen],
         [[250, 550]] * 26, "replies")


@case("nginx: another policy from some moment on, and who asked")
def changes(lab):
    server = lab.policy(DOMAIN, "192.0.2.80", policy_text("testing", MX1))
    lab.start()
    for mode in ("testing", "enforce"):
        text = policy_text(mode, MX1)
        server.change("/.well-known/mta-sts.txt", Page(text))
        same(fetched(lab, "mta-sts.example.org", "192.0.2.80")[2],
             text.encode(), mode)
    same([line.split('"')[1] for line in server.asked(2)],
         ["GET /.well-known/mta-sts.txt HTTP/1.1"] * 2, "requests")


def fetched(lab, host, address, name=None):
    """(status, headers, body) of the policy, asked for by a name."""
    context = trusting(lab, name or host)
    sock = context.wrap_socket(socket.create_connection((address, 443), 10),
                               server_hostname=name or host)
    http_ = http.client.HTTPSConnection(host)
    http_.sock = sock
    try:
        http_.request("GET", "/.well-known/mta-sts.txt")
        reply = http_.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        http_.close()


@case("nginx: a policy, a redirect, an error, too much, drips, wrong names")
def policies(lab):
    text = policy_text("enforce", MX1, "*.example.net")
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    lab.policy(DOMAIN, "192.0.2.80 2001:db8:1::80", text)
    pages = {"example.net": Page(redirect="https://elsewhere.example/"),
             "example.com": Page(status=404),
             "example.info": Page("x" * 1000000, media="text/html"),
             "example.biz": Page(text, rate=50)}
    for number, (domain, page) in enumerate(pages.items(), 81):
        lab.policy(domain, f"192.0.2.{number}", page)
    lab.policy("example.edu", "192.0.2.90", text,
               lab.certificate("www.example.edu"), record=None)
    lab.start()
    for address in ("192.0.2.80", "2001:db8:1::80"):
        status, headers, body = fetched(lab, "mta-sts.example.org", address)
        same((status, headers["Content-Type"], body),
             (200, "text/plain", text.encode()), address)
    same(fetched(lab, "mta-sts.example.net", "192.0.2.81")[1]["Location"],
         "https://elsewhere.example/", "where to")
    same(fetched(lab, "mta-sts.example.com", "192.0.2.82")[0], 404, "status")
    same(len(fetched(lab, "mta-sts.example.info", "192.0.2.83")[2]), 1000000,
         "size")
    begin = time.monotonic()
    same(fetched(lab, "mta-sts.example.biz", "192.0.2.84")[2], text.encode(),
         "drips")
    check(time.monotonic() - begin > 1, "it did not drip")
    try:
        fetched(lab, "mta-sts.example.edu", "192.0.2.90")
        check(False, "the wrong name is taken")
    except ssl.SSLCertVerificationError:
        pass
    _, _, found = message.read_reply(servers.answer(
        "192.0.2.1", "_mta-sts.example.org", message.TXT))
    same([data[1:] for _, _, data in found], [b"v=STSv1; id=20260101;"],
         "the record")


@case("TLSA: of the certificate, of the next one, of another, bogus")
def tlsa(lab):
    now, following, other = (lab.certificate(MX1, variant=n)
                             for n in range(3))
    lab.sign_above()
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"}, signed=Signing())
    lab.zone("example.net", {"ns1.example.net": "192.0.2.2"},
             signed=Signing(begin_s=-9 * DAY, end_s=-DAY))
    lab.zone("example.com", {"ns1.example.com": "192.0.2.3"})
    lab.mail(MX1, AT1, cert=now, domains=[DOMAIN])
    lab.tlsa(MX1, now)
    lab.tlsa(MX1, following, matching=2)
    for host in ("mx.example.net", "mx.example.com"):
        lab.tlsa(host, other, usage=2, selector=0, matching=0)
    lab.server("unbound", "203.0.113.53")
    lab.start()
    with smtplib.SMTP(AT1, timeout=10) as peer:
        peer._host = MX1  # pylint: disable=protected-access
        peer.starttls(context=trusting(lab, MX1))
        shown = peer.sock.getpeercert(True)
    check(now.public_key() in shown, "the key is not the one shown")
    for selector, data in ((0, shown), (1, now.public_key())):
        same(now.tlsa(3, selector, 1),
             f"3 {selector} 1 {hashlib.sha256(data).hexdigest()}", "data")
    for name, verdict, wanted in (
            (MX1, "secure", [now.tlsa(), following.tlsa(3, 1, 2)]),
            ("mx.example.net", "bogus", []),
            ("mx.example.com", "insecure", [other.tlsa(2, 0, 0)])):
        name = f"_25._tcp.{name}"
        same(resolvers_verdict("203.0.113.53", name, TLSA), verdict, name)
        _, _, found = message.read_reply(servers.answer(
            "203.0.113.53", name, TLSA, flags=message.RD))
        same(sorted("{} {} {} {}".format(*data[:3], data[3:].hex())
                    for _, _, data in found), sorted(wanted), name)


@case("port 25 lost on the way, of all or of some, while DNS works")
def filtered(lab):
    pair(lab)

    def is_reached(address):
        try:
            socket.create_connection((address, 25), 0.3).close()
            return True
        except TimeoutError:
            return False

    lab.net.block("tcp", [AT1, AT1_6], port=25)
    same([is_reached(a) for a in (AT1, AT1_6, AT2, AT2_6)],
         [False, False, True, True], "some")
    lab.net.block("tcp", port=25)
    same([is_reached(a) for a in (AT1, AT2, AT2_6)], [False] * 3, "all")
    check(servers.ask_tcp("192.0.2.1", DOMAIN), "DNS is lost, too")


def raised(function, *words, **more):
    """What a call ends in: silence, or the name of the error."""
    try:
        function(*words, **more)
    except (OSError, smtplib.SMTPException) as error:
        return "silence" if "timed out" in str(error) \
            else type(error).__name__
    return None


@case("scripted: honest, with TLS, and what it was told to say")
def scripted(lab):
    cert = lab.certificate(MX1)
    server = lab.smtp(MX1, f"{AT1} {AT1_6}", smtp.dialogue(cert))
    lab.smtp(MX2, AT2, smtp.dialogue(
        rcpt=lambda line: "250-2.1.5 a\r\n550 5.1.1 b"
        if "mixed" in line else "550 no"))
    lab.start()
    for address in (AT1, AT1_6):
        same(tls_error(lab, address, MX1), None, "TLS")
    same(server.names, [(AT1, MX1), (AT1_6, MX1)], "SNI")
    same(server.verbs(AT1), ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT",
                             "QUIT"], "verbs")
    same((server.peak[AT1], server.early), (1, 0), "connections")
    same(codes(AT2, USER, "mixed@example.org"), [550, 550], "RCPT")


@case("scripted: silence, garbage, drips, no end, and drops at each stage")
def hostile(lab):
    faults = {smtp.silent: "silence",
              smtp.shuts: "SMTPServerDisconnected",
              smtp.garbage_at("greeting"): "SMTPConnectError",
              smtp.drips_at("greeting", "220 slow", 0.05): None,
              smtp.drips_at("greeting", "220 slower", 2): "silence",
              smtp.endless_at("greeting", b"x"): "SMTPResponseException"}
    for number, behaviour in enumerate(faults):
        lab.smtp(f"bad{number}.example.org", f"203.0.113.{20 + number}",
                 behaviour)
    stages = ("greeting", "ehlo", "mail", "rcpt")
    for number, stage in enumerate(stages):
        lab.smtp(f"drops{number}.example.org", f"203.0.113.{40 + number}",
                 smtp.dialogue(**{("drops_at", "resets_at")[number % 2]:
                                  stage}))
    lab.start()
    begin = time.monotonic()
    same(raised(smtplib.SMTP, "203.0.113.23", timeout=10), None, "drips")
    check(time.monotonic() - begin > 0.4, "it did not drip")
    for number, wanted in enumerate(faults.values()):
        same(raised(smtplib.SMTP, f"203.0.113.{20 + number}",
                    timeout=0.5 if wanted == "silence" else 10),
             wanted, f"fault {number}")
    for number, stage in enumerate(stages):
        same(raised(rcpts, f"203.0.113.{40 + number}", USER),
             "SMTPServerDisconnected", f"drops at {stage}")


@case("scripted: bytes before the handshake, and none at all")
def injected(lab):
    cert = lab.certificate(MX1)
    lab.smtp(MX1, AT1, smtp.injected(cert))
    lab.smtp(MX2, AT2, smtp.no_handshake())
    lab.smtp("mx3.example.org", "203.0.113.25",
             smtp.no_handshake(smtp.raw(b"\x15\x03\x01\x00\x02\x02\x28")))
    lab.start()
    with socket.create_connection((AT1, 25), 10) as sock:
        sock.recv(100)
        sock.sendall(b"EHLO probe\r\nSTARTTLS\r\n")
        got = b""
        while b"INJECTED\r\n" not in got:
            more = sock.recv(1000)
            check(more, "it ended")
            got += more
    same(got.count(b"220 "), 1, "the reply to STARTTLS")
    context = trusting(lab, MX2)
    for address, wanted in ((AT2, "silence"),
                            ("203.0.113.25", "SSLError")):
        peer = smtplib.SMTP(address, timeout=10)
        peer.sock.settimeout(0.5 if wanted == "silence" else 10)
        same(raised(peer.starttls, context=context), wanted, address)
        peer.close()


main()
