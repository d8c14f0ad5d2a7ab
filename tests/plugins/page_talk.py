# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether those who post keep talking: silence, limbo, standstill, promises,
empty words, and drills, each at its threshold."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from pages import MINUTE, NOW  # noqa: E402
from posts import AT4, PATH, URL, incident, page, says  # noqa: E402

SEEN = {"banner": None, "incident-open": ["Trouble i1"]}
ONE = ["Trouble i1"]


def after(lab, site, minutes, doc, *options):
    """What is said so many minutes behind the first time."""
    lab.at(NOW + minutes * MINUTE)
    if doc:
        site.shows(PATH, doc)
    return lab.look(URL, *options)


@case("silence: half an hour is a warning, an hour is critical")
def silence(lab):
    site = page(lab, says(incident("i1", (1, "investigating", "We look.")),
                          banner="major"), addresses=AT4)
    lab.look(URL).expect("CRITICAL", SEEN)
    after(lab, site, 28, None).expect("CRITICAL", SEEN)
    for minutes, state in ((30, 1), (58, 1), (60, 2), (90, 2)):
        result = after(lab, site, minutes, None)
        result.expect("CRITICAL", {**SEEN, "incident-silent": ONE})
        same(result.found()["incident-silent"][0]["state"], state,
             f"after {minutes} min")
    result = after(lab, site, 90, says(incident(
        "i1", (2, "identified", "A switch."), (91, "investigating", "Hm."),
        now=NOW + 90 * MINUTE), banner="major", now=NOW + 90 * MINUTE))
    result.expect("CRITICAL", SEEN)


@case("silence: an update that is empty is none")
def empty_updates(lab):
    page(lab, says(incident("i1", (5, "identified", " "),
                            (45, "investigating", "We look.")),
                   banner="major"), addresses=AT4)
    result = lab.look(URL).expect("CRITICAL", {**SEEN,
                                               "incident-silent": ONE})
    result.notes("updates-empty", ONE)


@case("silence: two hours later, four times as long is fine")
def later(lab):
    page(lab, says(incident("i1", (100, "identified", "A switch."),
                            (250, "investigating", "We look.")),
                   banner="major"), addresses=AT4)
    lab.look(URL).expect("CRITICAL", SEEN)
    lab.later(30 * MINUTE)
    lab.look(URL).expect("CRITICAL", {**SEEN, "incident-silent": ONE})


@case("silence: --silence-warning and --silence-critical")
def thresholds(lab):
    page(lab, says(incident("i1", (20, "investigating", "We look.")),
                   banner="major"), addresses=AT4)
    lab.look(URL).expect("CRITICAL", SEEN)
    result = lab.look(URL, "--silence-warning", "10m",
                      "--silence-critical", "15m")
    same(result.found()["incident-silent"][0]["state"], 2, "state")


@case("the same words again are shown, not judged")
def same_again(lab):
    page(lab, says(incident("i1", (5, "investigating", "We look."),
                            (15, "investigating", "We look.")),
                   banner="major"), addresses=AT4)
    lab.look(URL).expect("CRITICAL", SEEN).notes("updates-empty", ONE)


@case("limbo: monitoring without a word, twelve hours, two days")
def limbo(lab):
    watched = incident("i1", (1, "monitoring", "We watch."),
                       (30, "investigating", "Hm."), impact="minor")
    site = page(lab, says(watched, banner="minor"), addresses=AT4)
    lab.look(URL).expect("WARNING", SEEN)
    after(lab, site, 11 * 60, None).expect("WARNING", SEEN)
    after(lab, site, 13 * 60, None).expect(
        "WARNING", {**SEEN, "incident-limbo": ONE})
    after(lab, site, 49 * 60, None).expect(
        "CRITICAL", {**SEEN, "incident-limbo": ONE})


@case("stale: in one phase for a day, with words all the while")
def stale(lab):
    posts = [(n * 60, "investigating", f"Still at it, hour {n}")
             for n in range(26)]
    page(lab, says(incident("i1", *posts, impact="minor"), banner="minor"),
         addresses=AT4)
    lab.look(URL).expect("WARNING", {**SEEN, "incident-stale": ONE})
    posts.insert(0, (0, "identified", "A switch."))
    lab.stop()
    page(lab, says(incident("i1", *posts, impact="minor"), banner="minor"),
         addresses=AT4)
    lab.look(URL).expect("WARNING", SEEN)


@case("promises: an update in so many minutes, or by a time, that came not")
def promises(lab):
    for body, ago, is_late in (
            ("Next update in 15 minutes.", 10, False),
            ("Next update in 15 minutes.", 20, True),
            ("We will post an update by 10:30 UTC.", 20, True),
            ("We will post an update by 10:50 UTC.", 20, False)):
        page(lab, says(incident("i1", (ago, "investigating", body)),
                       banner="major"), addresses=AT4)
        rules = {**SEEN, **({"promise-broken": ONE} if is_late else {})}
        lab.look(URL).expect("CRITICAL", rules)
        lab.look(URL, "--upstream").expect("CRITICAL", SEEN)
        lab.stop()


@case("monitoring that was left out is shown")
def skipped(lab):
    site = page(lab, says(incident("i1", (10, "resolved", "Over."),
                                   (100, "investigating", "Hm."))),
                addresses=AT4)
    lab.look(URL).expect("OK", {}).notes("monitoring-skipped", ONE)
    site.shows(PATH, says(incident(
        "i1", (10, "resolved", "Over."), (40, "monitoring", "We watch."),
        (100, "investigating", "Hm."))))
    result = lab.look(URL).expect("OK", {})
    check("monitoring-skipped" not in result.found((0,)), "it was there")


@case("a component without an incident: ten minutes, twenty")
def unexplained(lab):
    for minutes, state in ((5, None), (11, 1), (21, 2)):
        page(lab, says(banner="major", parts={
            "web1": ("partial_outage", minutes)}), addresses=AT4)
        rules = {"banner": None, "component-down": ["Website"]}
        if state:
            rules["outage-unexplained"] = ["Website"]
        result = lab.look(URL).expect("CRITICAL", rules)
        if state:
            same(result.found()["outage-unexplained"][0]["state"], state,
                 f"after {minutes} min")
        lab.stop()


@case("drills: asked for, ninety days, half a year, and never")
def drills(lab):
    for days, state in ((80, "OK"), (100, "WARNING"), (200, "CRITICAL")):
        page(lab, says(parts={
            "mail": ("operational", days * 1440)}), addresses=AT4)
        rules = {} if state == "OK" else {"drill-old": ["Mail"]}
        lab.look(URL, "--drill", "Mail").expect(state, rules)
        lab.look(URL).expect("OK", {})
        lab.stop()
    page(lab, addresses=AT4)
    lab.look(URL, "--drill", "Nothing").not_judged("drill-old")


@case("silence and age are metrics")
def measured(lab):
    page(lab, says(incident("i1", (20, "investigating", "We look.")),
                   incident("i2", (50, "investigating", "This too.")),
                   banner="major"), addresses=AT4)
    got = lab.look(URL).json["metrics"]
    same(got["update_age"], 20 * MINUTE, "age")
    same(got["silence"], 50 * MINUTE, "silence")
    lab.look(URL, "--critical", "silence=2h", "--warning", "silence=40m"
             ).found()["threshold"]


if __name__ == "__main__":
    main("check_status_page")
