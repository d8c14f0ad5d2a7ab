# SPDX-License-Identifier: GPL-3.0-or-later
"""A provider that sends mail: what becomes of a message, by a real sender.

    sender = Sender(lab, "out.example.net", "203.0.113.90", resolver)
    message = sender.submit("alice@example.net", "user@example.org")
    sender.fate(message)    # Fate("bounced", "mx2.example.org[...]:25", ...)
    sender.returned()       # the mail that alice got back

It is a Postfix with its own defaults, but for three: it asks the resolver of
its internet, it waits for a greeting for as long as it is told, and it keeps
alice's mailbox.
"""

import collections
import glob
import os
import re
import smtplib
import subprocess
import time

import mail
import servers

PATIENCE_S = 60  # for what a test waits for
STATUS = re.compile(r" (\S+): to=<.*>, relay=([^,]*),.* "
                    r"status=(\S+) \((.*)\)")

# What a message came to: "sent", "bounced" or "deferred"; the exchanger that
# said so, as name[address]:port; and what it said.
Fate = collections.namedtuple("Fate", "status relay said")


class Sender(mail.Postfix):
    """domain: whose mail it keeps; everything else goes out.

    greeting_s: for how long it waits for a greeting; senders wait 300 s.
    """

    kind = "sender"
    services = mail.Postfix.services + """\
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
smtp unix - - n - - smtp
virtual unix - n n - - virtual
"""

    def __init__(self, lab, name, addresses, resolver, **options):
        self.resolver = resolver
        self.domain = name.partition(".")[2]
        self.greeting_s = 300
        super().__init__(lab, name, addresses.split(),
                         {"open_relay": True, **options})

    def program(self):
        path, environment = super().program()
        found = mail.library("libresolv_wrapper.so")
        return path, {
            **environment,
            "LD_PRELOAD": f"{environment['LD_PRELOAD']} {found}",
            "RESOLV_WRAPPER_CONF": mail.written_once(
                self.lab, "resolv.conf", f"nameserver {self.resolver}\n")}

    def places(self):
        v4, v6 = self.by_family()
        places = super().places()
        return {
            **places,
            "import_environment":
                places["import_environment"] + " RESOLV_WRAPPER_CONF",
            "default_transport": "smtp", "relay_transport": "smtp",
            "smtp_bind_address": "".join(v4[:1]),
            "smtp_bind_address6": "".join(v6[:1]),
            "smtp_helo_timeout": f"{self.greeting_s}s",
            "virtual_transport": "virtual",
            "virtual_mailbox_domains": self.domain,
            "virtual_mailbox_maps": "static:mailbox/",
            "virtual_mailbox_base": self.folder,
            "virtual_uid_maps": "static:1000",
            "virtual_gid_maps": "static:1000"}

    def submit(self, sender, recipient):
        """Takes a message of its user; returns what it is known by."""
        with smtplib.SMTP(self.addresses[0], self.port,
                          local_hostname="desk.example.net",
                          timeout=PATIENCE_S) as peer:
            peer.mail(sender)
            peer.rcpt(recipient)
            _, said = peer.data(f"From: {sender}\r\nTo: {recipient}\r\n"
                                "Subject: An order\r\n\r\nPlease.\r\n")
        return said.split()[-1].decode()

    def retry(self):
        """It tries at once what waits. That a try was in vain is in its log
        before the message waits for another."""
        deadline = time.monotonic() + PATIENCE_S
        while any(glob.glob(os.path.join(self.folder, "queue", name, "*"))
                  for name in ("incoming", "active")):
            if time.monotonic() > deadline:
                raise AssertionError(f"it tries on and on:\n{self.log()}")
            time.sleep(0.005)
        subprocess.run([servers.peer("postqueue")[0], "-c", self.folder,
                        "-f"], env=self.program()[1], check=True)

    def fate(self, message, status=""):
        """What became of a message, at its last try so far.

        status: the one that is waited for; any, if not given.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            fates = [Fate(was, relay, said) for ident, relay, was, said
                     in STATUS.findall(self.log())
                     if ident == message and status in ("", was)]
            if fates:
                return fates[-1]
            time.sleep(0.01)
        raise AssertionError(f"nothing of {message}:\n{self.log()}")

    def returned(self):
        """The mail that its users got, as soon as there is any."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = glob.glob(os.path.join(self.folder, "mailbox/new/*"))
            if found:
                return [read(path) for path in found]
            time.sleep(0.01)
        raise AssertionError(f"nothing came back:\n{self.log()}")


def read(path):
    """A file's text."""
    with open(path, encoding="utf-8", errors="replace") as text:
        return text.read()
