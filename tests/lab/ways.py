# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers that each misbehave in a way of their own, all in one zone, so
that one run waits for all of them at once.

ways is {title: (behaviour, the rule that names it, or None)}.
"""

from lab import same


def declare(lab, zone, good, kinds, ways):
    """The zone on good servers, {host: addresses}, of these kinds, and on one
    for each way; the addresses of those, in the order of the ways."""
    numbers = range(10, 10 + len(ways))
    places = [f"198.51.100.{n} 2001:db8:2::{n}" for n in numbers]
    # Names so short that none of them needs TCP for all of them.
    bad = {f"w{n}.{zone}": place for n, place in zip(numbers, places)}
    lab.zone(zone, {**good, **bad}, on=dict(zip(good, kinds)))
    for n, place, (behaviour, _) in zip(numbers, places, ways.values()):
        # Two more that nobody is led to, to answer from.
        lab.scripted(f"{place} 198.51.100.1{n} 2001:db8:2::1{n}", behaviour,
                     [zone])
    return places


def judged(result, places, ways):
    """Each is named by its rule, and nobody by another."""
    found = {}
    for rule, findings in result.found().items():
        for finding in findings:
            found.setdefault(finding["culprit"]["address"], []).append(rule)
    for (title, (_, rule)), place in zip(ways.items(), places):
        for address in place.split():
            same(found.pop(address, None), rule and [rule], title)
    same(found, {}, "more")
    same(result.state, "WARNING", "state")
