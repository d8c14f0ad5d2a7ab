# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain with two exchangers, of which the tests of check_mx break one."""

from lab import case, same
import smtp

KINDS = ("postfix", "exim")
DOMAIN, USER = "example.org", "user@example.org"
MX1, MX2 = "mx1.example.org", "mx2.example.org"
AT1 = ("192.0.2.25", "2001:db8:1::25")
AT2 = ("198.51.100.25", "2001:db8:2::25")


def by_kind(title):
    """Makes a function of a lab and a kind a case for each kind."""
    def add(function):
        for kind in KINDS:
            case(f"{kind}: {title}")(
                lambda lab, kind=kind: function(lab, kind))
    return add


def domain(lab, *exchangers):
    """The domain, and its MX as (preference, name)."""
    lab.zone(DOMAIN, {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    for preference, name in exchangers or ((10, MX1), (20, MX2)):
        lab.mx(DOMAIN, preference, name)


def exchanger(lab, name, addresses, what, **options):
    """One exchanger: what is a kind of server, or how a script behaves.

    Without other words it takes mail for the user and nobody else.
    """
    where = " ".join(addresses)
    if not isinstance(what, str):
        return lab.smtp(name, where, what)
    return lab.mail(name, where, what,
                    **{"domains": [DOMAIN], "users": ["user"], **options})


def pair(lab, second="postfix", **options):
    """The domain with two exchangers on both families; options are of the
    second."""
    domain(lab)
    exchanger(lab, MX1, AT1, "exim" if second == "postfix" else "postfix")
    exchanger(lab, MX2, AT2, second, **options)


def ask(lab, *options, rcpt=USER):
    """Runs the plugin for the user, or for whom it is told."""
    return lab.check(DOMAIN, *(("--rcpt", rcpt) if rcpt else ()),
                     "--helo", "probe.example.net", "-t", "20", *options)


def takes(result):
    """{address: what a sender meets there}."""
    return {a["address"]: a["take"] for a in result.json["addresses"]}


def same_takes(result, **wanted):
    """What is met at all addresses of the first and of the second."""
    same(takes(result), {**dict.fromkeys(AT1, wanted["first"]),
                         **dict.fromkeys(AT2, wanted["second"])}, "takes")


def saying(stage, reply):
    """A sane server but for one reply."""
    return smtp.dialogue(**{stage: reply})
