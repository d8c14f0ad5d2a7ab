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
START_S = 60  # how long a server may take, on the slowest machine


def peer(tool):
    """(path, environment) of a server or tool; None where it is not here.

    The host's own is used where it has one, else the unpacked one with the
    libraries that were unpacked with it.
    """
    path = netns.find(tool)
    if path:
        return path, dict(os.environ)
    root = os.path.join(PEERS, "root")
    for folder in ("usr/sbin", "usr/bin", "usr/lib/nagios/plugins"):
        path = os.path.join(root, folder, tool)
        if os.access(path, os.X_OK):
            libraries = glob.glob(os.path.join(root, "usr/lib/*-linux-*"))
            return path, dict(os.environ, LD_LIBRARY_PATH=":".join(
                libraries + [os.path.join(root, "usr/lib/postfix"),
                             os.path.join(root, "usr/lib")]))
    return None


def run_tool(words, folder=None):
    """Runs a program beside the servers; returns what it printed."""
    found = peer(words[0])
    if not found:
        raise Missing(f"{words[0]} is not here: contrib/peers servers")
    done = subprocess.run([found[0], *words[1:]], env=found[1], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """One process that serves zones on some addresses.

    zones is {name: text of its zone file}; a text of None is a zone that
    the server knows of and can't load. behaviour: "authoritative", or
    "recursive" to answer everybody's questions, too.
    """

    kind = None  # the word that scenarios use
    tool = None  # the program
    group = "servers"  # of contrib/packages
    port = 53  # of all servers of a lab

    def __init__(self, lab, addresses=(), zones=None, recursive=False,
                 nsid=None, tcp=True, clock_s=0, port=None):
        self.lab = lab
        self.addresses = list(addresses)
        self.zones = dict(zones or {})
        self.roles = {}  # zone: its Role, where it is transferred
        self.signs = {}  # zone: the Signing, where it signs by itself
        self.clock_s = clock_s  # by how much its clock is fast
        self.port = port or self.port
        self.recursive = recursive
        self.nsid = nsid  # which instance it says it is
        self.tcp = tcp
        self.process = None
        self.folder = None

    def carries(self):
        """The names of its zones."""
        return [*self.zones, *(n for n in self.roles if n not in self.zones)]

    def role(self, name):
        """Its part in the transfers of a zone, or None."""
        return self.roles.get(name)

    def follows(self, name):
        """Whether it has the zone by transfer."""
        return name in self.roles and self.roles[name].is_follower()

    def transfer_keys(self):
        """The keys of its transfers, each once."""
        return list({role.key.name: role.key for role in self.roles.values()
                     if role.key}.values())

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

    def program(self):
        """(path, environment) of the program."""
        found = peer(self.tool)
        if not found:
            raise Missing(f"{self.tool} is not here: contrib/peers "
                          f"{self.group}")
        return found

    def start(self):
        """Starts the process; wait() tells when it answers."""
        path, environment = self.program()
        if self.clock_s:
            environment = {**environment, **other_clock(self.clock_s)}
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
            names = sorted(self.carries()) or ["version.bind"]
            if address != self.addresses[0]:
                names = names[:1]
            for name in names:
                self.wait_for(address, name, deadline)
            if self.tcp:
                wait_for_tcp(address, deadline, self.port)
        self.settle()

    def settle(self):
        """Returns when nobody answers any more who did so before."""

    def wait_for(self, address, name, deadline):
        """Returns when the address answers for the zone as it should."""
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.tool} ended:\n{self.log()}")
            got = ask(address, name, wants_dnssec=name in self.signs,
                      port=self.port)
            if got and ((self.zones.get(name) is None
                         and name not in self.roles)
                        or (got[3] & 15 == 0 and got[2] & 4
                            and self.is_complete(address, name, got))):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.tool} gives no answer for {name} at {address}:\n"
                    f"{self.log()}")
            time.sleep(0.005)

    def is_complete(self, address, name, reply):
        """Whether a zone that it signs by itself is signed by now."""
        signing = self.signs.get(name)
        if signing and signing.denial != "nsec":
            reply = ask(address, name, message.NSEC3PARAM, wants_dnssec=True,
                        port=self.port)
        return not signing or bool(reply) and any(
            rtype == message.RRSIG
            for _, rtype, _ in message.read_reply(reply)[2])

    def log(self):
        """The end of the server's log."""
        with open(os.path.join(self.folder, "log"), errors="replace",
                  encoding="utf-8") as log:
            return log.read()[-2000:]

    def reload(self):
        """It reads the files of its zones again."""
        for name in self.zones:
            self.zone_file(name)
        os.kill(self.process.pid, signal.SIGHUP)

    def restart(self):
        """It begins anew, and knows nothing of before."""
        self.stop()
        self.start()
        self.wait()

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


def other_clock(seconds):
    """The environment of a program whose clock is fast."""
    found = glob.glob(os.path.join(
        PEERS, "root/usr/lib/*-linux-*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise Missing("libfaketime is not here: contrib/peers servers")
    return {"LD_PRELOAD": found[0], "FAKETIME": f"{seconds:+d}s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Missing(Exception):
    """A program that a scenario needs is not on this machine."""


class Bind(Server):
    kind, tool = "bind", "named"

    def configure(self):
        v4, v6 = self.by_family()
        zones = "".join(key.clause() for key in self.transfer_keys())
        zones += "".join(
            f'zone "{name}" {{ {self.source(name)} {self.transfer(name)} '
            f"{self.signer(name)} }};\n" for name in self.carries())
        zones += "".join(self.policy(name) for name in self.signs)
        if self.recursive:
            zones += (f'zone "." {{ type hint; '
                      f'file "{self.lab.hints_file()}"; }};\n')
        answer = "yes" if self.recursive else "no"
        conf = self.write("named.conf", f"""
options {{
	directory "{self.folder}";
	pid-file none; lock-file none; session-keyfile none;
	listen-on port {self.port} {{ {"".join(a + "; " for a in v4) or "none;"} }};
	listen-on-v6 port {self.port} {{ {"".join(a + "; " for a in v6) or "none;"} }};
	recursion {answer}; allow-recursion {{ any; }};
	allow-query-cache {{ any; }}; allow-transfer {{ none; }};
	notify no; notify-delay 0; serial-query-rate 1000;
	dnssec-validation no;
	check-names primary ignore; check-names secondary ignore;
	interface-interval 0; empty-zones-enable no;
	tcp-clients 100;
	server-id {f'"{self.nsid}"' if self.nsid else "none"};
}};
controls {{ }};
{zones}""")
        return ["-g", "-n", "1", "-U", "1", "-c", conf]

    def source(self, name):
        """What it has a zone from: a file or another server."""
        if not self.follows(name):
            return (f'type primary; file "{self.zone_file(name)}"; '
                    "check-integrity no;")
        role = self.role(name)
        path = os.path.join(self.folder, f"{name}.transferred")
        return (f"type secondary; file \"{path}\"; primaries port "
                f"{self.port} {{ {self.peers(role.masters, role)} }}; "
                "min-refresh-time 1; min-retry-time 1; "
                f"{self.bound('transfer-source', role)}")

    def transfer(self, name):
        """Whom it tells of a zone, and to whom it hands it."""
        role = self.role(name)
        if not role:
            return ""
        text = f"allow-transfer {{ {self.permitted(role)} }}; "
        if not self.follows(name) and name not in self.signs:
            text += "ixfr-from-differences yes; "
        if role.followers:
            text += (f"notify explicit; also-notify port {self.port} "
                     f"{{ {self.peers(role.followers, role)} }}; "
                     f"{self.bound('notify-source', role)}")
        return text

    @staticmethod
    def bound(option, role):
        """From which address it speaks."""
        return f"{option}{'-v6' if ':' in role.address else ''} " \
               f"{role.address};"

    @staticmethod
    def peers(addresses, role):
        """Other servers, and the key between them."""
        key = f' key "{role.key.name}"' if role.key else ""
        return "".join(f"{a}{key}; " for a in addresses)

    @staticmethod
    def permitted(role):
        """Who may transfer."""
        if role.permits != "followers":
            return {"nobody": "none;", "everybody": "any;"}[role.permits]
        if role.key:
            return f'key "{role.key.name}";'
        return "".join(f"{a}; " for a in role.followers) or "none;"

    def signer(self, name):
        """What makes it sign a zone by itself."""
        return name in self.signs and (
            f'dnssec-policy "{name}"; inline-signing yes; '
            f'key-directory "{self.folder}";') or ""

    def policy(self, name):
        """How it signs the zone, with keys that it takes for settled."""
        signing = self.signs[name]
        for key in signing.signers(self.lab, name):
            for end in (".key", ".private"):
                shutil.copy(key.path + end, self.folder)
            roles = "".join(f"{role.upper()}: {yes}\n" for role, yes in (
                ("ksk", "no" if key.role == "zsk" else "yes"),
                ("zsk", "no" if key.role == "ksk" else "yes")))
            states = "".join(f"{what}State: omnipresent\n" for what in (
                "DNSKEY", "ZRRSIG", "KRRSIG", "DS", "Goal"))
            self.write(key.name + ".state",
                       "; state\n"
                       f"Algorithm: {key.number}\nLength: {key.bits}\n"
                       f"Lifetime: 0\n{roles}Generated: 20260101000000\n"
                       f"Published: 20260101000000\n"
                       f"Active: 20260101000000\n{states}")
        keys = " ".join(f"{key.role} lifetime unlimited algorithm "
                        f"{key.number};"
                        for key in signing.signers(self.lab, name))
        denial = "" if signing.denial == "nsec" else (
            f"nsec3param iterations {signing.iterations} optout "
            f"{'yes' if signing.denial == 'opt-out' else 'no'} "
            "salt-length 0;")
        return (f'dnssec-policy "{name}" {{ keys {{ {keys} }}; {denial} '
                "};\n")


class Nsd(Server):
    kind, tool = "nsd", "nsd"

    def program(self):
        """What it does first of all takes longer than a case where it reads
        the host's CA certificates, which none of its transfers needs."""
        path, environment = super().program()
        return path, {**environment, "SSL_CERT_FILE": "/dev/null",
                      "SSL_CERT_DIR": "/nonexistent"}

    def configure(self):
        keys = "".join(
            f'key:\n\tname: "{key.name}"\n\talgorithm: {key.algorithm}\n'
            f'\tsecret: "{key.secret}"\n' for key in self.transfer_keys())
        zones = keys + "".join(
            f'zone:\n\tname: "{name}"\n' + self.source(name)
            + self.transfer(name) for name in self.carries())
        addresses = "".join(f"\tip-address: {a}\n" for a in self.addresses)
        conf = self.write("nsd.conf", f"""
server:
{addresses}	port: {self.port}
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
	xfrd-reload-timeout: 0
	xfrd-tcp-max: 8
	xfrd-tcp-pipeline: 8
	nsid: "{'ascii_' + self.nsid if self.nsid else ''}"
	rrl-size: 1
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
remote-control:
	control-enable: no
{zones}""")
        return ["-d", "-c", conf]

    def reload(self):
        """Its new processes answer beside the old ones, until those end."""
        old = self.answering()
        super().reload()
        self.wait_while(lambda: old & self.answering())

    def settle(self):
        """A zone that it transferred, or that expired, is one for a new
        process, too, which is there beside the old one for a while: who got
        the new answer can get the old one again until that has ended."""
        self.wait_while(lambda: len(self.answering()) > 1)

    def wait_while(self, holds):
        """Returns when what its processes do is over."""
        deadline = time.monotonic() + START_S
        while holds():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind} does not reload")
            time.sleep(0.005)

    def answering(self):
        """The pids of those that answer, one of them at rest, and of who
        sees to it that they end, which its main process started."""
        return {pid for main in children_of(
            self.process.pid if self.process else 0)
                for pid in children_of(main)}

    def source(self, name):
        """What it has a zone from: a file or another server."""
        if not self.follows(name):
            return f'\tzonefile: "{self.zone_file(name)}"\n'
        role = self.role(name)
        return "".join(f"\trequest-xfr: {a} {self.key_of(role)}\n"
                       f"\tallow-notify: {a} {self.key_of(role)}\n"
                       for a in role.masters)

    def transfer(self, name):
        """Whom it tells of a zone, and to whom it hands it."""
        role = self.role(name)
        if not role:
            return ""
        lines = [f"outgoing-interface: {role.address}"]
        lines += [f"notify: {a} {self.key_of(role)}" for a in role.followers]
        if not self.follows(name):
            lines += ["store-ixfr: yes", "create-ixfr: yes"]
        keys = [role.key.name] if role.key else []
        if role.permits == "everybody":
            keys.append("NOKEY")
        if role.permits != "nobody":
            lines += [f"provide-xfr: {net} {key}" for key in keys
                      for net in ("0.0.0.0/0", "::0/0")]
        if role.permits == "followers" and not role.key:
            lines += [f"provide-xfr: {a} NOKEY" for a in role.followers]
        return "".join(f"\t{line}\n" for line in lines)

    @staticmethod
    def key_of(role):
        """The key between two servers as NSD wants it."""
        return role.key.name if role.key else "NOKEY"


class Knot(Server):
    kind, tool = "knot", "knotd"
    keeps_s = 0  # how long at least it keeps what it transferred

    def configure(self):
        listen = ", ".join(f"{a}@{self.port}" for a in self.addresses)
        zones = "".join(
            f'  - domain: "{name}."\n' + self.source(name)
            + self.transfer(name) + self.signer(name)
            for name in self.carries())
        policies = "".join(self.policy(name) for name in self.signs)
        conf = self.write("knot.conf", f"""
server:
    rundir: "{self.folder}"
    listen: [ {listen} ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    nsid: "{self.nsid or ''}"
log:
  - target: stderr
    any: info
database:
    storage: "{self.folder}"
{self.parties()}template:
  - id: default
    storage: "{self.folder}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
policy:
{policies}mod-onlinesign:
{self.modules()}zone:
{zones}""")
        self.import_keys(conf)
        return ["-c", conf]

    def source(self, name):
        """What it has a zone from: a file or another server."""
        if not self.follows(name):
            return f'    file: "{self.zone_file(name)}"\n'
        masters = ", ".join(f'"{name}/{a}"' for a in self.role(name).masters)
        keeps = f"    expire-min-interval: {self.keeps_s}\n"
        return (f"    master: [ {masters} ]\n    zonefile-load: none\n"
                "    journal-content: changes\n"
                + (keeps if self.keeps_s else ""))

    def transfer(self, name):
        """Whom it tells of a zone, and to whom it hands it."""
        role = self.role(name)
        if not role:
            return ""
        text = ""
        if not self.follows(name):
            text += ("    zonefile-load: difference\n"
                     "    journal-content: changes\n")
        if role.followers:
            text += "    notify: [ " + ", ".join(
                f'"{name}/{a}"' for a in role.followers) + " ]\n"
        return text + (f'    acl: [ "{name}/in", "{name}/out", '
                       f'"{name}/open" ]\n')

    def parties(self):
        """The keys, the other servers and what they may."""
        keys = "".join(
            f'  - id: "{key.name}"\n    algorithm: {key.algorithm}\n'
            f'    secret: "{key.secret}"\n' for key in self.transfer_keys())
        remotes = rights = ""
        for name, role in self.roles.items():
            key = f'    key: "{role.key.name}"\n' if role.key else ""
            remotes += "".join(
                f'  - id: "{name}/{a}"\n    address: {a}@{self.port}\n'
                f"    via: {role.address}\n{key}"
                for a in role.masters + role.followers)
            rights += self.right(f"{name}/in", "notify", role.masters, key)
            deny = "    deny: on\n"
            is_closed = role.permits == "nobody" or (
                role.permits == "followers" and not key
                and not role.followers)
            rights += self.right(f"{name}/out", "transfer",
                                 [] if key else role.followers, key) + (
                                     deny if is_closed else "")
            rights += self.right(f"{name}/open", "transfer", [], "") + (
                "" if role.permits == "everybody" else deny)
        return (f"key:\n{keys}" if keys else "") + (
            f"remote:\n{remotes}acl:\n{rights}" if rights else "")

    @staticmethod
    def right(ident, action, addresses, key):
        """Who may do what."""
        where = f"    address: [ {', '.join(addresses)} ]\n" \
            if addresses else ""
        return f'  - id: "{ident}"\n{where}{key}    action: {action}\n'

    def signer(self, name):
        """What makes it sign a zone, beforehand or for each answer."""
        if name not in self.signs:
            return ""
        if self.signs[name].signer == "online":
            return f'    module: "mod-onlinesign/{name}"\n'
        return f'    dnssec-signing: on\n    dnssec-policy: "{name}"\n'

    def modules(self):
        """The signers for each answer."""
        return "".join(f'  - id: "{name}"\n    policy: "{name}"\n'
                       for name, signing in self.signs.items()
                       if signing.signer == "online")

    def policy(self, name):
        """How it signs the zone."""
        signing = self.signs[name]
        single = any(k.role == "csk"
                     for k in signing.signers(self.lab, name))
        text = (f'  - id: "{name}"\n    manual: on\n'
                f"    single-type-signing: {'on' if single else 'off'}\n"
                "    cds-cdnskey-publish: always\n")
        if signing.denial != "nsec":
            text += ("    nsec3: on\n    nsec3-salt-length: 0\n"
                     f"    nsec3-iterations: {signing.iterations}\n")
        if signing.denial == "opt-out":
            text += "    nsec3-opt-out: on\n"
        return text

    def import_keys(self, conf):
        """Gives it the keys of the zones that it signs."""
        for name, signing in self.signs.items():
            for key in signing.signers(self.lab, name):
                ident = run_tool(["keymgr", "-c", conf, name, "import-bind",
                                  key.path + ".key"]).split()[0]
                if key.role == "csk":
                    run_tool(["keymgr", "-c", conf, name, "set", ident,
                              "zsk=yes"])


class Unbound(Server):
    """A resolver: alone, or as a "name server" that should not be one."""

    kind, tool = "unbound", "unbound"

    def configure(self):
        # It shuffles all the ports that it may use, one random number each.
        interfaces = "".join(f"\tinterface: {a}\n" for a in self.addresses)
        conf = self.write("unbound.conf", f"""
server:
{interfaces}	port: {self.port}
	username: ""
	chroot: ""
	pidfile: ""
	directory: "{self.folder}"
	logfile: ""
	use-syslog: no
	num-threads: 1
	outgoing-port-avoid: 0-65535
	outgoing-port-permit: 40000-42047
	{self.validation()}
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

    def validation(self):
        """It validates where there is an anchor, by the clock as we do."""
        anchor = self.lab.anchor_file()
        if not anchor:
            return 'module-config: "iterator"'
        return f"""module-config: "validator iterator"
	trust-anchor-file: "{anchor}"
	val-sig-skew-min: 300
	val-sig-skew-max: 300"""

    def wait(self):
        deadline = time.monotonic() + START_S
        for address in self.addresses:
            self.wait_for(address, "localhost", deadline)


KINDS = {c.kind: c for c in (Bind, Nsd, Knot, Unbound)}


def ask(address, name, rtype=message.SOA, timeout=0.5, port=None, **query):
    """The reply's bytes, or None. query: of message.query()."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect((address, port or Server.port))
            sock.send(message.query(name, rtype, **query))
            return sock.recv(4096)
        except OSError:
            return None


def answer(address, name, *more, **options):
    """The bytes of a reply that is there to come, however late."""
    deadline = time.monotonic() + START_S
    while True:
        reply = ask(address, name, *more, **{"timeout": 5, **options})
        if reply:
            return reply
        if time.monotonic() > deadline:
            raise AssertionError(f"no answer for {name} at {address}")


def children_of(pid):
    """The pids of a process' children that live; none where /proc is that of
    others."""
    if os.readlink("/proc/self") != str(os.getpid()):
        return []
    try:
        with open(f"/proc/{pid}/task/{pid}/children",
                  encoding="ascii") as pids:
            return [int(word) for word in pids.read().split()
                    if lives(word)]
    except OSError:
        return []


def lives(pid):
    """Whether a process is there, and not only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8",
                  errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_tcp(address, deadline, port):
    """Returns when a connection is accepted."""
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no TCP at {address}: {error}") from error
            time.sleep(0.005)


def ask_tcp(address, name, rtype=message.SOA, timeout=2.0):
    """The reply's bytes over TCP, or None."""
    try:
        with socket.create_connection((address, Server.port), timeout) as sock:
            data = message.query(name, rtype)
            sock.sendall(struct.pack("!H", len(data)) + data)
            with sock.makefile("rb") as stream:
                head = stream.read(2)
                return stream.read(struct.unpack("!H", head)[0])
    except (OSError, struct.error):
        return None
