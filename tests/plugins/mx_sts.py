# SPDX-License-Identifier: GPL-3.0-or-later
"""MTA-STS as its senders follow it: the record, the host of the policy, the
policy itself, and the exchangers by it."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import Missing, case, check, main, same  # noqa: E402
from certificates import DAY  # noqa: E402
from mail import Page, policy_text  # noqa: E402
import netns  # noqa: E402
import smtp  # noqa: E402

DOMAIN, USER = "example.org", "user@example.org"
MX1, MX2 = "mx1.example.org", "mx2.example.org"
HOST, RECORD = "mta-sts.example.org", "_mta-sts.example.org"
AT1, AT2 = "192.0.2.25", "198.51.100.25"
WEB, WEB_6 = "192.0.2.80", "2001:db8:1::80"
PATH = "/.well-known/mta-sts.txt"
GOOD = policy_text("enforce", MX1, MX2)


def domain(lab, on="nsd", **seconds):
    """The domain and two exchangers, which scripts play."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"}, on=on)
    for number, (host, address) in enumerate(((MX1, AT1), (MX2, AT2)), 1):
        lab.mx(DOMAIN, 10 * number, host)
        words = {"cert": lab.certificate(host)}
        lab.smtp(host, address, smtp.dialogue(
            **{**words, **(seconds if number == 2 else {})}))


def real(lab, kinds=("postfix", "exim"), certs=(None, None)):
    """The same with real servers, one of each make."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"}, on="bind")
    for number, (host, address) in enumerate(((MX1, AT1), (MX2, AT2))):
        lab.mx(DOMAIN, 10 * (number + 1), host)
        lab.mail(host, address, kinds[number], domains=[DOMAIN],
                 users=["user"],
                 cert=certs[number] or lab.certificate(host))


def ask(lab, *options):
    """Runs the plugin for the user."""
    return lab.check(DOMAIN, "--rcpt", USER, "--helo", "probe.example.net",
                     "--ca-file", lab.ca_file(), "-t", "20", *options)


def well(lab, mode, *options):
    """Nothing is wrong, and the policy was read."""
    result = ask(lab, *options).expect("OK", {})
    sts = result.json["mta_sts"]
    same((sts["records"], sts["fetch"], sts.get("mode")), (1, "done", mode),
         "MTA-STS")
    check("MTA-STS" not in [n["subject"] for n in result.json["not_judged"]],
          "all of it was judged")
    return result


# -- what is well -------------------------------------------------------------

def add_healthy(mode, patterns):
    """A policy that real exchangers keep to."""
    @case(f"{mode}: a policy that both exchangers keep to")
    def healthy(lab):
        lab.sign_above()
        real(lab)
        server = lab.policy(DOMAIN, f"{WEB} {WEB_6}",
                            policy_text(mode, *patterns))
        lab.start()
        result = well(lab, mode)
        same(result.json["mta_sts"]["id"], "20260101", "id")
        same(result.json["mta_sts"]["max_age"], 604800, "max_age")
        same([line.split('"')[1] for line in server.asked(1)],
             [f"GET {PATH} HTTP/1.1"], "requests")


add_healthy("enforce", (MX1, MX2))
add_healthy("testing", ("*.example.org",))
add_healthy("none", ())


@case("no record: nothing is fetched, nothing is judged, and it is shown")
def none(lab):
    domain(lab)
    server = lab.policy(DOMAIN, WEB, GOOD, record=None)
    lab.start()
    result = ask(lab).expect("OK", {})
    same(result.json["mta_sts"]["records"], 0, "records")
    same(server.asked(), [], "requests")


def add_fine(title, policy, mode="enforce", **page):
    """Another way to write a good policy."""
    @case(f"fine: {title}")
    def fine(lab):
        domain(lab)
        lab.policy(DOMAIN, WEB, Page(policy, **page))
        well(lab, mode)


add_fine("lines end in LF alone", GOOD.replace("\r", ""))
add_fine("no end of the last line", GOOD.rstrip())
add_fine("keys that nobody knows", GOOD + "x-new_1.a: anything at all\r\n")
add_fine("keys in another order, and twice", "mx: " + MX2 + "\nmax_age: 86400"
         "\nmode: enforce\nmode: none\nmx: " + MX1 + "\nversion: STSv1\n"
         "max_age: 1\nversion: STSv2\n")
add_fine("names in capitals", policy_text("enforce", "*.EXAMPLE.org"))
add_fine("a charset", GOOD, media='"text/plain; charset=utf-8"')
add_fine("a day", policy_text("enforce", MX1, MX2, max_age=86400))
add_fine("a year", policy_text("enforce", MX1, MX2, max_age=31557600))
add_fine("mode none names nobody", "version: STSv1\nmode: none\n"
         "max_age: 86400\n", mode="none")
add_fine("mode none names others, for a minute",
         policy_text("none", "mx.example.com", max_age=60), mode="none")


# -- the record ---------------------------------------------------------------

def add_record(title, *records, fetches=False):
    """A record that senders do not take."""
    @case(f"record: {title}")
    def record(lab):
        domain(lab)
        server = lab.policy(DOMAIN, WEB, GOOD, record=list(records))
        lab.start()
        ask(lab).expect("WARNING", {"sts-record-wrong": [RECORD]})
        same(len(server.asked(int(fetches))), int(fetches), "requests")


add_record("doubled", "v=STSv1; id=1;", "v=STSv1; id=2;")
add_record("another version", "v=STSv2; id=1;")
add_record("the version in small letters", "v=stsv1; id=1;")
add_record("without an id", "v=STSv1;")
add_record("an empty id", "v=STSv1; id=;")
add_record("an id with a dash", "v=STSv1; id=2026-01-01;")
add_record("an id of 33 characters", f"v=STSv1; id={'1' * 33};")
add_record("without semicolons", "v=STSv1 id=1")
add_record("a field without a value", "v=STSv1; id=1; mode;")


@case("record: beside others that are none of it")
def beside(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB, GOOD, record=[
        "v=STSv1; id=20260101", "v=spf1 -all", "some words"])
    well(lab, "enforce")


@case("record: text of other kinds is no record")
def other_text(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB, GOOD, record=["v=spf1 -all"])
    result = ask(lab).expect("OK", {})
    same(result.json["mta_sts"]["records"], 0, "records")


@case("record: an alias, in pieces")
def alias(lab):
    domain(lab)
    lab.record(RECORD, "CNAME", "sts.example.net.")
    lab.record("sts.example.net", "TXT", '"v=STS" "v1; id=" "20260101;"')
    lab.policy(DOMAIN, WEB, GOOD, record=None)
    well(lab, "enforce")


# -- the host of the policy ---------------------------------------------------

def unavailable(lab, fetch, words="", *options):
    """Senders get no policy."""
    result = ask(lab, *options).expect(
        "WARNING", {"sts-policy-unavailable": [HOST]})
    same(result.json["mta_sts"]["fetch"], fetch, "fetch")
    text = result.found()["sts-policy-unavailable"][0]["text"]
    check(words in text, f"{words!r} in {text!r}")
    return result


@case("host: it has no address")
def no_address(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    unavailable(lab, "no_address")


@case("host: its name servers are broken")
def unresolvable(lab):
    domain(lab)
    lab.record(HOST, "CNAME", "www.example.com.")
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    lab.zone("example.com", {"ns1.example.com": "198.51.100.1"},
             on={"ns1.example.com": lab.server("bind", "198.51.100.1")})
    unavailable(lab, "no_address")


@case("host: an alias of another's, whose certificate has our name")
def host_alias(lab):
    domain(lab)
    lab.host("sts.example.net", WEB)
    lab.record(HOST, "CNAME", "sts.example.net.")
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    server = lab.policy("example.com", WEB, GOOD, lab.certificate(HOST),
                        record=None)
    well(lab, "enforce")
    same(len(server.asked(1)), 1, "requests")


@case("host: it refuses")
def refuses(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    lab.mail(HOST, WEB, "closed")
    unavailable(lab, "port_closed")


@case("host: nobody is there")
def nobody(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    lab.host(HOST, "192.0.2.81")
    lab.start()
    lab.net.add(["192.0.2.81"])
    lab.net.silence("192.0.2.81")
    unavailable(lab, "timed_out", "all that -t left", "-t", "5")


@case("host: an address that the world can't reach is not asked")
def private(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    lab.host(HOST, "127.0.0.80")
    unavailable(lab, "no_address", "127.0.0.80")
    unavailable(lab, "port_closed", "", "--permit-address", "127.0.0.0/8")


def add_certificate(title, words, **settings):
    """A certificate that senders do not take."""
    @case(f"host: its certificate {title}")
    def wrong(lab):
        domain(lab)
        names = settings.pop("names", (HOST,))
        lab.policy(DOMAIN, WEB, GOOD, lab.certificate(*names, **settings))
        settings["names"] = names
        unavailable(lab, "tls_failed", words)


add_certificate("is for another name", "not for", names=("www.example.org",))
add_certificate("is for the domain alone", "not for", names=(DOMAIN,))
add_certificate("is for too many labels", "not for", names=("*.org",))
add_certificate("has ended", "expired", end_s=-DAY)
add_certificate("has not begun", "not yet valid", begin_s=DAY)
add_certificate("is its own", "self-signed", issuer="self")
add_certificate("is by nobody that is known", "certificate",
                issuer="stranger")
add_certificate("comes without the one between", "issuer",
                issuer="intermediate", has_chain=False)


@case("host: a wildcard certificate, by one that is in between")
def wildcard(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB, GOOD, lab.certificate(
        "*.example.org", issuer="intermediate"))
    well(lab, "enforce")


@case("host: --ca-file names who made the certificate, which is no root")
def by_intermediate(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB, policy_text("none"), lab.certificate(
        HOST, issuer="intermediate", has_chain=False))
    well(lab, "none", "--ca-file",
         lab.certificates.authority("intermediate").own_path)


@case("host: plain HTTP at the port of HTTPS")
def plain(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    scripted(lab, lambda c: (c.hear(), c.send(http(GOOD))), cert=None)
    unavailable(lab, "tls_failed", "wrong version")


@case("host: IPv6 only")
def only_v6(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB_6, GOOD)
    well(lab, "enforce")
    result = ask(lab, "-4").expect("OK", {})
    result.not_judged("sts-policy-unavailable")


@case("host: IPv6 only, and this host has no route there: not judged")
def no_route(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB_6, GOOD)
    lab.start()
    lab.net.remove("2001:db8::/32")
    result = ask(lab).expect("OK", {})
    result.not_judged("sts-policy-unavailable")


def add_half(title, kept, gone):
    """One of two addresses is dead; a sender tries the other."""
    @case(f"host: {title}")
    def half(lab):
        domain(lab)
        lab.policy(DOMAIN, kept, GOOD)
        lab.hosts[HOST] = [gone, kept]
        lab.start()
        well(lab, "enforce")


def add_silent(title, first, second):
    """One of two addresses is silent: the other is tried in time."""
    @case(f"host: {title}")
    def silent(lab):
        domain(lab)
        lab.policy(DOMAIN, first, GOOD)
        lab.hosts[HOST] = [first, second]
        lab.start()
        lab.net.add([second])
        lab.net.silence(second)
        well(lab, "enforce", "-t", "8")


add_silent("two of one family, one is silent", "192.0.2.81", WEB)
add_silent("two of one family, the other is silent", WEB, "192.0.2.81")
add_silent("IPv4 is well, IPv6 is silent", WEB, WEB_6)
add_half("two of one family, one refuses", WEB, "192.0.2.81")
add_half("IPv4 is well, IPv6 refuses", WEB, WEB_6)
add_half("IPv6 is well, IPv4 refuses", WEB_6, WEB)


@case("host: by --nat64, where this host has no IPv4")
def nat64(lab):
    lab.nat64 = True
    domain(lab)
    server = lab.policy(DOMAIN, WEB, GOOD)
    lab.start()
    well(lab, "enforce", "--nat64", "64:ff9b::/96")
    same(len(server.asked(1)), 1, "requests")


@case("host: neither the proxy nor the password file of this host is used")
def environment(lab):
    domain(lab)
    server = lab.policy(DOMAIN, WEB, GOOD)
    lab.start()
    home = lab.folder("home")
    with open(os.path.join(home, ".netrc"), "w", encoding="ascii") as out:
        out.write("default login somebody password secret\n")
    lab.environment.update({
        "HOME": home, "https_proxy": "http://192.0.2.99:3128",
        "ALL_PROXY": "http://192.0.2.99:3128"})
    well(lab, "enforce")
    same(server.asked(1)[0].split(" ")[2], "-", "user")


@case("host: it answers once an exchanger was come to, which greets once the "
      "host was asked")
def beside_dialogues(lab):
    asked = []
    domain(lab, waits={"greeting": lambda: asked})
    slow = lab.servers[-1]
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')

    def talk(connection):
        asked.append(connection)
        connection.wait_for(lambda: slow.counts)
        connection.send(http(GOOD))
    scripted(lab, talk)
    well(lab, "enforce")


# -- its replies --------------------------------------------------------------

def http(body, status="200 OK", media="text/plain", length=None):
    """A reply over HTTP."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {length or len(body)}"]
    if media:
        lines.append(f"Content-Type: {media}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def scripted(lab, talk, cert=True):
    """A policy host that does what talk says once it was asked."""
    # Made here, not while somebody waits for a handshake.
    shown = lab.certificate(HOST) if cert else None

    def behave(connection):
        if shown:
            connection.encrypt(shown)
            while connection.hear():
                pass
        talk(connection)
    server = lab.smtp(HOST, WEB, behave)
    server.port = 443
    return server


def add_reply(title, fetch, words, *chunks, every_s=None, options=()):
    """A host that sends this, and what senders make of it."""
    @case(f"host: {title}")
    def reply(lab):
        def talk(connection):
            for chunk in chunks:
                connection.send(chunk)
                if every_s:
                    connection.wait(every_s)
        domain(lab)
        lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
        scripted(lab, talk)
        unavailable(lab, fetch, words, *options)


add_reply("ends the connection without a word", "broken", "")
add_reply("talks, but no HTTP", "broken", "no HTTP", b"220 ESMTP\r\n")
add_reply("ends in the middle", "broken", "", http(GOOD, length=5000))
add_reply("headers without end", "broken", "header",
          b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"x" * 1000 + b"\r\n"] * 200)
add_reply("sends a byte a second", "timed_out", "in the reply",
          *[bytes([byte]) for byte in http(GOOD)], every_s=1,
          options=("-t", "5"))


@case("host: says nothing in the handshake")
def mute(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    scripted(lab, smtp.Connection.hold, cert=None)
    unavailable(lab, "timed_out", "TLS handshake", "-t", "5")


def add_page(title, page, fetch, words, status):
    """What nginx serves in place of a policy."""
    @case(f"host: {title}")
    def served(lab):
        domain(lab)
        lab.policy(DOMAIN, WEB, page)
        result = unavailable(lab, fetch, words)
        same(result.json["mta_sts"].get("status"), status, "status")


ELSEWHERE = f"https://{HOST}/elsewhere"
add_page("301", Page(redirect=ELSEWHERE), "redirected", ELSEWHERE, 301)
add_page("302", Page(redirect=ELSEWHERE, status=302), "redirected",
         ELSEWHERE, 302)
add_page("404", Page(status=404), "done", "404", 404)
add_page("500", Page(status=500), "done", "500", 500)
add_page("204", Page(status=204), "done", "204", 204)
add_page("more than 64 KB", Page(GOOD + "x: " + "y" * 70000), "too_large",
         "64 KB", 200)


# -- the policy ---------------------------------------------------------------

def add_policy(title, policy, words="", rule="sts-policy-wrong"):
    """A policy that is wrong."""
    @case(f"policy: {title}")
    def wrong(lab):
        domain(lab)
        if isinstance(policy, bytes):
            lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
            scripted(lab, lambda c: c.send(http(policy)))
        else:
            lab.policy(DOMAIN, WEB, policy)
        result = ask(lab).expect("WARNING", {rule: [HOST]})
        text = result.found()[rule][0]["text"]
        check(words in text, f"{words!r} in {text!r}")


add_policy("empty", b"", "version")
add_policy("a page", "<html><body>Not here</body></html>")
add_policy("a NUL byte", (GOOD + "x: a\0b\r\n").encode(), "NUL")
add_policy("bytes that are no UTF-8", GOOD.encode() + b"x: \xff\xfe\r\n",
           "UTF-8")
add_policy("no version", GOOD.replace("version: STSv1\r\n", ""), "version")
add_policy("another version", GOOD.replace("STSv1", "STSv2"), "version")
add_policy("no mode", GOOD.replace("mode: enforce\r\n", ""), "mode")
add_policy("an unknown mode", GOOD.replace("enforce", "report"), "mode")
add_policy("no max_age", GOOD.replace("max_age: 604800\r\n", ""), "max_age")
add_policy("a max_age with a unit", GOOD.replace("604800", "7d"), "max_age")
add_policy("no mx", policy_text("enforce"), "no mx")
add_policy("an mx that is an address", policy_text("enforce", "[192.0.2.25]"),
           "mx")
add_policy("an mx with a dot at its end", policy_text("enforce", MX1 + "."),
           "mx")
add_policy("a line without a key", GOOD + "enforce, please\r\n", "line")
add_policy("a media type of pages", Page(GOOD, media="text/html"),
           "text/html")
add_policy("a media type that begins alike", Page(GOOD, media="text/plainer"),
           "text/plainer")
for AGE in (0, 86399, 31557601, 9999999999):
    add_policy(f"a max_age of {AGE}", policy_text(
        "enforce", MX1, MX2, max_age=AGE), str(AGE), "sts-max-age")


@case("policy: without a media type")
def no_media(lab):
    domain(lab)
    lab.record(RECORD, "TXT", '"v=STSv1; id=1;"')
    scripted(lab, lambda c: c.send(http(GOOD, media=None)))
    ask(lab).expect("WARNING", {"sts-policy-wrong": [HOST]})


# -- the exchangers by it -----------------------------------------------------

@case("enforce: the backup is not named")
def not_named(lab):
    real(lab)
    lab.policy(DOMAIN, WEB, policy_text("enforce", MX1))
    ask(lab).expect("WARNING", {"sts-mx-refused": [MX2]})


@case("enforce: neither is named, and no mail comes in")
def none_named(lab):
    real(lab)
    lab.policy(DOMAIN, WEB, policy_text("enforce", "mx.example.net"))
    ask(lab).expect("CRITICAL", {"sts-mx-refused": [MX1, MX2]})


@case("enforce: the one that is not named is the only one that is up")
def other_is_down(lab):
    domain(lab)
    lab.servers = lab.servers[1:]
    lab.policy(DOMAIN, WEB, policy_text("enforce", MX1))
    lab.start()
    lab.net.add([AT1])
    ask(lab).expect("CRITICAL", {"sts-mx-refused": [MX2],
                                 "mx-unreachable": [AT1]})


@case("testing: neither is named")
def testing(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB, policy_text("testing", "mx.example.net"))
    ask(lab).expect("WARNING", {"sts-mx-refused": [MX1, MX2]})


def add_pattern(pattern, is_held):
    """Whether a pattern holds the exchangers of the domain."""
    @case(f"a policy with {pattern} {'holds' if is_held else 'does not hold'} "
          "both")
    def matched(lab):
        domain(lab)
        lab.policy(DOMAIN, WEB, policy_text("enforce", pattern))
        if is_held:
            well(lab, "enforce")
        else:
            ask(lab).expect("CRITICAL", {"sts-mx-refused": [MX1, MX2]})


add_pattern("*.example.org", True)
add_pattern("*.Example.ORG", True)
add_pattern("*.org", False)
add_pattern("example.org", False)
add_pattern("*.mx1.example.org", False)


@case("a wildcard stands for one label, not for two")
def one_label(lab):
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1"})
    host = "a.mx.example.org"
    lab.mx(DOMAIN, 10, host)
    lab.mx(DOMAIN, 20, MX2)
    for name, address in ((host, AT1), (MX2, AT2)):
        lab.smtp(name, address, smtp.dialogue(lab.certificate(name)))
    lab.policy(DOMAIN, WEB, policy_text("enforce", "*.example.org"))
    ask(lab).expect("WARNING", {"sts-mx-refused": [host]})


WRONG = {
    "is for another name": {"names": ("mail.example.org",)},
    "has ended": {"end_s": -DAY},
    "is its own": {"issuer": "self"},
    "is by nobody that is known": {"issuer": "stranger"},
}


def certificate(lab, host, settings):
    """A certificate that is wrong in one way."""
    settings = dict(settings)
    return lab.certificate(*settings.pop("names", (host,)), **settings)


for TITLE, SETTINGS in WRONG.items():
    def one_invalid(lab, settings):
        """The backup's is wrong."""
        real(lab, certs=(None, certificate(lab, MX2, settings)))
        lab.policy(DOMAIN, WEB, GOOD)
        ask(lab).expect("WARNING", {"sts-mx-refused": [AT2],
                                    "certificate-invalid": [AT2]})

    case(f"enforce: the backup's certificate {TITLE}")(
        lambda lab, settings=SETTINGS, function=one_invalid:
        function(lab, settings))


@case("enforce: neither certificate is valid")
def none_valid(lab):
    real(lab, certs=[certificate(lab, host, WRONG["has ended"])
                     for host in (MX1, MX2)])
    lab.policy(DOMAIN, WEB, GOOD)
    ask(lab).expect("CRITICAL", {"sts-mx-refused": [AT1, AT2],
                                 "certificate-invalid": [AT1, AT2]})


@case("testing: neither certificate is valid")
def none_valid_testing(lab):
    real(lab, certs=[certificate(lab, host, WRONG["is its own"])
                     for host in (MX1, MX2)])
    lab.policy(DOMAIN, WEB, policy_text("testing", MX1, MX2))
    ask(lab).expect("WARNING", {"sts-mx-refused": [AT1, AT2],
                                "certificate-invalid": [AT1, AT2]})


@case("none: invalid certificates and other names are no matter")
def mode_none(lab):
    real(lab, certs=(None, certificate(lab, MX2, WRONG["has ended"])))
    lab.policy(DOMAIN, WEB, policy_text("none", "mx.example.net"))
    well(lab, "none")


@case("enforce: the backup does not offer TLS")
def no_tls(lab):
    domain(lab, cert=None)
    lab.policy(DOMAIN, WEB, GOOD)
    ask(lab).expect("WARNING", {"sts-mx-refused": [AT2],
                                "starttls-missing": [AT2]})


@case("enforce: the backup refuses STARTTLS")
def tls_refused(lab):
    domain(lab, starttls="454 4.7.0 TLS not available")
    lab.policy(DOMAIN, WEB, GOOD)
    ask(lab).expect("WARNING", {"sts-mx-refused": [AT2],
                                "starttls-broken": [AT2]})


# -- what is remembered -------------------------------------------------------

CHANGED = policy_text("enforce", MX1, MX2, "mx3.example.org")


def state_file(lab):
    """The one state file that a run leaves."""
    files = lab.state_files()
    same(len(files), 1, f"state files {files}")
    return files[0]


def text_of(path):
    """What a file holds."""
    with open(path, encoding="utf-8") as source:
        return source.read()


def overwrite(lab, text):
    """The state file holds something else now."""
    with open(state_file(lab), "w", encoding="utf-8") as out:
        out.write(text)


def remembering(lab):
    """A run that saw the policy; gives its server."""
    domain(lab, on="bind")
    server = lab.policy(DOMAIN, WEB, GOOD)
    lab.start()
    well(lab, "enforce")
    return server


def new_id(lab, ident):
    """Another id in the record."""
    records = lab.zones[DOMAIN].settings["records"]
    old = next(line for line in records.splitlines() if "STSv1" in line)
    lab.zones[DOMAIN].settings["records"] = records.replace(
        old, f'{RECORD}. IN TXT "v=STSv1; id={ident};"')
    lab.rewrite(DOMAIN)


UNCHANGED = {"sts-id-unchanged": [RECORD]}


@case("past: a run in which nothing happened writes nothing")
def writes_nothing(lab):
    remembering(lab)
    before = os.stat(state_file(lab))
    well(lab, "enforce")
    after = os.stat(state_file(lab))
    same((after.st_ino, after.st_mtime_ns),
         (before.st_ino, before.st_mtime_ns), "the file")


@case("past: the policy changed and its id did not, until the id does")
def id_unchanged(lab):
    server = remembering(lab)
    server.change(PATH, Page(CHANGED))
    before = text_of(state_file(lab))
    for _ in range(2):
        ask(lab).expect("WARNING", UNCHANGED)
        same(text_of(state_file(lab)), before, "the file")
    new_id(lab, "20260202")
    for _ in range(2):
        well(lab, "enforce")
    server.change(PATH, Page(GOOD))
    ask(lab).expect("WARNING", UNCHANGED)
    server.change(PATH, Page(CHANGED))
    well(lab, "enforce")


@case("past: the policy and its id changed, or the id alone")
def both_changed(lab):
    server = remembering(lab)
    server.change(PATH, Page(CHANGED))
    new_id(lab, "1")
    well(lab, "enforce")
    new_id(lab, "2")
    well(lab, "enforce")


@case("past: other line ends and another order are no change")
def same_meaning(lab):
    server = remembering(lab)
    server.change(PATH, Page("x: y\n" + policy_text(
        "enforce", MX2, MX1).replace("\r", "")))
    well(lab, "enforce")


@case("past: another mode, and another max_age, are a change")
def other_fields(lab):
    server = remembering(lab)
    for text in (policy_text("testing", MX1, MX2),
                 policy_text("enforce", MX1, MX2, max_age=86400),
                 policy_text("none")):
        server.change(PATH, Page(text))
        ask(lab).expect("WARNING", UNCHANGED)


@case("past: a policy that can't be had or read is not remembered")
def not_remembered(lab):
    server = remembering(lab)
    before = text_of(state_file(lab))
    server.change(PATH, Page("version: STSv1\n"))
    new_id(lab, "1")
    ask(lab).expect("WARNING", {"sts-policy-wrong": [HOST]})
    server.stop()
    ask(lab).expect("WARNING", {"sts-policy-unavailable": [HOST]})
    same(text_of(state_file(lab)), before, "the file")


@case("past: without a record nothing is written")
def nothing_to_note(lab):
    domain(lab)
    ask(lab).expect("OK", {})
    same(os.listdir(lab.state_dir), [], "files")


@case("past: without a state directory nothing is said")
def no_place(lab):
    lab.keeps_state = False
    server = remembering(lab)
    server.change(PATH, Page(CHANGED))
    result = well(lab, "enforce")
    same([n for n in result.json["not_judged"]
          if n["rule"].startswith(("sts-", "history-"))], [], "not judged")


@case("past: LIFELINE_STATE_DIR names the directory")
def by_environment(lab):
    lab.environment["LIFELINE_STATE_DIR"] = lab.state_dir
    lab.keeps_state = False
    server = remembering(lab)
    state_file(lab)
    server.change(PATH, Page(CHANGED))
    ask(lab).expect("WARNING", UNCHANGED)


def add_damaged(title, change):
    """A file that can't be what was written: told, kept, begun anew."""
    @case(f"past: the file is damaged: {title}")
    def damaged(lab):
        server = remembering(lab)
        path = state_file(lab)
        text = change(text_of(path))
        overwrite(lab, text)
        ask(lab).expect("WARNING", {"history-lost": None})
        kept = [os.path.join(os.path.dirname(path), name)
                for name in os.listdir(os.path.dirname(path))
                if name.endswith(".bad")]
        same(len(kept), 1, "kept aside")
        same(text_of(kept[0]), text, "what is kept")
        server.change(PATH, Page(CHANGED))
        ask(lab).expect("WARNING", {"history-lost": None, **UNCHANGED})
        os.unlink(kept[0])
        ask(lab).expect("WARNING", UNCHANGED)


add_damaged("cut", lambda text: text[:len(text) // 2])
add_damaged("empty", lambda text: "")
add_damaged("of another kind", lambda text: '{"a": [1, 2, 3]}\n')
add_damaged("without its id", lambda text: text.replace('"id"', '"di"'))
add_damaged("an id that is none", lambda text: text.replace(
    "20260101", "2026-01-01"))
add_damaged("an id that is a number", lambda text: text.replace(
    '"20260101"', "20260101"))
add_damaged("one member more", lambda text: text.replace(
    '"id":', '"x":1,"id":'))


def unusable(lab):
    """Nothing can be remembered: that is said, and is never OK."""
    ask(lab).expect("UNKNOWN", {"history-unusable": None})


@case("past: a newer version wrote the file: it is left alone")
def newer(lab):
    remembering(lab)
    state = json.loads(text_of(state_file(lab)))
    state["version"] += 1
    text = json.dumps(state)
    overwrite(lab, text)
    unusable(lab)
    same(text_of(state_file(lab)), text, "the file")


@case("past: the directory is open to others")
def open_directory(lab):
    domain(lab)
    lab.policy(DOMAIN, WEB, GOOD)
    lab.start()
    os.chmod(lab.state_dir, 0o755)
    unusable(lab)
    same(lab.state_files(), [], "state files")


@case("past: the directory is read-only")
def read_only(lab):
    domain(lab, on="bind")
    lab.policy(DOMAIN, WEB, GOOD)
    lab.start()
    mount(lab)
    try:
        well(lab, "enforce")
        remount(lab, "ro")
        before = text_of(state_file(lab))
        new_id(lab, "1")
        unusable(lab)
        same(text_of(state_file(lab)), before, "the file")
        remount(lab, "rw")
        well(lab, "enforce")
    finally:
        subprocess.run(["umount", lab.state_dir], check=True)


def mount(lab):
    """The state directory is a small file system of its own."""
    if not netns.has_mounts():
        raise Missing("nothing can be mounted in here")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0700", "none",
                    lab.state_dir], check=True)


def remount(lab, how):
    """It may be written to, or not."""
    subprocess.run(["mount", "-o", f"remount,{how}", lab.state_dir],
                   check=True)


main("check_mx")
