#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Icinga 2 loads contrib/icinga2 and runs the plugins as told there."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

COMMANDS = monitors.CONTRIB / "icinga2" / "lifeline-commands.conf"
SERVICES = monitors.CONTRIB / "icinga2" / "lifeline-services.conf"
FIELDS = ("name", "state", "output", "perfdata")
LABELS = {"dns-delegation example.org": "DNS DELEGATION",
          "dns-secondary example.org": "DNS SECONDARY"}


class Icinga:
    """A folder with a configuration, and the daemon that runs on it."""

    # pylint: disable=too-many-arguments,too-many-positional-arguments
    def __init__(self, lab, zones, services, more="", domains=None,
                 flows=None, status=None):
        self.folder = pathlib.Path(lab.folder("icinga2"))
        for name in ("lib", "log", "cache", "spool", "run", "perfdata"):
            (self.folder / name).mkdir()
        (self.folder / "services.conf").write_text(services)
        template = "\x1f".join(f"$service.{f}$" for f in FIELDS) + "\x1e"
        (self.folder / "icinga2.conf").write_text(f"""
const NodeName = "lab"
const ZoneName = NodeName
const PluginDir = "{os.path.dirname(lab.plugin())}"
object CheckerComponent "checker" {{ }}
object PerfdataWriter "read-back" {{
	host_perfdata_path = "{self.folder}/perfdata/host"
	service_perfdata_path = "{self.folder}/perfdata/service"
	host_temp_path = "{self.folder}/cache/host"
	service_temp_path = "{self.folder}/cache/service"
	service_format_template = "{template}"
	rotation_interval = 1s
}}
include <itl>
include "{COMMANDS}"
object Host "dns" {{
	check_command = "dummy"
	vars.dns_zones = Json.decode({json.dumps(json.dumps(zones))})
	vars.mx_domains = Json.decode({json.dumps(json.dumps(domains or {}))})
	vars.mail_flows = Json.decode({json.dumps(json.dumps(flows or {}))})
	vars.status_pages = Json.decode({json.dumps(json.dumps(status or {}))})
	{more}
}}
include "{self.folder}/services.conf"
""")

    def command(self, *options):
        """The command line of the daemon."""
        settings = {"DataDir": "lib", "LogDir": "log", "CacheDir": "cache",
                    "SpoolDir": "spool", "InitRunDir": "run",
                    "ConfigDir": ".", "PidPath": "run/icinga2.pid"}
        words = [monitors.icinga2(), "daemon", "-c",
                 str(self.folder / "icinga2.conf"), "-I",
                 monitors.icinga2_library(), *options]
        words += [f"-D{key}={self.folder / value}"
                  for key, value in settings.items()]
        return words + ["-DRunAsUser=root", "-DRunAsGroup=root"]

    def start(self):
        """Starts the daemon."""
        with open(self.folder / "log" / "output", "wb") as log:
            self.process = subprocess.Popen(
                self.command(), env=monitors.environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def results(self):
        """Every result that was written so far, oldest first."""
        found = []
        for path in sorted((self.folder / "perfdata").glob("service*")):
            for record in path.read_text().split("\x1e")[:-1]:
                fields = record.strip().split("\x1f")
                found.append(dict(zip(FIELDS, fields)))
        return found

    def await_state(self, service, state, is_it=lambda result: True):
        """The first result of a service with this state, and of this kind."""
        return monitors.await_value(
            lambda: next((r for r in self.results() if r["state"] == state
                          and r["name"] == service and is_it(r)), None),
            f"{state} of {service} in {self.results()}", self.process)

    def check(self, *options):
        """What Icinga says of the configuration."""
        return monitors.run(*self.command("-C", *options),
                            env=monitors.environment())

    def pins(self):
        """{service: the node that is to run it, or None}."""
        # From 2.14 on the objects are written only when that is asked for.
        if self.check("--dump-objects").returncode != 0:
            done = self.check()
            labs.check(done.returncode == 0, done.stdout + done.stderr)
        words = [word for word in self.command() if word.startswith("-D")]
        pins = monitors.icinga_pins([monitors.icinga2(), "object", "list",
                                     "--type", "Service", *words])
        return {name.split("!")[1]: pin for name, pin in pins.items()}


ZONES = {"example.org": {}, "example.net": {
    "dns_delegation_rules": ["server-silent@192.0.2.1=ok"],
    "dns_secondary_min_survivors": 2}}
DOMAINS = {"example.org": {"mx_rcpt": "postmaster@example.org",
                           "mx_lost": ["192.0.2.0/24", "mx2.example.org"]}}
FLOWS = {"inbound": {"mail_flow_extra_opts": "flow@/etc/flow.ini",
                     "mail_flow_mailbox": ["INBOX", "junk=Spam"]}}


PAGES = {"example.org": {
    "status_page_url": monitors.posts.URL,
    "status_page_component": ["Website", "~^API"],
    "status_page_probe": [monitors.posts.SHOP_URL]}, "example.net": {
        "status_page_url": "https://status.example.net/index.json",
        "status_page_upstream": True}}


@labs.case("the configuration is valid and makes two services of each zone, "
           "one of each domain, way of the mail and page")
def is_valid(lab):
    page = monitors.documented("icinga2.txt").replace('"dns"', '"more"')
    done = Icinga(lab, ZONES, SERVICES.read_text() + page, domains=DOMAINS,
                  flows=FLOWS, status=PAGES).check()
    labs.check(done.returncode == 0, done.stdout + done.stderr)
    labs.check("Instantiated 13 Services" in done.stdout, done.stdout)
    labs.check("warning/" not in done.stdout, done.stdout)


@labs.case("what remembers is pinned to the node that is named")
def is_pinned(lab):
    zones = dict(ZONES, **{"example.com": {"dns_delegation_remember": True}})
    more = ('vars.dns_node = "monitor1"\n vars.mx_node = "monitor1"\n'
            'vars.mail_flow_node = "monitor1"\n'
            'vars.status_page_node = "monitor1"\n'
            'zone = ZoneName }\n'
            'object Endpoint "monitor1" { }\n'
            'object Zone ZoneName { endpoints = [ "monitor1" ]')
    icinga = Icinga(lab, zones, SERVICES.read_text(), more, DOMAINS, FLOWS,
                    PAGES)
    labs.same(icinga.pins(), {
        "dns-delegation example.com": "monitor1",
        "dns-delegation example.net": None,
        "dns-delegation example.org": None,
        "dns-secondary example.com": "monitor1",
        "dns-secondary example.net": "monitor1",
        "dns-secondary example.org": "monitor1",
        "mail-flow inbound": "monitor1",
        "mx example.org": "monitor1",
        "status-page example.net": "monitor1",
        "status-page example.org": "monitor1"}, "pins")


def hurried():
    """The services of the example, checked each second."""
    return SERVICES.read_text().replace("= 5m", "= 1s").replace(
        "= 2m", "= 1s").replace("= 1m", "= 1s")


def options_of(lab, command):
    """What a service has to know in this internet."""
    arguments = lab.arguments()
    labs.same(arguments[::2], ["--root-hints"], "options of all runs")
    return {f"{command}_root_hints": arguments[1],
            f"{command}_warning": ["time=5"], f"{command}_timeout": "4",
            f"{command}_query_timeout": "0.3"}


@labs.case("the daemon sees a zone that is well, and then its outage")
def sees_an_outage(lab):
    monitors.icinga2()
    monitors.healthy_zone(lab)
    icinga = Icinga(lab, {"example.org": {
        **options_of(lab, "dns_delegation"),
        **options_of(lab, "dns_secondary"),
        "dns_secondary_primary": [monitors.HIDDEN],
        "dns_secondary_state_dir": lab.state_dir}}, hurried())
    icinga.start()
    try:
        for service, label in LABELS.items():
            well = icinga.await_state(service, "OK")
            labs.check(f"{label} OK" in well["output"], well["output"])
            read = monitors.icinga_perfdata(well["perfdata"].split())
            time = next(r for r in read if r["label"] == "time")
            labs.check(time["unit"] == "seconds" and 0 < time["value"] < 5
                       and time["warn"] == 5, f"{time}")
        labs.same(len(lab.state_files()), 1, "files of what it remembers")
        monitors.outage(lab)
        for service, label in LABELS.items():
            gone = icinga.await_state(service, "CRITICAL")
            labs.check(f"{label} CRITICAL" in gone["output"], gone["output"])
            labs.check("|" not in gone["output"], gone["output"])
    finally:
        monitors.stop(icinga.process)


@labs.case("the daemon sees a pair of exchangers, and then the backup reject")
def sees_a_backup_reject(lab):
    monitors.icinga2()
    backup, options = monitors.healthy_mail(lab)
    icinga = Icinga(lab, {}, hurried(), domains={"example.org": {
        **{f"mx_{name}": value for name, value in options.items()},
        "mx_rcpt": monitors.MAILBOX.replace("$", "$$"), "mx_warning": ["10", "time=30"]}})
    icinga.start()
    try:
        well = icinga.await_state("mx example.org", "OK")
        labs.same(well["output"].splitlines()[0], monitors.MAIL_OK, "line 1")
        monitors.holds_mail_metrics(well["perfdata"].split(), 2)
        monitors.forget_mail(backup)
        gone = icinga.await_state("mx example.org", "CRITICAL")
        line = gone["output"].splitlines()[0]
        labs.check(line.startswith(monitors.MAIL_LOSS) and len(line) <= 160,
                   line)
        labs.check("[loss-bounces] CRITICAL" in gone["output"],
                   gone["output"])
        monitors.holds_mail_metrics(gone["perfdata"].split(), 1)
    finally:
        monitors.stop(icinga.process)


# This node as an endpoint, which it is only with a certificate and an API.
PINNED = """
	vars.mail_flow_node = NodeName
	zone = ZoneName
}
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
object ApiListener "api" {
	bind_host = "127.0.0.1"
"""


def certify(icinga, lab):
    """Gives the node the certificate of an endpoint."""
    folder = icinga.folder / "lib" / "certs"
    folder.mkdir()
    made = lab.certificate("lab")
    for source, name in ((made.path, "lab.crt"), (made.key_path, "lab.key"),
                         (lab.ca_file(), "ca.crt")):
        shutil.copy(source, folder / name)


@labs.case("pinned to this node, the daemon keeps a ledger of mail that "
           "arrives, then hangs, and then came late")
def sees_mail_hang(lab):
    monitors.icinga2()
    site, flow = monitors.mail_flow(lab)
    monitors.have_clock_of(site)
    given = {f"mail_flow_{name}": value for name, value in
             monitors.mail_flow_options(flow).items()}
    del given["mail_flow_mailbox_password_file"]
    icinga = Icinga(lab, {}, hurried(), PINNED, flows={"inbound": {
        **given, "mail_flow_mailbox_password": monitors.flows.SECRET,
        "mail_flow_warning": monitors.FLOW_WARNING,
        "mail_flow_critical": [monitors.FLOW_CRITICAL, "lost=0"]}})
    certify(icinga, lab)
    icinga.start()
    try:
        well = icinga.await_state("mail-flow inbound", "OK",
                                  monitors.is_mail_flow_well)
        monitors.holds_flow_metrics(well["perfdata"].split(), late=0, lost=0,
                                    duplicate=0, unaccounted=0)
        monitors.hangs(site, flow)
        late = icinga.await_state("mail-flow inbound", "CRITICAL")
        monitors.holds_mail_that_hangs(late["output"],
                                       late["perfdata"].split())
        monitors.goes_on(site, flow)
        late = icinga.await_state(
            "mail-flow inbound", "OK",
            lambda result: "late by up to" in result["output"])
        labs.check("none lost" in late["output"], late["output"])
        labs.same(len(flow.files()), 2, "files of what it remembers")
    finally:
        monitors.stop(icinga.process)
        site.stop()


def sees_silence(icinga, production, name):
    """The service falls, and its page goes on to say that all is well."""
    icinga.start()
    try:
        well = icinga.await_state(name, "OK")
        labs.check(well["output"].startswith(monitors.PAGE_OK), well["output"])
        monitors.holds_page_metrics(well["perfdata"].split(), False)
        monitors.posts.falls(production)
        gone = icinga.await_state(name, "CRITICAL")
        monitors.holds_page_metrics(gone["perfdata"].split(), True)
        return gone["output"]
    finally:
        monitors.stop(icinga.process)


@labs.case("the daemon sees a status page that is well, and then its silence")
def sees_a_page_go_silent(lab):
    monitors.icinga2()
    production, options = monitors.healthy_page(lab)
    icinga = Icinga(lab, {}, hurried(), status={"example.org": {
        **{f"status_page_{name}": value for name, value in options.items()},
        "status_page_url": monitors.posts.URL,
        "status_page_probe": [monitors.posts.SHOP_URL]}})
    output = sees_silence(icinga, production, "status-page example.org")
    line = output.splitlines()[0]
    labs.check(line.startswith(monitors.PAGE_SILENT) and len(line) <= 160,
               line)
    labs.check("[page-silent] CRITICAL" in output, output)


@labs.case("the same where another plugin sees production")
def sees_by_a_plugin(lab):
    monitors.icinga2()
    production, options = monitors.healthy_page(lab)
    there = f"{production.addresses[0]}/80"
    production.plain = True
    production.restart()
    plugin = os.path.join(lab.folder("plugin"), "check_ours")
    with open(plugin, "w", encoding="ascii") as out:
        out.write("#!/bin/bash\nexec 3<>/dev/tcp/$2 || exit 2\n"
                  "printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3\n"
                  "read -r _ code _ <&3\n[ \"$code\" = 200 ] || exit 2\n")
    os.chmod(plugin, 0o755)
    icinga = Icinga(lab, {}, hurried(), status={"example.org": {
        **{f"status_page_{name}": value for name, value in options.items()},
        "status_page_url": monitors.posts.URL,
        "status_page_probe_command": ["--", plugin, "-H", there]}})
    output = sees_silence(icinga, production, "status-page example.org")
    labs.check("while check_ours has failed for" in output, output)


if __name__ == "__main__":
    labs.main()
