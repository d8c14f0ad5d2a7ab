# SPDX-License-Identifier: GPL-3.0-or-later
"""Two organisations, and the mail that goes from the one to the other.

    site = Site(lab)
    user = site.user()
    site.mx1.holds(user)            its queue keeps what is for this user
    ...
    site.mx1.release()              and lets it go

example.net submits (submit.example.net: Postfix with logins by Dovecot, on
ports 25, 465 and 587) and keeps the mailboxes (imap.example.net: Dovecot, by
IMAP and POP3); example.org has two exchangers, mx1 and its backup mx2
(Postfix), of which the first delivers to the mailboxes by LMTP. What each of
them does to the mail of one user is asked of this program each time, so that
the cases of a file share one site and each has a user of its own.

All of them have one clock, which forward() sets (libfaketime); a monotonic
clock goes on as ever.
"""

import contextlib
import glob
import hmac
import imaplib
import itertools
import os
import re
import smtplib
import socket
import socketserver
import stat
import subprocess
import sys
import threading
import time

import certificates
import demo
import lab as labs
import mail
import mailbox
import servers

PATIENCE_S = 60  # for what a test waits for
SECRET = "geheim-4711"
USERS, FULL_USERS = 200, 4
RESOLVER = "203.0.113.53"
OURS, THEIRS = "example.net", "example.org"
SUBMIT, IMAP = "submit.example.net", "imap.example.net"
MX1, MX2 = "mx1.example.org", "mx2.example.org"
AT = {SUBMIT: "203.0.113.80 2001:db8:80::25",
      IMAP: "203.0.113.90 2001:db8:90::1",
      MX1: "192.0.2.25 2001:db8:1::25", MX2: "198.51.100.25 2001:db8:2::25"}
# Hosts of both kinds of servers, of which something is wrong.
ODD = {"expired.example.net": "203.0.113.101",
       "misnamed.example.net": "203.0.113.102",
       "stranger.example.net": "203.0.113.103",
       "ending.example.net": "203.0.113.104"}
SPARE = "spare.example.net"  # where a case may put what it likes
SPARE_AT = "203.0.113.110"
SASL_PORT, CLOSED_PORT = 10025, 2424
FAKED = ("FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE",
         "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT")
QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")
FULL_BYTES = 4000
# What a gateway does to the mail of instances that begin so.
REWRITTEN = r"""
/^X-Lifeline-Probe: +lp1\.stripped/ IGNORE
/^Message-ID:[[:space:]]*<lp1\.stripped/ REPLACE Message-ID: <1@gateway.example>
/^Subject: *(.*lp1\.stripped.*)/ REPLACE Subject: [EXTERNAL] $1
/^Message-ID:[[:space:]]*<lp1\.renamed/ REPLACE Message-ID: <2@gateway.example>
/^Subject: *(.*lp1\.renamed.*)/ REPLACE Subject: **SPAM?**
"""
SUBMISSION = {"plain": 587, "starttls": 587, "tls": 465}
DBOX_HEADER = re.compile(rb"\x01\x02N {10}([0-9A-Fa-f]{16})\n")


class Clock:
    """The one clock of a site. It never goes back: Dovecot would end."""

    def __init__(self, lab, name="clock"):
        self.path = os.path.join(lab.root, name)
        self.seconds = 0
        self.forward(0)

    def forward(self, seconds):
        """So much later it is, at once and for everybody."""
        self.seconds += seconds
        with open(self.path + ".new", "w", encoding="ascii") as out:
            out.write(f"{self.seconds:+d}\n")
        os.rename(self.path + ".new", self.path)

    def now(self):
        """Seconds since 1970, as all of them have it."""
        return time.time() + self.seconds

    def environment(self, environment):
        """The environment of a program that has this clock."""
        found = glob.glob(os.path.join(
            servers.PEERS,
            "root/usr/lib/*-linux-*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise servers.Missing(
                "libfaketime is not here: contrib/peers servers")
        loaded = environment.get("LD_PRELOAD", "").split()
        return {**environment, "LD_PRELOAD": " ".join([*loaded, found[0]]),
                # Its own library wants to be the first of all.
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
                + ":verify_asan_link_order=0",
                **dict.fromkeys(FAKED, "1"),
                "FAKETIME_TIMESTAMP_FILE": self.path}


class Answers:
    """What a Postfix is told when it asks (socketmap_table(5)).

    tables: {name: {key: value, or a function that makes one}}.
    """

    def __init__(self):
        self.tables = {}
        answers = self

        class Handler(socketserver.StreamRequestHandler):
            """Reads questions until the peer has no more of them."""

            def handle(self):
                while True:
                    length = b""
                    while not length.endswith(b":"):
                        byte = self.rfile.read(1)
                        if not byte:
                            return
                        length += byte
                    asked = self.rfile.read(int(length[:-1]) + 1)[:-1]
                    name, _, key = asked.decode().partition(" ")
                    said = answers.answer(name, key).encode()
                    self.wfile.write(b"%d:%s," % (len(said), said))

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def answer(self, name, key):
        """One of them."""
        value = self.tables.get(name, {}).get(key.lower())
        value = value() if callable(value) else value
        return "NOTFOUND " if value is None else f"OK {value}"

    def table(self, name):
        """The table of this name, and how a configuration calls it."""
        return (self.tables.setdefault(name, {}),
                f"socketmap:inet:127.0.0.1:{self.port}:{name}")

    def stop(self):
        """Ends it."""
        self.server.shutdown()
        self.server.server_close()


class Gate:
    """The way into the mailboxes, which is shut while a check runs: else what
    it sends may arrive while it looks, or may not."""

    def __init__(self, where):
        self.shut = 0  # how often
        self.opened = threading.Event()
        self.opened.set()
        self.lock = threading.Lock()
        self.inside = 0  # who has passed and is not back
        gate = self

        class Handler(socketserver.BaseRequestHandler):
            """One connection, handed on when it is open. Who ends it has
            heard that its mail is kept."""

            def handle(self):
                gate.enter()
                try:
                    inside = socket.create_connection(where)
                except OSError:  # cut off, and so is who comes from outside
                    gate.leave()
                    return
                other = threading.Thread(target=hand_on, daemon=True,
                                         args=(inside, self.request))
                other.start()
                try:
                    hand_on(self.request, inside)
                finally:
                    gate.leave()
                other.join()
                inside.close()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def enter(self):
        """One waits until it is open, and is inside then."""
        while True:
            self.opened.wait()
            with self.lock:
                if self.opened.is_set():
                    self.inside += 1
                    return

    def leave(self):
        """It is back."""
        with self.lock:
            self.inside -= 1

    def is_idle(self):
        """Whether nobody is inside: what is in a mailbox is told to who looks
        into it, which a file that is there already may not be."""
        with self.lock:
            return not self.inside

    def __enter__(self):
        self.shut += 1
        with self.lock:
            self.opened.clear()
        Site.wait(self.is_idle, bool, "nobody inside the gate")

    def __exit__(self, *_):
        self.shut -= 1
        if not self.shut:
            self.opened.set()

    def stop(self):
        """Ends it."""
        self.opened.set()
        self.server.shutdown()
        self.server.server_close()


def hand_on(source, sink):
    """All that comes, until there is no more."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Relay(mail.Postfix):
    """A Postfix that passes mail on.

    rules: {address: what a recipient gets}, see access(5); routes: {address:
    the transport}; aliases: {address: addresses}. settings: lines of main.cf
    as a dict. listens: (address, port, {setting: value}) beside port 25.
    """

    kind = "relay"

    def __init__(self, lab, name, addresses, site, **options):
        self.site = site
        self.settings, self.listens = {}, []
        self.rules, self.rules_at = site.answers.table(f"{name}.rules")
        self.routes, self.routes_at = site.answers.table(f"{name}.routes")
        self.aliases, self.aliases_at = site.answers.table(f"{name}.aliases")
        super().__init__(lab, name, addresses, options)

    def program(self):
        path, environment = super().program()
        return path, self.site.clock.environment(environment)

    def configure(self):
        self.services = mail.Postfix.services + """\
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
""" + "".join(
            f"{f'[{at}]' if ':' in at else at}:{port} inet n - n - - smtpd\n"
            + "".join(f"  -o {{{name} = {value}}}\n"
                      for name, value in settings.items())
            for at, port, settings in self.listens)
        return super().configure()

    def places(self):
        v4, v6 = self.by_family()
        places = super().places()
        return {
            **places, "import_environment": " ".join(
                [places["import_environment"], *FAKED]),
            "default_transport": "smtp", "relay_transport": "smtp",
            # There is no scache(8), which they would try for two seconds.
            "lmtp_connection_cache_on_demand": "no",
            "smtp_connection_cache_on_demand": "no",
            "smtp_bind_address": "".join(v4[:1]),
            "smtp_bind_address6": "".join(v6[:1]),
            "virtual_transport": self.site.lmtp(),
            "transport_maps": self.routes_at,
            "virtual_alias_maps": self.aliases_at,
            "recipient_delimiter": "+"}

    def taking(self):
        return {**super().taking(), **self.settings}

    def refusing(self):
        said = super().refusing()
        before = said["smtpd_recipient_restrictions"]
        return {**said, "smtpd_recipient_restrictions": ", ".join(
            [*([before] if before else []),
             f"check_recipient_access {self.rules_at}"])}

    def wait(self):
        """It listens at one port after the other, in their order."""
        super().wait()
        for at, port, _ in self.listens[-1:]:
            mail.wait_for_connection(
                self, at, time.monotonic() + servers.START_S, port)

    def tool_run(self, *words):
        """Runs one of the tools of an operator."""
        return subprocess.run(
            [servers.peer(words[0])[0], "-c", self.folder, *words[1:]],
            env=self.program()[1], check=True, text=True,
            capture_output=True).stdout

    # What may be done to the mail of one user.

    def does(self, user, action):
        """What RCPT gets: "HOLD", "DISCARD", "550 5.1.1 no", "PREPEND ..."
        (access(5)), or a function that says so."""
        self.rules[user.to] = action

    def holds(self, user):
        """It takes the mail, and keeps it."""
        self.does(user, "HOLD by the operator")

    def undo(self, user):
        """The user is one like all others again."""
        for table in (self.rules, self.routes, self.aliases):
            table.pop(user.to, None)

    def goes_down(self):
        """Its host is gone; what it has in its queue stays."""
        for address in self.addresses:
            self.lab.net.remove(address)

    def comes_up(self):
        """It is there again."""
        self.lab.net.add(self.addresses)

    def junks(self, user):
        """Its filter takes all for junk."""
        self.aliases[user.to] = f"{user.name}+Junk@{THEIRS}"

    def doubles(self, user):
        """All that is for the user is delivered twice."""
        self.aliases[user.to] = f"{user.to}, {user.name}+again@{THEIRS}"

    def queue(self, user, *names):
        """What waits for the user, as queue ids. It is looked for there and
        back: what goes on meanwhile, either way, is met at least once."""
        found = set()
        for name in [*(names or QUEUES), *reversed(names or QUEUES)]:
            for folder, _, files in os.walk(
                    os.path.join(self.folder, "queue", name)):
                found |= {file for file in files if mentions(
                    os.path.join(folder, file), user)}
        return sorted(found)

    def wait_queue(self, user, count, *names):
        """Returns the ids as soon as there are so many, and nobody writes
        them any more: what is on hold is there before it is whole, and who
        lets that go lets go nothing."""
        return self.site.wait(
            lambda: self.queue(user, *names),
            lambda ids: len(ids) == count and self.are_whole(ids),
            f"{count} in the queue of {self.name} for {user.name}", self)

    def are_whole(self, idents):
        """Whether it has written all of these, which it marks as such; what
        went on meanwhile was whole."""
        for name, ident in itertools.product(QUEUES, idents):
            for path in glob.glob(os.path.join(
                    self.folder, "queue", name, "**", ident), recursive=True):
                with contextlib.suppress(FileNotFoundError):
                    if not os.stat(path).st_mode & stat.S_IXUSR:
                        return False
        return True

    def release(self, *idents):
        """Lets go what it holds, these or all, and tries all that waits."""
        for ident in idents or ["ALL"]:
            self.tool_run("postsuper", "-H", ident)
        self.flush()

    def flush(self):
        """It tries at once what waits."""
        self.tool_run("postqueue", "-f")

    def deliver(self, user, count):
        """Tries what waits until so many are in the mailbox: one that is just
        being tried for another time is not among those, and waits on."""
        tried_s = 0

        def look():
            nonlocal tried_s
            if time.monotonic() > tried_s + 1:
                self.flush()
                tried_s = time.monotonic()
            return user.kept()
        return self.site.wait(
            look, lambda texts: len(texts) == count and self.site.is_idle(),
            f"{count} delivered to {user.name}", self)

    def wait_alone(self):
        """Returns when nobody is connected to it any more: what somebody who
        was killed has handed in is in its queue then, or never will be."""
        self.site.wait(lambda: connections(self.addresses),
                       lambda count: count == 0,
                       f"nobody at {self.name}", self)

    def delete(self, ident):
        """Nobody will see this message again."""
        self.tool_run("postsuper", "-d", ident)

    def log(self):
        """Its log."""
        with open(os.path.join(self.folder, "maillog"), encoding="utf-8",
                  errors="replace") as log:
            return log.read()[-20000:]


def mentions(path, user):
    """Whether a file of a queue is about the user."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:  # it went on
        return False
    return any(address.encode() in text for address in (user.to, user.sender))


def connections(addresses):
    """How many the servers at these addresses have, or are to take up."""
    count, ports = 0, {25, *SUBMISSION.values()}
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with open(f"/proc/net/{name}", encoding="ascii") as table:
            for line in list(table)[1:]:
                _, at, _, state, *_ = line.split()
                words, _, port = at.partition(":")
                address = b"".join(
                    int(words[n:n + 8], 16).to_bytes(4, sys.byteorder)
                    for n in range(0, len(words), 8))
                count += (int(state, 16) in BUSY and int(port, 16) in ports
                          and socket.inet_ntop(family, address) in addresses)
    return count


# States of TCP: established, about to be, closed by the other end.
BUSY = (1, 3, 8)


class Mailboxes(mailbox.Dovecot):
    """The mailboxes of a site; it also judges logins for its Postfix.

    They are of a format that tells when mail came by Dovecot's clock, and not
    by the kernel's, which is not to be moved.
    """

    def __init__(self, lab, addresses, site, **options):
        self.site = site
        super().__init__(lab, addresses, **options)

    def program(self):
        path, environment = super().program()
        return path, self.site.clock.environment(environment)

    def path(self, user, folder="INBOX"):
        return os.path.join(self.home, user, "mailboxes", folder,
                            "dbox-Mails")

    def kept(self, user, folder="INBOX"):
        return sorted(glob.glob(os.path.join(self.path(user, folder),
                                             "u.[0-9]*")))

    def put(self, user, *texts, folder="INBOX", prefix=None):
        with imaplib.IMAP4(self.addresses[0], timeout=PATIENCE_S) as peer:
            peer.login(user, self.users[user])
            for text in texts:
                peer.append(folder, None, None, text.encode())


class User:
    """One who sends from our side, and gets it on the other: both come to
    the mailbox of this name."""

    secret = SECRET

    def __init__(self, site, name):
        self.site, self.name = site, name
        self.to, self.sender = f"{name}@{THEIRS}", f"{name}@{OURS}"

    def kept(self, folder="INBOX"):
        """The texts of what is in the mailbox."""
        return [read(path)
                for path in self.site.mailboxes.kept(self.name, folder)]

    def wait_kept(self, count, folder="INBOX"):
        """Returns the texts as soon as there are so many."""
        return self.site.wait(
            lambda: self.kept(folder),
            lambda texts: len(texts) == count and self.site.is_idle(),
            f"{count} in the {folder} of {self.name}", self.site.mx1)

    def take(self):
        """The one message that is there, or will be; it is no more."""
        text = self.wait_kept(1)[0]
        with self.logged_in() as peer:
            peer.select()
            peer.store("1:*", "+FLAGS", "(\\Deleted)")
            peer.expunge()
        return text

    def mark(self):
        """All of it is marked as deleted, and stays."""
        with self.logged_in() as peer:
            peer.select()
            peer.store("1:*", "+FLAGS", "(\\Deleted)")

    def make_folder(self, name):
        """One more, by the name that IMAP has for it."""
        with self.logged_in() as peer:
            peer.create(name)

    def renumber(self):
        """The mailbox is made anew, with all that was in it."""
        old = f"old{time.time_ns()}"
        with self.logged_in() as peer:
            peer.rename("INBOX", old)
            peer.select(old)
            peer.copy("1:*", "INBOX")

    def logged_in(self):
        """Python's own client."""
        peer = imaplib.IMAP4(IMAP, timeout=PATIENCE_S)
        peer.login(self.name, SECRET)
        return peer

    def put(self, *texts, folder="INBOX"):
        """Lays messages into the mailbox."""
        self.site.mailboxes.put(self.name, *texts, folder=folder)


def read(path):
    """A message of Dovecot's dbox; "" where it has gone."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return ""
    begin = DBOX_HEADER.search(text)
    text = text[begin.end():begin.end() + int(begin[1], 16)]
    return re.sub("\r?\n", "\r\n", text.decode(errors="replace"))


class Site:
    """All of it, declared in a lab; it starts with that.

    users: how many of them, or their names.
    """

    clock_kind = Clock

    def __init__(self, lab, users=USERS):
        self.lab = lab
        self.clock = self.clock_kind(lab)
        self.answers = Answers()
        self.gate = Gate((AT[IMAP].split(" ", maxsplit=1)[0], 24))
        self.scripted = []
        full = [f"full{n}" for n in range(1, FULL_USERS + 1)]
        if isinstance(users, int):
            users = [f"user{n}" for n in range(1, users + 1)]
        self.names = [*users, *full]
        self.free = {False: iter(users), True: iter(full)}
        for host, where in {**AT, **ODD, SPARE: SPARE_AT}.items():
            lab.host(host, where)
        lab.zone(OURS, {f"ns1.{OURS}": "203.0.113.70 2001:db8:70::1"})
        self.declare_their_zone()
        lab.mx(OURS, 10, SUBMIT)
        lab.mx(THEIRS, 10, MX1)
        lab.mx(THEIRS, 20, MX2)
        lab.server("unbound", RESOLVER)
        self.certs = self.certified()
        self.mailboxes = self.declare_mailboxes(full)
        self.submit = self.declare_submit()
        self.mx1 = self.declare_exchanger(MX1, {
            "virtual_mailbox_domains": THEIRS,
            "header_checks": "regexp:" + mail.written_once(
                lab, "header-checks", REWRITTEN),
            "virtual_mailbox_maps": self.known(THEIRS)})
        self.mx2 = self.declare_exchanger(MX2, {
            "relay_domains": THEIRS,
            "relay_recipient_maps": self.known(THEIRS)})

    def declare_their_zone(self):
        """The zone of the other side."""
        self.lab.zone(THEIRS,
                      {f"ns1.{THEIRS}": "203.0.113.71 2001:db8:71::1"})

    def certified(self):
        """{host: its Certificate}, four of them with a fault."""
        certified = self.lab.certificate
        return {
            **{host: certified(host) for host in [*AT, SPARE]},
            "expired.example.net": certified(
                "expired.example.net", end_s=-certificates.DAY),
            "misnamed.example.net": certified("other.example.net"),
            "stranger.example.net": certified(
                "stranger.example.net", issuer="stranger"),
            "ending.example.net": certified(
                "ending.example.net", end_s=5 * certificates.DAY)}

    def known(self, domain):
        """The map of a domain's users."""
        table, name = self.answers.table(f"users.{domain}")
        table.update({f"{user}@{domain}": "ok" for user in self.names})
        return name

    def is_idle(self):
        """Whether nothing is just being delivered."""
        return self.gate.is_idle()

    def lmtp(self):
        """The transport into the mailboxes."""
        return f"lmtp:inet:127.0.0.1:{self.gate.port}"

    @staticmethod
    def closed():
        """The same where nothing listens: the storage is down."""
        return f"lmtp:inet:127.0.0.1:{CLOSED_PORT}"

    def declare_mailboxes(self, full):
        """The Dovecot."""
        others = "".join(
            f"local {at} {{\n  ssl_cert = <{self.certs[host].path}\n"
            f"  ssl_key = <{self.certs[host].key_path}\n}}\n"
            for host, at in ODD.items())
        server = Mailboxes(
            self.lab, [*AT[IMAP].split(), *ODD.values()], self,
            users={name: SECRET for name in self.names},
            cert=self.certs[IMAP],
            quotas={name: FULL_BYTES for name in full}, more=f"""
import_environment = $import_environment {" ".join(FAKED)}
hostname = {IMAP}
mail_location = sdbox:%h
lmtp_save_to_detail_mailbox = yes
recipient_delimiter = +
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {SASL_PORT}
  }}
}}
{others}""")
        self.lab.servers.append(server)
        return server

    def declare_submit(self):
        """Where our users hand in their mail."""
        login = {"smtpd_sasl_auth_enable": "yes",
                 "smtpd_relay_restrictions":
                     "permit_sasl_authenticated, reject"}
        wrapped = {**login, "smtpd_tls_wrappermode": "yes"}
        listens = []
        for at in AT[SUBMIT].split():
            listens += [(at, 587, login), (at, 465, wrapped)]
        for host, at in ODD.items():
            chain = {"smtpd_tls_chain_files": self.certs[host].both}
            listens += [(at, 587, {**login, **chain}),
                        (at, 465, {**wrapped, **chain}), (at, 25, chain)]
        server = Relay(
            self.lab, SUBMIT, AT[SUBMIT].split(), self, open_relay=True,
            cert=self.certs[SUBMIT], listens=listens, settings={
                "inet_interfaces": " ".join(
                    [*AT[SUBMIT].split(), *ODD.values()]),
                "virtual_mailbox_domains": OURS,
                "virtual_mailbox_maps": self.known(OURS),
                "smtpd_sasl_type": "dovecot",
                "smtpd_sasl_path": f"inet:127.0.0.1:{SASL_PORT}",
                "broken_sasl_auth_clients": "no",
                "delay_warning_time": "1h"})
        self.lab.servers.append(server)
        return server

    def declare_exchanger(self, name, settings):
        """One who takes the mail of the other side."""
        server = Relay(self.lab, name, AT[name].split(), self,
                       cert=self.certs[name], settings=settings)
        self.lab.servers.append(server)
        return server

    def start(self):
        """Starts all of it."""
        self.lab.start()
        demo.use_resolver(self.lab)

    def stop(self):
        """Ends what the lab does not know of."""
        self.settle()
        self.gate.stop()
        self.answers.stop()

    def greylists(self, user, seconds=300):
        """Both exchangers put off what is for the user, for so long from the
        first time on."""
        seen = []

        def judge():
            seen.append(self.clock.now())
            return ("DUNNO" if seen[-1] - seen[0] >= seconds
                    else "450 4.7.1 Greylisted, try again later")
        for exchanger in (self.mx1, self.mx2):
            exchanger.does(user, judge)

    def script(self, port, behaviour):
        """A server of tests/servers at the spare host, until the case is
        over; in the place of the one that is at this port."""
        for server in [s for s in self.scripted if s.port == port]:
            self.scripted.remove(server)
            server.stop()
        server = self.lab.add_scripted(SPARE_AT, port, behaviour)
        self.lab.servers.remove(server)
        self.scripted.append(server)
        return server

    def settle(self):
        """The case is over: all is as it was."""
        while self.scripted:
            self.scripted.pop().stop()
        self.mx1.comes_up()

    def user(self, is_full=False):
        """One whom no case has had so far; is_full: has little room."""
        return User(self, next(self.free[is_full]))

    def named(self, address):
        """The user of an address."""
        return User(self, address.partition("@")[0])

    def send(self, user, text="Subject: A test\r\n\r\nHello.\r\n",
             to=None, via=None):
        """Hands in a message, without the plugin."""
        via = via or self.submit
        with smtplib.SMTP(via.addresses[0], 25, timeout=PATIENCE_S,
                          local_hostname="desk.example.net") as peer:
            return peer.sendmail(user.sender, to or user.to, text)

    @staticmethod
    def wait(look, is_it, what, server=None):
        """What look() comes to as soon as is_it() says so."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            seen = look()
            if is_it(seen):
                return seen
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not {what}: {seen}\n{server.log() if server else ''}")
            time.sleep(0.01)


def hops(text):
    """The hosts that a message passed by, in the order of its way."""
    return re.findall(r"^Received: .*?\bby (\S+)", text,
                      re.MULTILINE | re.DOTALL)[::-1]


class Flow:
    """An operator's check of this mail flow: its options, and its memory.

    given: options by their names, "_" for "-"; None takes one away, a list
    gives it several times, True is a flag.
    """

    def __init__(self, site, user=None, **given):
        self.site, self.user = site, user or site.user()
        lab = site.lab
        self.state, config = lab.folder("state"), lab.folder("config")
        for folder in (self.state, config):
            os.chmod(folder, 0o700)
        self.key = os.path.join(config, "key")
        self.secret = private(os.path.join(config, "password"), SECRET)
        self.given = {
            "from": self.user.sender, "to": self.user.to,
            **self.submits(), **self.reads(), "instance": self.user.name,
            "helo": "monitor.example.net", "ca_file": lab.ca_file(),
            "state_dir": self.state, "key_file": self.key, **given}
        self.environment = site.clock.environment({})
        self.under = []  # words in front of the command

    # Options.

    def submits(self, host=SUBMIT, security="plain", engine="dialogue",
                login=False):
        """Hands in probes there and so."""
        port = SUBMISSION[security] if login or security == "tls" else 25
        return {"smtp": f"{host}:{port}", "smtp_security": security,
                "submit_with": engine,
                "smtp_user": self.user.name if login else None,
                "smtp_password_file": self.secret if login else None}

    def reads(self, protocol="imap", security="tls", host=IMAP):
        """Looks for them there and so."""
        scheme = protocol + ("s" if security == "tls" else "")
        return {"imap": None, "pop3": None, "mailbox_security": security,
                protocol: f"{scheme}://{self.user.name}@{host}",
                "mailbox_password_file": self.secret}

    def arguments(self, more):
        """All options of a run."""
        result = []
        for name, value in {**self.given, **more}.items():
            for one in value if isinstance(value, list) else [value]:
                if one is True:
                    result.append(f"--{name.replace('_', '-')}")
                elif one is not None:
                    result.append(f"--{name.replace('_', '-')}={one}")
        return result

    # Runs.

    def init(self):
        """Makes the key; who sets it up does so once."""
        code, out, errors, _ = self.plainly("--init")
        labs.same((code, errors), (0, ""), f"--init: {out}")
        return self

    def plainly(self, *words, **more):
        """(exit code, stdout, stderr, seconds) of a run with these words
        behind its options."""
        lab = self.site.lab
        return lab.run([*self.under, lab.plugin(), *self.arguments(more),
                        *words], env={**os.environ, **self.environment})

    def run(self, **more):
        """One run; options that differ this time. What it sends arrives
        after it."""
        lab = self.site.lab
        lab.environment = self.environment
        with self.site.gate:
            result = labs.Result(lab, self.arguments(more), self.under)
        lab.results.append(result)
        return result

    def run_on(self, **more):
        """One run while mail goes on."""
        lab = self.site.lab
        lab.environment = self.environment
        lab.results.append(labs.Result(lab, self.arguments(more), self.under))
        return lab.results[-1]

    def begin(self, **more):
        """A run that goes on by itself, as a process."""
        lab = self.site.lab
        return subprocess.Popen(
            [lab.plugin(), *self.arguments(more), "--output=json"],
            env={**os.environ, **self.environment}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    # What is remembered.

    def files(self):
        """The files of it, that of the ledger first."""
        return sorted(glob.glob(os.path.join(self.state, "*.json")),
                      key=lambda path: "seen" in os.path.basename(path))

    def forget(self):
        """All of it is gone."""
        for path in os.listdir(self.state):
            os.unlink(os.path.join(self.state, path))


def private(path, text):
    """The path of a new file for nobody else."""
    with open(path, "w", encoding="ascii",
              opener=lambda *words: os.open(*words, 0o600)) as out:
        out.write(text + "\n")
    return path


COUNTS = ("outstanding", "delivered", "late", "lost", "bounced", "junk",
          "duplicate", "unaccounted")


def counts(result, **wanted):
    """Holds where so many probes are in these states, and none in others."""
    metrics = result.json.get("metrics", {})
    labs.same({name: metrics.get(name) for name in COUNTS},
              {**dict.fromkeys(COUNTS, 0), **wanted}, "counts")
    return result


class Shared(labs.Lab):
    """A lab of which the cases share one site, until one of them fails."""

    def __init__(self):
        self.site = None
        super().__init__()

    def finish(self, is_fine):
        self.results = []
        self.environment = {}
        if is_fine and self.site:
            self.site.settle()
            return
        if self.site:
            self.site.stop()
            self.site = None
        self.stop()


def site_of(lab):
    """The site of a lab, running."""
    if not lab.site:
        lab.site = Site(lab)
        lab.site.start()
    return lab.site


def begin(lab, protocol="imap", user=None, **given):
    """A check with a key, which has not run so far."""
    flow = Flow(site_of(lab), user)
    flow.given.update({**flow.reads(protocol), **given})
    return flow.init()


def token(key, instance, series, number, sent_ms):
    """What a probe is known by; key: its file, or bytes."""
    if isinstance(key, str):
        with open(key, encoding="ascii") as file:
            key = bytes.fromhex(file.read())
    signed = f"lp1.{instance}.{series}-{number}.{sent_ms}"
    code = hmac.digest(key, signed.encode(), "sha256")[:16]
    return f"{signed}.{code.hex()}"


def probe(user, word):
    """A message that says it is a probe with this token."""
    return (f"X-Lifeline-Probe: {word}\r\nFrom: {user.sender}\r\n"
            f"To: {user.to}\r\nSubject: Probe {word}\r\n"
            f"Message-ID: <{word}@example.net>\r\n\r\nIt is one.\r\n")


def main():
    """Runs the cases of the calling program."""
    labs.main("check_mail_flow", Shared)
