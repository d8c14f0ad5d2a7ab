# SPDX-License-Identifier: GPL-3.0-or-later
"""TLSA records of every kind, and what a Postfix with DANE does about them.

It has the second opinion on each case: a message to the domain is sent, over
TLS that it has verified or not, or waits, and Postfix says why.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from certificates import DAY  # noqa: E402
from signing import Signing  # noqa: E402
from sender import Sender, read  # noqa: E402
import behaviours  # noqa: E402
import message  # noqa: E402
import smtp  # noqa: E402

RESOLVER, UPSTREAM = "203.0.113.53", "203.0.113.201"
TLSA = 52
# Of one exchanger at one address there is more to say than what is tested.
ALONE = {"mx-one-address"}
# What becomes of mail by a Postfix with DANE, and what it says to that.
FATES = {"matches": ("sent", "250 "), "unusable": ("sent", "250 "),
         "none": ("sent", "250 "), "insecure": ("sent", "250 "),
         "differs": ("deferred", "Server certificate not (verified|trusted)"),
         "no_tls": ("deferred", "TLS is required, but|refused to start TLS"),
         "bogus": ("deferred", "TLSA lookup error"),
         "failed": ("deferred", "TLSA lookup error")}
VERIFIED = r"(?:Verified|Trusted) TLS connection established to [^\[]*\[(.*?)\]"
FOUND = {"matches": [], "none": [], "insecure": [],
         "unusable": ["dane-unusable"],
         "differs": ["dane-mismatch", "too-few-good-exchangers"],
         "no_tls": ["dane-mismatch", "too-few-good-exchangers"],
         "bogus": ["dane-bogus", "too-few-good-exchangers"],
         "failed": ["dane-unresolvable", "too-few-good-exchangers"]}


class Asker(Sender):
    """A Postfix that goes by DNSSEC, and verifies by nothing but DANE."""

    def __init__(self, lab):
        super().__init__(
            lab, "out.example.net", "203.0.113.90", RESOLVER,
            more="smtp_tls_security_level = dane\nsmtp_tls_loglevel = 1\n"
                 "smtp_dns_support_level = dnssec\n")

    def log(self):
        """All of it."""
        return read(os.path.join(self.folder, "maillog"))

    def has_verified(self, address):
        """Whether TLS with this address was what it had to be."""
        return address in re.findall(VERIFIED, self.log())


class World:
    """Signed and unsigned zones, and a domain for each case in them."""

    def __init__(self, lab):
        self.lab = lab
        self.rows = []
        lab.sign_above()
        for number, (zone, signed) in enumerate((
                ("example.org", Signing()), ("example.com", None))):
            lab.zone(zone, {f"ns1.{zone}": f"192.0.2.{number + 1}"},
                     signed=signed)
        lab.server("unbound", RESOLVER)
        self.asker = Asker(lab)
        lab.servers.append(self.asker)

    # pylint: disable=too-many-arguments
    def add(self, what, dane, *, tlsa=(), cert=None, zone="example.org",
            behaviour=None, host=None, domain=None, found=None):
        """A domain whose one exchanger has these TLSA records.

        tlsa: [(usage, selector, matching)] of its certificate, or data.
        cert: settings of it, or a Certificate. found: what is told beside
        what follows from dane.
        """
        number = len(self.rows) + 1
        host = host or f"mx{number}.{zone}"
        domain = domain or f"d{number}.{zone}"
        if not hasattr(cert, "tlsa"):
            cert = self.lab.certificate(host, **(cert or {}))
        if host != domain:
            self.lab.mx(domain, 10, host)
        self.lab.smtp(host, f"198.51.100.{number}",
                      behaviour or smtp.dialogue(cert))
        for record in tlsa:
            self.lab.tlsa(host, record if isinstance(record, str)
                          else cert.tlsa(*record))
        self.rows.append((what, domain, f"198.51.100.{number}", dane,
                          found or []))
        return host

    def check(self, *options):
        """Asks the plugin and Postfix about each."""
        self.lab.start()
        wrong = []
        messages = [self.asker.submit("alice@example.net", f"user@{domain}")
                    for _, domain, _, _, _ in self.rows]
        for row, sent in zip(self.rows, messages):
            what, domain, address, dane, more = row
            result = ask(self.lab, domain, *options)
            fate = self.asker.fate(sent)
            got = [([a["dane"] for a in result.json["addresses"]], [dane]),
                   (sorted(set(result.found()) - ALONE),
                    sorted(FOUND[dane] + more)),
                   (fate.status, FATES[dane][0]),
                   (re.findall(FATES[dane][1], fate.said)[:1] != [], True),
                   (self.asker.has_verified(address), dane == "matches")]
            wrong += [f"{what}: {was}, wanted {wanted}; Postfix: {fate.said}"
                      for was, wanted in got if was != wanted]
        check(not wrong, "\n".join(wrong))


def ask(lab, domain, *options):
    """Runs the plugin."""
    return lab.check(domain, "--rcpt", f"user@{domain}", "--helo",
                     "probe.example.net", "--ca-file", lab.ca_file(),
                     "-t", "20", *options)


@case("DANE-EE: each selector and digest, and no name nor date")
def dane_ee(lab):
    world = World(lab)
    for number in range(6):
        record = (3, number // 3, number % 3)
        world.add(f"{record}", "matches", tlsa=[record])
    only = [(3, 1, 1)]
    for what, cert in (("expired", {"end_s": -DAY}),
                       ("not yet", {"begin_s": DAY}),
                       ("self-signed", {"issuer": "self"}),
                       ("unknown CA", {"issuer": "stranger"}),
                       ("an RSA key", {"key": "rsa"})):
        world.add(what, "matches", tlsa=only, cert=cert)
    world.add("another name", "matches", tlsa=only,
              cert=lab.certificate("other.example.net"))
    world.check()


@case("DANE-TA: in the chain, in the record alone, with name and dates")
def dane_ta(lab):
    world = World(lab)
    root, between, stranger = (lab.certificates.authority(name) for name in (
        "root", "intermediate", "stranger"))
    below = {"issuer": "intermediate"}
    for number in range(6):
        data = between.tlsa(2, number // 3, number % 3)
        world.add(f"above: {data[:5]}", "matches", tlsa=[data], cert=below)
    for data, dane in ((root.tlsa(2, 0, 0), "matches"),
                       (root.tlsa(2, 1, 0), "matches"),
                       (root.tlsa(2, 0, 1), "differs"),
                       (root.tlsa(2, 1, 1), "differs"),
                       (stranger.tlsa(2, 0, 0), "differs")):
        world.add(f"not shown: {data[:5]}", dane, tlsa=[data], cert=below)
    world.add("of nobody's CA", "matches", cert={"issuer": "stranger"},
              tlsa=[stranger.tlsa(2, 0, 0)])
    only = [between.tlsa(2, 0, 1)]
    for what, cert in (("expired", {"end_s": -DAY}),
                       ("not yet", {"begin_s": DAY})):
        world.add(what, "differs", tlsa=only, cert={**below, **cert})
    world.add("another name", "differs", tlsa=only,
              cert=lab.certificate("other.example.net", **below))
    world.add("the domain's name", "matches", tlsa=only,
              domain="own.example.org",
              cert=lab.certificate("own.example.org", **below))
    world.add("the domain's name, not proved", "matches", tlsa=only,
              domain="own.example.com",
              cert=lab.certificate("own.example.com", **below))
    world.add("the chain not shown", "differs", tlsa=only,
              cert={**below, "has_chain": False})
    world.add("the server's own", "differs", tlsa=[(2, 1, 1)])
    world.check()


@case("several records: rolled over, digests of two strengths, unusable ones")
def several(lab):
    world = World(lab)
    following, past = (lab.certificate("mx.example.org", variant=n)
                       for n in range(2))
    world.add("with the next", "matches", tlsa=[(3, 1, 1), following.tlsa()])
    world.add("the past one alone", "differs", tlsa=[past.tlsa()])
    world.add("SHA-512 of the next alone", "differs",
              tlsa=[(3, 1, 1), following.tlsa(3, 1, 2)])
    world.add("SHA-512 of another selector", "matches",
              tlsa=[(3, 1, 1), following.tlsa(3, 0, 2)])
    world.add("usages 0 and 1", "unusable", tlsa=[(1, 1, 1), (0, 0, 1)])
    world.add("usage 1 of another beside", "matches",
              tlsa=[past.tlsa(1, 1, 1), (3, 1, 1)])
    world.add("a digest as if it were a key", "unusable",
              tlsa=["3 1 0 " + past.tlsa().split()[-1]])
    world.add("a digest of a false length", "unusable",
              tlsa=["3 1 2 " + past.tlsa().split()[-1]])
    world.add("an unknown selector", "unusable",
              tlsa=["3 7 1 " + past.tlsa().split()[-1]])
    world.add("nothing at all", "none")
    world.check()


@case("records that stand elsewhere: by CNAME, by wildcard, at an alias")
def elsewhere(lab):
    world = World(lab)
    cert = lab.certificate("shared.example.org")
    other = lab.certificate("other.example.org")
    root = lab.certificates.authority("root")
    lab.record("_dane.example.org", "TLSA", cert.tlsa())
    lab.record("_dane.example.com", "TLSA", other.tlsa())
    host = world.add("by CNAME", "matches", cert=cert)
    lab.record(f"_25._tcp.{host}", "CNAME", "_dane.example.org.")
    host = world.add("by CNAME out of what is signed", "insecure", cert=cert)
    lab.record(f"_25._tcp.{host}", "CNAME", "_dane.example.com.")
    host = world.add("by CNAME to nothing", "none", cert=cert)
    lab.record(f"_25._tcp.{host}", "CNAME", "no.example.org.")
    host = world.add("by CNAME in circles", "failed", cert=cert)
    for name, to in (("_25._tcp", "_26._tcp"), ("_26._tcp", "_25._tcp")):
        lab.record(f"{name}.{host}", "CNAME", f"{to}.{host}.")
    host = world.add("by wildcard", "matches", cert=cert,
                     host="mx.wild.example.org")
    lab.record("*._tcp.mx.wild.example.org", "TLSA", cert.tlsa())
    host = world.add("by wildcard, another's", "differs", cert=cert,
                     host="mx.tame.example.org")
    lab.record("*._tcp.mx.tame.example.org", "TLSA", other.tlsa())
    for name, dane, records in (("own", "matches", [(3, 1, 1)]),
                                ("bare", "differs", [other.tlsa()])):
        name += ".example.org"
        world.add(f"the domain itself: {dane}", dane, tlsa=records, host=name,
                  domain=name)
    for name, at_target, at_name, zone, dane in (
            ("target", cert, None, "example.org", "matches"),
            ("name", None, cert, "example.org", "matches"),
            ("first", other, cert, "example.org", "differs"),
            ("anchor", root, None, "example.org", "matches"),
            ("open", other, cert, "example.com", "matches"),
            ("wide", None, other, "example.com", "differs")):
        domain = f"{name}.example.org"
        data = [at_target.tlsa(2, 0, 0) if at_target is root else
                at_target.tlsa()] if at_target else []
        # Usage 2 wants the name of where the record stands.
        host = world.add(f"alias: {name}", dane, zone=zone, domain=domain,
                         cert=None if at_target is root else cert,
                         found=["mx-alias"], tlsa=data)
        zone = lab.zones["example.org"].settings
        zone["records"] = zone["records"].replace(
            f"10 {host}.", f"10 alias-{name}.example.org.")
        lab.record(f"alias-{name}.example.org", "CNAME", f"{host}.")
        if at_name:
            lab.tlsa(f"alias-{name}.example.org", at_name.tlsa())
    world.check()


@case("what is not proved, and what is proved to be false")
def unproved(lab):
    world = World(lab)
    other = lab.certificate("other.example.org").tlsa()
    world.add("nothing is signed", "insecure", tlsa=[other],
              zone="example.com")
    world.add("the domain alone is not signed", "differs", tlsa=[other],
              domain="far.example.com")
    world.add("the same, matching", "matches", tlsa=[(3, 1, 1)],
              domain="near.example.com")
    world.add("the exchanger alone is not signed", "insecure", tlsa=[other],
              domain="odd.example.org", host="odd.example.com")
    for number, (what, dane, settings) in enumerate((
            ("signatures that have ended", "bogus", {"signed": Signing(
                begin_s=-9 * DAY, end_s=-DAY)}),
            ("a zone without servers", "failed", {
                "signed": Signing(), "on": None}),
            ("an unsigned zone", "insecure", {}))):
        name = f"at{number}.example.org"
        lab.zone(f"_tcp.{name}", {f"ns.other{number}.example.org":
                                  f"192.0.2.{20 + number}"}, **settings)
        world.add(what, dane, tlsa=[(3, 1, 1)], host=name)
    lab.zone("_tcp.at.example.org", {"ns.at.example.org": "192.0.2.30"},
             signed=Signing(), on=None)
    world.add("a zone without its keys", "bogus", tlsa=[(3, 1, 1)],
              host="at.example.org")
    without_keys(lab, "_tcp.at.example.org", "192.0.2.30")
    world.check()


def is_for_keys(query):
    """Whether a question is one for the keys of a zone."""
    return query.type == message.DNSKEY


def without_keys(lab, zone, address):
    """The zone is signed, and its server has no answer for its keys."""
    lab.server("nsd", UPSTREAM, zones=[zone])
    lab.scripted(address, behaviours.either(
        is_for_keys, behaviours.rcode(message.SERVFAIL),
        behaviours.relay(UPSTREAM)))


@case("signatures that have ended: of the domain, or of the exchanger")
def ended(lab):
    world = World(lab)
    lab.zone("example.edu", {"ns1.example.edu": "192.0.2.9"},
             signed=Signing(begin_s=-9 * DAY, end_s=-DAY))
    is_bogus(lab, world)


@case("keys that can't be had: of the domain, or of the exchanger")
def keyless(lab):
    world = World(lab)
    lab.zone("example.edu", {"ns1.example.edu": "192.0.2.9"},
             signed=Signing(), on=None)
    without_keys(lab, "example.edu", "192.0.2.9")
    is_bogus(lab, world)


def is_bogus(lab, world):
    """Nothing of example.edu validates, and so no mail gets there."""
    cert = lab.certificate("mx1.example.edu")
    lab.mx("example.edu", 10, "mx1.example.org")
    lab.mx("example.org", 10, "mx1.example.edu")
    for host, at in (("mx1.example.org", "198.51.100.1"),
                     ("mx1.example.edu", "198.51.100.2")):
        lab.smtp(host, at, smtp.dialogue(cert))
        lab.tlsa(host, cert.tlsa())
    lab.start()
    for domain in ("example.edu", "example.org"):
        result = ask(lab, domain)
        same((result.state, "mx-bogus" in result.found()), ("CRITICAL", True),
             f"{domain}: {sorted(result.found())}")
        sent = world.asker.submit("alice@example.net", f"user@{domain}")
        same(world.asker.fate(sent).status, "deferred", domain)


@case("name servers that fail for TLSA, or say nothing to it")
def unanswered(lab):
    def is_tlsa(query):
        return query.type == TLSA

    world = World(lab)
    fails = behaviours.rcode(message.SERVFAIL)
    faults = {"example.org": (fails, "failed"), "example.com": (fails, "none"),
              "example.edu": (behaviours.silent, "failed"),
              "example.info": (behaviours.silent, "none")}
    for zone, address, signed in (("example.edu", "192.0.2.3", Signing()),
                                  ("example.info", "192.0.2.4", None)):
        lab.zone(zone, {f"ns1.{zone}": address}, signed=signed)
    lab.server("nsd", UPSTREAM, zones=list(faults))
    for zone, (fault, dane) in faults.items():
        world.add(f"{zone}: {fault}", dane, zone=zone, tlsa=[(3, 1, 1)])
        ns = lab.zones[zone].ns[0]
        lab.on[zone, ns] = None
        lab.scripted(lab.hosts[ns][0], behaviours.either(
            is_tlsa, fault, behaviours.relay(UPSTREAM)))
    world.check("--tries", "1")


@case("TLS that does not come up, with records that ask for it")
def without_tls(lab):
    world = World(lab)
    cert = lab.certificate("mx.example.org")
    world.add("no STARTTLS", "no_tls", tlsa=[cert.tlsa()],
              behaviour=smtp.dialogue())
    world.add("no STARTTLS, unusable", "no_tls", tlsa=[cert.tlsa(1, 1, 1)],
              behaviour=smtp.dialogue())
    world.add("no STARTTLS, nothing proved", "insecure", zone="example.com",
              tlsa=[cert.tlsa()], behaviour=smtp.dialogue())
    world.add("STARTTLS refused", "no_tls", tlsa=[cert.tlsa()],
              found=["starttls-broken"], behaviour=smtp.dialogue(
                  cert, starttls="454 4.7.0 TLS not available"))
    world.check()


def pair(lab, *tlsa, kinds=("postfix", "exim")):
    """A signed domain with two exchangers, and the records of each."""
    lab.sign_above()
    lab.zone("example.org", {"ns1.example.org": "192.0.2.1"},
             signed=Signing())
    for number, (kind, records) in enumerate(zip(kinds, tlsa), 1):
        host = f"mx{number}.example.org"
        cert = lab.certificate(host)
        lab.mx("example.org", 10 * number, host)
        lab.mail(host, "192.0.2.25" if number == 1 else "198.51.100.25",
                 kind, domains=["example.org"], users=["user"],
                 cert=cert)
        for record in records:
            lab.tlsa(host, cert.tlsa(*record) if isinstance(record, tuple)
                     else record)


@case("Postfix and Exim: one differs, and both do")
def real(lab):
    other = lab.certificate("other.example.org").tlsa()
    for tlsa, bad in (([[(3, 1, 1)], [(3, 0, 2)]], []),
                      ([[(3, 1, 1)], [other]], ["198.51.100.25"]),
                      ([[other], [other]], ["192.0.2.25", "198.51.100.25"])):
        pair(lab, *tlsa)
        result = ask(lab, "example.org")
        found = {"dane-mismatch": bad} if bad else {}
        if len(bad) == 2:
            found["too-few-good-exchangers"] = None
        result.expect("CRITICAL" if bad else "OK", found)
        same(result.json["metrics"]["exchangers_good"],
             2 - len(bad), "exchangers that are good")
        lab.stop()


@case("--next-cert: published, not yet, and by the CA's record")
def next_cert(lab):
    now, following, other = (lab.certificate("mx1.example.org", variant=n)
                             for n in (None, 1, 2))
    root = lab.certificates.authority("root")
    stranger = lab.certificate("mx1.example.org", issuer="stranger")
    for tlsa, cert, missing in (
            ([(3, 1, 1), following.tlsa()], following, []),
            ([(3, 1, 1), following.tlsa()], other, ["mx1.example.org"]),
            ([root.tlsa(2, 0, 0)], other, []),
            ([root.tlsa(2, 0, 0)], stranger, ["mx1.example.org"])):
        pair(lab, tlsa, [(3, 1, 1)])
        result = ask(lab, "example.org", "--next-cert", cert.own_path)
        result.expect("WARNING" if missing else "OK",
                      {"dane-next-missing": missing} if missing else {})
        lab.stop()
    check(now is not following, "variants")


@case("days that are asked for count with DANE; name and CA do not")
def days(lab):
    world = World(lab)
    world.add("soon", "matches", tlsa=[(3, 1, 1)], cert={
        "end_s": 5 * DAY, "issuer": "self"})
    lab.start()
    for words, found in (((), []),
                         (("--cert-warning", "3d"), []),
                         (("--cert-warning", "10d"),
                          ["certificate-expiring"])):
        result = ask(lab, "d1.example.org", *words)
        same(sorted(set(result.found()) - ALONE), found, f"{words}")


main("check_mx")
