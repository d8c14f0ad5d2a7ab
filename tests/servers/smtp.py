# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP servers that do what real ones refuse to do.

A behaviour is a function of a Connection that talks until it has enough;
the connection is closed then. Most are made by dialogue(), which is a sane
server but for what it is told:

    lab.smtp("mx1.example.org", "192.0.2.25", smtp.dialogue(
        rcpt="550 5.1.1 unknown", drops_at="quit"))
"""

import socket
import ssl
import struct
import threading
import time

PATIENCE_S = 60  # for what one connection waits for of another
MOST_ENDLESS = 16 << 20  # bytes, after which an endless one holds its peace
TCP_ESTABLISHED = 1
VERBS = ("ehlo", "helo", "starttls", "auth", "mail", "rcpt", "rset", "data",
         "quit")


class Over(Exception):
    """The peer has gone, or the server was stopped."""


class Connection:
    """One connection, as a behaviour sees it."""

    def __init__(self, server, sock, address):
        self.server = server
        self.sock = sock
        self.address = address  # which of the server's own
        self.count = 0  # which connection to this address it is, from 1
        self.is_encrypted = False
        self.sni = None
        self.buffer = b""

    def send(self, data):
        """Sends bytes as they are."""
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Over from error

    def say(self, text):
        """Sends lines."""
        self.send(text.encode() + b"\r\n")

    def hear(self):
        """The next line without its end; None where the peer has gone."""
        while b"\n" not in self.buffer:
            try:
                more = self.sock.recv(4096)
            except OSError:
                more = b""
            if not more:
                return None
            self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\n")
        line = line.rstrip(b"\r").decode(errors="replace")
        self.server.heard.append((self.address, line))
        return line

    def has_spoken(self):
        """Whether the peer has said something that was not read yet."""
        if self.buffer:
            return True
        self.sock.setblocking(False)
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.sock.setblocking(True)

    def wait(self, seconds=None):
        """Lets time pass; for ever where none is given."""
        if self.server.over.wait(seconds):
            raise Over

    def wait_for(self, holds):
        """Lets time pass until a function is true; one that never is ends
        the connection."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                raise Over
            self.wait(0.005)

    def hold(self):
        """Says nothing more until the peer has gone."""
        while self.hear() is not None:
            pass

    def encrypt(self, cert, versions=None):
        """Shakes hands for TLS, and forgets what came before."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        if versions:
            context.minimum_version, context.maximum_version = versions
        context.sni_callback = self.note_sni
        context.load_cert_chain(cert.path, cert.key_path)
        self.buffer = b""
        plain = self.sock
        try:
            self.sock = context.wrap_socket(plain, server_side=True)
        except OSError as error:
            raise Over from error
        self.server.swap(plain, self.sock)
        self.is_encrypted = True

    def note_sni(self, _, name, __):
        """The name that the peer asked for."""
        self.sni = name
        self.server.names.append((self.address, name))

    def reset(self):
        """Ends the connection by a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))


class Scripted:
    """A server in threads of the lab."""

    kind = "scripted-smtp"
    port = 25

    def __init__(self, lab, addresses, behaviour):
        self.lab = lab
        self.addresses = list(addresses)
        self.behaviour = behaviour
        self.carried, self.zones, self.roles, self.signs = [], {}, {}, {}
        self.heard = []  # (address, line), as they came
        self.early = 0  # connections whose peer spoke before the greeting
        self.names = []  # (address, the name asked for by SNI)
        self.counts = {}  # address: connections so far
        self.peak = {}  # address: connections at once at most
        self.most = 0  # connections at once to all of them
        self.listeners, self.threads = [], []
        self.sockets = {}  # of connections, to their addresses
        self.lock = threading.Lock()
        self.over = threading.Event()

    # What the lab calls.

    def start(self):
        """Listens, with a thread an address."""
        for address in self.addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = socket.create_server((address, self.port),
                                            family=family, backlog=64)
            self.listeners.append(listener)
            self.begin(self.accept, listener, address)

    def wait(self):
        """It answers as soon as it is bound."""

    def stop(self):
        """Ends the threads and closes everything."""
        self.over.set()
        with self.lock:
            shut = [*self.listeners, *self.sockets]
        for sock in shut:
            end(sock)
        for thread in self.threads:
            thread.join()
        for listener in self.listeners:
            listener.close()
        self.listeners, self.threads = [], []

    # The threads.

    def begin(self, function, *words):
        """One more thread."""
        thread = threading.Thread(target=function, args=words, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self, listener, address):
        """Takes connections until the server is stopped."""
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                if self.over.is_set():
                    sock.close()
                    return
                self.sockets[sock] = address
            self.begin(self.talk, sock, address)

    def talk(self, sock, address):
        """Does to one connection what the behaviour says."""
        connection = Connection(self, sock, address)
        with self.lock:
            self.counts[address] = self.counts.get(address, 0) + 1
            connection.count = self.counts[address]
            live = [at for one, at in self.sockets.items() if is_live(one)]
            self.peak[address] = max(self.peak.get(address, 0),
                                     live.count(address))
            self.most = max(self.most, len(live))
        try:
            self.behaviour(connection)
        except (Over, OSError):
            pass
        finally:
            with self.lock:
                del self.sockets[connection.sock]
            connection.sock.close()

    def swap(self, old, new):
        """A socket was wrapped into another one."""
        with self.lock:
            self.sockets[new] = self.sockets.pop(old)
        if self.over.is_set():
            end(new)

    def verbs(self, address=None):
        """The commands that came, in their order."""
        return [line.split(" ")[0].upper() for at, line in self.heard
                if address in (None, at)]


def is_live(sock):
    """Whether the peer has not closed it, though nobody may have noticed."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:
        return False
    return info[0] == TCP_ESTABLISHED


def end(sock):
    """Wakes whoever waits for a socket."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass


class Dialogue:
    """A sane server, but for what it was told."""

    SAYS = {"greeting": "220 mx.example ESMTP",
            "ehlo": ["mx.example", "PIPELINING", "ENHANCEDSTATUSCODES",
                     "8BITMIME"],
            "helo": "250 mx.example", "starttls": "220 2.0.0 Go on",
            "auth": "235 2.7.0 Welcome",
            "mail": "250 2.1.0 Ok", "rcpt": "250 2.1.5 Ok",
            "rset": "250 2.0.0 Ok", "data": "354 Go on",
            "quit": "221 2.0.0 Bye"}

    def __init__(self, says, cert, extra):
        self.says = {**self.SAYS, **says}
        self.cert = cert
        self.extra = extra

    def __call__(self, connection):
        self.act(connection, "greeting", "")
        while True:
            line = connection.hear()
            if line is None:
                return
            verb = line.split(" ")[0].lower()
            if verb not in VERBS:
                connection.say("500 5.5.2 What?")
                continue
            if verb == "starttls" and (not self.cert
                                       or connection.is_encrypted):
                connection.say("502 5.5.1 Not here")
                continue
            if verb == "auth":
                hear_login(connection, line)
            self.act(connection, verb, line)
            if verb == "starttls":
                if not reply_text(self.says[verb], line).startswith("220"):
                    continue
                connection.encrypt(self.cert, self.extra.get("versions"))
            elif verb == "data" and self.says[verb].startswith("354"):
                while connection.hear() not in (".", None):
                    pass
                connection.say("250 2.0.0 Taken, and thrown away")
            elif verb == "quit":
                return

    def act(self, connection, stage, line):
        """Replies at a stage, in the way that was asked for."""
        if self.extra.get("only_encrypted") and not connection.is_encrypted \
                and stage in ("mail", "rcpt"):
            connection.say("530 5.7.0 STARTTLS first")
            return
        when = self.extra.get("encrypted")
        is_now = when is None or when == connection.is_encrypted
        if is_now and self.extra.get("drops_at") == stage:
            raise Over
        if is_now and self.extra.get("resets_at") == stage:
            connection.reset()
            raise Over
        if is_now and self.extra.get("silent_at") == stage:
            connection.hold()
            raise Over
        wait = self.extra.get("waits", {}).get(stage, 0)
        if callable(wait):
            connection.wait_for(wait)
        elif wait:
            connection.wait(wait)
        if stage == "greeting":
            connection.server.early += connection.has_spoken()
        if is_now and self.extra.get("acts", {}).get(stage):
            self.extra["acts"][stage](connection)
            return
        said = self.says[stage]
        if stage == "ehlo" and isinstance(said, list):
            said = self.capabilities(connection, said)
        connection.say(reply_text(said, line))

    def capabilities(self, connection, words):
        """The reply to EHLO."""
        if self.cert and not connection.is_encrypted:
            words = [*words, "STARTTLS"]
        return "\r\n".join(f"250{' ' if n == len(words) else '-'}{word}"
                           for n, word in enumerate(words, 1))


def hear_login(connection, line):
    """What belongs to AUTH (RFC 4954): the name and the password."""
    _, mechanism, *first = line.split(" ")
    if mechanism.upper() == "LOGIN":
        prompts = ["334 UGFzc3dvcmQ6"] if first else [
            "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"]
    else:
        prompts = [] if first else ["334 "]
    for prompt in prompts:
        connection.say(prompt)
        connection.hear()


def reply_text(said, line):
    """A reply; said may be a function of the line that was heard."""
    return said(line) if callable(said) else said


EXTRA = ("drops_at", "resets_at", "silent_at", "encrypted", "waits", "acts",
         "versions", "only_encrypted")


def dialogue(cert=None, **settings):
    """A sane server, but for what it is told.

    greeting, ehlo, helo, starttls, auth, mail, rcpt, rset, data, quit: the
    reply, or a function of the line that makes it (ehlo also a list of words).
    cert: for STARTTLS, which is not offered otherwise; versions: the least
    and the highest protocol; only_encrypted: MAIL and RCPT need STARTTLS.
    drops_at, resets_at, silent_at: a stage at which it ends the connection,
    or says no more; encrypted: whether only after STARTTLS (True) or before
    it (False). waits: {stage: seconds before it replies, or a function that
    has to be true first}; acts: {stage: what it does instead of a reply, a
    function of the Connection}.
    """
    extra = {n: settings.pop(n) for n in EXTRA if n in settings}
    for name in settings:
        if name not in Dialogue.SAYS:
            raise AttributeError(name)
    return Dialogue(settings, cert, extra)


def honest(connection):
    """As it should be, in the clear."""
    dialogue()(connection)


def silent(connection):
    """Accepts the connection and never says a word."""
    connection.hold()


def shuts(_):
    """Accepts the connection and ends it at once."""


def late(seconds, **settings):
    """Greets after a while."""
    return dialogue(waits={"greeting": seconds}, **settings)


def raw(*chunks):
    """What is sent as it is, at the place of a reply."""
    def act(connection):
        for chunk in chunks:
            connection.send(chunk)
    return act


def drip(text, every_s=0.3):
    """A reply that comes a byte at a time."""
    def act(connection):
        for byte in text.encode() + b"\r\n":
            connection.send(bytes([byte]))
            connection.wait(every_s)
    return act


def endless(line=b"250-more\r\n"):
    """A reply that never comes to its last line."""
    def act(connection):
        chunk = line * (4096 // len(line) + 1)
        sent = 0
        while sent < MOST_ENDLESS:
            connection.send(chunk)
            sent += len(chunk)
        connection.hold()
    return act


def garbage_at(stage, data=b"\x00\xff\xfe rubbish \x1b[2J\r\n" * 8):
    """Bytes that are no reply."""
    return dialogue(acts={stage: raw(data)})


def drips_at(stage, text, every_s=0.3):
    """One reply a byte at a time."""
    return dialogue(acts={stage: drip(text, every_s)})


def endless_at(stage, line=b"250-more\r\n"):
    """One reply without an end: of lines, or, given no "\\n", one line."""
    return dialogue(acts={stage: endless(line)})


def injected(cert, data=b"250-mx.example\r\n250 INJECTED\r\n", **settings):
    """Plain bytes right behind the 220 that starts TLS, in one packet."""
    return dialogue(cert, acts={"starttls": raw(
        b"220 2.0.0 Go on\r\n" + data)}, **settings)


def no_handshake(act=None):
    """STARTTLS is granted, and then comes no handshake: by default silence,
    else what act (raw() and the like) says to the peer's first message."""
    def starttls(connection):
        connection.say("220 2.0.0 Go on")
        connection.sock.recv(4096)
        (act or Connection.hold)(connection)
        raise Over
    return dialogue(cert=True, acts={"starttls": starttls})


def by_turns(*behaviours):
    """Each connection to an address meets the next behaviour in turn."""
    return lambda connection: behaviours[
        (connection.count - 1) % len(behaviours)](connection)
