#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nagios 4 loads contrib/nagios and runs the plugins as told there."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

COMMANDS = monitors.CONTRIB / "nagios" / "lifeline-commands.cfg"
SERVICES = monitors.CONTRIB / "nagios" / "lifeline-services.cfg"
LABELS = {"DNS delegation example.org": "DNS DELEGATION",
          "DNS secondaries example.org": "DNS SECONDARY"}
FIELDS = ("description", "state", "output", "long", "perfdata")
MACROS = ("SERVICEDESC", "SERVICESTATE", "SERVICEOUTPUT",
          "LONGSERVICEOUTPUT", "SERVICEPERFDATA")


class Nagios:
    """A folder with a configuration, and the daemon that runs on it."""

    def __init__(self, lab, services):
        self.folder = pathlib.Path(lab.folder("nagios"))
        (self.folder / "spool").mkdir()
        (self.folder / "services.cfg").write_text(services)
        (self.folder / "resource.cfg").write_text(
            f"$USER1$={os.path.dirname(lab.plugin())}\n")
        template = "\x1f".join(f"${m}$" for m in MACROS) + "\x1e"
        path = self.folder
        (path / "nagios.cfg").write_text(f"""
nagios_user=root
nagios_group=root
log_file={path}/nagios.log
resource_file={path}/resource.cfg
cfg_file={COMMANDS}
cfg_file={path}/services.cfg
object_cache_file={path}/objects.cache
precached_object_file={path}/objects.precache
status_file={path}/status.dat
lock_file={path}/nagios.lock
temp_file={path}/nagios.tmp
temp_path={path}
check_result_path={path}/spool
state_retention_file={path}/retention.dat
query_socket={path}/nagios.qh
command_file={path}/nagios.cmd
check_external_commands=0
check_for_updates=0
illegal_macro_output_chars=`~$&|'"<>
interval_length=1
service_inter_check_delay_method=n
process_performance_data=1
service_perfdata_file={path}/perfdata
service_perfdata_file_template={template}
service_perfdata_file_mode=a
""")

    def start(self):
        """Starts the daemon, in the foreground."""
        with open(self.folder / "output", "wb") as log:
            self.process = subprocess.Popen(
                [nagios4(), str(self.folder / "nagios.cfg")],
                env=monitors.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)

    def results(self):
        """Every result that was written so far, oldest first."""
        path = self.folder / "perfdata"
        records = path.read_text() if path.exists() else ""
        return [dict(zip(FIELDS, record.strip().split("\x1f")))
                for record in records.split("\x1e")[:-1]]

    def await_state(self, service, state, is_it=lambda result: True):
        """The first result of a service with this state, and of this kind."""
        return monitors.await_value(
            lambda: next((r for r in self.results()
                          if r["state"] == state
                          and r["description"] == service and is_it(r)), None),
            f"{state} of {service} in {self.results()}", self.process)


def hurried():
    """The services of the example, checked each second."""
    return re.sub(r"((check|retry)_interval\t+)\d+", r"\g<1>1",
                  SERVICES.read_text())


def nagios4():
    """Nagios itself."""
    return monitors.program("sbin/nagios4")


@labs.case("the configuration is valid")
def is_valid(lab):
    page = monitors.documented("nagios.txt").replace(
        "service_description ", "service_description More")
    nagios = Nagios(lab, SERVICES.read_text() + page)
    done = monitors.run(nagios4(), "-v", nagios.folder / "nagios.cfg",
                        env=monitors.environment())
    labs.check(done.returncode == 0, done.stdout + done.stderr)
    for line in ("Checked 15 services.", "Total Warnings: 0",
                 "Total Errors:   0"):
        labs.check(line in done.stdout, f"{line} in {done.stdout}")


@labs.case("the daemon sees a zone that is well, and then its outage")
def sees_an_outage(lab):
    nagios4()
    monitors.healthy_zone(lab)
    options = " ".join([*lab.arguments(), "-t", "4", "--warning", "time=5",
                        "--query-timeout", "0.3"])
    remembers = f"{options} --primary {monitors.HIDDEN} " \
        f"--state-dir {lab.state_dir}"
    services = hurried().replace(
        "check_dns_delegation!example.org",
        f"check_dns_delegation!example.org!{options}").replace(
        "check_dns_secondary!example.org",
        f"check_dns_secondary!example.org!{remembers}")
    nagios = Nagios(lab, services)
    nagios.start()
    try:
        for service, label in LABELS.items():
            well = nagios.await_state(service, "OK")
            labs.check(f"{label} OK" in well["output"], well["output"])
            labs.check("time=" in well["perfdata"], well["perfdata"])
        labs.same(len(lab.state_files()), 1, "files of what it remembers")
        monitors.outage(lab)
        for service, label in LABELS.items():
            gone = nagios.await_state(service, "CRITICAL")
            labs.check(f"{label} CRITICAL" in gone["output"], gone["output"])
            labs.check("time=" in gone["perfdata"], gone["perfdata"])
            labs.check("|" not in gone["output"] + gone["long"], f"{gone}")
    finally:
        monitors.stop(nagios.process)


@labs.case("the daemon sees a pair of exchangers, and then the backup reject")
def sees_a_backup_reject(lab):
    nagios4()
    backup, options = monitors.healthy_mail(lab)
    words = " ".join(f"--{name.replace('_', '-')} {value}"
                     for name, value in options.items())
    mailbox = monitors.MAILBOX.replace("$", "\\$$")
    services = hurried().replace(
        "check_mx!example.org!--rcpt postmaster@example.org",
        f'check_mx!example.org!--rcpt "{mailbox}" -w 10 {words}')
    nagios = Nagios(lab, services)
    nagios.start()
    try:
        well = nagios.await_state("MX example.org", "OK")
        labs.same(well["output"], monitors.MAIL_OK, "line 1")
        monitors.holds_mail_metrics(well["perfdata"].split(), 2)
        monitors.forget_mail(backup)
        gone = nagios.await_state("MX example.org", "CRITICAL")
        line = gone["output"]
        labs.check(line.startswith(monitors.MAIL_LOSS) and len(line) <= 160,
                   line)
        labs.check("[loss-bounces] CRITICAL" in gone["long"], gone["long"])
        monitors.holds_mail_metrics(gone["perfdata"].split(), 1)
    finally:
        monitors.stop(nagios.process)


def ini_file(lab, given):
    """A file of options that others can't read."""
    path = os.path.join(lab.root, "flow.ini")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
              encoding="ascii") as out:
        out.write("[flow]\n")
        for name, value in given.items():
            out.write(f"{name.replace('_', '-')}={value}\n")
    return path


@labs.case("the daemon sees mail arrive, then hang, and then that it came late")
def sees_mail_hang(lab):
    nagios4()
    site, flow = monitors.mail_flow(lab)
    monitors.have_clock_of(site)
    path = ini_file(lab, monitors.mail_flow_options(flow))
    services = hurried().replace(
        "check_mail_flow!flow@/etc/lifeline-plugins/flow.ini\n",
        f"check_mail_flow!flow@{path}!-w {monitors.FLOW_WARNING} "
        f"-c {monitors.FLOW_CRITICAL}\n")
    nagios = Nagios(lab, services)
    nagios.start()
    try:
        well = nagios.await_state("Mail flow inbound", "OK",
                                  monitors.is_mail_flow_well)
        monitors.holds_flow_metrics(well["perfdata"].split(), late=0, lost=0,
                                    duplicate=0, unaccounted=0)
        monitors.hangs(site, flow)
        late = nagios.await_state("Mail flow inbound", "CRITICAL")
        monitors.holds_mail_that_hangs(late["output"],
                                       late["perfdata"].split())
        monitors.goes_on(site, flow)
        late = nagios.await_state(
            "Mail flow inbound", "OK",
            lambda result: "late by up to" in result["output"])
        labs.check("none lost" in late["output"], late["output"])
    finally:
        monitors.stop(nagios.process)
        site.stop()


@labs.case("the daemon sees a status page that is well, and then its silence")
def sees_a_page_go_silent(lab):
    nagios4()
    production, options = monitors.healthy_page(lab)
    words = " ".join(f"--{name.replace('_', '-')} {value}"
                     for name, value in options.items())
    services = hurried().replace(
        f"--probe {monitors.posts.SHOP_URL}",
        f"--probe {monitors.posts.SHOP_URL} {words}")
    nagios = Nagios(lab, services)
    nagios.start()
    try:
        well = nagios.await_state("Status page example.org", "OK")
        labs.check(well["output"].startswith(monitors.PAGE_OK), well["output"])
        monitors.holds_page_metrics(well["perfdata"].split(), False)
        monitors.posts.falls(production)
        gone = nagios.await_state("Status page example.org", "CRITICAL")
        line = gone["output"]
        labs.check(line.startswith(monitors.PAGE_SILENT) and len(line) <= 160,
                   line)
        labs.check("[page-silent] CRITICAL" in gone["long"], gone["long"])
        monitors.holds_page_metrics(gone["perfdata"].split(), True)
    finally:
        monitors.stop(nagios.process)


if __name__ == "__main__":
    labs.main()
