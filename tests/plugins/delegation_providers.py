# SPDX-License-Identifier: GPL-3.0-or-later
"""Delegations as the large providers hand them out, on real servers: unsigned,
and signed as they sign."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, main, same  # noqa: E402
from signing import Signing  # noqa: E402


def provider(title, **settings):
    """Makes a declaration of example.org two cases; settings of a Signing."""
    def add(declare):
        @case(title)
        def unsigned(lab):
            declare(lab)
            lab.check("example.org").expect("OK", {})

        @case(title + ", signed")
        def signed(lab):
            lab.sign_above()
            declare(lab)
            lab.zones["example.org"].settings["signed"] = Signing(**settings)
            result = lab.check("example.org").expect("OK", {})
            same({s["security"] for s in result.json["servers"]}, {"secure"},
                 "security of the servers")
    return add


@provider("Cloudflare: two names with three addresses of each family",
          signer="online")
def cloudflare(lab):
    server = lab.server("knot")
    lab.zone("cloudflare.com",
             {"ns3.cloudflare.com": "203.0.113.103 2001:db8:c3::1",
              "ns4.cloudflare.com": "203.0.113.104 2001:db8:c4::1"})
    lab.zone("ns.cloudflare.com",
             {"ns3.cloudflare.com": "203.0.113.103 2001:db8:c3::1",
              "ns4.cloudflare.com": "203.0.113.104 2001:db8:c4::1"},
             on=lab.shared("cloudflare"))
    for host in lab.zones["cloudflare.com"].ns:
        lab.on["cloudflare.com", host] = lab.shared("cloudflare")
    lab.zone("example.org", {
        "ada.ns.cloudflare.com":
            "192.0.2.1 198.51.100.1 203.0.113.151 "
            "2001:db8:50::1 2001:db8:51::1 2001:db8:52::1",
        "bob.ns.cloudflare.com":
            "192.0.2.2 198.51.100.2 203.0.113.152 "
            "2001:db8:50::2 2001:db8:51::2 2001:db8:52::2"},
             on=server, rname="dns.cloudflare.com", serial=2371825473,
             timers="10000 2400 604800 1800", ttl=86400)


@provider("Route 53: four names in four zones under four top-level domains",
          published=["ksk", "zsk"])
def route_53(lab):
    server = lab.server("nsd")
    hosts = {"ns-1.awsdns-00.com": "192.0.2.1 2001:db8:5300::1",
             "ns-512.awsdns-00.net": "198.51.100.1 2001:db8:5302::1",
             "ns-1024.awsdns-00.org": "203.0.113.151 2001:db8:5304::1",
             "ns-1536.awsdns-00.co.uk": "192.0.2.151 2001:db8:5306::1"}
    lab.zone("uk", {"nsa.nic.uk": "203.0.113.101 2001:db8:a::1"},
             on=lab.shared("tlds"))
    lab.zone("co.uk", {"nsa.nic.uk": "203.0.113.101 2001:db8:a::1"},
             on=lab.shared("tlds"))
    for number, host in enumerate(hosts):
        zone = host.split(".", 1)[1]
        lab.zone(zone, {f"g-ns-{number}.{zone}": f"203.0.113.{160 + number} "
                        f"2001:db8:5{number}::9"}, on=lab.shared("aws"))
    lab.zone("example.org", hosts, on=server, serial=1, ttl=172800,
             rname="awsdns-hostmaster.amazon.com",
             timers="7200 900 1209600 86400")


@provider("Google Cloud DNS: four names, all IPv6 in one /48",
          published=["ksk", "zsk"],
          algorithm="RSASHA256", denial="nsec3")
def google(lab):
    server = lab.server("bind")
    lab.zone("googledomains.com",
             {"ns5.googledomains.com": "203.0.113.105 2001:db8:60::a",
              "ns6.googledomains.com": "203.0.113.106 2001:db8:61::a"})
    lab.zone("example.org", {
        f"ns-cloud-a{i}.googledomains.com":
        f"{('192.0.2', '198.51.100', '203.0.113')[i % 3]}.15{i} "
        f"2001:db8:4802:3{2 * i}::6a" for i in range(1, 5)},
             on=server, serial=1, rname="cloud-dns-hostmaster.google.com",
             timers="21600 3600 259200 300", ttl=21600)


@provider("Azure DNS: four names under four top-level domains",
          published=["ksk", "zsk"],
          denial="nsec3")
def azure(lab):
    hosts = {f"ns{i + 1}-01.azure-dns.{tld}":
             f"{('192.0.2', '198.51.100', '203.0.113')[i % 3]}.16{i} "
             f"2001:db8:7{i}::1"
             for i, tld in enumerate(("com", "net", "org", "info"))}
    lab.zone("example.org", hosts, on="knot", serial=1, ttl=172800,
             rname="azuredns-hostmaster.microsoft.com",
             timers="3600 300 2419200 300")


@provider("a company's own two BINDs", signer="server")
def own(lab):
    lab.zone("example.org", {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
                             "ns2.example.org": "198.51.100.1 2001:db8:2::1"},
             on="bind", records="@ IN MX 10 mail\nmail IN A 192.0.2.25")


@case("a company's own two BINDs without IPv6")
def own_v4(lab):
    lab.zone("example.org", {"ns1.example.org": "192.0.2.1",
                             "ns2.example.org": "198.51.100.1"}, on="bind")
    lab.check("example.org", "-v").expect("OK", {}).notes("no-ipv6")


if __name__ == "__main__":
    main()
