# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones that servers transfer from one another.

A zone with a primary is on a file there and nowhere else: its other servers
transfer it (AXFR and IXFR, with TSIG where the zone has a key) and are sent
NOTIFY, each as a process of its own:

    lab.zone("example.org", HOSTS, primary="ns1.example.org", tsig=True,
             on={"ns1.example.org": "bind", "ns2.example.org": "nsd"})
    lab.start()
    serial = lab.bump("example.org")
    lab.wait_serial("example.org", serial)

primary is a host of the zone or one that is hidden (declared with
lab.host()), or {host: whom it transfers from} where there is more than one
step.
"""

import base64
import json
import os
import time

import message
import servers

SETTLE_S = 60  # how long a transfer may take, on the slowest machine
AGAIN_S = 5  # after which somebody whom a NOTIFY did not reach gets another


class TransferKey:
    """A TSIG key. A key of the same name and another secret is wrong."""

    def __init__(self, name):
        self.name = name
        self.algorithm = "hmac-sha256"
        self.raw = os.urandom(32)
        self.secret = base64.b64encode(self.raw).decode("ascii")

    def clause(self):
        """As BIND has it in its configuration, and others in files."""
        return (f'key "{self.name}" {{\n\talgorithm {self.algorithm};\n'
                f'\tsecret "{self.secret}";\n}};\n')

    def file(self, lab):
        """A file that holds it, for nobody else to read."""
        path = os.path.join(lab.folder("key"), "transfer.key")
        with open(path, "w", encoding="ascii") as out:
            os.chmod(path, 0o600)
            out.write(self.clause())
        return path


class Role:
    """What one server does in the transfers of one zone."""

    def __init__(self, address, key):
        self.address = address  # its own, from which it asks and notifies
        self.key = key  # a TransferKey or None
        self.masters = []  # addresses it transfers from; [] for the primary
        self.followers = []  # addresses that it notifies
        self.permits = "followers"  # or "nobody", or "everybody"

    def is_follower(self):
        """Whether it has the zone from another server."""
        return bool(self.masters)


class Transfers:
    """What a lab can do with such zones."""

    def transfer_key(self, zone):
        """The key of a zone with tsig."""
        return self.zones[zone].transfer_key

    def hosts_of(self, zone):
        """Every host that has to do with a zone, hidden ones too."""
        steps = zone.follows
        return list(dict.fromkeys([*zone.ns, *steps, *steps.values()]))

    def primary_of(self, zone):
        """The host where the file is."""
        zone = self.zones[zone]
        return next(h for h in self.hosts_of(zone)
                    if h not in zone.follows and h in zone.follows.values())

    def assign_transfers(self, zone):
        """Gives each server of such a zone its part."""
        roles = {}
        for host in self.hosts_of(zone):
            roles[host] = Role(self.hosts[host][0], zone.transfer_key)
        for host, master in zone.follows.items():
            roles[host].masters.append(self.hosts[master][0])
            roles[master].followers.append(self.hosts[host][0])
        signer = zone.settings["signs_at"] or self.primary_of(zone.name)
        for host, role in roles.items():
            server = self.on[zone.name, host]
            if server is None:
                continue
            if isinstance(server, str):
                server = self.server(server)
                self.on[zone.name, host] = server
            server.addresses += [a for a in self.hosts[host]
                                 if a not in server.addresses]
            if not role.is_follower():
                server.zones[zone.name] = zone.text()
            server.roles[zone.name] = role
            signed = zone.settings["signed"]
            if host == signer and signed and signed.is_by_server():
                server.signs[zone.name] = signed

    def by_step(self):
        """The servers in groups: each follows those before it only."""
        steps = {}
        for server in self.servers:
            steps.setdefault(self.step_of(server), []).append(server)
        return [steps[n] for n in sorted(steps)]

    def step_of(self, server):
        """How many transfers a server's zones have behind them."""
        most = 0
        for name in server.roles:
            host = next(h for h in self.hosts_of(self.zones[name])
                        if self.on[name, h] is server)
            steps = 0
            while host in self.zones[name].follows:
                host = self.zones[name].follows[host]
                steps += 1
            most = max(most, steps)
        return most

    def server_at(self, host):
        """The server of a host, by its name or an address."""
        addresses = self.hosts.get(host, [host])
        return next(s for s in self.servers if addresses[0] in s.addresses)

    # What happens to them.

    def bump(self, zone, serial=None, **settings):
        """The primary gets a new version; returns the serial."""
        declared = self.zones[zone]
        declared.settings.update(settings)
        if serial is None:
            serial = (declared.settings["serial"] + 1) % 2**32
        declared.settings["serial"] = serial
        host = self.primary_of(zone)
        server = self.on[zone, host]
        server.zones[zone] = declared.text()
        server.reload()
        self.wait_serial(zone, serial, host)
        return serial

    def renew(self, zone, tries=SETTLE_S // AGAIN_S):
        """A new version that everybody has in the end.

        BIND whose copy has expired asks again only after a minute, so that a
        NOTIFY which finds the primary still busy has to be sent again.
        """
        for left in reversed(range(tries)):
            serial = self.bump(zone)
            try:
                self.wait_serial(zone, serial, deadline_s=AGAIN_S)
                break
            except AssertionError:
                if not left:
                    raise
        # Knot has a version first, and then the time that it may keep it.
        for host in self.hosts_of(self.zones[zone]):
            for address in self.hosts[host]:
                self.wait_until(
                    lambda at=address: seconds_left(at, zone) != 0,
                    f"{host} ({address}) has no time left for {zone}")

    def replace(self, zone, serial, **settings):
        """The primary begins anew with a version that may be older."""
        declared = self.zones[zone]
        declared.settings.update(settings, serial=serial)
        server = self.on[zone, self.primary_of(zone)]
        server.zones[zone] = declared.text()
        server.restart()

    def permit(self, zone, whom, host=None):
        """Who may transfer: "followers", "nobody" or "everybody"."""
        server = self.on[zone, host or self.primary_of(zone)]
        server.roles[zone].permits = whom
        server.restart()

    def wait_serial(self, zone, serial, *hosts, deadline_s=SETTLE_S):
        """Returns when hosts serve a serial at each address; all of them
        where none is named."""
        for host in hosts or self.hosts_of(self.zones[zone]):
            for address in self.hosts[host]:
                self.wait_until(
                    lambda at=address: serial_at(at, zone) == serial,
                    lambda at=address: f"{host} ({at}) has "
                    f"{serial_at(at, zone)} of {zone}, not {serial}:\n"
                    + self.server_at(host).log(), deadline_s)
            self.settle(host)

    def wait_dead(self, zone, *hosts, deadline_s=SETTLE_S):
        """Returns when hosts no longer serve a zone."""
        for host in hosts:
            for address in self.hosts[host]:
                self.wait_until(
                    lambda at=address: is_dead(at, zone),
                    lambda at=address: f"{host} ({at}) still has {zone}",
                    deadline_s)
            self.settle(host)

    def settle(self, *hosts):
        """Returns when what these answered last is what they answer."""
        addresses = {a for host in hosts for a in self.hosts[host]}
        for server in self.servers:
            if isinstance(server, servers.Server) and addresses.intersection(
                    server.addresses):
                server.settle()

    @staticmethod
    def wait_until(holds, what, deadline_s=SETTLE_S):
        """Returns what a condition gives as soon as that is true."""
        end = time.monotonic() + deadline_s
        while True:
            value = holds()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(what() if callable(what) else what)
            time.sleep(0.01)

    # What a plugin remembers.

    def state_files(self):
        """The state files of this case."""
        if not os.path.isdir(self.state_dir):
            return []
        return sorted(
            os.path.join(at, name)
            for at, _, names in os.walk(self.state_dir) for name in names
            if name.endswith(".json"))

    def age(self, seconds):
        """What a plugin remembers was so many seconds earlier."""
        for path in self.state_files():
            with open(path, encoding="utf-8") as source:
                state = earlier(json.load(source), int(seconds))
            with open(path, "w", encoding="utf-8") as out:
                json.dump(state, out)


def earlier(value, seconds):
    """Times ("..._s") in a state file, moved into the past; 0 is none."""
    if isinstance(value, list):
        return [earlier(v, seconds) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: v - seconds if k.endswith("_s") and isinstance(v, int) and v
            else earlier(v, seconds) for k, v in value.items()}


def is_dead(address, zone):
    """Whether an address says that it has no such zone. One that says nothing
    may only be slow."""
    reply = servers.ask(address, zone)
    if not reply:
        return False
    rcode, flags, _ = message.read_reply(reply)
    return bool(rcode) or not flags & message.AA


def seconds_left(address, zone):
    """For how long an address says that it may still serve a zone (EXPIRE,
    RFC 7314); None where it does not say that."""
    reply = servers.ask(address, zone, options=[
        message.option(message.EXPIRE, b"")])
    options = {} if not reply else {
        code: data for _, rtype, _, _, value in message.read_sections(
            reply)[2] if rtype == message.OPT
        for code, data in message.read_options(value)}
    data = options.get(message.EXPIRE)
    return int.from_bytes(data, "big") if data else None


def serial_at(address, zone):
    """The serial that an address serves with authority; None: none."""
    reply = servers.ask(address, zone)
    if not reply:
        return None
    rcode, flags, answer = message.read_reply(reply)
    if rcode or not flags & message.AA:
        return None
    return next((message.soa_numbers(data)[0] for _, rtype, data in answer
                 if rtype == message.SOA), None)
