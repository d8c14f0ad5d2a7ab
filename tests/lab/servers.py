# SPDX-License-Identifier: GPL-3.0-or-later
"""Real name servers as processes: BIND, NSD, Knot DNS and Unbound."""

import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

import netns
import message

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PEERS = os.path.join(os.environ.get("LIFELINE_BUILD",
                                    os.path.join(TOP, "_build")), "peers")
START_S = 20  # how long a server may take until it answers


def peer(tool):
    """(path, environment) of a server or tool; None where it is not here.

    The host's own is used where it has one, else the unpacked one with the
    libraries that were unpacked with it.
    """
    path = netns.find(tool)
    if path:
        return path, dict(os.environ)
    root = os.path.join(PEERS, "root")
    for folder in ("usr/sbin", "usr/bin"):
        path = os.path.join(root, folder, tool)
        if os.access(path, os.X_OK):
            libraries = glob.glob(os.path.join(root, "usr/lib/*-linux-*"))
            return path, dict(os.environ, LD_LIBRARY_PATH=":".join(
                libraries + [os.path.join(root, "usr/lib")]))
    return None


class Server:
    """One process that serves zones on some addresses.

    zones is {name: text of its zone file}; a text of None is a zone that
    the server knows of and can't load. behaviour: "authoritative", or
    "recursive" to answer everybody's questions, too.
    """

    kind = None  # the word that scenarios use
    tool = None  # the program

    def __init__(self, lab, addresses=(), zones=None, recursive=False,
                 tcp=True):
        self.lab = lab
        self.addresses = list(addresses)
        self.zones = dict(zones or {})
        self.recursive = recursive
        self.tcp = tcp
        self.process = None
        self.folder = None

    def by_family(self):
        """The addresses: (all IPv4, all IPv6)."""
        return ([a for a in self.addresses if ":" not in a],
                [a for a in self.addresses if ":" in a])

    def write(self, name, text):
        """Writes a file into the server's folder; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def zone_file(self, name):
        """The file of a zone; what can't be loaded gets rubbish."""
        text = self.zones[name]
        if text is None:
            text = "rubbish that is no zone file (\n"
        return self.write(f"{name.strip('.') or 'root'}.zone", text)

    def configure(self):
        """Writes the configuration; returns the arguments."""
        raise NotImplementedError

    def start(self):
        """Starts the process; wait() tells when it answers."""
        found = peer(self.tool)
        if not found:
            raise Missing(f"{self.tool} is not here: contrib/peers servers")
        path, environment = found
        self.folder = self.lab.folder(self.kind)
        # A profile of the host's (AppArmor) is bound to the host's path and
        # would keep the program from our files.
        if not path.startswith(PEERS):
            path = shutil.copy(path, self.folder)
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [path, *self.configure()], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=environment, cwd=self.folder,
                start_new_session=True)

    def wait(self):
        """Returns when every address answers for the zones."""
        deadline = time.monotonic() + START_S
        for address in self.addresses:
            # All zones at one address, one at each of the others.
            names = sorted(self.zones) or ["version.bind"]
            if address != self.addresses[0]:
                names = names[:1]
            for name in names:
                self.wait_for(address, name, deadline)
            if self.tcp:
                wait_for_tcp(address, deadline)

    def wait_for(self, address, name, deadline):
        """Returns when the address answers for the zone as it should."""
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.tool} ended:\n{self.log()}")
            got = ask(address, name)
            if got and (self.zones.get(name) is None
                        or (got[3] & 15 == 0 and got[2] & 4)):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.tool} gives no answer for {name} at {address}:\n"
                    f"{self.log()}")
            if not got:
                time.sleep(0.005)

    def log(self):
        """The end of the server's log."""
        with open(os.path.join(self.folder, "log"), errors="replace",
                  encoding="utf-8") as log:
            return log.read()[-2000:]

    def stop(self):
        """Ends the process and all that it started."""
        if not self.process:
            return
        group = self.process.pid
        self.process = None
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            while True:
                os.waitpid(-group, 0)
        except ChildProcessError:
            pass


class Missing(Exception):
    """A program that a scenario needs is not on this machine."""


class Bind(Server):
    kind, tool = "bind", "named"

    def configure(self):
        v4, v6 = self.by_family()
        zones = "".join(
            f'zone "{name}" {{ type primary; file "{self.zone_file(name)}"; '
            f"check-integrity no; }};\n" for name in self.zones)
        if self.recursive:
            zones += (f'zone "." {{ type hint; '
                      f'file "{self.lab.hints_file()}"; }};\n')
        answer = "yes" if self.recursive else "no"
        conf = self.write("named.conf", f"""
options {{
	directory "{self.folder}";
	pid-file none; lock-file none; session-keyfile none;
	listen-on {{ {"".join(a + "; " for a in v4) or "none;"} }};
	listen-on-v6 {{ {"".join(a + "; " for a in v6) or "none;"} }};
	recursion {answer}; allow-recursion {{ any; }};
	allow-query-cache {{ any; }}; allow-transfer {{ none; }};
	notify no; dnssec-validation no; check-names primary ignore;
	interface-interval 0; empty-zones-enable no;
	tcp-clients 100;
}};
controls {{ }};
{zones}""")
        return ["-g", "-n", "1", "-U", "1", "-c", conf]


class Nsd(Server):
    kind, tool = "nsd", "nsd"

    def configure(self):
        zones = "".join(
            f'zone:\n\tname: "{name}"\n\tzonefile: "{self.zone_file(name)}"\n'
            for name in self.zones)
        addresses = "".join(f"\tip-address: {a}\n" for a in self.addresses)
        conf = self.write("nsd.conf", f"""
server:
{addresses}	port: 53
	server-count: 1
	username: ""
	chroot: ""
	zonesdir: "{self.folder}"
	database: ""
	pidfile: ""
	xfrdfile: "{self.folder}/xfrd.state"
	xfrdir: "{self.folder}"
	zonelistfile: "{self.folder}/zone.list"
	cookie-secret-file: "{self.folder}/cookie"
	zonefiles-write: 0
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
remote-control:
	control-enable: no
{zones}""")
        return ["-d", "-c", conf]


class Knot(Server):
    kind, tool = "knot", "knotd"

    def configure(self):
        listen = ", ".join(f"{a}@53" for a in self.addresses)
        zones = "".join(
            f'  - domain: "{name}."\n    file: "{self.zone_file(name)}"\n'
            for name in self.zones)
        conf = self.write("knot.conf", f"""
server:
    rundir: "{self.folder}"
    listen: [ {listen} ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{self.folder}"
template:
  - id: default
    storage: "{self.folder}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
{zones}""")
        return ["-c", conf]


class Unbound(Server):
    """A resolver: alone, or as a "name server" that should not be one."""

    kind, tool = "unbound", "unbound"

    def configure(self):
        interfaces = "".join(f"\tinterface: {a}\n" for a in self.addresses)
        conf = self.write("unbound.conf", f"""
server:
{interfaces}	port: 53
	username: ""
	chroot: ""
	pidfile: ""
	directory: "{self.folder}"
	logfile: ""
	use-syslog: no
	num-threads: 1
	module-config: "iterator"
	root-hints: "{self.lab.hints_file()}"
	access-control: 0.0.0.0/0 allow
	access-control: ::/0 allow
	do-not-query-localhost: no
	minimal-responses: no
	unknown-server-time-limit: 100
remote-control:
	control-enable: no
""")
        return ["-d", "-c", conf]

    def wait(self):
        deadline = time.monotonic() + START_S
        for address in self.addresses:
            self.wait_for(address, "localhost", deadline)


KINDS = {c.kind: c for c in (Bind, Nsd, Knot, Unbound)}


def ask(address, name, rtype=message.SOA, timeout=0.5, flags=0):
    """The reply's bytes, or None."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect((address, 53))
            sock.send(message.query(name, rtype, flags=flags))
            return sock.recv(4096)
        except OSError:
            return None


def wait_for_tcp(address, deadline):
    """Returns when a connection is accepted."""
    while True:
        try:
            socket.create_connection((address, 53), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no TCP at {address}: {error}") from error
            time.sleep(0.005)


def ask_tcp(address, name, rtype=message.SOA, timeout=2.0):
    """The reply's bytes over TCP, or None."""
    try:
        with socket.create_connection((address, 53), timeout) as sock:
            data = message.query(name, rtype)
            sock.sendall(struct.pack("!H", len(data)) + data)
            with sock.makefile("rb") as stream:
                head = stream.read(2)
                return stream.read(struct.unpack("!H", head)[0])
    except (OSError, struct.error):
        return None
