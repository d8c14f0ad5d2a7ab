#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two Icinga 2, a master and a satellite, share checks as contrib/icinga2
has it: what is not pinned moves when a node dies, what remembers stays."""

import collections
import json
import os
import pathlib
import re
import shutil
import sys
import time
import types

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
import nodes  # noqa: E402
from monitors import flows, labs, posts  # noqa: E402

EXAMPLE = monitors.CONTRIB / "icinga2"
CLUSTER = EXAMPLE / "cluster"
MASTER, SATELLITE = "master.example.org", "satellite.example.org"
SECOND = "satellite2.example.org"
API = {MASTER: "api-master.conf", SATELLITE: "api-satellite.conf"}
FIELDS = ("host", "name", "state", "source", "output")
Result = collections.namedtuple("Result", FIELDS)
MACROS = ("host.name", "service.name", "service.state",
          "service.check_source", "service.output")
HOSTS = ("host.name", "host.check_command", "host.state", "host.check_source",
         "host.output")
# Up for less, a node says nothing of another one that is gone; and for so long
# it waits for the answer of one that it told to run something.
COLD_S, ORDER_S = 300, 90
# Every so often it looks who runs what; where more goes by at once, that is
# a jump to it, which it makes up for.
AUTHORITY_S = 10
# What it says of the other node: that they are connected and have shared out
# what is to be run, and when it has no connection (yet, or any more).
SYNCED = "Finished syncing endpoint"
ALONE = ("'api' started.", " 0 API clients left.")


class Icinga:
    """One node of the example: its folders, and the daemon in them."""

    def __init__(self, lab, node, zones):
        self.lab, self.node = lab, node
        self.folder = pathlib.Path(lab.folder(node.name))
        for name in ("etc/zones.d", "lib/certs", "log", "cache", "spool",
                     "run", "perfdata", "plugins", "state"):
            (self.folder / name).mkdir(parents=True)
        os.chmod(self.folder / "state", 0o700)
        self.seen = []
        self.configure()
        if node.name == MASTER:
            self.configure_zones(zones)
        for plugin in monitors.LABELS:
            self.note_runs(plugin)

    def path(self, name):
        """A file of the node's."""
        return self.folder / name

    def configure(self):
        """As the package's icinga2.conf does it, with the example's files."""
        etc = self.path("etc")
        for source, name in (("zones.conf", "zones.conf"),
                             (API[self.node.name], "api.conf")):
            shutil.copy(CLUSTER / source, etc / name)
        (etc / "icinga2.conf").write_text(f"""
const NodeName = "{self.node.name}"
const PluginDir = "{self.path('plugins')}"
include "zones.conf"
include <itl>
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
include "api.conf"
const NotesPath = "{self.path('notes')}"
object PerfdataWriter "read-back" {{
	host_perfdata_path = "{self.path('perfdata/host')}"
	service_perfdata_path = "{self.path('perfdata/service')}"
	host_temp_path = "{self.path('cache/host')}"
	service_temp_path = "{self.path('cache/service')}"
	host_format_template = "{template(HOSTS)}"
	service_format_template = "{template(MACROS)}"
	rotation_interval = 1s
}}
""")

    def configure_zones(self, files):
        """What only the master has: the commands, and these of a zone."""
        zones = self.path("etc/zones.d")
        for name in ("global-templates", "master"):
            (zones / name).mkdir()
        shutil.copy(EXAMPLE / "lifeline-commands.conf",
                    zones / "global-templates")
        for name, text in files.items():
            (zones / "master" / name).write_text(text)

    def note_runs(self, plugin):
        """Puts a plugin where the node looks for it; what runs is noted."""
        path = self.path("plugins") / plugin
        path.write_text(f"#!/bin/sh\necho \"{plugin} $*\" "
                        f">>{self.path('ran')}\n"
                        f"exec {self.lab.plugin(plugin)} \"$@\"\n")
        path.chmod(0o755)

    def runs(self, plugin, word=""):
        """The runs of a plugin on this node so far, with such an option."""
        path = self.path("ran")
        text = path.read_text() if path.exists() else ""
        return [line for line in text[:text.rfind("\n") + 1].splitlines()
                if line.startswith(plugin + " ") and word in line]

    # Programs.

    def words(self, *command):
        """The command line of an icinga2 of this node."""
        folders = {"DataDir": "lib", "LogDir": "log", "CacheDir": "cache",
                   "SpoolDir": "spool", "InitRunDir": "run",
                   "ConfigDir": "etc", "ZonesDir": "etc/zones.d",
                   "PidPath": "run/icinga2.pid"}
        return [monitors.icinga2(), *command, "-I",
                monitors.icinga2_library(),
                *(f"-D{key}={self.path(name)}"
                  for key, name in folders.items()),
                "-DRunAsUser=root", "-DRunAsGroup=root"]

    def environment(self):
        """With the lab's clock, and a memory of its own."""
        return {**self.lab.mail.clock.environment(monitors.environment()),
                # Icinga asks for its name, whoever is there to answer.
                "RES_OPTIONS": "timeout:1 attempts:1",
                "LIFELINE_STATE_DIR": str(self.path("state"))}

    def remembered(self):
        """The files of what its plugins remember: none that one of them
        writes right now, or wrote when it was killed."""
        return {path.name for path in self.path("state").glob("*.json")}

    def run(self, *command):
        """Runs a command of icinga2, which has to work; what it said."""
        done = monitors.run(*self.words(*command), env=self.environment())
        labs.check(done.returncode == 0, done.stdout + done.stderr)
        return done.stdout

    def daemon(self, *options):
        """The words for the daemon."""
        return ["daemon", "-c", self.path("etc/icinga2.conf"), *options]

    def start(self):
        """Starts the daemon on its node."""
        self.node.start([str(word) for word in self.words(*self.daemon())],
                        self.path("log/output"), self.environment())
        if self not in self.lab.icingas:
            self.lab.icingas.append(self)

    def await_loaded(self, times):
        """Waits until it has read its configuration so often."""
        def is_loaded():
            return True if self.log().count("Activated all") >= times else None
        try:
            monitors.await_value(is_loaded, "", self.node.process)
        except AssertionError:
            raise AssertionError(
                f"configuration not read:\n{self.log()[-3000:]}") from None

    def is_connected(self):
        """Whether the other node is there, for all that it said."""
        log = self.log()
        return log.rfind(SYNCED) > max(map(log.rfind, ALONE))

    def await_connected(self, is_it=True):
        """Waits until the other node is there, or is not."""
        monitors.await_value(
            lambda: True if self.is_connected() == is_it else None,
            f"{self.node.name} {'has' if is_it else 'loses'} the other one",
            self.node.process)

    def jumps(self):
        """How often it saw that time went by at once."""
        return self.log().count("We jumped forward in time")

    def log(self):
        """What the daemon said so far."""
        path = self.path("log/output")
        return path.read_text() if path.exists() else ""

    # Results.

    def results(self):
        """All that this node knows of, oldest first."""
        for path in sorted(self.path("perfdata").glob("*")):
            for record in path.read_text().split("\x1e")[:-1]:
                self.seen.append(Result(*record.strip().split("\x1f")))
            path.unlink()
        return self.seen

    def latest(self, since=0):
        """{(host, service): its last result}."""
        return {(r.host, r.name): r for r in self.results()[since:]}

    def await_all(self, wanted, is_it, since=0):
        """Waits until the last result of each service is as it should be."""
        def missing():
            latest = self.latest(since)
            return [key for key in wanted
                    if key not in latest or not is_it(latest[key])]
        try:
            monitors.await_value(lambda: None if missing() else True, "",
                                 self.node.process, 200)
        except AssertionError:
            latest = self.latest(since)
            raise AssertionError(
                f"{self.node.name}: " + "\n".join(
                    f"{key}: {latest.get(key)}" for key in missing())
                + "\n" + self.log()[-3000:]) from None


def template(macros):
    """Those of a result, so that they can be told apart."""
    return "\x1f".join(f"${macro}$" for macro in macros) + "\x1e"


def certify(master, others):
    """An authority on the master, and a certificate for each node: the
    commands of contrib/docs/scale.txt."""
    master.run("pki", "new-ca")
    authority = master.path("lib/ca/ca.crt")
    for icinga in (master, *others):
        certs, name = master.path("lib/certs"), icinga.node.name
        request = master.path(f"cache/{name}.csr")
        master.run("pki", "new-cert", "--cn", name, "--key",
                   certs / f"{name}.key", "--csr", request)
        master.run("pki", "sign-csr", "--csr", request, "--cert",
                   certs / f"{name}.crt")
        there = icinga.path("lib/certs")
        shutil.copy(authority, there / "ca.crt")
        if icinga is not master:
            for ending in ("key", "crt"):
                shutil.move(certs / f"{name}.{ending}", there)


def two_nodes(lab):
    """The master and the satellite; they have no monitor yet."""
    endpoints = dict(re.findall(
        r'^object Endpoint "([^"]+)" {\n\thost = "([^"]+)"',
        (CLUSTER / "zones.conf").read_text(), re.M))
    labs.same(sorted(endpoints), [MASTER, SATELLITE], "endpoints")
    master = nodes.Node(lab, MASTER, endpoints[MASTER])
    return master, nodes.Node(lab, SATELLITE, endpoints[SATELLITE], [master])


class NoMail:
    """In the place of a site, where nothing is run: its clock."""

    def __init__(self, lab):
        self.clock = flows.Clock(lab)

    def stop(self):
        """Has nothing to end."""


class Lab(labs.Lab):
    """A small internet, and the nodes that look at it, with one clock."""

    def reset(self):
        super().reset()
        self.nodes = []
        self.icingas = []
        self.mail = None  # its site

    def pass_by(self, seconds):
        """So much time goes by at once, for all of them.

        Icinga looks for that every 2.5 seconds, and shifts its timers by what
        it finds: twice between two looks, and they are late by minutes.
        """
        before = [(icinga, icinga.jumps()) for icinga in self.icingas
                  if icinga.node.process]
        self.later(seconds)
        self.mail.clock.forward(seconds)
        for icinga, jumps in before:
            monitors.await_value(
                lambda i=icinga, n=jumps: True if i.jumps() > n else None,
                f"{icinga.node.name} sees no jump in time",
                icinga.node.process)

    def dies(self, one, other):
        """The power of one fails. The other one sees that it is gone, and it
        is time to look who runs what."""
        one.node.kill()
        other.await_connected(False)
        self.later(AUTHORITY_S)
        self.mail.clock.forward(AUTHORITY_S)

    def stop(self):
        while self.nodes:
            self.nodes.pop().remove()
        if self.mail:
            self.mail.stop()
        super().stop()


# Enough of them that each node runs some.
SPREAD = ("alpha", "bravo", "charlie", "delta", "echo")


def lifelines(text, hosts):
    """The example's template, and hosts of this internet."""
    return text[:text.index("\nobject Host")] + "\n" + "".join(
        f'object Host "{name}" {{\n\timport "lifeline"\n{settings}}}\n'
        for name, settings in hosts.items())


def hurried(name):
    """A file of the example whose checks are each second, the nodes' before
    those; what failed is tried again after as long as in the example."""
    path = CLUSTER / name
    if not path.exists():
        path = EXAMPLE / name
    text = re.sub(r"(check_interval) = \d+m\b", r"\1 = 1s", path.read_text())
    # No run is ended for the time that goes by meanwhile.
    text = re.sub(r'(template Service "[^"]+" {)', r"\1\n\tcheck_timeout = 1h",
                  text)
    return re.sub(r"_interval = 15s", "_interval = 0.3s", text)


def alerts(icinga):
    """What a node alerted of."""
    path = icinga.path("notes")
    return path.read_text().splitlines() if path.exists() else []


def dsl(name, value):
    """A setting of a host."""
    return f"\tvars.{name} = Json.decode({json.dumps(json.dumps(value))})\n"


# Who is called, and of what.
ALERTS = "object User \"admin\" { }\n" + "".join(f"""
object NotificationCommand "note-{kind}" {{
	command = [ "sh", "-c", "echo \\"$$1\\" >>\\"$$0\\"", NotesPath,
		"$notification.type$ {name}" ]
}}
apply Notification "note" to {kind} {{
	command = "note-{kind}"
	users = [ "admin" ]
	assign where true
}}
""" for kind, name in (("Host", "$host.name$"),
                       ("Service", "$host.name$!$service.name$")))


def hosts_of(lab, flow, page, own):
    """What is checked, {host: its settings}; own: where the master keeps
    what is pinned to it."""
    words = lab.arguments()
    labs.same(words[::2], ["--root-hints"], "options of all runs")
    usual = {f"{command}_{name}": value
             for command in ("dns_delegation", "dns_secondary")
             for name, value in (("root_hints", words[1]),
                                 ("timeout", "6"))}
    zone = {"example.com": {**usual, "dns_secondary_primary": "203.0.113.109"}}
    kept = {"example.com": {**zone["example.com"],
                            "dns_delegation_remember": True}}
    seen = {f"status_page_{name}": value for name, value in page.items()}
    return {
        **{name: dsl("dns_zones", zone) for name in SPREAD},
        "kept": dsl("dns_zones", kept) + dsl("mail_flows", flows_of(flow))
        + dsl("status_pages", {"example.org": seen}),
        # The same, and it is the master that remembers.
        "other": dsl("dns_zones", {"example.com": {
            **kept["example.com"], "dns_delegation_state_dir": own,
            "dns_secondary_state_dir": own}}) + dsl("dns_node", MASTER)}


def flows_of(flow):
    """The same for the flow of mail, if there is one."""
    if not flow:
        return {}
    mail = {f"mail_flow_{name}": value for name, value in
            monitors.mail_flow_options(flow).items()}
    del mail["mail_flow_state_dir"]
    # What is on its way while time goes by is late by that.
    return {"inbound": {**mail, "mail_flow_warning": "1h",
                        "mail_flow_critical": "2h"}}


# A namespace of one user has none for the mailboxes.
HAS_USERS = int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) > 1
MOVES = [(host, "dns-delegation example.com") for host in SPREAD]
KEPT = [*((host, "dns-secondary example.com") for host in SPREAD),
        ("kept", "dns-secondary example.com"),
        ("kept", "dns-delegation example.com"),
        ("kept", "status-page example.org"),
        *([("kept", "mail-flow inbound")] if HAS_USERS else [])]
ON_MASTER = [("other", "dns-delegation example.com"),
             ("other", "dns-secondary example.com")]


def internet(lab, own):
    """Starts all that is looked at; returns the hosts."""
    for plugin in monitors.LABELS:
        lab.plugin(plugin)
    lab.at(time.time(), goes_on=True)
    lab.host("hidden.example.com", "203.0.113.109")
    pair = {"ns1.example.com": "192.0.2.1 2001:db8:1::1",
            "ns2.example.com": "198.51.100.1 2001:db8:2::1"}
    lab.zone("example.com", pair,
             primary={host: "hidden.example.com" for host in pair})
    lab.site(posts.HOST, f"{posts.AT4} {posts.AT6}",
             {posts.PATH: posts.says(now=lab.now())})
    flow = None
    if HAS_USERS:
        lab.mail, flow = monitors.mail_flow(lab)
    else:
        lab.mail = NoMail(lab)
        lab.up()
        flows.demo.use_resolver(lab)
    page = {"url": posts.URL, "ca_file": lab.ca_file(),
            "resolver": flows.RESOLVER}
    return hosts_of(lab, flow, page, own)


def start_both(lab, hosts):
    """Both nodes, with what the example says and these hosts."""
    pair = two_nodes(lab)
    zones = {name: hurried(name) for name in
             ("nodes.conf", "lifeline-services.conf")}
    zones["lifelines.conf"] = lifelines(hurried("lifelines.conf"), hosts)
    zones["alerts.conf"] = ALERTS
    master, satellite = (Icinga(lab, node, zones) for node in pair)
    certify(master, [satellite])
    master.start()
    master.await_loaded(1)
    satellite.start()
    # Its own, and then what the master sent: it begins anew with that.
    satellite.await_loaded(2)
    for icinga in (satellite, master):
        icinga.await_connected()
    # Who runs something looks at the clock, too.
    for icinga in (satellite, master):
        icinga.await_all(MOVES, lambda r: r.state == "OK")
    return master, satellite


def is_from(source, state="OK"):
    """Whether a result is of this state and node."""
    return lambda result: (result.source, result.state) == (source, state)


def is_at(where):
    """Whether a result is well, and of the node that is named there."""
    return lambda result: result.state == "OK" and (
        not where or result.source == where[result.host, result.name])


def is_cut_off(result):
    """What is said of a service whose node is gone."""
    return result.state == "UNKNOWN" and "not connected" in result.output


def settled(icinga, where=None):
    """Where each check runs that is not pinned, once both nodes are up; where:
    that is waited for."""
    for name in (MASTER, SATELLITE):
        icinga.await_all([(name, "dummy")], lambda r: r.state == "UP")
    mark = len(icinga.results())
    icinga.await_all(MOVES, is_at(where), mark)
    icinga.await_all(KEPT, is_from(SATELLITE), mark)
    icinga.await_all(ON_MASTER, is_from(MASTER), mark)
    latest = icinga.latest(mark)
    return {key: latest[key].source for key in MOVES}


def shared_out(icinga):
    """The same when it is at rest: what ran while the nodes found each other
    may be of who had it before."""
    seen = [settled(icinga)]

    def look():
        seen.append(settled(icinga))
        return seen[-1] if seen[-1] == seen[-2] else None
    return monitors.await_value(look, "rest", icinga.node.process)


def keep_apart(master, satellite, own):
    """No node ran or wrote what is pinned to the other one."""
    labs.same(os.listdir(master.path("state")), [], "what the master keeps")
    for plugin in ("check_mail_flow", "check_status_page"):
        labs.same(master.runs(plugin), [], f"{plugin} on the master")
    labs.same([run for run in master.runs("check_dns_secondary")
               if own not in run], [], "on the master")
    labs.same(satellite.runs("check_dns_secondary", own), [], "elsewhere")
    labs.same(satellite.runs("check_dns_delegation", own), [], "elsewhere")


@labs.case("the example is valid on both nodes, and pins what remembers")
def is_valid(lab):
    lab.mail = NoMail(lab)
    zones = {path.name: path.read_text() for path in (
        CLUSTER / "nodes.conf", CLUSTER / "lifelines.conf",
        EXAMPLE / "lifeline-services.conf")}
    for node in two_nodes(lab):
        icinga = Icinga(lab, node, zones)
        said = validated(icinga)
        if node.name == MASTER:
            labs.check("Instantiated 7 Services" in said, said)
            labs.same(pins(icinga), {
                "example.net!dns-delegation example.net": MASTER,
                "example.net!dns-secondary example.net": MASTER,
                "example.org!dns-delegation example.org": None,
                "example.org!dns-secondary example.org": SATELLITE,
                "example.org!mail-flow inbound": SATELLITE,
                "example.org!mx example.org": SATELLITE,
                "example.org!status-page status.example.org": SATELLITE},
                "pins")


def validated(icinga):
    """What a node says of its configuration, which has to be valid."""
    made = icinga.lab.certificate(icinga.node.name)
    for source, name in ((made.path, f"{icinga.node.name}.crt"),
                         (made.key_path, f"{icinga.node.name}.key"),
                         (icinga.lab.ca_file(), "ca.crt")):
        shutil.copy(source, icinga.path("lib/certs") / name)
    said = icinga.run(*icinga.daemon("-C"))
    labs.check("warning/" not in said, said)
    return said


# Beside what scale.txt says: the second satellite, and what tells of the pair.
SECOND_ENDPOINT = f"""
object Endpoint "{SECOND}" {{
	host = "198.51.100.12"
}}
"""
PAIR_IS_THERE = """
object Host "pairs" {
	check_command = "dummy"
}
object Service "east" {
	host_name = "pairs"
	check_command = "cluster-zone"
	vars.cluster_zone = "east"
}
"""


@labs.case("a pair of satellites below a master is valid, and pinned")
def is_valid_below_a_master(lab):
    lab.mail = NoMail(lab)
    page = (monitors.CONTRIB / "docs" / "scale.txt").read_text()
    zones = re.search(r'^  object Zone "master" {\n.*?(?=\n\n)', page,
                      re.M | re.S)[0]
    zones, count = re.subn(r'^object Zone "master" {.*?^}\n', zones + "\n",
                           (CLUSTER / "zones.conf").read_text(),
                           flags=re.M | re.S)
    labs.same(count, 1, "zones of the example")
    for name in (MASTER, SATELLITE):
        icinga = Icinga(lab, types.SimpleNamespace(name=name),
                        {"pairs.conf": PAIR_IS_THERE})
        (icinga.path("etc") / "zones.conf").write_text(zones + SECOND_ENDPOINT)
        if name == MASTER:
            east = icinga.path("etc/zones.d/east")
            east.mkdir()
            for path in (CLUSTER / "nodes.conf", CLUSTER / "lifelines.conf",
                         EXAMPLE / "lifeline-services.conf"):
                (east / path.name).write_text(
                    path.read_text().replace(MASTER, SECOND))
        validated(icinga)
        if name == MASTER:
            found = pins(icinga)
            labs.same({found[service] for service in found},
                      {None, SATELLITE, SECOND}, "pins")
            labs.check("pairs!east" in found, found)


def pins(icinga):
    """{service: the node that is to run it, or None}."""
    # From 2.14 on the objects are written only when that is asked for.
    if monitors.run(*icinga.words(*icinga.daemon("-C", "--dump-objects")),
                    env=icinga.environment()).returncode != 0:
        icinga.run(*icinga.daemon("-C"))
    return monitors.icinga_pins(icinga.words("object", "list", "--type",
                                             "Service"))


@labs.case("a check moves when a node dies and returns, what remembers stays")
def moves(lab):
    monitors.icinga2()
    own = lab.folder("state-of-the-master")
    os.chmod(own, 0o700)
    master, satellite = start_both(lab, internet(lab, own))
    lab.pass_by(COLD_S)
    satellite.await_all(MOVES + KEPT + ON_MASTER, lambda r: r.state == "OK")
    before = shared_out(master)
    labs.same(set(before.values()), {MASTER, SATELLITE}, "who runs them")
    said = len(alerts(master))
    satellite_dies(master, satellite, own)
    new = alerts(master)[said:]
    labs.same([line for line in new[1:] if line not in (
        f"PROBLEM {host}!{service}" for host, service in KEPT)], [], "others")
    satellite_returns(master, satellite, before)
    keep_apart(master, satellite, own)
    lab.pass_by(COLD_S)
    master_dies(master, satellite)
    keep_apart(master, satellite, own)


def satellite_dies(master, satellite, own):
    """All is the master's, but for what is pinned to the other."""
    said = len(alerts(master))
    master.lab.dies(satellite, master)
    mark = len(master.results())
    # Before any time goes by that would make others due, too.
    labs.same(monitors.await_value(lambda: alerts(master)[said:][:1] or None,
                                   "alert", master.node.process),
              [f"PROBLEM {SATELLITE}"], "the first alert")
    master.await_all([(SATELLITE, "dummy")], lambda r: r.state == "DOWN", mark)
    master.await_all(MOVES, is_from(MASTER), mark)
    master.lab.pass_by(ORDER_S)
    master.await_all(KEPT, is_cut_off, mark)
    master.await_all(ON_MASTER, is_from(MASTER), mark)
    labs.same([result for result in master.results()[mark:] if (
        result.host, result.name) in MOVES and result.state != "OK"], [],
        "what was seen amiss")
    ran = len(master.runs("check_dns_delegation", own))
    monitors.await_value(
        lambda: True if len(master.runs("check_dns_delegation", own)) > ran
        else None, "more runs", master.node.process)
    # Those that give up at the second try have done so.
    mark = len(master.results())
    master.lab.pass_by(ORDER_S)
    master.await_all(KEPT, is_cut_off, mark)
    keep_apart(master, satellite, own)


def satellite_returns(master, satellite, before):
    """Everything is where it was, and remembers."""
    kept = satellite.remembered()
    labs.check(len(kept) >= 3, f"what the satellite keeps: {kept}")
    satellite.start()
    mark = len(master.results())
    master.await_all([(SATELLITE, "dummy")], lambda r: r.state == "UP", mark)
    master.await_all(MOVES, is_at(before), mark)
    master.lab.pass_by(ORDER_S)
    settled(master, before)
    labs.same([name for name in sorted(kept)
               if not (satellite.path("state") / name).exists()], [],
              "what is lost")


def master_dies(master, satellite):
    """The same the other way round."""
    satellite.lab.dies(master, satellite)
    mark = len(satellite.results())
    satellite.await_all([(MASTER, "dummy")], lambda r: r.state == "DOWN", mark)
    satellite.lab.pass_by(ORDER_S)
    satellite.await_all(MOVES + KEPT, is_from(SATELLITE), mark)
    satellite.await_all(ON_MASTER, is_cut_off, mark)


if __name__ == "__main__":
    labs.main(kind=Lab)
