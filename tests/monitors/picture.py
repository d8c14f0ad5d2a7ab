#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the picture of Grafana's dashboard in contrib/docs from a real run.

A company goes through a day: its primary name server is lost and the cover of
its zone falls, the storage of its mail fails and is put right, its service
goes down while its status page says that all is well. Servers and plugins
are real, only their clock is moved on, to the next run of cron. What
lifeline-textfile then has in its folder is what Prometheus would have read
there each minute: it is given to a real one, which answers what each panel of
the dashboard asks. Grafana is not at hand; drawing.py does what it would.

    picture.py FILE.svg
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import dashboard as dashboards  # noqa: E402
import drawing  # noqa: E402
import monitors  # noqa: E402
import prometheus  # noqa: E402
from monitors import flows, labs, pages, posts  # noqa: E402
from signing import Signing  # noqa: E402

MINUTE, HOUR, DAY = 60, 3600, 86400
CRON = 5 * MINUTE
BEGIN, END = 6 * HOUR, 18 * HOUR  # of the day, in UTC
ZONE = "example.org"
HOSTS = {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
         "ns2.example.org": "198.51.100.1 2001:db8:2::1"}
PRIMARY, PRIMARY_AT = "hidden.example.org", "203.0.113.109"
# A zone that expires within a day, so that the fall is seen.
TIMERS = "3600 900 86400 3600"
SCRIPT = monitors.CONTRIB / "prometheus" / "lifeline-textfile"
DASHBOARD = monitors.CONTRIB / "grafana" / "lifeline-dashboard.json"
TOLD = ("Drawn by tests/monitors/picture.py from the queries of "
        "lifeline-dashboard.json, not by Grafana: the real plugins went "
        "through these hours among real servers whose clock was moved on, and "
        "a real Prometheus gave the answers.")


def at(hours, minutes=0):
    """A time of the day, in seconds."""
    return hours * HOUR + minutes * MINUTE


class Company:
    """Its servers, and what may happen to them."""

    def __init__(self, lab):
        self.lab = lab
        lab.tested = "check_mail_flow"
        self.site = flows.Site(lab, users=1)
        self.user = self.site.user()
        self.flows = {}
        lab.clock_file = self.site.clock.path
        self.midnight = (time.time() // DAY + 1) * DAY
        self.set_clock(BEGIN - HOUR)
        self.declare_zone()
        self.page = lab.site(posts.HOST, f"{posts.AT4} {posts.AT6}",
                             {posts.PATH: self.says()})
        self.service = posts.shop(lab)
        self.posts = []  # (when, status, body), the newest first
        self.site.start()
        for way, given in (("direct", {}),
                           ("backup", {"via": flows.MX2, "smtp": None})):
            self.flows[way] = flows.Flow(
                self.site, self.user, instance=way, every="15m",
                **given).init()

    def declare_zone(self):
        """The zone of the company, with a primary that nobody is told of."""
        lab = self.lab
        lab.sign_above()
        lab.host(PRIMARY, PRIMARY_AT)
        lab.zone(ZONE, HOSTS, primary={host: PRIMARY for host in HOSTS},
                 on={**dict.fromkeys(HOSTS, "nsd"), PRIMARY: "bind"},
                 signed=Signing(), timers=TIMERS, tsig=True,
                 records=lab.zones[ZONE].settings["records"])

    # The time.

    def set_clock(self, second):
        """It is that second of the day, for all of them."""
        clock = self.site.clock
        clock.forward(round(self.midnight + second - clock.now()))
        self.lab.clock_s = clock.seconds
        self.now = self.midnight + second

    # What happens.

    def primary_dies(self):
        """It does not answer, and nobody can transfer the zone."""
        self.lab.on[ZONE, PRIMARY].stop()

    def primary_lives(self):
        """It is there again."""
        server = self.lab.on[ZONE, PRIMARY]
        server.start()
        server.wait()

    def second_is_left_behind(self):
        """The zone changes, and one of its secondaries is not told."""
        zone, server = self.lab.zones[ZONE], self.lab.on[ZONE, PRIMARY]
        server.roles[ZONE].followers.remove(
            HOSTS["ns2.example.org"].split()[0])
        zone.settings["serial"] += 1
        server.zones[ZONE] = zone.text()
        server.restart()
        self.lab.wait_serial(ZONE, zone.settings["serial"],
                             "ns1.example.org")

    def backup_forgets(self):
        """The backup exchanger has lost the list of recipients."""
        self.site.mx2.does(self.user, "550 5.1.1 no such recipient")

    def backup_knows(self):
        """It has got it again."""
        self.site.mx2.undo(self.user)

    def mailboxes_vanish(self):
        """Nobody can look into them, and nothing comes in."""
        for address in flows.AT[flows.IMAP].split():
            self.lab.net.remove(address)

    def mailboxes_return(self):
        """They are there again, and what waited comes in."""
        self.lab.net.add(flows.AT[flows.IMAP].split())
        self.site.mx1.flush()

    def storage_fails(self):
        """Mail is taken, and can't be laid into mailboxes."""
        self.site.mx1.routes[self.user.to] = self.site.closed()

    def storage_works(self):
        """All that waited is delivered."""
        self.site.mx1.undo(self.user)
        self.site.mx1.flush()

    def says(self, *incidents, **more):
        """What the status page says now."""
        return posts.says(*incidents, now=self.now, **more)

    def post(self, status, body):
        """Somebody writes on the status page."""
        self.posts.insert(0, (self.now, status, body))
        told = [((self.now - when) / MINUTE, state, text)
                for when, state, text in self.posts]
        one = posts.incident("outage", *told, impact="critical",
                             now=self.now, name="The service is down")
        over = status in ("resolved", "monitoring")
        self.page.shows(posts.PATH, self.says(one, **({} if over else {
            "banner": "critical", "parts": {"web1": "major_outage"}})))

    def settle(self):
        """What was sent is where it goes, or waits."""
        for relay in (self.site.submit, self.site.mx2, self.site.mx1):
            relay.wait_queue(self.user, 0, "maildrop", "incoming", "active")

    # The checks.

    def checks(self):
        """{name: (plugin, options)}."""
        lab = self.lab
        dns = lab.arguments()
        tls = ["--ca-file", lab.ca_file()]
        state = ["--state-dir", lab.state_dir]
        ways = {f"flow-{way}": ("check_mail_flow", [
            *flow.arguments({}), f"--label=way={way}", "-w", "10m", "-c",
            "1h"]) for way, flow in self.flows.items()}
        return {
            "delegation": ("check_dns_delegation", ["-H", ZONE, *dns]),
            "secondary": ("check_dns_secondary", [
                "-H", ZONE, *dns, *state, "--primary", PRIMARY, "--min-cover",
                "12h", "-w", "20h", "-c", "18h"]),
            "mx": ("check_mx", [
                "-H", ZONE, *dns, *tls, "--rcpt", self.user.to, "--helo",
                "probe.example.net", "-t", "20"]),
            **ways,
            "page": ("check_status_page", [
                "-u", posts.URL, "--probe", posts.SHOP_URL, "--resolver",
                pages.RESOLVER, *tls, *state])}


# What happens when, and in which words.
DAY_OF = (
    (at(6, 35), Company.mailboxes_vanish),
    (at(6, 50), Company.mailboxes_return),
    (at(7, 30), Company.backup_forgets),
    (at(8, 30), Company.backup_knows),
    (at(9), Company.primary_dies),
    (at(10), Company.storage_fails),
    (at(12, 30), lambda company: posts.falls(company.service)),
    (at(13, 10), lambda company: company.post(
        "investigating", "We are looking into it.")),
    (at(14, 2), Company.storage_works),
    (at(15, 40), lambda company: company.post("identified", "A bad disk.")),
    (at(15, 55), lambda company: posts.rises(company.service)),
    (at(16), Company.primary_lives),
    (at(16, 5), lambda company: company.post("resolved", "All's well!")),
    (at(16, 30), Company.second_is_left_behind),
    (at(17), Company.backup_forgets),
    (at(17, 15), lambda company: posts.falls(company.service)),
)


def go_through(company, samples, folder):
    """The hours, a run of cron at a time."""
    left = list(DAY_OF)
    environment = {**os.environ, **company.site.clock.environment({})}
    for second in range(BEGIN, END + 1, CRON):
        while left and left[0][0] <= second:
            when, what = left.pop(0)
            company.set_clock(when)
            what(company)
            company.settle()
        company.set_clock(second)
        for name, (plugin, words) in company.checks().items():
            run(company, environment, folder, name, plugin, words)
        company.settle()
        # In Prometheus' eyes, up to the next run.
        times = [company.now + minute * MINUTE for minute in range(5)]
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", encoding="utf-8") as file:
                samples.read(file.read(), times)
        print(f"\r{second // HOUR:02}:{second % HOUR // MINUTE:02}", end="",
              file=sys.stderr, flush=True)
    print(file=sys.stderr)


def run(company, environment, folder, name, plugin, words):
    """One line of cron."""
    with company.site.gate:
        done = monitors.run(SCRIPT, "-d", folder, name,
                            company.lab.plugin(plugin), *words,
                            env=environment)
    labs.same((done.returncode, done.stderr), (0, ""), f"{plugin} {words}")


def main():
    """The picture."""
    if len(sys.argv) != 2:
        print("Usage: picture.py FILE.svg", file=sys.stderr)
        sys.exit(2)
    lab = labs.enter()
    try:
        samples = prometheus.Samples()
        company = Company(lab)
        go_through(company, samples, lab.folder("textfile"))
        company.site.stop()
        folder = lab.folder("prometheus")
        samples.store(folder)
        # As long after the last run as a reader is, on average.
        span = (company.midnight + BEGIN, company.now + 2 * MINUTE, CRON)
        draw(folder, span, sys.argv[1])
    finally:
        lab.stop()


def draw(folder, span, path):
    """Asks what the dashboard asks, and draws it."""
    board = dashboards.Dashboard(DASHBOARD)
    with prometheus.prometheus(folder, {}) as (ask, _):
        chosen = {"datasource": ["Prometheus"], "check": None,
                  "subject": None}
        for name in ("check", "subject"):
            labs.check(board.offered(ask, name, chosen, span),
                       f"${name} offers something")
        found = {panel["id"]: dashboards.answers(ask, panel, chosen, span)
                 for panel in board.panels}
    for panel in board.panels:
        labs.check(panel["type"] == "row" or found[panel["id"]],
                   f"{panel['title']} is empty")
    with open(path, "w", encoding="utf-8") as file:
        file.write(drawing.draw(board, found, span, TOLD))


if __name__ == "__main__":
    main()
