#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Icinga 2 loads contrib/icinga2 and runs the plugin as told there."""

import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

COMMANDS = monitors.CONTRIB / "icinga2" / "lifeline-commands.conf"
SERVICES = monitors.CONTRIB / "icinga2" / "lifeline-services.conf"
# Options for a person at a terminal.
NOT_FOR_A_MONITOR = {"--facts", "--help", "--list-metrics", "--list-options",
                     "--list-rules", "--version"}
FIELDS = ("name", "state", "output", "perfdata")


class Icinga:
    """A folder with a configuration, and the daemon that runs on it."""

    def __init__(self, lab, zones, services):
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

    def await_state(self, state):
        """The first result with this state."""
        return monitors.await_value(
            lambda: next((r for r in self.results()
                          if r["state"] == state), None),
            f"{state} in {self.results()}", self.process)


@labs.case("every option of the plugin is in the CheckCommand")
def has_every_option(lab):
    done = monitors.run(lab.plugin(), "--list-options")
    wanted = {line.split("\t")[1] for line in done.stdout.splitlines()}
    labs.check(len(wanted) > len(NOT_FOR_A_MONITOR), "--list-options lists")
    command = COMMANDS.read_text().split('CheckCommand "dns_delegation"')[1]
    found = set(re.findall(r'^\t\t"(--[a-z0-9-]+)" = {', command, re.M))
    labs.same(sorted(found), sorted(wanted - NOT_FOR_A_MONITOR), "options")


@labs.case("the configuration is valid and makes a service of each zone")
def is_valid(lab):
    icinga = Icinga(lab, {"example.org": {}, "example.net": {
        "dns_delegation_rules": ["server-silent@192.0.2.1=ok"]}},
        SERVICES.read_text())
    done = monitors.run(*icinga.command("-C"), env=monitors.environment())
    labs.check(done.returncode == 0, done.stdout + done.stderr)
    labs.check("Instantiated 2 Services" in done.stdout, done.stdout)
    labs.check("warning/" not in done.stdout, done.stdout)


@labs.case("the daemon sees a zone that is well, and then its outage")
def sees_an_outage(lab):
    monitors.icinga2()
    monitors.healthy_zone(lab)
    services = SERVICES.read_text().replace("= 5m", "= 1s").replace(
        "= 1m", "= 1s")
    options = lab.arguments()
    icinga = Icinga(lab, {"example.org": {
        "dns_delegation_root_hints": options[1],
        "dns_delegation_permit_address": options[3::2],
        "dns_delegation_warning": ["time=5"],
        "dns_delegation_timeout": "4"}}, services)
    icinga.start()
    try:
        well = icinga.await_state("OK")
        labs.same(well["name"], "dns-delegation example.org", "service")
        labs.check("DNS DELEGATION OK" in well["output"], well["output"])
        read = monitors.icinga_perfdata(well["perfdata"].split())
        time = next(r for r in read if r["label"] == "time")
        labs.check(time["unit"] == "seconds" and 0 < time["value"] < 5
                   and time["warn"] == 5, f"{time}")
        monitors.outage(lab)
        gone = icinga.await_state("CRITICAL")
        labs.check("DNS DELEGATION CRITICAL" in gone["output"],
                   gone["output"])
        labs.check("|" not in gone["output"], gone["output"])
    finally:
        monitors.stop(icinga.process)


if __name__ == "__main__":
    labs.main()
