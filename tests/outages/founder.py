# SPDX-License-Identifier: GPL-3.0-or-later
"""The outage of a founder who said "all's well" too early, replayed.

His service went down. A few hours later it answered, and he told his
customers that all was well. Then it went down again, and it took four days in
all. Nobody lost trust in him for the outage, but for the all-clear.

Here the service is nginx, the page is a Statuspage elsewhere, and the plugin
runs every few minutes and holds the one against the other: it says that the
page is silent before anybody posts, that four hours are no reason for an
all-clear while it still fails, or a minute after it recovered, and that
what was called resolved is back.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main  # noqa: E402
from pages import HOUR, MINUTE  # noqa: E402
from posts import (HOST, PATH, SHOP_URL, URL, falls,  # noqa: E402
                   incident, page, rises, says, shop)
from telling import show  # noqa: E402

PLUGIN = "check_status_page"
PROBE = ("--probe", SHOP_URL)
SEEN = {"banner": None, "component-down": None, "incident-open": None}


class Story:
    """The page, the service, and what the founder posts."""

    def __init__(self, lab):
        lab.tested = PLUGIN
        self.lab = lab
        self.posts = []  # (when, status, body), the newest first
        self.status = page(lab)
        self.service = shop(lab)
        self.teller = self.silently
        self.ask()

    def ask(self):
        """What the plugin says now."""
        return self.teller()

    def silently(self):
        """As a test does."""
        return self.lab.look(URL, *PROBE)

    def every_five(self, minutes):
        """Runs it until so many minutes went by; the last result."""
        result = None
        for step in range(0, minutes, 5):
            self.lab.later(min(5, minutes - step) * MINUTE)
            result = self.lab.look(URL, *PROBE)
        return result

    def show_page(self, is_down):
        """The page has what was posted so far."""
        now = self.lab.now()
        posts = [((now - when) / MINUTE, status, body)
                 for when, status, body in self.posts]
        one = incident("outage", *posts, impact="critical", now=now,
                       name="The service is down")
        more = {"banner": "critical", "parts": {"web1": "major_outage"}} \
            if is_down else {}
        self.status.shows(PATH, says(one, now=now, **more))

    def post(self, status, body):
        """The founder writes."""
        self.posts.insert(0, (self.lab.now(), status, body))
        self.show_page(status not in ("resolved", "monitoring"))

    def outage(self):
        """It goes down; he looks into it, and says so all along, for four
        hours."""
        falls(self.service)
        self.every_five(10)
        self.post("investigating", "We are looking into it.")
        for part in range(8):
            self.every_five(25)
            self.post("identified" if part else "investigating",
                      f"Still at it ({part + 1}).")
        self.every_five(20)


@case("before: all is well, and the page says so")
def before(lab):
    story = Story(lab)
    story.every_five(10).expect("OK", {})


@case("nobody posts: after a quarter of an hour the page is silent")
def silent(lab):
    story = Story(lab)
    falls(story.service)
    story.every_five(10).expect("OK", {})
    result = story.every_five(10).expect(
        "CRITICAL", {"page-silent": [HOST], "first-post-late": [HOST]})
    check("says \"All Systems Operational\" while" in result.json["summary"],
          result.json["summary"])


@case("he posts, and goes on posting: only the outage itself is told")
def told(lab):
    story = Story(lab)
    story.outage()
    story.ask().expect("CRITICAL", SEEN)


@case("resolved after four hours while it still fails: caught at once")
def too_early(lab):
    story = Story(lab)
    story.outage()
    story.post("resolved", "All's well!")
    both = {"all-clear-false": [HOST], "page-silent": [HOST]}
    story.ask().expect("CRITICAL", both)
    story.every_five(20).expect("CRITICAL", both)


@case("resolved as soon as it answers, and down again: both are caught")
def relapsed(lab):
    story = Story(lab)
    story.outage()
    rises(story.service)
    story.every_five(5).expect("CRITICAL", SEEN)
    story.post("resolved", "All's well!")
    story.ask().expect("WARNING", {"all-clear-early": [HOST]})
    story.every_five(20)
    falls(story.service)
    story.every_five(5).expect("WARNING", {"all-clear-relapsed": [HOST]})
    result = story.every_five(20)
    result.expect("CRITICAL", {"all-clear-relapsed": [HOST],
                               "page-silent": [HOST],
                               "first-post-late": None})


@case("monitored until it held for half an hour: well done")
def well_done(lab):
    story = Story(lab)
    story.outage()
    rises(story.service)
    story.every_five(5)
    story.post("monitoring", "It answers again. We watch it.")
    story.every_five(35)
    story.post("resolved", "It held. All's well.")
    story.ask().expect("OK", {})
    story.every_five(60).expect("OK", {})


@case("four days: each day's all-clear is caught")
def four_days(lab):
    story = Story(lab)
    for day in range(4):
        falls(story.service)
        story.every_five(10)
        story.posts = []
        story.post("investigating", f"Day {day}: we are looking into it.")
        story.every_five(5)
        story.post("resolved", "All's well!")
        check("all-clear-false" in story.ask().found(), f"day {day}")
        rises(story.service)
        story.every_five(5)
        lab.later(20 * HOUR)


def tell(lab):
    """The story, told by running it; whether it went as it should."""
    story = Story(lab)
    words = [lab.plugin(), "-u", URL, *PROBE, "--resolver", "203.0.113.53",
             "--ca-file", lab.ca_file(), *lab.state_arguments()]

    def say(text):
        print(f"\n{text}\n\n  $ {PLUGIN} -u {URL} \\\n      "
              f"{' '.join(PROBE)}")
        return show(lab, words, env={**os.environ, **lab.environment})

    went = [say("A founder's service, and its status page, which is elsewhere. "
                "All is well.")]
    falls(story.service)
    story.every_five(5)
    lab.later(15 * MINUTE)
    went.append(say("The service goes down. A quarter of an hour later nobody "
                    "has posted."))
    story.post("investigating", "We are looking into it.")
    went.append(say("The founder posts."))
    lab.later(4 * HOUR)
    story.lab.look(URL, *PROBE)
    story.post("resolved", "All's well!")
    went.append(say("Four hours later he writes: all's well! It is not."))
    rises(story.service)
    story.every_five(5)
    lab.later(40 * MINUTE)
    went.append(say("Then it answers, and does so for three quarters of an "
                    "hour."))
    falls(story.service)
    lab.later(5 * MINUTE)
    went.append(say("And goes down again."))
    lab.stop()
    return went == [0, 2, 2, 2, 1, 1]


if __name__ == "__main__":
    main(PLUGIN)
