# SPDX-License-Identifier: GPL-3.0-or-later
"""What common/dnsnet makes of signed names, beside what BIND's delv and
Unbound make of them."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, main, plugins_folder, same  # noqa: E402
import servers  # noqa: E402
from servers import Missing  # noqa: E402
from demo import RESOLVER, many  # noqa: E402
from signing import DAY, Signing, resolvers_verdict  # noqa: E402

NUMBERS = {"A": 1, "NS": 2, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28,
           "DS": 43, "DNSKEY": 48}
RECORDS = """www A 192.0.2.80
alias CNAME www
a.b.c A 192.0.2.81
wild TXT "a name beside the wildcard"
*.wild A 192.0.2.82
*.far CNAME www
"""
# What to ask about each signed zone, in front of its name.
NAMES = [("", "SOA"), ("", "NS"), ("", "DNSKEY"), ("", "DS"), ("", "TXT"),
         ("www.", "A"), ("www.", "MX"), ("alias.", "A"), ("c.", "A"),
         ("b.c.", "TXT"), ("x.c.", "A"), ("nothing.", "A"),
         ("far.below.nothing.", "A"), ("x.wild.", "A"), ("y.x.wild.", "A"),
         ("x.wild.", "TXT"), ("wild.", "TXT"), ("x.far.", "A"),
         ("plain.", "SOA"), ("plain.", "DS"), ("host.plain.", "A"),
         ("signed.", "SOA"), ("signed.", "DS"), ("nothing.signed.", "A")]


class Validators:
    """The three of them in one lab."""

    def __init__(self, lab, kind="nsd"):
        self.lab = lab
        self.server = lab.server(kind)
        lab.sign_above()
        lab.server("unbound", RESOLVER)

    def zone(self, name, signed, records=RECORDS):
        """A zone on a server that carries all of them."""
        return self.lab.zone(name, many(1, 1, name), on=self.server,
                             records=records, signed=signed)

    def family(self, name, signed):
        """A zone with a signed and an unsigned zone below it."""
        self.zone(name, signed)
        self.zone("plain." + name, None, "host A 192.0.2.83")
        self.zone("signed." + name, signed)

    def ours(self, asked):
        """{(name, type): verdict} of common/dnsnet."""
        path = os.path.join(plugins_folder(), "..", "tests", "plugins",
                            "validate")
        if not os.access(path, os.X_OK):
            raise Missing("tests/plugins/validate was not built")
        words = [word for pair in asked for word in pair]
        under = os.environ.get("LIFELINE_UNDER", "").split()
        self.lab.start()
        code, out, err, _ = self.lab.run(
            [*under, path, self.lab.hints_file(), self.lab.anchor_file(),
             *words])
        same((code, err), (0, ""), "validate")
        verdicts = {}
        for line in out.splitlines():
            name, rtype, verdict = line.split(" ")[:3]
            verdicts[name, rtype] = verdict
        return verdicts

    def delv(self, name, rtype):
        """The verdict of delv."""
        key = self.lab.keys.key(".", "csk", "ECDSAP256SHA256")
        tag, number, digest, hexed = key.ds().split()
        path = os.path.join(self.lab.root, "delv.anchor")
        with open(path, "w", encoding="ascii") as out:
            out.write(f'trust-anchors {{ . static-ds {tag} {number} {digest} '
                      f'"{hexed}"; }};\n')
        found = servers.peer("delv")
        if not found:
            raise Missing("delv is not here: contrib/peers servers")
        done = subprocess.run(
            [found[0], "-a", path, "@" + RESOLVER, name, rtype],
            env=found[1], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if "fully validated" in said:
            return "secure"
        return "insecure" if "unsigned answer" in said else "bogus"

    def agree(self, asked, is_opt_out=False):
        """All three say the same.

        Only that delv does not tell what an opt-out record proves from what
        is secure: it is not (RFC 5155 section 9.2).
        """
        ours = self.ours(asked)
        wrong = []
        for name, rtype in asked:
            verdicts = (ours.get((name, rtype)), self.delv(name, rtype),
                        resolvers_verdict(RESOLVER, name, NUMBERS[rtype]))
            is_delvs = is_opt_out and verdicts == (
                "insecure", "secure", "insecure")
            if len(set(verdicts)) != 1 and not is_delvs:
                wrong.append(f"{name} {rtype}: {', '.join(map(str, verdicts))}"
                             " (common/dnsnet, delv, Unbound)")
        same(wrong, [], "differences")


def add_denial(denial, iterations, signer, kind):
    """Names of every kind in one zone."""
    @case(f"{denial} with {iterations} iterations by {signer}, on {kind}: "
          "all three agree")
    def agree(lab):
        three = Validators(lab, kind)
        three.family("example.org", Signing(
            denial=denial, iterations=iterations, signer=signer))
        three.agree([(prefix + "example.org", rtype)
                     for prefix, rtype in NAMES], denial == "opt-out")


for _denial, _iterations in (("nsec", 0), ("nsec3", 0), ("nsec3", 10),
                             ("opt-out", 0)):
    add_denial(_denial, _iterations, "bind", "nsd")
    add_denial(_denial, _iterations, "ldns", "bind")
    add_denial(_denial, _iterations, "bind", "knot")
add_denial("nsec", 0, "online", "knot")


@case("zones that are signed wrongly or not at all: all three agree")
def wrong(lab):
    three = Validators(lab)
    good = Signing()
    three.zone("good.org", good)
    three.zone("plain.org", None)
    three.zone("early.org", good.but(begin_s=DAY))
    three.zone("expired.org", good.but(begin_s=-9 * DAY, end_s=-2 * DAY))
    three.zone("without-ds.org", good.but(holds=[]))
    three.zone("wrong-ds.org", good)
    lab.ds("wrong-ds.org", lab.keys.key("wrong-ds.org", "csk-other",
                                        "ECDSAP256SHA256").ds())
    three.zone("wrong-digest.org", good)
    lab.ds("wrong-digest.org", lab.key("wrong-digest.org").ds()[:-2] + "00")
    three.zone("stripped.org", None)
    lab.ds("stripped.org", lab.keys.key("stripped.org", "csk",
                                        "ECDSAP256SHA256").ds())
    three.zone("unknown-algorithm.org", good)
    lab.ds("unknown-algorithm.org",
           lab.key("unknown-algorithm.org").ds(algorithm=200))
    three.zone("unknown-digest.org", good)
    lab.ds("unknown-digest.org", lab.key(
        "unknown-digest.org").ds().replace(" 13 2 ", " 13 200 "))
    three.zone("one-unknown.org", good)
    key = lab.key("one-unknown.org")
    lab.ds("one-unknown.org", key.ds(), key.ds(algorithm=200))
    three.zone("sha384.org", good)
    lab.ds("sha384.org", lab.key("sha384.org").ds(4))
    three.zone("rsa.org", good.but(algorithm="RSASHA256",
                                   published=["ksk", "zsk"]))
    three.zone("ed25519.org", good.but(algorithm="ED25519"))
    three.zone("foreign.org", good.but(signs=["csk-other"]))
    names = [name for name in lab.zones if name.endswith(".org")]
    three.agree([pair for name in names for pair in (
        (name, "SOA"), ("www." + name, "A"), ("nothing." + name, "A"),
        (name, "DS"), (name, "TXT"))])


@case("zones under top-level domains that are not well: all three agree")
def above(lab):
    three = Validators(lab)
    good = Signing()
    for tld, signed in (
            ("com", None), ("info", good.but(begin_s=-9 * DAY,
                                             end_s=-2 * DAY)),
            ("biz", good), ("name", good.but(denial="nsec3"))):
        lab.zone(tld, {f"a.nic.{tld}": lab.next_pair()},
                 on=lab.shared("tlds"), signed=signed)
        three.zone("signed." + tld, good)
        three.zone("plain." + tld, None)
    lab.ds("biz", lab.keys.key("biz", "csk-other", "ECDSAP256SHA256").ds())
    three.agree([(prefix + "." + tld, rtype) for tld in (
        "com", "info", "biz", "name") for prefix, rtype in (
            ("signed", "SOA"), ("plain", "SOA"), ("nothing", "A"),
            ("www.signed", "A"), ("signed", "DS"), ("plain", "DS"))])


if __name__ == "__main__":
    main()
