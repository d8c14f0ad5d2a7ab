# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests with real monitors share: where those are, how to run the
plugins, and how to wait."""

import glob
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests" / "lab"))

# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402
import flow as flows  # noqa: E402
import pages  # noqa: E402
import posts  # noqa: E402
import servers  # noqa: E402

BUILD = pathlib.Path(os.environ.get("top_builddir", TOP))
ROOT = pathlib.Path(servers.PEERS) / "root"
CONTRIB = TOP / "contrib"


def environment():
    """For a peer's program: its libraries and its Perl modules."""
    perl = subprocess.run(
        ["perl", "-MConfig", "-e", "print $Config{vendorarch}"],
        capture_output=True, text=True, check=False).stdout
    found = glob.glob(f"{ROOT}/usr/lib/*-linux-*")
    return dict(os.environ, LC_ALL="C",
                PERL5LIB=f"{ROOT}/usr/share/perl5:{ROOT}{perl}",
                LD_LIBRARY_PATH=":".join(
                    found + [f"{d}/icinga2" for d in found]))


def program(pattern):
    """The path of a peer's program below /usr; the host's own first."""
    for root in ("/", ROOT):
        for path in sorted(glob.glob(f"{root}/usr/{pattern}")):
            if os.access(path, os.X_OK):
                return path
    raise labs.Missing(f"{os.path.basename(pattern)} is not here: "
                      "contrib/peers monitors")


def icinga2():
    """Icinga 2 itself: /usr/sbin/icinga2 is a script around it."""
    return program("lib/*/icinga2/sbin/icinga2")


def icinga2_library():
    """The folder of Icinga's template library."""
    for root in ("/", ROOT):
        path = f"{root}/usr/share/icinga2/include"
        if os.path.isdir(path):
            return path
    raise labs.Missing("Icinga's template library is not here")


def documented(name):
    """The configuration that a page of the documentation shows."""
    text = (CONTRIB / "docs" / "monitors" / name).read_text(encoding="ascii")
    found = re.findall(r"^     (?:object|define) .*?^     }$", text,
                       re.MULTILINE | re.DOTALL)
    labs.check(found, f"nothing in {name}")
    return "\n".join(found) + "\n"


def run(*command, env=None, text=None, timeout_s=300):
    """Runs a command; returns it with what it printed."""
    return subprocess.run(
        [str(word) for word in command], env=env, input=text,
        capture_output=True, text=True, check=False, timeout=timeout_s,
        stdin=subprocess.DEVNULL if text is None else None)


def await_value(get, what, process=None, seconds=120):
    """Calls get() until it returns something else than None; that."""
    deadline = time.monotonic() + seconds
    while True:
        value = get()
        if value is not None:
            return value
        labs.check(process is None or process.poll() is None,
                  f"ended before there was {what}")
        labs.check(time.monotonic() < deadline,
                  f"no {what} within {seconds} s")
        time.sleep(0.05)


def perfdata(output):
    """The items of a plugin's performance data."""
    labs.check(output.count("|") == 1, "exactly one | in all of the output")
    return output.split("|")[1].split()


def icinga_perfdata(items):
    """What Icinga 2 reads in each of the items: a list of dicts."""
    calls = ",".join(f"parse_performance_data({json.dumps(item)})"
                     for item in items)
    done = run(icinga2(), "console", "--eval", f"[{calls}]",
               env=environment())
    labs.check(done.returncode == 0,
              f"Icinga 2 refuses one of {items}: {done.stderr}")
    return json.loads(done.stdout)


def icinga_pins(command):
    """{service: the node that is to run it, or None}, of an "object list"."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "",
                   run(*command, env=environment()).stdout)
    found = {}
    for service in plain.split("Object '")[1:]:
        pin = re.search(r'command_endpoint = "([^"]+)"', service)
        found[service.split("'")[0]] = pin[1] if pin else None
    return found


# How line 1 of each plugin begins, in the order of the examples.
LABELS = {"check_dns_delegation": "DNS DELEGATION",
          "check_dns_secondary": "DNS SECONDARY",
          "check_mail_flow": "MAIL FLOW",
          "check_mx": "MX",
          "check_status_page": "STATUS PAGE"}


def here(lab, example, options):
    """An example with the plugins that were built, a file of options for
    check_mail_flow, and more options for all: they stand first."""
    for plugin in LABELS:
        path = lab.plugin(plugin)
        example = re.sub(f'(?:/usr/lib/nagios/plugins|"\\$plugins)/{plugin}"?',
                         f"{path} {options}", example)
    path = os.path.join(lab.root, "flow.ini")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
              encoding="ascii") as out:
        out.write("[flow]\nfrom=probe@example.net\nto=probe@example.org\n"
                  "smtp=127.0.0.1\nimap=imap://probe@127.0.0.1\n"
                  "mailbox-password=secret\n"
                  f"state-dir={lab.state_dir}\n")
    return example.replace("/etc/lifeline-plugins/flow.ini", path)


def holds_cut_off(label, code, text, items):
    """What a plugin says that reaches nobody: it was called as it should be,
    and came to a result."""
    line = text.splitlines()[0]
    labs.check(code in (2, 3), f"exit code {code}: {text}")
    state = {2: "CRITICAL", 3: "UNKNOWN"}[code]
    labs.check(line.startswith(f"{label} {state} - "), line)
    labs.check(any(item.startswith("time=") for item in items),
               f"a result and no wrong usage: {text}")


# The primary of that zone: nobody is told of it.
HIDDEN = "203.0.113.109"


def healthy_zone(lab):
    """Starts a zone that is well, on both families in two networks. Its
    servers transfer it."""
    lab.host("hidden.example.org", HIDDEN)
    servers_at = {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
                  "ns2.example.org": "198.51.100.1 2001:db8:2::1"}
    lab.zone("example.org", servers_at,
             primary={host: "hidden.example.org" for host in servers_at})
    lab.start()


def outage(lab):
    """All servers of that zone that the world knows go silent."""
    for network in ("192.0.2.0/24", "198.51.100.0/24", "2001:db8:1::/48",
                    "2001:db8:2::/48"):
        lab.net.silence(network)


# A mailbox that nothing between a monitor and a plugin may take apart.
MAILBOX = "o'neill+a&b$c@example.org"
MAIL_OK = "MX OK - example.org: 2 of 2 exchangers (4 of 4 addresses) take " \
    + MAILBOX
MAIL_LOSS = "MX CRITICAL - example.org: if mx1 fails, mx2 (198.51.100.25) " \
    f"rejects {MAILBOX} with 554"


def healthy_mail(lab):
    """Starts a domain with two exchangers that take mail for MAILBOX; returns
    the backup, and the options that this internet needs."""
    lab.plugin("check_mx")  # else the monitors wait in vain
    lab.sign_above()
    lab.zone("example.org", {"ns1.example.org": "192.0.2.1 2001:db8:1::1"})
    both = []
    for number, addresses in ((1, "192.0.2.25 2001:db8:1::25"),
                              (2, "198.51.100.25 2001:db8:2::25")):
        name = f"mx{number}.example.org"
        lab.mx("example.org", 10 * number, name)
        both.append(lab.mail(
            name, addresses, "postfix", domains=["example.org"],
            users=[MAILBOX.split("@", maxsplit=1)[0]],
            cert=lab.certificate(name)))
    lab.start()
    words = lab.arguments()
    options = {name[2:].replace("-", "_"): value
               for name, value in zip(words[::2], words[1::2])}
    return both[1], {**options, "ca_file": lab.ca_file(),
                     "helo": "probe.example.net", "timeout": "20"}


def forget_mail(backup):
    """A backup was set up anew, and nobody told it of the domain."""
    backup.domains = []
    backup.restart()


def holds_mail_metrics(items, good):
    """What the monitor keeps of the metrics: so many exchangers are good."""
    read = {item["label"]: item for item in icinga_perfdata(items)}
    labs.same({label: read[label]["value"] for label in (
        "exchangers", "exchangers_good", "exchangers_bad", "addresses_good",
        "addresses_bad")}, {
            "exchangers": 2, "exchangers_good": good,
            "exchangers_bad": 2 - good, "addresses_good": 2 * good,
            "addresses_bad": 4 - 2 * good}, "metrics")
    greeting = read["greeting"]
    labs.check(0 < greeting["value"] < 10 and greeting["unit"] == "seconds"
               and greeting["warn"] == 10, f"{greeting}")
    labs.check(read["certificate_life"]["value"] > 86400, f"{read}")


# What arrives does so in an hour on the slowest machine. What hangs does so for
# longer at once: the mail and its check have a clock of their own.
FLOW_WARNING, FLOW_CRITICAL, HANGS_S = "3600", "7200", 3 * 3600


def mail_flow(lab):
    """Starts two organisations with mail between them; returns that site, and
    a check of the mail that goes to one user, with its key made."""
    lab.tested = "check_mail_flow"
    lab.plugin()  # else the monitors wait in vain
    site = flows.Site(lab, users=1)
    site.start()
    return site, flows.Flow(site).init()


def have_clock_of(site):
    """The plugins have the clock of this mail, and not that of the monitor."""
    folder = site.lab.folder("plugins")
    words = [f"{name}={value}"
             for name, value in site.clock.environment({}).items()]
    for plugin in LABELS:
        path = os.path.join(folder, plugin)
        with open(path, "w", encoding="ascii") as out:
            out.write(f'#!/bin/sh\nexec env {shlex.join(words)} '
                      f'{shlex.quote(site.lab.plugin(plugin))} "$@"\n')
        os.chmod(path, 0o755)
    site.lab.plugins_at = folder


def hangs(site, flow, send=lambda: None):
    """An exchanger takes the mail and keeps it, and has done so for long: all
    that it took before has arrived by then. send: where no monitor does so by
    itself."""
    site.mx1.holds(flow.user)
    send()
    site.wait(lambda: site.mx1.queue(flow.user, "hold"), bool,
              "kept", site.mx1)
    site.mx1.wait_alone()  # whom it heard of before is in its queue by now
    site.wait(lambda: site.mx1.queue(flow.user, "maildrop", "incoming",
                                     "active"),
              lambda left: not left, "at rest", site.mx1)
    site.clock.forward(HANGS_S)


def goes_on(site, flow):
    """It lets go what it kept."""
    site.mx1.undo(flow.user)
    site.mx1.release()


def mail_flow_options(flow):
    """The options of that check by their names, without those of no value."""
    return {name: value for name, value in flow.given.items()
            if value is not None}


def is_mail_flow_well(result):
    """Whether a probe arrived in time, and none did not."""
    line = result["output"].splitlines()[0]
    return "MAIL FLOW OK" in line and "in time, none lost" in line


def holds_flow_metrics(items, **wanted):
    """What the monitor keeps of the metrics."""
    read = {item["label"]: item for item in icinga_perfdata(items)}
    labs.same({label: read[label]["value"] for label in wanted}, wanted,
              "metrics")
    delay = read["delay"]
    labs.check(delay["value"] >= 0 and delay["unit"] == "seconds"
               and delay["warn"] == float(FLOW_WARNING)
               and delay["crit"] == float(FLOW_CRITICAL), f"{delay}")
    labs.check(read["certificate_life"]["value"] > 86400, f"{read}")


def holds_mail_that_hangs(output, metrics):
    """What is said of a queue that keeps all."""
    line = output.splitlines()[0]
    labs.check(line.startswith("MAIL FLOW CRITICAL - ") and len(line) <= 160,
               line)
    holds_flow_metrics(metrics, late=0, lost=0, bounced=0)


PAGE_OK = ('STATUS PAGE OK - status.example.org: says "All Systems '
           'Operational": 3 of 3 components operational, 0 open incidents')
PAGE_SILENT = ('STATUS PAGE CRITICAL - status.example.org says "All Systems '
               f'Operational" while {posts.SHOP_URL} has failed for ')


def healthy_page(lab):
    """Starts a status page that is well, and what it speaks for; returns the
    latter, and the options that this internet needs."""
    lab.plugin("check_status_page")
    lab.site(posts.HOST, f"{posts.AT4} {posts.AT6}",
             {posts.PATH: posts.says(now=time.time())})
    production = posts.shop(lab)
    lab.up()
    return production, {
        "resolver": pages.RESOLVER, "ca_file": lab.ca_file(),
        "state_dir": lab.state_dir, "silent_after": "1s",
        "first_post_warning": "1h", "first_post_critical": "2h"}


def holds_page_metrics(items, is_silent):
    """What the monitor keeps of the metrics."""
    read = {item["label"]: item for item in icinga_perfdata(items)}
    labs.same({label: read[label]["value"] for label in (
        "addresses_good", "addresses_bad", "components",
        "components_operational", "incidents_open")}, {
            "addresses_good": 2, "addresses_bad": 0, "components": 3,
            "components_operational": 3, "incidents_open": 0}, "metrics")
    labs.check(0 < read["answer"]["value"] < 10
               and read["answer"]["unit"] == "seconds", f"{read['answer']}")
    labs.check(read["size"]["unit"] == "bytes", f"{read['size']}")
    labs.check((read["untruth"]["value"] >= 1) == is_silent, f"{read}")


def stop(process):
    """Ends a process and waits for it."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
