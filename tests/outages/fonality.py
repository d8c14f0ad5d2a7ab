# SPDX-License-Identifier: GPL-3.0-or-later
"""The Fonality outage, replayed in two acts.

A company's own name servers stand in one network. Its status page is hosted
elsewhere, but its name is inside the zone. The network goes away, and with
the zone goes the name of the page that was to tell customers about it.

The second act is about the backup that was there and did not help: it stood
in the same building. Backups elsewhere, that transfer the zone, do; and two
of them are a backup for the backup.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from telling import say  # noqa: E402

ZONE = "example.com"
STATUS = "trust.example.com"
STATUS_ADDRESS = "203.0.113.80"
OWN = {"ns1.example.com": "192.0.2.1 2001:db8:1::1",
       "ns2.example.com": "192.0.2.2 2001:db8:1::2"}
SECONDARY = {"ns3.example.net": "198.51.100.1 2001:db8:2::1"}
ANOTHER = {"ns4.example.net": "203.0.113.101 2001:db8:3::1"}
BUILDING = ("192.0.2.0/24", "2001:db8:1::/48")
DEAD = ["192.0.2.1", "192.0.2.2", "2001:db8:1::1", "2001:db8:1::2"]
RESOLVER = "203.0.113.53"

SECOND_ACT = "check_dns_secondary"
PRIMARY = "ns1.example.com"
PRIMARY_AT = DEAD[::2]
GIVEN = ("--primary", PRIMARY)
BACKED_UP = (*GIVEN, "--min-survivors", "2")
WITHOUT = (*GIVEN, *(w for p in BUILDING for w in ("--lost", p)))
HOUR, EXPIRE_S = 3600, 1209600  # as a lab's zones have it
HASTY = ("--query-timeout", "0.5")


def declare(lab, has_secondary):
    """The zone on its own two servers, and on a third one elsewhere."""
    lab.sign_above()
    hosts = {**OWN, **SECONDARY} if has_secondary else OWN
    lab.zone(ZONE, hosts, on={"ns1.example.com": "bind",
                              "ns2.example.com": "knot",
                              "ns3.example.net": "nsd"},
             records=f"trust IN A {STATUS_ADDRESS}")
    lab.start()


def lose_network(lab):
    """The company's network goes away without a word."""
    for network in BUILDING:
        lab.net.silence(network)


def resolves(lab, tries=3):
    """What a resolver that knows nothing yet says to a customer."""
    lab.add_server("unbound", RESOLVER)
    return lab.resolve(RESOLVER, STATUS, tries)


@case("before: all servers in one network is a warning")
def before(lab):
    declare(lab, False)
    lab.check(ZONE).expect("WARNING", {"single-network": None})
    same(resolves(lab), [STATUS_ADDRESS], "the status page's address")


@case("the network goes away: critical in time, every dead server named")
def outage(lab):
    declare(lab, False)
    lose_network(lab)
    result = lab.check(ZONE)
    result.expect("CRITICAL", {
        "too-few-good-servers": None, "server-silent": DEAD,
        "single-network": None})
    result.in_time(8)
    same(resolves(lab, tries=1), [], "the status page's address")


@case("with a secondary elsewhere all is well before")
def secondary(lab):
    declare(lab, True)
    lab.check(ZONE).expect("OK", {})


@case("with a secondary elsewhere the zone lives and the status page, too")
def carried(lab):
    declare(lab, True)
    lose_network(lab)
    lab.check(ZONE).expect("WARNING", {
        "one-good-server": None, "server-silent": DEAD})
    same(resolves(lab), [STATUS_ADDRESS], "the status page's address")


def declare_transfers(lab, elsewhere):
    """The primary, its backup in the same building, and those elsewhere."""
    lab.tested = SECOND_ACT
    lab.sign_above()
    hosts = {**OWN, **elsewhere}
    kinds = ("bind", "knot", "nsd", "knot")
    lab.zone(ZONE, hosts, on=dict(zip(hosts, kinds)), primary=PRIMARY,
             tsig=True, records=f"trust IN A {STATUS_ADDRESS}")
    lab.start()


@case("a backup in the same building: the warning comes beforehand")
def same_building(lab):
    declare_transfers(lab, {})
    lab.check(ZONE, *GIVEN).expect("WARNING", {"too-few-survivors": None})
    lab.check(ZONE, *WITHOUT).expect("CRITICAL", {
        "too-few-survivors": None, "loss-not-survived": None})
    same(resolves(lab), [STATUS_ADDRESS], "the status page's address")


@case("a backup in the same building: it goes with the primary")
def went_with_it(lab):
    declare_transfers(lab, {})
    lose_network(lab)
    lab.check(ZONE, *GIVEN, *HASTY).expect("CRITICAL", {
        "no-good-secondary": None, "too-few-survivors": None,
        "primary-silent": None, "server-silent": DEAD})


@case("one secondary elsewhere is no backup for the backup")
def one_elsewhere(lab):
    declare_transfers(lab, SECONDARY)
    lab.check(ZONE, *GIVEN).expect("OK", {})
    lab.check(ZONE, *BACKED_UP).expect("WARNING", {"too-few-survivors": None})


@case("two secondaries elsewhere: all is well, whatever is to be lost")
def two_elsewhere(lab):
    declare_transfers(lab, {**SECONDARY, **ANOTHER})
    lab.check(ZONE, *BACKED_UP).expect("OK", {})
    lab.check(ZONE, *BACKED_UP, *WITHOUT).expect("OK", {})


@case("two secondaries elsewhere: the zone lives, and its time is told")
def lives_on(lab):
    declare_transfers(lab, {**SECONDARY, **ANOTHER})
    lab.check(ZONE, *BACKED_UP).expect("OK", {})
    lose_network(lab)
    silent = {"primary-silent": None, "server-silent": DEAD}
    result = lab.check(ZONE, *BACKED_UP, *HASTY).expect("WARNING", silent)
    covers(result, EXPIRE_S, [*SECONDARY, *ANOTHER])
    same(resolves(lab), [STATUS_ADDRESS], "the status page's address")
    # Of NSD only history tells how long it lives on; Knot DNS says so itself.
    lab.age(6 * HOUR)
    result = lab.check(ZONE, *BACKED_UP, *HASTY)
    result.expect("WARNING", {**silent, "primary-contact-lost": None})
    covers(result, EXPIRE_S - 6 * HOUR, SECONDARY)
    covers(result, EXPIRE_S, ANOTHER)


def covers(result, wanted_s, hosts):
    """Secondaries have their cover, to within a minute, at each address."""
    for host in hosts:
        told = [c["cover"] for c in result.json["secondaries"]
                if c["name"] == host]
        same(len(told), 2, f"addresses of {host}")
        for cover in told:
            check(wanted_s - 60 <= cover["seconds"] <= wanted_s,
                  f"{host} has {cover}, not {wanted_s} s")


def ask_customer(lab, tries=3):
    """What a customer sees of the status page."""
    found = resolves(lab, tries)
    print(f"  A customer's resolver on {STATUS}: "
          + (", ".join(found) if found else "no answer"), flush=True)
    return found


def tell_first(lab):
    """The outage; what was seen of it."""
    lab.sign_above()
    lab.zone("example.org",
             {"ns1.example.org": "192.0.2.11 2001:db8:1::11",
              "ns2.example.net": "198.51.100.11 2001:db8:2::11"},
             on={"ns1.example.org": "bind", "ns2.example.net": "nsd"})
    went = [say(lab, "example.org", "A zone that is well: two servers in two "
                "networks (BIND, NSD).")]
    lab.stop()

    declare(lab, False)
    went.append(say(lab, ZONE, "The Fonality outage. The company's two "
                    "servers stand in one network;\nthe status page is "
                    f"elsewhere, but it is named {STATUS}."))
    lose_network(lab)
    went.append(say(lab, ZONE, "A test takes that network down."))
    went.append(ask_customer(lab, tries=1))
    lab.stop()

    declare(lab, True)
    lose_network(lab)
    went.append(say(lab, ZONE, "The same outage, with a secondary in another "
                    "network."))
    went.append(ask_customer(lab))
    lab.stop()
    return went


def tell_second(lab):
    """The backup that did not help, and those that do; what was seen."""
    declare_transfers(lab, {})
    went = [say(lab, ZONE, "The second act: what of the backup? One server "
                "is the primary, the other\ntransfers the zone from it (BIND "
                "to Knot DNS, TSIG), in the same building.", *GIVEN)]
    lose_network(lab)
    went.append(say(lab, ZONE, "The building's network goes down.", *GIVEN))
    lab.stop()

    declare_transfers(lab, {**SECONDARY, **ANOTHER})
    went.append(say(lab, ZONE, "A backup, and a backup for the backup: two "
                    "more secondaries, elsewhere (NSD,\nKnot DNS). Would "
                    "they do, with that network lost?", *BACKED_UP,
                    *WITHOUT[len(GIVEN):]))
    lose_network(lab)
    went.append(say(lab, ZONE, "The building's network goes down.",
                    *BACKED_UP))
    went.append(ask_customer(lab))
    lab.age(6 * HOUR)
    went.append(say(lab, ZONE, "Six hours later (what is remembered is made "
                    "as much older).", *BACKED_UP))
    lab.stop()
    return went


def tell(lab):
    """The story, told by running it; whether it went as it should."""
    return tell_first(lab) == [0, 1, 2, [], 1, [STATUS_ADDRESS]] and (
        tell_second(lab) == [1, 2, 0, 1, [STATUS_ADDRESS], 1])


if __name__ == "__main__":
    main()
