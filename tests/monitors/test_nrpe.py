#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""NRPE runs the plugins as told in contrib/nrpe, and hands over what they
say; in each lab Checkmk reads the same, as told in contrib/checkmk."""

import concurrent.futures
import os
import re
import shlex
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import agents  # noqa: E402
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

# So that who is silent is so soon.
BRISKLY = "--tries 2 --query-timeout 0.4"

# The largest result of a packet of version 2, without its end.
PACKET_2 = 1023


@labs.case("every command is understood, and ends without a network")
def runs_every_command(lab):
    agents.daemon()
    nrpe = agents.Nrpe(lab, monitors.here(lab, agents.COMMANDS.read_text(),
                                          "-t 2"))
    try:
        for plugin, label in monitors.LABELS.items():
            code, text, metrics = nrpe.command(
                plugin.replace("check_", "lifeline_"))
            monitors.holds_cut_off(label, code, text, metrics)
    finally:
        nrpe.stop()


def words(options):
    """Options by their names as words of a shell's line."""
    return " ".join(f"--{name.replace('_', '-')} {shlex.quote(str(value))}"
                    for name, value in options.items())


def survives_an_old_packet(nrpe):
    """Of a result that is longer than packets once were, line 1 and the state
    arrive."""
    with concurrent.futures.ThreadPoolExecutor(2) as go:
        whole, cut = go.map(
            lambda words: nrpe.ask(*words, "-c", "lifeline_dns_delegation"),
            ([], ["-2"]))
    labs.check(len(whole.stdout) > PACKET_2 >= len(cut.stdout.rstrip("\n")),
               f"{len(whole.stdout)} and {len(cut.stdout)} bytes")
    labs.same((cut.returncode, cut.stdout.splitlines()[0]),
              (2, whole.stdout.splitlines()[0]), "what is left of it")


def is_waited_for_in_vain(lab, seen):
    """Who did not wait for the end has not seen an outage."""
    impatient = ("-c", "lifeline_dns_delegation")
    seen.stop()
    seen.nrpe = agents.Nrpe(lab, seen.commands.replace(BRISKLY, ""),
                            timeout_s=2)
    done = seen.nrpe.ask(*impatient, wait="1:3")
    labs.same(done.returncode, 3, done.stdout)
    done = seen.nrpe.ask(*impatient)
    labs.same(done.returncode, 3, done.stdout)
    labs.check("timed out" in done.stdout, done.stdout)


@labs.case("NRPE and Checkmk see a zone that is well, and then its outage")
def sees_an_outage(lab):
    agents.daemon()
    monitors.healthy_zone(lab)
    options = " ".join([*lab.arguments(), "--state-dir", lab.state_dir,
                        "-t 6"])

    def change(text, more=""):
        return monitors.here(lab, text, f"{options} {more}").replace(
            "--primary ns1.example.org", f"--primary {monitors.HIDDEN}")

    seen = agents.Agents(lab, change)
    try:
        for text, items in seen.all("check_dns_delegation", 0):
            labs.check(text.startswith("DNS DELEGATION OK - example.org"),
                       text)
            read = {item["label"]: item["value"]
                    for item in monitors.icinga_perfdata(items)}
            labs.same((read["servers_good"], read["servers_bad"]), (2, 0),
                      "metrics")
        for text, _ in seen.all("check_dns_secondary", 0):
            labs.check(text.startswith("DNS SECONDARY OK - example.org"),
                       text)
        monitors.outage(lab)
        seen.stop()
        seen = agents.Agents(lab, lambda text: change(text, BRISKLY))
        for text, _ in seen.all("check_dns_delegation", 2, at_once=True):
            labs.check("[server-silent] " in text, text)
        code, text, _ = seen.by_nrpe("check_dns_secondary")
        labs.same(code, 2, text)
        labs.check("[server-silent] " in text, text)
        survives_an_old_packet(seen.nrpe)
        is_waited_for_in_vain(lab, seen)
    finally:
        seen.stop()


@labs.case("they see a pair of exchangers, and then the backup reject")
def sees_a_backup_reject(lab):
    agents.daemon()
    backup, options = monitors.healthy_mail(lab)
    options["warning"] = 10

    def change(text):
        mailbox = shlex.quote(monitors.MAILBOX)
        if "command[" in text:  # where "$" begins the name of an argument
            mailbox = mailbox.replace("$", "$$")
        return monitors.here(lab, text, words(options)).replace(
            "--rcpt postmaster@example.org", f"--rcpt {mailbox}")

    seen = agents.Agents(lab, change)
    try:
        for text, items in seen.all("check_mx", 0):
            labs.same(text.splitlines()[0], monitors.MAIL_OK, "line 1")
            monitors.holds_mail_metrics(items, 2)
        monitors.forget_mail(backup)
        for text, items in seen.all("check_mx", 2):
            labs.check(text.startswith(monitors.MAIL_LOSS), text)
            labs.check("[loss-bounces] CRITICAL" in text, text)
            monitors.holds_mail_metrics(items, 1)
    finally:
        seen.stop()


@labs.case("they see mail arrive, and then hang")
def sees_mail_hang(lab):
    agents.daemon()
    site, flow = monitors.mail_flow(lab)
    monitors.have_clock_of(site)
    options = words({**monitors.mail_flow_options(flow),
                     "warning": monitors.FLOW_WARNING,
                     "critical": monitors.FLOW_CRITICAL})
    seen = agents.Agents(
        lab, lambda text: re.sub("--extra-opts=[^ \n]*", "",
                                 monitors.here(lab, text, options)))
    try:
        monitors.await_value(
            lambda: monitors.is_mail_flow_well(
                {"output": seen.by_nrpe("check_mail_flow")[1]}) or None,
            "mail that arrived", seen.nrpe.process)
        # What arrives while one of them looks is less on its way.
        with site.gate:
            found = seen.all("check_mail_flow", 0)
        for text, items in found:
            labs.check(monitors.is_mail_flow_well({"output": text}), text)
            monitors.holds_flow_metrics(items, late=0, lost=0, duplicate=0,
                                        unaccounted=0)
        monitors.hangs(site, flow,
                       lambda: seen.by_nrpe("check_mail_flow"))
        monitors.await_value(
            lambda: seen.by_nrpe("check_mail_flow")[0] == 2 or None,
            "mail that hangs", seen.nrpe.process)
        for text, items in seen.all("check_mail_flow", 2):
            monitors.holds_mail_that_hangs(text, items)
    finally:
        seen.stop()
        site.stop()


@labs.case("they see a status page that is well, and then its silence")
def sees_a_page_go_silent(lab):
    agents.daemon()
    production, options = monitors.healthy_page(lab)
    url = f"https://{monitors.posts.HOST}{monitors.posts.PATH}"
    options = words({**options, "probe": monitors.posts.SHOP_URL})
    seen = agents.Agents(
        lab, lambda text: monitors.here(lab, text, options))
    labs.check(url in agents.COMMANDS.read_text(), f"{url} in the example")
    try:
        seen.by_nrpe("check_status_page")  # without a past all is judged later
        for text, items in seen.all("check_status_page", 0):
            labs.check(text.startswith(monitors.PAGE_OK), text)
            monitors.holds_page_metrics(items, False)
        monitors.posts.falls(production)
        monitors.await_value(
            lambda: seen.by_nrpe("check_status_page")[0] == 2 or None,
            "silence", seen.nrpe.process)
        for text, items in seen.all("check_status_page", 2):
            labs.check(text.startswith(monitors.PAGE_SILENT), text)
            monitors.holds_page_metrics(items, True)
    finally:
        seen.stop()


if __name__ == "__main__":
    labs.main()
