# SPDX-License-Identifier: GPL-3.0-or-later
"""STARTTLS and certificates of every kind, right and wrong."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from certificates import DAY, ENDING_S  # noqa: E402
import smtp  # noqa: E402

KINDS = ("postfix", "exim")
DOMAIN, USER = "example.org", "user@example.org"
JUDGED = ("--cert-warning", "1d")


def by_kind(title):
    """Makes a function of a lab and a kind a case for each kind."""
    def add(function):
        for kind in KINDS:
            case(f"{kind}: {title}")(
                lambda lab, kind=kind: function(lab, kind))
    return add


def ask(lab, *options, ca_file=""):
    """Runs the plugin for the user."""
    lab.start()
    trust = lab.ca_file() if ca_file == "" else ca_file
    return lab.check(DOMAIN, "--rcpt", USER, "--helo", "probe.example.net",
                     "-t", "20", *(["--ca-file", trust] if trust else []),
                     *options)


def place(number):
    """The address of an exchanger, each in a network of its own."""
    return (f"192.0.2.{100 + number}" if number % 2
            else f"198.51.100.{100 + number}")


def exchangers(lab, kind, certs, **more):
    """One exchanger of the domain for each of {name: certificate}; a name
    without dots is made one. Returns {name: address}."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    at = {}
    for number, (name, cert) in enumerate(certs.items(), 1):
        host = name if "." in name else f"mx{number}.example.org"
        at[name] = place(number)
        lab.mx(DOMAIN, 10 * number, host)
        if callable(cert):
            lab.smtp(host, at[name], cert)
        else:
            lab.mail(host, at[name], kind, domains=[DOMAIN], users=["user"],
                     cert=cert, **more)
    return at


def seen(result, address):
    """What is told about one address."""
    return next(a for a in result.json["addresses"]
                if a["address"] == address)


# -- STARTTLS ---------------------------------------------------------------

@by_kind("STARTTLS absent on one is a fault, on all it is none")
def absent(lab, kind):
    at = exchangers(lab, kind, {
        "mx1.example.org": lab.certificate("mx1.example.org"),
        "mx2.example.org": None})
    ask(lab).expect("WARNING", {
        "starttls-missing": [at["mx2.example.org"]]})
    lab.stop()
    exchangers(lab, kind, {"mx1.example.org": None, "mx2.example.org": None})
    ask(lab).expect("OK", {})


@by_kind("STARTTLS that is offered without a certificate is broken")
def broken(lab, kind):
    at = exchangers(lab, kind, {
        "mx1.example.org": lab.certificate("mx1.example.org"),
        "mx2.example.org": "broken"})
    result = ask(lab).expect("WARNING", {
        "starttls-broken": [at["mx2.example.org"]]})
    same(seen(result, at["mx2.example.org"])["take"], "takes",
         "senders that go on without TLS")


@case("handshakes that come to nothing, and bytes that come before they end")
def handshakes(lab):
    cert = lab.certificate("mx9.example.org")
    plain = b"250-mx.example\r\n250 SIZE 1\r\n"

    def late(connection):
        connection.say("220 2.0.0 Go on")
        connection.send(plain)
        connection.wait(0.1)

    faults = {
        "closed": smtp.no_handshake(smtp.raw()),
        "alert": smtp.no_handshake(smtp.raw(b"\x15\x03\x03\x00\x02\x02\x28")),
        "rubbish": smtp.no_handshake(smtp.raw(b"\x00\xff\r\n" * 9)),
        "refused": smtp.dialogue(cert, starttls="454 4.7.0 Not now"),
        "not known": smtp.dialogue(cert, starttls="502 5.5.1 What?"),
        "injected": smtp.injected(cert),
        "injected more": smtp.injected(cert, plain * 400),
        "injected apart": smtp.dialogue(cert, acts={"starttls": late}),
        "plain for TLS": smtp.no_handshake(smtp.raw(plain))}
    at = exchangers(lab, "postfix", {
        "mx99.example.org": lab.certificate("mx99.example.org"), **faults})
    result = ask(lab)
    result.expect("WARNING", {"starttls-broken": [at[f] for f in faults]})
    for fault in faults:
        address = seen(result, at[fault])
        is_injected = fault in ("injected", "injected more", "injected apart",
                                "plain for TLS", "rubbish")
        same(address.get("tls", {}).get("outcome") == "injected",
             is_injected, f"{fault}: {address.get('tls')}")
        same((address["take"], "certificate" in address), ("takes", False),
             fault)


@by_kind("TLS below 1.2 is old, 1.2 and 1.3 are not")
def versions(lab, kind):
    cert = lab.certificate(*[f"mx{n}.example.org" for n in range(1, 5)])
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    words = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    for number, version in enumerate(words, 1):
        host = f"mx{number}.example.org"
        lab.mx(DOMAIN, 10, host)
        lab.mail(host, place(number), kind, domains=[DOMAIN], cert=cert,
                 versions=[version])
    result = ask(lab).expect("WARNING", {"tls-old": [place(1), place(2)]})
    same([seen(result, place(n))["tls_version"] for n in range(1, 5)],
         ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"], "versions")


@by_kind("an RSA key of 1024 bits is weak; of 2048, EC and Ed25519 are not")
def keys(lab, kind):
    kinds = ("rsa1024", "rsa", "ec", "ed25519")
    at = exchangers(lab, kind, {
        f"mx{n}.example.org": lab.certificate(f"mx{n}.example.org", key=key)
        for n, key in enumerate(kinds, 1)})
    result = ask(lab, *JUDGED).expect("WARNING", {
        "key-weak": [at["mx1.example.org"]]})
    same([(c["key"], c["bits"]) for c in (
        seen(result, a)["certificate"] for a in at.values())],
         [("rsa", 1024), ("rsa", 2048), ("ec", 256), ("ed25519", 256)],
         "keys")


@case("a server that asks for a certificate of ours is none the worse")
def asks_for_ours(lab):
    exchangers(lab, "postfix", {
        f"mx{n}.example.org": lab.certificate(f"mx{n}.example.org")
        for n in (1, 2)}, more="smtpd_tls_ask_ccert = yes")
    ask(lab, *JUDGED).expect("OK", {})


# -- certificates -----------------------------------------------------------

def certificates(lab):
    """{name: (certificate, whether it is good)}"""
    made = {}

    def add(is_good, names=None, host=None, **settings):
        name = host or f"mx{len(made) + 1}.example.org"
        made[name] = (lab.certificate(*([name] if names is None else names),
                                      **settings), is_good)

    add(True)
    add(True, issuer="intermediate")
    add(True, issuer="deep5")
    add(True, names=["*.example.org"])
    add(True, names=["other.example.net", "MX5.Example.ORG"])
    add(True, host="xn--mx-fka.example.org")
    add(True, names=[], common_name="mx7.example.org")
    add(True, names=[*(f"m{n}.example.net" for n in range(400)),
                     "mx8.example.org"])
    add(False, end_s=-DAY)
    add(False, begin_s=DAY)
    add(False, issuer="self")
    add(False, issuer="stranger")
    add(False, issuer="intermediate", has_chain=False)
    add(False, names=["other.example.org"])
    add(False, names=["other.example.org"], common_name="mx15.example.org")
    add(False, names=["*.org"])
    add(False, names=["*.example.org"], host="mx.deep.example.org")
    add(False, names=["m*.example.org"])
    add(False, names=["198.51.100.1"])
    add(False, purpose="clientAuth")
    add(False, issuer="narrow")
    add(False, digest="sha1")
    return made


def is_verified(lab, host, address):
    """The second opinion: what openssl says of a server."""
    done = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-connect",
         f"{address}:25", "-servername", host, "-verify_hostname", host,
         "-CAfile", lab.ca_file(), "-verify_return_error", "-auth_level",
         "1", "-brief"], input="QUIT\r\n", capture_output=True, text=True,
        check=False, timeout=120,
        env={**os.environ, "OPENSSL_CONF": lab.lax_openssl()})
    return done.returncode == 0


@by_kind("certificates of every kind: shown, and judged where it is asked for")
def every_kind(lab, kind):
    made = certificates(lab)
    at = exchangers(lab, kind, {name: c for name, (c, _) in made.items()})
    bad = [at[name] for name, (_, is_good) in made.items() if not is_good]
    same(ask(lab).found(), {}, "where nobody asks")
    ask(lab, *JUDGED).expect("WARNING", {
        "certificate-invalid": bad,
        "certificate-expiring": [at["mx9.example.org"]]})
    for name, (_, is_good) in made.items():
        # OpenSSL takes "m*" for "mx18", which RFC 9525 forbids; and an
        # address beside which there is no name keeps it from none.
        if name not in ("mx18.example.org",):
            same(is_verified(lab, name, at[name]), is_good, name)


@case("days that are left, of a certificate and of what is above it")
def days(lab):
    at = exchangers(lab, "postfix", {
        name: lab.certificate(name, **settings) for name, settings in (
            ("mx1.example.org", {}),
            ("mx2.example.org", {"end_s": 8 * DAY}),
            ("mx3.example.org", {"issuer": "ending"}))})
    soon, above = at["mx2.example.org"], at["mx3.example.org"]
    for words, state, culprits in (
            (("--cert-warning", "3d"), "OK", None),
            (("--cert-warning", "6d"), "WARNING", [above]),
            (("--cert-warning", "9d"), "WARNING", [soon, above]),
            (("--cert-critical", "9d"), "CRITICAL", [soon, above]),
            (("--cert-warning", "9d", "--cert-critical", "7d"), "CRITICAL",
             [soon, above])):
        result = ask(lab, *words).expect(
            state, {"certificate-expiring": culprits} if culprits else {})
    states = {f["culprit"]["address"]: f["state"]
              for f in result.findings if f["rule"] == "certificate-expiring"}
    same(states, {soon: 1, above: 2}, "states")
    life = result.json["metrics"]["certificate_life"]
    check(8 * DAY - 300 < life <= 8 * DAY, f"the server's own first: {life}")
    check(ENDING_S < life, "not of what is above")
    lab.stop()
    at = exchangers(lab, "postfix", {
        name: lab.certificate(name, issuer="old")
        for name in ("mx1.example.org", "mx2.example.org")})
    ask(lab, "--cert-warning", "6d",
        ca_file=lab.certificates.authority("old").own_path).expect(
            "WARNING", {"certificate-expiring": list(at.values())})


@case("SNI picks the certificate, of two names at one address")
def sni(lab):
    first, second = "mx1.example.org", "mx2.example.org"
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    lab.host(second, place(1))
    lab.mx(DOMAIN, 10, first)
    lab.mx(DOMAIN, 20, second)
    lab.mail(first, place(1), "postfix", domains=[DOMAIN],
             cert=lab.certificate(first),
             sni={second: lab.certificate(second)})
    result = ask(lab, *JUDGED)
    result.expect("WARNING", {"mx-shared-address": None,
                              "mx-one-address": None})
    same([a["certificate"]["names"] for a in result.json["addresses"]],
         [[first], [second]], "names")


@case("--ca-file is who is trusted, and must be there")
def ca_file(lab):
    at = exchangers(lab, "postfix", {
        name: lab.certificate(name, issuer=issuer) for name, issuer in (
            ("mx1.example.org", "root"), ("mx2.example.org", "stranger"))})
    stranger = lab.certificates.authority("stranger").own_path
    ask(lab, *JUDGED).expect("WARNING", {
        "certificate-invalid": [at["mx2.example.org"]]})
    ask(lab, *JUDGED, ca_file=stranger).expect("WARNING", {
        "certificate-invalid": [at["mx1.example.org"]]})
    lab.stop()
    # One below the root will do, where it is the one that is named.
    exchangers(lab, "postfix", {
        name: lab.certificate(name, issuer="intermediate", has_chain=shown)
        for name, shown in (("mx1.example.org", True),
                            ("mx2.example.org", False))})
    between = lab.certificates.authority("intermediate").own_path
    ask(lab, *JUDGED, ca_file=between).expect("OK", {})
    for wrong in ("/nonexistent", "/dev/null"):
        same(ask(lab, ca_file=wrong).state, "UNKNOWN", wrong)


main("check_mx")
