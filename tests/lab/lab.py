# SPDX-License-Identifier: GPL-3.0-or-later
"""A small internet of real name servers in a private network namespace.

A scenario declares zones and says which servers carry them; the lab makes
the root and the top-level domains above them, starts it all, runs the plugin
and tells what it found:

    @case("a server that refuses the zone")
    def refused(lab):
        lab.zone("example.org", {"ns1.example.org": "192.0.2.1",
                                 "ns2.example.org": "198.51.100.1"},
                 on={"ns1.example.org": "bind", "ns2.example.org": None})
        lab.server("bind", "198.51.100.1")
        lab.check("example.org").expect(
            "WARNING", {"server-refuses": ["198.51.100.1"]})

Times to live, serials and so on have sane values unless a scenario gives
others; everything a parent or a server can lie about can be overridden.
"""

import atexit
import ipaddress
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "servers")]

# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import mail  # noqa: E402
import message  # noqa: E402
import netns  # noqa: E402
import pages  # noqa: E402
import scripted  # noqa: E402
import servers  # noqa: E402
import signing  # noqa: E402
import transfers  # noqa: E402
from servers import Missing  # noqa: E402


def is_in(name, zone):
    """Whether a name is a zone's own name or below it."""
    return zone == "." or name == zone or name.endswith("." + zone)


def full(name):
    """A name as a zone file wants it."""
    return name if name == "." else name + "."


def seen_through_nat64(address):
    """Where a host without IPv4 finds an IPv4 address (RFC 6052)."""
    if ":" in address:
        return address
    return str(ipaddress.IPv6Address(
        (0x64ff9b << 96) + int(ipaddress.IPv4Address(address))))


HANGS_S = 240  # after which a run has hung, on the slowest machine


class Delegation:
    """What a parent hands out for a child: names, and addresses as glue."""

    def __init__(self, ns, glue):
        self.ns = ns
        self.glue = glue

    def text(self, child, ttl):
        """The records of the parent's zone file."""
        lines = [f"{full(child)} {ttl} IN NS {full(ns)}" for ns in self.ns]
        for name, addresses in self.glue.items():
            lines += address_records(name, addresses, ttl)
        return "\n".join(lines) + "\n"


def address_records(name, addresses, ttl):
    """A and AAAA records."""
    return [f"{full(name)} {ttl} IN {'AAAA' if ':' in a else 'A'} {a}"
            for a in addresses]


class Zone:
    """A zone, and what it looks like at each of its servers."""

    def __init__(self, lab, name, ns, settings):
        self.lab = lab
        self.name = name
        self.ns = ns  # host names; each is in lab.hosts
        self.settings = {"ttl": 3600, "serial": 2026010101,
                         "mname": ns[0] if ns else "localhost",
                         "rname": "hostmaster.example.org",
                         "timers": "7200 900 1209600 3600",
                         "records": "", "lists": ns, "signed": None,
                         "primary": None, "tsig": False, "signs_at": None}
        self.settings.update(settings)
        self.follows = self.steps(self.settings["primary"])
        self.transfer_key = (transfers.TransferKey(f"transfer.{name}")
                             if self.settings["tsig"] else None)
        self.variants = {}  # host: settings that differ there
        self.delegations = {}  # (child, host or None): Delegation or None
        self.ds_sets = {}  # (child, host or None): [data of a DS]

    def steps(self, primary):
        """{host: whom it transfers the zone from}."""
        if isinstance(primary, str):
            return {host: primary for host in self.ns if host != primary}
        return dict(primary or {})

    def at(self, host, **settings):
        """This server serves the zone in another version."""
        self.variants.setdefault(host, {}).update(settings)

    def key(self, host):
        """Hosts with the same key serve the same version."""
        lies = [child for child, at in [*self.delegations, *self.ds_sets]
                if at == host]
        return host if host in self.variants or lies else None

    def at_host(self, host):
        """The settings as they are at this host."""
        return {**self.settings, **self.variants.get(host, {})}

    def text(self, host=None):
        """The zone file as the host serves it."""
        s = self.at_host(host)
        ttl = s["ttl"]
        lines = [f"$ORIGIN {full(self.name)}", f"$TTL {ttl}",
                 f"@ IN SOA {full(s['mname'])} {full(s['rname'])} "
                 f"{s['serial']} {s['timers']}"]
        lines += [f"@ IN NS {full(ns)}" for ns in s["lists"]]
        for name, addresses in self.lab.hosts.items():
            if self.lab.holder(name) is self:
                lines += address_records(name, addresses, ttl)
        text = "\n".join(lines) + "\n"
        for child in self.lab.children(self):
            text += self.delegation(child, host).text(child.name, ttl)
            text += "".join(f"{full(child.name)} {ttl} IN DS {ds}\n"
                            for ds in self.ds(child, host))
        text += s["records"] + "\n"
        if s["signed"]:
            return s["signed"].sign(self.lab, self.name, text)
        return text

    def delegation(self, child, host):
        """What this zone hands out for the child, at this host."""
        for key in ((child.name, host), (child.name, None)):
            if key in self.delegations:
                return self.delegations[key]
        glue = {ns: self.lab.hosts.get(ns, []) for ns in child.ns
                if is_in(ns, child.name)}
        return Delegation(child.ns, glue)


    def ds(self, child, host=None):
        """The DS set that this zone holds for the child, at this host."""
        for key in ((child.name, host), (child.name, None)):
            if key in self.ds_sets:
                return self.ds_sets[key]
        signed = child.settings["signed"]
        if not signed or not self.settings["signed"]:
            return []
        return signed.ds(self.lab, child.name)


class Lab(transfers.Transfers, mail.Mail, pages.Pages):
    """One small internet: declared, started, asked, and taken down."""

    def __init__(self):
        self.net = netns.Net()
        self.scratch = 0
        self.root = tempfile.mkdtemp(prefix="lifeline-lab-")
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        self.keys = signing.Keys(os.path.join(self.root, "keys"))
        self.certificates = certificates.Certificates(
            os.path.join(self.root, "certificates"))
        self.tested = "check_dns_delegation"
        self.reset()

    def reset(self):
        """Forgets everything."""
        self.hosts = {}
        self.zones = {}
        self.on = {}  # (zone, host): kind or server
        self.servers = []
        self.started = False
        self.pool = itertools.count(16)
        self.n_roots = 2
        self.nat64 = False  # IPv4 servers are at 64:ff9b::/96 instead
        self.above = None  # how the root and top-level domains are signed
        self.results = []
        self.environment = {}  # of the plugin, beside the usual
        self.plugins_at = None  # a folder of others than were built
        self.real_time()
        self.state_dir = self.folder("state")  # where it may remember
        os.chmod(self.state_dir, 0o700)
        self.keeps_state = True

    def folder(self, name):
        """A new folder for a server."""
        self.scratch += 1
        path = os.path.join(self.root, f"{self.scratch}-{name}")
        os.makedirs(path)
        return path

    # Declaring.

    def host(self, name, addresses):
        """A host and its addresses, in whichever zone holds the name."""
        self.hosts[name] = addresses.split()

    def zone(self, name, ns, on="nsd", **settings):
        """A zone with its name servers.

        ns is {host: "address ..."}, or a list of hosts declared elsewhere.
        on says what runs there: a kind, a server of lab.server(), None for
        nothing, or {host: one of these}. settings: ttl, serial, mname, rname
        and timers of the SOA, records (lines for the zone file), lists (the
        NS set that the zone tells, where it is not ns), signed (a Signing);
        primary, tsig and signs_at (which host signs) where the zone is
        transferred (see transfers.py).
        """
        if isinstance(ns, dict):
            for host, addresses in ns.items():
                self.host(host, addresses)
        names = list(ns)
        zone = Zone(self, name, names, settings)
        self.zones[name] = zone
        for host in self.hosts_of(zone):
            self.on[name, host] = on.get(host) if isinstance(on, dict) else on
        return zone

    def server(self, kind, addresses="", zones=(), **options):
        """A server beside those of the zones: for lies, or to be shared.

        zones: names of declared zones, or {name: text of a zone file}; None
        as the text makes a zone that can't be loaded.
        """
        own = zones if isinstance(zones, dict) else {}
        server = servers.KINDS[kind](self, addresses.split(), own, **options)
        server.carried = list(zones)
        self.servers.append(server)
        return server

    def scripted(self, addresses, behaviour, zones=(), **options):
        """A server that behaves as the script says (tests/servers)."""
        server = scripted.Scripted(self, addresses.split(), behaviour, zones,
                                   **options)
        self.servers.append(server)
        return server

    def delegation(self, child, ns=None, glue=None, at=None):
        """What the parent hands out for the child, where that is a lie.

        at: only this server of the parent.
        """
        zone = self.zones[child]
        truth = {n: self.hosts.get(n, []) for n in ns or zone.ns
                 if is_in(n, child)}
        if glue is not None:
            glue = {n: a.split() for n, a in glue.items()}
        self.prepare()
        self.parent(zone).delegations[child, at] = Delegation(
            zone.ns if ns is None else ns, truth if glue is None else glue)

    def sign_above(self, signed=None):
        """Signs the root and the top-level domains that are not declared."""
        self.above = signed or signing.Signing()

    def ds(self, child, *data, at=None):
        """The DS set that the parent holds, where it is a lie.

        at: only this server of the parent.
        """
        self.prepare()
        self.parent(self.zones[child]).ds_sets[child, at] = list(data)

    def key(self, zone, name="csk"):
        """A key of a signed zone."""
        signed = self.zones[zone].settings["signed"] or signing.Signing()
        return signed.keys(self, zone, [name])[0]

    # What follows from what was declared.

    def holder(self, name, other_than=None):
        """The zone that holds a name."""
        zones = [z for n, z in self.zones.items()
                 if is_in(name, n) and z is not other_than]
        return max(zones, key=lambda z: 0 if z.name == "." else len(z.name))

    def parent(self, zone):
        """The zone above."""
        return self.holder(zone.name, zone)

    def children(self, zone):
        """The zones right below."""
        return [z for z in self.zones.values()
                if z.name != "." and self.parent(z) is zone]

    def next_pair(self):
        """An IPv4 and an IPv6 address of the infrastructure's own."""
        n = next(self.pool)
        return f"203.0.113.{n} 2001:db8:f{n:03x}::1"

    def prepare(self):
        """Adds the root, the top-level domains and zones for the hosts."""
        if "." not in self.zones:
            self.add_root()
        names = {n for n in self.zones if n != "."} | set(self.hosts)
        for tld in sorted({n.rsplit(".", 1)[-1] for n in names}):
            if tld not in self.zones:
                self.zone(tld, {f"a.nic.{tld}": self.next_pair(),
                                f"b.nic.{tld}": self.next_pair()},
                          on=self.shared("tlds"), signed=self.above)
        for host in sorted(names - set(self.zones)):
            name = ".".join(host.split(".")[-2:])
            if "." not in self.holder(host).name[:-1] and not (
                    name.startswith("nic.")):
                self.zone(name, {f"ns.{name}": self.next_pair()},
                          on=self.shared("elsewhere"))

    def add_root(self):
        """The root, and the zone of its servers' names on the same."""
        roots = {f"{'abcdefghijklm'[i]}.root-servers.net":
                 f"203.0.113.{i + 1} 2001:db8:f{i + 1:03x}::1"
                 for i in range(self.n_roots)}
        self.zone(".", roots, on=self.shared("root"), signed=self.above)
        self.zone("root-servers.net", roots, on=self.shared("root"))

    def shared(self, name):
        """The one NSD that serves what no scenario is about."""
        for server in self.servers:
            if getattr(server, "shared", None) == name:
                return server
        server = self.server("nsd")
        server.shared = name
        return server

    def hints_file(self, hints=None):
        """The root hints of this internet, or others as {name: address}."""
        hints = hints or {n: self.hosts[n] for n in self.zones["."].ns}
        return self.common("hints", [
            line for name, addresses in hints.items()
            for line in (f". 3600000 NS {name}.", *address_records(
                name, addresses, 3600000))])

    def anchor_file(self):
        """The trust anchor of this internet; None where none is signed."""
        signed = self.zones["."].settings["signed"]
        if not signed:
            return None
        return self.common("anchor", [f". 3600 IN DS {data}"
                                      for data in signed.ds(self, ".")])

    def common(self, name, lines):
        """Writes a file that others may be reading, which is whole at any
        time: a resolver that starts reads while the next one is declared."""
        path = os.path.join(self.root, name)
        with open(path + ".new", "w", encoding="ascii") as out:
            out.write("".join(line + "\n" for line in lines))
        os.replace(path + ".new", path)
        return path

    # Running.

    def start(self):
        """Starts every server; returns when all of them answer."""
        if self.started:
            return
        self.started = True
        self.prepare()
        self.assign()
        self.net.add(a for s in self.servers for a in s.addresses)
        for group in self.by_step():
            for server in group:
                server.start()
            for server in group:
                server.wait()

    def assign(self):
        """Gives each server its addresses and zones."""
        made = {}
        for zone in self.zones.values():
            if zone.follows:
                self.assign_transfers(zone)
                continue
            for host in zone.ns:
                where = self.on[zone.name, host]
                if where is None or not self.hosts.get(host):
                    continue
                version = zone.key(host)
                key = (zone.name, where, version)
                if isinstance(where, str) and key in made:
                    server = made[key]
                elif isinstance(where, str):
                    server = made[key] = self.server(where)
                elif version:
                    # A shared server with a lie to tell needs a process
                    # of its own; what else it carries goes with it.
                    server = made.setdefault(key, self.server("nsd"))
                else:
                    server = where
                server.addresses += [a for a in self.hosts[host]
                                     if a not in server.addresses]
                server.zones[zone.name] = zone.text(version)
                signed = zone.at_host(version)["signed"]
                if signed and signed.is_by_server():
                    server.signs[zone.name] = signed
        for server in self.servers:
            for name in server.carried:
                server.zones.setdefault(name, self.zones[name].text())
        self.servers = [s for s in self.servers if s.addresses]
        if self.nat64:
            for server in self.servers:
                server.addresses = [seen_through_nat64(a)
                                    for a in server.addresses]

    def add_server(self, kind, addresses, **options):
        """Starts one more server in the running internet."""
        server = self.server(kind, addresses, **options)
        self.net.add(server.addresses)
        server.start()
        server.wait()
        return server

    def rewrite(self, name):
        """The servers of a zone get its files anew, as it is now."""
        zone = self.zones[name]
        zone.settings["serial"] += 1
        for server in self.servers:
            if server.zones.get(name):
                server.zones[name] = zone.text()
                server.reload()
        self.wait_serial(name, zone.settings["serial"])

    def resolve(self, resolver, name, tries=3):
        """The IPv4 addresses that a resolver gives for a name; [] for none.

        Asks again as the resolver of a C library does.
        """
        for _ in range(tries):
            reply = servers.ask(resolver, name, message.A, 5,
                                flags=message.RD)
            if reply:
                return [str(ipaddress.IPv4Address(data)) for _, rtype, data
                        in message.read_reply(reply)[2]
                        if rtype == message.A]
        return []

    def finish(self, is_fine):
        """A case is over, and what it wanted held or did not."""
        del is_fine
        self.stop()

    def stop(self):
        """Ends every server and takes the network down."""
        for server in self.servers:
            server.stop()
        self.net.clear()
        self.reset()

    # Asking.

    def plugin(self, name=None):
        """The plugin's path."""
        name = name or self.tested
        path = os.path.join(self.plugins_at or plugins_folder(), name)
        if not os.access(path, os.X_OK):
            raise Missing(f"{name} was not built")
        return path

    def arguments(self, hints=None):
        """The options that every run in here needs."""
        self.prepare()
        words = ["--root-hints", self.hints_file(hints)]
        anchor = self.anchor_file()
        return words + (["--trust-anchor", anchor] if anchor else [])

    def state_arguments(self):
        """The options of a plugin that may remember."""
        if self.tested == "check_dns_delegation" or not self.keeps_state:
            return []
        return ["--state-dir", self.state_dir]

    def run(self, command, timeout_s=HANGS_S, **options):
        """Runs a command in here; (exit code, stdout, stderr, seconds)."""
        self.start()
        begin = time.monotonic()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=timeout_s, errors="replace",
            **options)
        return (done.returncode, done.stdout, done.stderr,
                time.monotonic() - begin)

    def check(self, zone, *options, hints=None):
        """Runs the plugin on the zone."""
        self.start()
        return self.result(["-H", zone, *self.arguments(hints),
                            *self.state_arguments(), *options])

    def result(self, words):
        """Runs the plugin with these options."""
        self.start()
        result = Result(self, words)
        self.results.append(result)
        return result


def plugins_folder():
    """Where the built plugins are."""
    build = os.environ.get("top_builddir")
    return os.environ.get("LIFELINE_PLUGINS") or (
        os.path.join(build, "plugins") if build else
        netns.die("LIFELINE_PLUGINS does not say where the plugins are"))


STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]
# How late a run may end that had to: by its own clock, and by ours, for to
# start it takes time, too, and what sanitizers do at its end.
OWN_SLACK_S = 0.5
SLACK_S = 3.0 if os.environ.get("LIFELINE_SANITIZERS") else 2.0


class Slowed(Exception):
    """A run under valgrind ended well; what it saw in its haste is no case.

    Some fifty times slower, it is late for honest servers too.
    """


class Result:
    """What the plugin said."""

    def __init__(self, lab, words, before=()):
        under = os.environ.get("LIFELINE_UNDER", "").split()
        command = [*before, *under, lab.plugin(), "--output=json", *words]
        code, self.output, self.errors, self.seconds = lab.run(
            command, env={**os.environ, **lab.environment})
        self.command = " ".join(command)
        self.state = STATES[code] if 0 <= code < 4 else f"exit {code}"
        try:
            self.json = json.loads(self.output)
        except ValueError:
            self.json = {}
        self.findings = self.json.get("findings", [])
        same(self.errors, "", "stderr")
        if under:
            check(code in range(4), f"exit {code} under {under[0]}")
            raise Slowed

    def found(self, states=(1, 2, 3)):
        """{rule: [findings]} of the findings with one of these states."""
        rules = {}
        for finding in self.findings:
            if finding["state"] in states:
                rules.setdefault(finding["rule"], []).append(finding)
        return rules

    def expect(self, state, findings):
        """The state, and all findings that are worse than OK.

        findings: {rule: [culprits]}; a culprit is a name, an address or
        "name (address)", and None instead of the list stands for whoever.
        """
        same(self.state, state, "state")
        found = self.found()
        same(sorted(found), sorted(findings), "rules that found")
        for rule, culprits in findings.items():
            self.blames(found[rule], culprits)
        return self

    def notes(self, rule, culprits=None):
        """A finding that is OK: shown, but not judged."""
        found = self.found((0,))
        check(rule in found, f"{rule} is not among {sorted(found)}")
        self.blames(found[rule], culprits)
        return self

    @staticmethod
    def blames(findings, culprits):
        """The findings are about these culprits, each once."""
        if culprits is None:
            return
        got = []
        for finding in findings:
            forms = culprit_forms(finding)
            got.append(next((f for f in forms if f in culprits), forms[-1]))
        same(sorted(got), sorted(culprits),
             f"culprits of {findings[0]['rule']}")

    def in_time(self, timeout_s):
        """It ended by then, however busy this machine is."""
        for seconds, slack_s in ((self.json["duration"], OWN_SLACK_S),
                                 (self.seconds, SLACK_S)):
            check(seconds < timeout_s + slack_s,
                  f"{seconds:.3f} s of {timeout_s} s")
        return self

    def not_judged(self, *rules):
        """At least these rules were not judged."""
        got = {n["rule"] for n in self.json.get("not_judged", [])}
        check(set(rules) <= got, f"not judged: got {sorted(got)}, "
              f"wanted {sorted(rules)}")
        return self


def culprit_forms(finding):
    """The ways to name whom a finding is about, the fullest last."""
    name = finding["culprit"]["name"]
    address = finding["culprit"]["address"]
    both = f"{name} ({address})" if name and address else name or address
    return [form for form in (name, address) if form] + [both or ""]


def same(got, wanted, what):
    """Asserts that two values are equal."""
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def check(condition, what):
    """Asserts that a condition holds."""
    if not condition:
        raise AssertionError(what)


CASES = []


def case(title):
    """Makes a function with a lab as its argument a test case."""
    def add(function):
        CASES.append((title, function))
        return function
    return add


def enter(kind=Lab, lacking=netns.die):
    """Moves this program into namespaces of its own; returns the lab.

    lacking: is told why, where this machine has no such namespaces.
    """
    netns.enter(lacking)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))
    return kind()


def main(plugin=None, kind=Lab):
    """Runs the cases of the calling program and speaks TAP.

    With arguments: only the cases whose title contains one of them. With
    LIFELINE_EVERY=N: only one in N. plugin: the one that they are about,
    where it is not the delegation's. kind: of the lab.
    """
    lab = enter(kind, netns.skip)
    lab.tested = plugin or lab.tested
    cases = [c for c in CASES if not sys.argv[1:]
             or any(word in c[0] for word in sys.argv[1:])]
    cases = cases[::int(os.environ.get("LIFELINE_EVERY", "1"))]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    watch = Watch()
    watch.start()
    for number, (title, function) in enumerate(cases, 1):
        verdict, notes = run_case(lab, function, watch)
        failed += verdict == "not ok"
        skip = f" # SKIP {notes[0]}" if verdict == "skip" else ""
        print(f"{'ok' if skip else verdict} {number} - {title}{skip}")
        for line in notes if verdict == "not ok" else []:
            print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


class Watch(threading.Thread):
    """Sees for how long at most this machine kept a thread waiting."""

    BEAT_S = 0.02
    TOLERATED_S = 0.1

    def __init__(self):
        super().__init__(daemon=True)
        self.stall_s = 0

    def run(self):
        while True:
            begin = time.monotonic()
            time.sleep(self.BEAT_S)
            late = time.monotonic() - begin - self.BEAT_S
            self.stall_s = max(self.stall_s, late)

    def stood_still(self):
        """Whether it was too long since the last time this was asked."""
        stall_s, self.stall_s = self.stall_s, 0
        return stall_s > self.TOLERATED_S


def run_case(lab, function, watch, tries=3):
    """(verdict, lines) of one case.

    Where servers were late because the machine stood still, a failure says
    nothing of the plugin: then the case is run again.
    """
    for left in reversed(range(tries)):
        watch.stood_still()
        verdict, notes = try_case(lab, function)
        if verdict != "not ok" or not left or not watch.stood_still():
            break
        print(f"# the machine stood still, again: {notes[0]}")
    return verdict, notes


def try_case(lab, function):
    """(verdict, lines) of one run, with everything taken down after it."""
    is_fine = False
    try:
        function(lab)
        is_fine = True
        return "ok", []
    except Slowed:
        return "ok", []
    except Missing as missing:
        return "skip", [str(missing)]
    except Exception as error:  # pylint: disable=broad-except
        lines = [f"{type(error).__name__}: {error}"]
        if not isinstance(error, AssertionError):
            lines += traceback.format_exc().splitlines()
        for result in lab.results:
            lines += [result.command, *result.output.splitlines(),
                      *result.errors.splitlines()]
        return "not ok", "\n".join(lines).splitlines()
    finally:
        lab.finish(is_fine)
