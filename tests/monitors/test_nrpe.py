#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""NRPE runs the plugins as told in contrib/nrpe, and hands over what they
say."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

COMMANDS = monitors.CONTRIB / "nrpe" / "lifeline.cfg"
PORT = "5666"


class Nrpe:
    """A folder with a configuration, and the daemon that runs on it."""

    def __init__(self, lab, commands):
        self.folder = pathlib.Path(lab.folder("nrpe"))
        (self.folder / "lifeline.cfg").write_text(commands)
        # As in Debian's own, but for places. It refuses to run as root; to
        # be somebody else by name only leaves it the lab's files.
        (self.folder / "nrpe.cfg").write_text(f"""
server_address=127.0.0.1
server_port={PORT}
allowed_hosts=127.0.0.1
dont_blame_nrpe=0
command_timeout=60
pid_file={self.folder}/nrpe.pid
log_file={self.folder}/nrpe.log
include={self.folder}/lifeline.cfg
""")
        with open(self.folder / "output", "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--user", "--map-user=65534",
                 "--map-group=65534", daemon(), "-c",
                 str(self.folder / "nrpe.cfg"), "-n", "-f"],
                env=monitors.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        monitors.await_value(
            lambda: self.ask().returncode == 0 or None,
            "NRPE", self.process)

    @staticmethod
    def ask(*command):
        """What check_nrpe says of a command, or of NRPE itself."""
        return monitors.run(
            client(), "-H", "127.0.0.1", "-p", PORT, "-n", "-t", "60:3",
            *command, env=monitors.environment(), timeout_s=70)

    def command(self, name):
        """The result of a command: its exit code, text and metrics."""
        done = self.ask("-c", name)
        labs.same(done.stderr, "", f"stderr of {name}")
        return (done.returncode, done.stdout.split("|")[0],
                monitors.perfdata(done.stdout))


def daemon():
    """NRPE itself."""
    return monitors.program("sbin/nrpe")


def client():
    """What a monitor asks it by."""
    return monitors.program("lib/nagios/plugins/check_nrpe")


@labs.case("every command is understood, and ends without a network")
def runs_every_command(lab):
    daemon()
    nrpe = Nrpe(lab, monitors.here(lab, COMMANDS.read_text(), "-t 2"))
    try:
        for plugin, label in monitors.LABELS.items():
            code, text, metrics = nrpe.command(
                plugin.replace("check_", "lifeline_"))
            monitors.holds_cut_off(label, code, text, metrics)
    finally:
        monitors.stop(nrpe.process)


@labs.case("NRPE sees a zone that is well, and then its outage")
def sees_an_outage(lab):
    daemon()
    monitors.healthy_zone(lab)
    options = " ".join([*lab.arguments(), "-t", "4"])
    nrpe = Nrpe(lab, monitors.here(lab, COMMANDS.read_text(), options))
    try:
        code, text, metrics = nrpe.command("lifeline_dns_delegation")
        labs.same(code, 0, text)
        labs.check(text.startswith("DNS DELEGATION OK - example.org"), text)
        read = {item["label"]: item["value"]
                for item in monitors.icinga_perfdata(metrics)}
        labs.same((read["servers_good"], read["servers_bad"]), (2, 0),
                  "metrics")
        monitors.outage(lab)
        code, text, _ = nrpe.command("lifeline_dns_delegation")
        labs.same(code, 2, text)
        labs.check("[server-silent] " in text, text)
    finally:
        monitors.stop(nrpe.process)


if __name__ == "__main__":
    labs.main()
