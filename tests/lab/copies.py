# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios of check_dns_secondary have in common."""

import json

from lab import same

PLUGIN = "check_dns_secondary"
ZONE = "example.org"
HOSTS = {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
         "ns2.example.net": "198.51.100.1 2001:db8:2::1",
         "ns3.example.net": "203.0.113.101 2001:db8:3::1"}
PRIMARY, SECOND, THIRD = HOSTS
FIRST_AT, SECOND_AT, THIRD_AT = (a.split() for a in HOSTS.values())
SECONDARIES_AT = SECOND_AT + THIRD_AT
GIVEN = ("--primary", PRIMARY)
KINDS = ("bind", "nsd", "knot")

REFRESH_S, RETRY_S, EXPIRE_S = 7200, 900, 1209600  # as a lab's zones have it
HOUR, DAY = 3600, 86400


def rotations(kinds=KINDS):
    """The kinds, each of them first once."""
    return [kinds[i:] + kinds[:i] for i in range(len(kinds))]


def transferred(lab, kinds=KINDS, **settings):
    """The zone on a primary and two secondaries that transfer it."""
    return lab.zone(ZONE, HOSTS, on=dict(zip(HOSTS, kinds)),
                    **{"primary": PRIMARY, **settings})


def on_files(lab, on="nsd", **settings):
    """The zone as a file on each of three servers."""
    return lab.zone(ZONE, HOSTS, on=on, **settings)


def copy_at(result, address):
    """What the plugin tells of one address."""
    found = [c for c in result.json["primaries"] + result.json["secondaries"]
             if c["address"] == address]
    same(len(found), 1, f"entries of {address}")
    return found[0]


def covers(result, key, addresses=None):
    """{address: a member of its cover} of the secondaries."""
    return {c["address"]: c["cover"][key] for c in result.json["secondaries"]
            if addresses is None or c["address"] in addresses}


def seconds_left(result, addresses=None):
    """{address: seconds until it expires} of the secondaries."""
    return {c["address"]: c["expire_left"] for c in result.json["secondaries"]
            if addresses is None or c["address"] in addresses}


def facts_of(lab, *words):
    """The copies as they were seen, before anything was judged."""
    _, output, errors, _ = lab.run([
        lab.plugin(), "-H", ZONE, *lab.arguments(), *lab.state_arguments(),
        *words, "--facts"])
    same(errors, "", "stderr")
    return json.loads(output)["secondary"]["copies"]


def transfer_facts(lab, *words):
    """What came of the transfer from the primary, in full.

    One address is asked, and the next one where that refuses.
    """
    tried = [c["transfer"] for c in facts_of(lab, *words)
             if c["is_primary"] and c["transfer"]["end"] != "not_tried"]
    ends = {t["end"] for t in tried}
    same(len(ends), 1, "ways in which transfers from the primary ended")
    same(len(tried) == 1 or "done" not in ends, True, "one is enough")
    return tried[0]
