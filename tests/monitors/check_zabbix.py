#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Zabbix server on PostgreSQL imports contrib/zabbix through its API
and runs the plugins as told there. By "make check-zabbix", since it takes
minutes; what is asked in seconds is in tests/meta/test_zabbix.py."""

import contextlib
import http.server
import json
import os
import shlex
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
import zabbix_server  # noqa: E402
from monitors import labs  # noqa: E402
import demo  # noqa: E402
from signing import Signing  # noqa: E402
from zabbix_server import AGENT2_PORT, FOLDER, HIGH, HOLD_S  # noqa: E402

AT = "2026-01-01T00:00:00.000Z"
TAKES = "takes"
MAILBOX = "imap.example.net/INBOX"


def is_it(wanted):
    """Whether a value is that."""
    return lambda value: value == wanted


def page_of(*names, status="operational"):
    """A page that says this of all of these components."""
    return json.dumps({
        "page": {"id": "p1", "name": "Example",
                 "url": "https://x.example.org", "updated_at": AT},
        "status": {"indicator": "none",
                   "description": "All Systems Operational"},
        "incidents": [], "scheduled_maintenances": [],
        "components": [{"id": f"c{number}", "name": name, "group": False,
                        "status": status, "group_id": None,
                        "updated_at": AT}
                       for number, name in enumerate(names)]})


# A name that nothing on the way may take for a macro or the end of a path.
CULPRIT = "Bob's {$LIFELINE.HOLD} {HOST.HOST} $1"
HOSTILE = (CULPRIT, 'a"b', "a\\b", "{?last(//lifeline.mx.state)}", "{#KEY}",
           "${IFS}$(id)`id`", "K\u00f6ln \u2013 \u6771\u4eac",
           "\U0001f600 API",
           "two\nlines\r\n\tand more", "x" * 300, "\u00fc" * 300,
           "y" * 80 + "Aa", "y" * 80 + "BB", "'||1==1||'", "]", "a,b]",
           "__proto__", "\u202egnp", "<b>&amp;", "%s%n", "a|b", "@")
# As much as the plugin writes, and more than it does.
LARGE = page_of(*(f"{number} " + "x" * 110 for number in range(200)))
FULL = page_of(*(f"{number} " + "x" * 250 for number in range(200)),
               status="major_outage")


class Page(http.server.BaseHTTPRequestHandler):
    """A status page whose body is the server's."""

    def do_GET(self):  # pylint: disable=invalid-name
        """What the page says at the moment."""
        text = self.server.texts[self.path.rsplit("/", 1)[-1]].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Says nothing."""


@contextlib.contextmanager
def pages(**texts):
    """Serves pages by these names; {name: text} to change, and the URL that
    stands before a name."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.texts = texts
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield texts, f"http://127.0.0.1:{server.server_address[1]}/v2/"
        finally:
            server.shutdown()


def page_host(zabbix, name, url, **more):
    """A host that looks at a page by external check."""
    return zabbix.add_host(name, "Status page by external check",
                           PAGE__URL=url, STATUS_PAGE__OPTION="--no-state",
                           **more)


@labs.case("templates are imported, and a second time changes nothing")
def imports(lab):
    zabbix = lab.the_zabbix()
    before = {row["uuid"]: row["itemid"] for row in zabbix.api(
        "item.get", {"templated": True, "output": ["uuid", "itemid"]})}
    zabbix.import_templates()
    for path in sorted(FOLDER.glob("*.yaml")):
        labs.same(zabbix.differences(path), [], f"changes by {path.name}")
    after = {row["uuid"]: row["itemid"] for row in zabbix.api(
        "item.get", {"templated": True, "output": ["uuid", "itemid"]})}
    labs.same(before == after, True, "items are those that there were")
    ours = zabbix.api("template.get", {
        "search": {"host": "Lifeline "}, "startSearch": True,
        "output": ["host"]})
    labs.same(len(ours), 2 * len(list(FOLDER.glob("*.yaml"))), "templates")


@labs.case("the server and both agents run a check; its triggers name the "
           "culprit and are over after a while")
def runs(lab):
    zabbix = lab.the_zabbix()
    with pages(page=page_of(CULPRIT)) as (texts, url):
        zabbix.section("status_page", {"url": url + "page", "no-state": ""})
        hosts = [page_host(zabbix, "server", url + "page")]
        hosts += [zabbix.add_host(name, "Status page by Zabbix agent", **more)
                  for name, more in (("agent", {}),
                                     ("agent2", {"port": AGENT2_PORT}))]
        for host in hosts:
            is_well(zabbix, host)
        texts["page"] = page_of(CULPRIT, status="major_outage")
        for host in hosts:
            name = zabbix.await_problem(host, "STATUS PAGE CRITICAL - ")
            labs.check(CULPRIT in name, f"the culprit in {name}")
            severity, data = zabbix.problems(host)[name]
            labs.same(severity, HIGH, "severity")
            labs.check(CULPRIT in data, f"the culprit in {data}")
            # That of the component, below it.
            zabbix.await_problem(host, CULPRIT)
        texts["page"] = page_of(CULPRIT)
        for host in hosts:
            zabbix.await_item(host, "lifeline.status_page.state", is_it("0"),
                              "OK")
            labs.check(zabbix.problems(host), "a problem is held down")
        for host in hosts:
            zabbix.await_peace(host)


def is_well(zabbix, host):
    """All is kept of a page that is well, its component too."""
    zabbix.await_item(host, "lifeline.status_page.state", is_it("0"), "OK")
    zabbix.await_item(host, "lifeline.status_page.summary",
                      lambda value: value.startswith("STATUS PAGE OK - "),
                      "summary")
    key = zabbix.wait(
        lambda: next((key for key in zabbix.items(host)
                      if "components.state[" in key), None),
        "discovered component")
    zabbix.await_values(host, {key: "operational",
                               key.replace(".state[", ".grade["): "0",
                               "lifeline.status_page.components": "1",
                               "lifeline.status_page.error": "",
                               "lifeline.status_page.truncated": "false"})
    zabbix.all_is_supported(host)
    labs.check(any("addresses.address_answer[" in key
                   for key in zabbix.items(host)), "an address")


@labs.case("hostile names are discovered as what they are, and the largest "
           "result is kept whole")
def names(lab):
    zabbix = lab.the_zabbix()
    with pages(hostile=page_of(*HOSTILE), large=LARGE, full=FULL) as (
            texts, url):
        hosts = {name: page_host(zabbix, name, url + name) for name in texts}
        zabbix.section("status_page", {"url": url + "large", "no-state": ""})
        hosts["by agent"] = zabbix.add_host(
            "by agent", "Status page by Zabbix agent")
        for name, count in (("hostile", len(HOSTILE)), ("large", 200),
                            ("by agent", 200)):
            states = zabbix.wait(
                lambda host=hosts[name], count=count: is_each(
                    zabbix, host, count, "operational"),
                f"state of all components of {name}")
            zabbix.all_is_supported(hosts[name])
            are_names(states)
        texts["hostile"] = page_of(*HOSTILE, status="major_outage")
        zabbix.await_problem(hosts["hostile"], "STATUS PAGE CRITICAL - ")
        zabbix.wait(lambda: is_each(zabbix, hosts["hostile"], len(HOSTILE),
                                    "major"), "an outage of all")
        zabbix.wait(lambda: all(
            item["lastvalue"] for key, item
            in zabbix.items(hosts["hostile"]).items()
            if "components.finding[" in key), "a finding about each")
        zabbix.await_problem(hosts["full"], "STATUS PAGE CRITICAL - ")
        zabbix.await_problem(hosts["full"],
                             "STATUS PAGE: the result is too long")
        zabbix.await_values(hosts["full"], {
            "lifeline.status_page.state": "2",
            "lifeline.status_page.truncated": "true",
            "lifeline.status_page.error": ""})
        zabbix.all_is_supported(hosts["full"])


def is_each(zabbix, host, count, state):
    """The items of the states of so many components, if all are that."""
    found = [item for key, item in zabbix.items(host).items()
             if "components.state[" in key]
    return len(found) == count and all(
        item["lastvalue"] == state for item in found) and found


def are_names(items):
    """No name has what a macro came to in it, nor a line's end."""
    for item in items:
        labs.check(len(item["name"]) <= 255 and "hostile" not in item["name"]
                   and f"{HOLD_S}s" not in item["name"]
                   and "\n" not in item["name"], item["name"])


# What stands in the place of a plugin, and a word of what is said of it.
CUT = 'exec cat "$0.json"'
FAULTS = {
    "check_mx": (None, "not run"),
    "check_mail_flow": ("exec sleep 20", "Timeout"),
    "check_dns_delegation": ("echo 'error while loading shared libraries'; "
                             "exit 127", "shared libraries"),
    "check_dns_secondary": (
        "echo '{\"schema\":1,\"state\":0,\"summary\":\"DNS SECO'",
        "schema"),
    "check_status_page": (
        "echo '{\"schema\":1,\"state\":0,\"summary\":\"MX OK - x\"}'",
        "no result of that check")}
NAMED = {"check_mx": ("Mail exchangers", "DOMAIN"),
         "check_mail_flow": ("Mail flow", None),
         "check_dns_delegation": ("DNS delegation", "ZONE"),
         "check_dns_secondary": ("DNS secondaries", "ZONE"),
         "check_status_page": ("Status page", "PAGE__URL")}


def saying(plugin, state):
    """A script that prints a result of a plugin in this state."""
    return "echo '" + json.dumps({
        "schema": 1, "state": state, "summary":
            f"{monitors.LABELS[plugin]} {labs.STATES[state]} - x: y"}) + "'"


@labs.case("UNKNOWN is a problem of its own and ends none, a lesser state "
           "takes the place of a worse one")
def unknown(lab):
    zabbix = lab.the_zabbix()
    summary = "lifeline.mx.summary"
    with zabbix.instead(check_mx=saying("check_mx", 2)):
        host = zabbix.add_host("mx", "Mail exchangers by external check",
                               DOMAIN="x.example.org")
        zabbix.await_problem(host, "MX CRITICAL - x: y")
        zabbix.put("check_mx", saying("check_mx", 3))
        zabbix.await_problem(host, "MX UNKNOWN - x: y")
        begin = int(zabbix.items(host)[summary]["lastclock"])
        zabbix.wait(lambda: int(zabbix.items(host)[summary]["lastclock"])
                    > begin + 2 * HOLD_S, "results for twice the hold")
        labs.same(sorted(zabbix.problems(host)),
                  ["MX CRITICAL - x: y", "MX UNKNOWN - x: y"], "problems")
        zabbix.put("check_mx", saying("check_mx", 1))
        zabbix.await_problem(host, "MX WARNING - x: y")
        zabbix.wait(lambda: list(zabbix.problems(host))
                    == ["MX WARNING - x: y"], "no other problem")
        zabbix.put("check_mx", saying("check_mx", 0))
        zabbix.await_peace(host)


@labs.case("a check that is missing, hangs, prints something else or half of "
           "a result is told as no result, and its end, too")
def faults(lab):
    zabbix = lab.the_zabbix()
    hosts = {}
    with zabbix.instead(**{name: text for name, (text, _) in FAULTS.items()}):
        for plugin, (title, macro) in NAMED.items():
            for how in ("external check", "Zabbix agent"):
                given = {macro: "x.example.org"} if macro and not (
                    macro == "PAGE__URL" and "agent" in how) else {}
                hosts[plugin, how] = zabbix.add_host(
                    f"{plugin} {how}", f"{title} by {how}", **given)
        for (plugin, how), host in hosts.items():
            word = FAULTS[plugin][1]
            if plugin == "check_mx" and "agent" in how:
                word = "not found"  # the shell says so
            prefix = "lifeline." + plugin[len("check_"):]
            label = monitors.LABELS[plugin]
            why = zabbix.await_item(host, f"{prefix}.error",
                                    lambda value: value != "", "a reason")
            labs.check(word in why, f"{plugin} by {how}: {word} in {why}")
            zabbix.await_values(host, {f"{prefix}.state": "3"})
            zabbix.await_problem(host, f"{label}: no result: ")
            zabbix.all_is_supported(host)
        for plugin in NAMED:
            zabbix.put(plugin, saying(plugin, 0))
        for (plugin, _), host in hosts.items():
            prefix = "lifeline." + plugin[len("check_"):]
            zabbix.await_values(host, {f"{prefix}.state": "0",
                                       f"{prefix}.error": ""})
            zabbix.await_peace(host)


@labs.case("26 servers and secondaries are discovered with all of their "
           "metrics, and an outage is told within Zabbix' own timeout")
def zone(lab):
    lab.sign_above()
    servers = demo.many(26, 1, "example.org")
    lab.host("hidden.example.org", monitors.HIDDEN)
    lab.zone("example.org", servers, signed=Signing(), primary={
        host: "hidden.example.org" for host in servers})
    lab.start()
    zabbix = lab.the_zabbix()
    given = options_of(lab)
    zabbix.section("delegation", given)
    zabbix.section("secondary", {**given, "state-dir": lab.state_dir,
                                 "primary": monitors.HIDDEN})
    hosts = {}
    for name, title in (("delegation", "DNS delegation"),
                        ("secondary", "DNS secondaries")):
        hosts[name] = zabbix.add_host(
            name, f"{title} by external check", ZONE="example.org",
            **{f"DNS_{name.upper()}__OPTION":
               f"--extra-opts={name}@{zabbix.ini}"})
    has_all(zabbix, hosts["delegation"], "lifeline.dns_delegation.servers",
            [address for both in servers.values() for address in both.split()],
            {"verdict": "good", "answer_time": None,
             "server_signature_life": None})
    has_all(zabbix, hosts["secondary"], "lifeline.dns_secondary.secondaries",
            [f"{host}/{address}" for host, both in servers.items()
             for address in both.split()],
            {"verdict": "good", "server_cover": None, "server_serial_lag": "0",
             "answer_time_udp": None, "answer_time_tcp": None})
    zabbix.await_values(hosts["secondary"], {
        "lifeline.dns_secondary.truncated": "false"})
    zabbix.all_is_supported(*hosts.values())
    monitors.outage(lab)
    zabbix.await_problem(hosts["delegation"],
                         "DNS DELEGATION CRITICAL - example.org: ")
    zabbix.await_values(hosts["delegation"], {
        "lifeline.dns_delegation.servers.verdict[192.0.2.1]": "silent"})


def has_all(zabbix, host, prefix, keys, wanted):
    """Waits until each of these things has these values, or any."""
    def look():
        items = zabbix.items(host)
        values = {(name, key): items.get(f"{prefix}.{name}[{key}]", {}).get(
            "lastvalue", "") for name in wanted for key in keys}
        seen[:] = [about for about, value in values.items()
                   if value == "" or value != (wanted[about[0]] or value)]
        return not seen
    seen = []
    try:
        zabbix.wait(look, f"values of {len(keys)} things")
    except AssertionError as error:
        raise AssertionError(f"{error}: {seen}; {zabbix.said(host)}") \
            from error


def options_of(lab):
    """What all plugins have to know in this internet."""
    words = lab.arguments()
    return {name[2:]: value for name, value in zip(words[::2], words[1::2])}


@labs.case("exchangers are discovered by server and agent, and a backup that "
           "rejects is told")
def exchangers(lab):
    backup, options = monitors.healthy_mail(lab)
    zabbix = lab.the_zabbix()
    del options["timeout"]
    zabbix.section("mx", {**options, "rcpt": monitors.MAILBOX,
                          "state-dir": lab.state_dir})
    hosts = [zabbix.add_host("by server", "Mail exchangers by external check",
                             DOMAIN="example.org",
                             MX__OPTION=f"--extra-opts=mx@{zabbix.ini}"),
             zabbix.add_host("by agent", "Mail exchangers by Zabbix agent",
                             DOMAIN="example.org", MX__SECTION="mx")]
    take = "lifeline.mx.exchangers.take[mx2.example.org]"
    for host in hosts:
        zabbix.await_item(host, "lifeline.mx.summary",
                          is_it(monitors.MAIL_OK), "line 1")
        zabbix.await_values(host, {
            "lifeline.mx.exchangers_good": "2",
            "lifeline.mx.addresses.take[mx1.example.org/2001:db8:1::25]":
                TAKES, take: TAKES,
            "lifeline.mx.exchangers.preference[mx2.example.org]": "20"})
        zabbix.await_item(
            host, "lifeline.mx.addresses.address_certificate_life"
            "[mx2.example.org/198.51.100.25]",
            lambda value: float(value) > 86400, "life of a certificate")
        zabbix.all_is_supported(host)
    monitors.forget_mail(backup)
    for host in hosts:
        zabbix.await_problem(host, monitors.MAIL_LOSS)
        zabbix.await_item(host, take, lambda value: value != TAKES,
                          "a backup that takes nothing")
    backup.domains = ["example.org"]
    backup.restart()
    for host in hosts:
        zabbix.await_peace(host)
        zabbix.await_values(host, {take: TAKES})


@labs.case("mail that hangs is told, and that it came late")
def mail_hangs(lab):
    site, flow = monitors.mail_flow(lab)
    zabbix = lab.the_zabbix()
    # The plugin has the clock of the mail, the server has not.
    monitors.have_clock_of(site)
    clocked = f'exec {shlex.quote(lab.plugin())} "$@"'
    try:
        with zabbix.instead(check_mail_flow=clocked):
            has_flow(zabbix, site, flow)
    finally:
        site.stop()


def has_flow(zabbix, site, flow):
    """Mail arrives, hangs and comes late, and all is told."""
    zabbix.section("flow", {
        **monitors.mail_flow_options(flow),
        "warning": monitors.FLOW_WARNING,
        "critical": monitors.FLOW_CRITICAL})
    host = zabbix.add_host("flow", "Mail flow by external check",
                           FILE=zabbix.ini)
    zabbix.await_item(host, "lifeline.mail_flow.state", is_it("0"), "OK")
    box = "lifeline.mail_flow.mailboxes"
    zabbix.await_values(host, {
        f"{box}.outcome[{MAILBOX}]": "done",
        "lifeline.mail_flow.lost": "0"})
    zabbix.await_item(host, f"{box}.service_certificate_life[{MAILBOX}]",
                      lambda value: float(value) > 86400, "a life")
    zabbix.all_is_supported(host)
    monitors.hangs(site, flow)
    zabbix.await_problem(host, "MAIL FLOW CRITICAL - ")
    monitors.goes_on(site, flow)
    zabbix.await_peace(host)
    zabbix.await_item(host, "lifeline.mail_flow.summary",
                      lambda value: "late by up to" in value, "late mail")


@labs.case("a page that says all is well while production is down is told")
def page_is_silent(lab):
    production, options = monitors.healthy_page(lab)
    zabbix = lab.the_zabbix()
    given = {**options, "probe": monitors.posts.SHOP_URL}
    zabbix.section("external", given)
    zabbix.section("status_page", {
        **given, "url": monitors.posts.URL,
        "state-dir": private(lab.folder("state"))})
    hosts = [zabbix.add_host("by server", "Status page by external check",
                             PAGE__URL=monitors.posts.URL,
                             STATUS_PAGE__OPTION="--extra-opts=external@"
                             f"{zabbix.ini}"),
             zabbix.add_host("by agent", "Status page by Zabbix agent")]
    for host in hosts:
        zabbix.await_item(host, "lifeline.status_page.summary",
                          is_it(monitors.PAGE_OK), "line 1")
        probe = zabbix.wait(
            lambda host=host: next((
                key for key in zabbix.items(host)
                if "probes.outcome[" in key), None), "a probe")
        zabbix.await_item(host, probe, lambda value: value != "", "outcome")
        zabbix.all_is_supported(host)
    monitors.posts.falls(production)
    for host in hosts:
        zabbix.await_problem(host, monitors.PAGE_SILENT)
    monitors.posts.rises(production)
    for host in hosts:
        zabbix.await_peace(host)


def private(path):
    """A folder that is closed to others."""
    os.chmod(path, 0o700)
    return path


@labs.case("a proxy runs the checks of its hosts, with what it has and "
           "remembers itself; one that is gone is told")
def by_proxy(lab):
    zabbix = lab.the_zabbix()
    scripts = zabbix.folder / "proxy-scripts"
    scripts.mkdir(exist_ok=True)
    (scripts / "check_status_page").symlink_to(
        zabbix.plugins / "check_status_page")
    with pages(page=page_of(CULPRIT), large=LARGE) as (texts, url), \
            zabbix.instead(check_status_page=None):
        with zabbix.proxy("satellite", scripts) as proxy:
            here = page_host(zabbix, "here", url + "page")
            there = page_host(zabbix, "there", url + "page", proxy=proxy,
                              NODATA="30s")
            large = page_host(zabbix, "large", url + "large", proxy=proxy)
            is_well(zabbix, there)
            zabbix.await_problem(here, "STATUS PAGE: no result: ")
            texts["page"] = page_of(CULPRIT, status="major_outage")
            name = zabbix.await_problem(there, "STATUS PAGE CRITICAL - ")
            labs.check(CULPRIT in name, f"the culprit in {name}")
            texts["page"] = page_of(CULPRIT)
            zabbix.await_peace(there)
            zabbix.wait(lambda: is_each(zabbix, large, 200, "operational"),
                        "state of all components")
            zabbix.all_is_supported(there, large)
        zabbix.await_problem(there, "STATUS PAGE: no result for 30s")
        zabbix.remove_proxy(proxy)


if __name__ == "__main__":
    labs.main(kind=zabbix_server.Lab)
