# SPDX-License-Identifier: GPL-3.0-or-later
"""The Fonality outage, replayed.

A company's own name servers stand in one network. Its status page is hosted
elsewhere, but its name is inside the zone. The network goes away, and with
the zone goes the name of the page that was to tell customers about it.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402

ZONE = "example.com"
STATUS = "trust.example.com"
STATUS_ADDRESS = "203.0.113.80"
OWN = {"ns1.example.com": "192.0.2.1 2001:db8:1::1",
       "ns2.example.com": "192.0.2.2 2001:db8:1::2"}
SECONDARY = {"ns3.example.net": "198.51.100.1 2001:db8:2::1"}
DEAD = ["192.0.2.1", "192.0.2.2", "2001:db8:1::1", "2001:db8:1::2"]
RESOLVER = "203.0.113.53"


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
    lab.net.silence("192.0.2.0/24")
    lab.net.silence("2001:db8:1::/48")


def resolves(lab):
    """What a resolver that knows nothing yet says to a customer."""
    lab.add_server("unbound", RESOLVER)
    return lab.resolve(RESOLVER, STATUS)


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
    check(result.seconds < 8.1, f"took {result.seconds:.1f} s")
    same(resolves(lab), [], "the status page's address")


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


def say(lab, zone, text):
    """A heading, and what the plugin says now."""
    print(f"\n{text}\n\n  $ check_dns_delegation -H {zone}")
    code, output, errors, seconds = lab.run(
        [lab.plugin(), "-H", zone, *lab.arguments()])
    for line in (output + errors).splitlines():
        print(f"  {line}")
    print(f"  (exit code {code}, {seconds:.2f} s)", flush=True)
    return code


def ask_customer(lab):
    """What a customer sees of the status page."""
    found = resolves(lab)
    print(f"  A customer's resolver on {STATUS}: "
          + (", ".join(found) if found else "no answer"), flush=True)
    return found


def tell(lab):
    """The story, told by running it; whether it went as it should."""
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
    went.append(ask_customer(lab))
    lab.stop()

    declare(lab, True)
    lose_network(lab)
    went.append(say(lab, ZONE, "The same outage, with a secondary in another "
                    "network."))
    went.append(ask_customer(lab))
    lab.stop()
    return went == [0, 1, 2, [], 1, [STATUS_ADDRESS]]


if __name__ == "__main__":
    main()
