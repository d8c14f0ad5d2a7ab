# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers that misbehave by a script.

A behaviour is a function of an Ask that returns what is to be done: None
(stay silent), the bytes of a reply, or a list of steps:

    bytes                       send them, over TCP with their length, over
                                UDP only TC where they are too many
    ("wait", seconds)           before what follows
    ("from", address, bytes)    send them from another address
    ("raw", bytes)              over TCP, without a length in front
    ("close",)                  end the connection
"""

import heapq
import itertools
import selectors
import socket
import struct
import threading
import time

import message as m

RELAY_S = 60  # for the answer of a server that has one, however slow


class Ask:
    """One question to a scripted server."""

    def __init__(self, server, data, transport, address):
        self.server = server
        self.query = m.Query(data)
        self.transport = transport
        self.address = address
        key = (self.query.name, self.query.type, transport, address)
        self.count = server.counts[key] = server.counts.get(key, 0) + 1

    def honest(self, **changes):
        """The reply that a sane server would give."""
        return self.server.honest(self.query, changes)

    def relayed(self, address):
        """The reply of another server over the same transport, or None."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        is_udp = self.transport == "udp"
        kind = socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM
        with socket.socket(family, kind) as sock:
            sock.settimeout(RELAY_S)
            sock.connect((address, 53))
            if is_udp:
                sock.send(self.query.data)
                return sock.recv(65535)
            sock.sendall(struct.pack("!H", len(self.query.data))
                         + self.query.data)
            with sock.makefile("rb") as stream:
                return stream.read(struct.unpack("!H", stream.read(2))[0])


class Scripted:
    """A server in a thread of the lab. tcp: False where nothing listens."""

    kind = "scripted"

    def __init__(self, lab, addresses, behaviour, zones=(), tcp=True):
        self.lab = lab
        self.addresses = list(addresses)
        self.behaviour = behaviour
        self.carried = list(zones)
        self.zones = {}
        self.roles = {}
        self.tcp = tcp
        self.counts = {}
        self.asked = []  # (name, type, transport, address), as they came
        self.timers = []
        self.pending = {}  # connection: the start of a question
        self.order = itertools.count()
        self.thread = None

    # What the lab calls.

    def start(self):
        """Binds and answers from then on."""
        self.selector = selectors.DefaultSelector()
        self.wake, self.woken = socket.socketpair()
        self.selector.register(self.woken, selectors.EVENT_READ, None)
        self.udp = {}
        for address in self.addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.bind((address, 53))
            self.udp[address] = udp
            self.selector.register(udp, selectors.EVENT_READ,
                                   (self.on_udp, address))
            if self.tcp:
                tcp = socket.create_server((address, 53), family=family)
                self.selector.register(tcp, selectors.EVENT_READ,
                                       (self.on_connect, address))
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def wait(self):
        """It answers as soon as it is bound."""

    def stop(self):
        """Ends the thread and closes everything."""
        if self.thread:
            self.wake.close()
            self.thread.join()
            self.thread = None

    # The loop.

    def loop(self):
        """Waits for questions and for the steps that wait."""
        while True:
            timeout = None
            if self.timers:
                timeout = max(0, self.timers[0][0] - time.monotonic())
            for key, _ in self.selector.select(timeout):
                if key.data is None:
                    self.close()
                    return
                function, address = key.data
                try:
                    function(key.fileobj, address)
                except (OSError, ValueError, IndexError, struct.error):
                    pass
            while self.timers and self.timers[0][0] <= time.monotonic():
                _, _, steps, send = heapq.heappop(self.timers)
                self.go_on(steps, send)

    def close(self):
        """Closes every socket."""
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def on_udp(self, sock, address):
        """A packet came."""
        data, peer = sock.recvfrom(4096)

        ask = Ask(self, data, "udp", address)

        def send(step):
            if isinstance(step, bytes):
                if len(step) > ask.query.payload:
                    step = m.reply(ask.query, flags=m.AA | m.TC)
                sock.sendto(step, peer)
            elif step[0] == "from":
                self.udp[step[1]].sendto(step[2], peer)

        self.act(ask, send)

    def on_connect(self, listener, address):
        """A connection came."""
        sock, _ = listener.accept()
        self.selector.register(sock, selectors.EVENT_READ,
                               (self.on_tcp, address))

    def on_tcp(self, sock, address):
        """Bytes came over TCP: perhaps a question, perhaps several."""
        data = sock.recv(4096)
        if not data:
            self.hang_up(sock)
            return

        def send(step):
            if isinstance(step, bytes):
                sock.sendall(struct.pack("!H", len(step)) + step)
            elif step[0] == "raw":
                sock.sendall(step[1])
            elif step[0] == "close":
                self.hang_up(sock)

        data = self.pending.pop(sock, b"") + data
        while len(data) >= 2 and sock.fileno() >= 0:
            end = 2 + struct.unpack("!H", data[:2])[0]
            if len(data) < end:
                break
            self.act(Ask(self, data[2:end], "tcp", address), send)
            data = data[end:]
        if data and sock.fileno() >= 0:
            self.pending[sock] = data

    def hang_up(self, sock):
        """Closes a connection."""
        self.pending.pop(sock, None)
        self.selector.unregister(sock)
        sock.close()

    def act(self, ask, send):
        """Does what the behaviour says."""
        self.asked.append((ask.query.name, ask.query.type, ask.transport,
                           ask.address))
        steps = self.behaviour(ask)
        if steps is not None:
            self.go_on([steps] if isinstance(steps, bytes) else list(steps),
                       send)

    def go_on(self, steps, send):
        """Does steps until one of them waits."""
        for i, step in enumerate(steps):
            if step[0] == "wait":
                heapq.heappush(self.timers, (
                    time.monotonic() + step[1], next(self.order),
                    steps[i + 1:], send))
                return
            try:
                send(step)
            except OSError:
                return

    # The truth, from what the lab was told.

    def honest(self, query, changes):
        """The reply of a sane server that carries the same zones."""
        zones = [self.lab.zones[name] for name in self.carried
                 if in_zone(query.name, name)]
        if not zones:
            return m.reply(query, **{"flags": 0, "rcode": m.REFUSED,
                                     **changes})
        zone = max(zones, key=lambda z: len(z.name.strip(".")))
        for child in self.lab.children(zone):
            if in_zone(query.name, child.name):
                said = zone.delegation(child, None)
                return m.reply(query, **{
                    "flags": 0,
                    "authority": [m.record(child.name, m.NS, ns)
                                  for ns in said.ns],
                    "additional": [r for n, a in said.glue.items()
                                   for r in addresses(n, a)], **changes})
        return m.reply(query, **{**self.answer(zone, query), **changes})

    def answer(self, zone, query):
        """The sections of an authoritative answer."""
        s = zone.settings
        soa = m.record(zone.name, m.SOA, f"{s['mname']} {s['rname']} "
                       f"{s['serial']} {s['timers']}")
        known = self.lab.hosts.get(query.name)
        if query.name == zone.name:
            if query.type == m.SOA:
                return {"answer": [soa]}
            if query.type == m.NS:
                return {"answer": [m.record(zone.name, m.NS, ns)
                                   for ns in s["lists"]]}
        elif known is None:
            return {"rcode": m.NXDOMAIN, "authority": [soa]}
        found = [r for a in known or []
                 for r in addresses(query.name, [a])
                 if (m.AAAA if ":" in a else m.A) == query.type]
        return {"answer": found} if found else {"authority": [soa]}


def in_zone(name, zone):
    """Whether a name is a zone's own name or below it."""
    return zone == "." or name == zone or name.endswith("." + zone)


def addresses(name, values):
    """Address records in wire form."""
    return [m.record(name, m.AAAA if ":" in a else m.A, a) for a in values]
