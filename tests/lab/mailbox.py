# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes of the lab: Dovecot, by IMAP, POP3 and LMTP.

    server = mailbox.serve(lab, "imap.example.org", "192.0.2.143",
                           users={"user": "secret"},
                           cert=lab.certificate("imap.example.org"))

Mail is put into a folder as files of a Maildir, or given to it by LMTP. It
drops its privileges in appearance only, as the exchangers do (mail.py).
"""

import os
import subprocess
import time

import mail
import netns
import servers

HIERARCHY = ("cur", "new", "tmp")
QUOTA = "mail_plugins = quota\nplugin {\n  quota = count:all of it\n  quota_vsizes = yes\n}\n"


def has_groups():
    """Whether here are more groups than the one of who made this namespace."""
    with open("/proc/self/gid_map", encoding="ascii") as ranges:
        return sum(int(line.split()[2]) for line in ranges) > 1


class Dovecot(servers.Server):
    """users: {name: password}. cert: a Certificate; none for plain text
    only. uidplus: whether it tells of that. quotas: {name: bytes}, for some.
    more: lines for its configuration."""

    kind, tool, group = "dovecot", "doveconf", "mail"
    port = 143

    def __init__(self, lab, addresses, **options):
        super().__init__(lab, addresses)
        self.carried = []
        self.users, self.cert = {}, None
        self.uidplus, self.quotas, self.more = True, {}, ""
        for option, value in options.items():
            if not hasattr(self, option):
                raise AttributeError(option)
            setattr(self, option, value)
        self.where = None
        self.home = lab.folder("mailboxes")

    def program(self):
        path, environment = super().program()
        # Left to itself, it looks for its settings' reader in /usr/bin.
        self.where = path.removesuffix("/usr/bin/doveconf")
        libraries = os.path.join(self.where, "usr/lib/dovecot")
        known = environment.get("LD_LIBRARY_PATH", "")
        return path, {**environment, **mail.pretending(self.lab),
                      "LD_LIBRARY_PATH": f"{libraries}:{known}"}

    def start(self):
        self.program()
        if not has_groups():
            raise servers.Missing("Dovecot gives folders to groups, of which "
                                  "a user's namespace has one: run as root")
        show_modules(os.path.join(self.where, "usr/lib/dovecot"),
                     self.lab.folder("modules"))
        super().start()

    def configure(self):
        words = self.write("users", "".join(
            f"{name}:{{PLAIN}}{word}:8:8::{self.home}/{name}::"
            f"{self.quota(name)}\n" for name, word in self.users.items()))
        listen = ", ".join(self.addresses)
        tls = (f"ssl = yes\nssl_cert = <{self.cert.path}\n"
               f"ssl_key = <{self.cert.key_path}\n" if self.cert
               else "ssl = no\n")
        lmtp = "".join(
            f"  inet_listener at{n} {{\n    address = {a}\n    port = 24\n"
            "  }\n" for n, a in enumerate(self.addresses))
        limits = "" if self.uidplus else (
            "protocol imap {\n  imap_capability = IMAP4rev1 SASL-IR "
            "AUTH=PLAIN\n}\n")
        conf = self.write("dovecot.conf", f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/state
libexec_dir = {self.where}/usr/lib/dovecot
mail_plugin_dir = {self.where}/usr/lib/dovecot/modules
log_path = {self.folder}/log
listen = {listen}
protocols = imap pop3 lmtp
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = mail
first_valid_uid = 0
import_environment = LD_PRELOAD LD_LIBRARY_PATH UID_WRAPPER UID_WRAPPER_ROOT \
NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %n
auth_failure_delay = 0
postmaster_address = postmaster@example.org
{tls}
mail_location = maildir:{self.home}/%u:INDEX={self.folder}/index/%u
mailbox_list_index = yes
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = username_format=%u {words}
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {words}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
}}
service pop3-login {{
  chroot =
  service_count = 0
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
{lmtp}}}
{limits}{QUOTA if self.quotas else ''}{self.more}
""")
        return ["-f", "service=master", "-c", conf, "-m", "master", "-e",
                f"{self.where}/usr/sbin/dovecot", "-F", "-c", conf]

    def quota(self, name):
        """How much a user may keep, in the words of the file of users."""
        return (f"userdb_quota_rule=*:bytes={self.quotas[name]}"
                if name in self.quotas else "")

    def wait(self):
        """It listens at one port after the other, at that of IMAPS last."""
        deadline = time.monotonic() + servers.START_S
        for address in self.addresses:
            mail.wait_for_connection(self, address, deadline,
                                     993 if self.cert else None)

    def path(self, user, folder="INBOX"):
        """The Maildir of a folder, made where there is none."""
        where = os.path.join(self.home, user)
        if folder != "INBOX":
            where = os.path.join(where, f".{folder}")
        for name in HIERARCHY:
            os.makedirs(os.path.join(where, name), exist_ok=True)
        return where

    def put(self, user, *texts, folder="INBOX", prefix="m"):
        """Lays messages into a folder; in their order. Those of one text are
        one file."""
        where = self.path(user, folder)
        begin, first = time.time_ns() // 1000, {}
        for number, text in enumerate(texts):
            at = begin + number
            path = os.path.join(where, "new", f"{at // 1000000}."
                                f"M{at % 1000000:06}{prefix}{number:06}.lab")
            if text in first:
                os.link(first[text], path)
                continue
            fresh = os.path.join(where, "tmp", f"{prefix}{number}")
            with open(fresh, "wb") as out:
                out.write(text.encode())
            os.rename(fresh, path)
            first[text] = path

    def kept(self, user, folder="INBOX"):
        """The files of the messages of a folder."""
        where = self.path(user, folder)
        return sorted(os.path.join(where, name, file)
                      for name in HIERARCHY[:2]
                      for file in os.listdir(os.path.join(where, name)))


def show_modules(where, above):
    """Its path of modules is built in: lays the unpacked ones there, for who
    is in this namespace of mounts. above: a folder for that."""
    if os.path.exists("/usr/lib/dovecot"):
        return
    os.symlink(where, os.path.join(above, "dovecot"))
    if not netns.has_mounts() or subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={above}:/usr/lib", "/usr/lib"],
            capture_output=True, check=False).returncode:
        raise servers.Missing("Dovecot has its modules in /usr/lib/dovecot "
                              "only, and nothing may be mounted there")


def serve(lab, host, addresses, **options):
    """A server of mailboxes, which starts with the lab."""
    lab.host(host, addresses)
    server = Dovecot(lab, lab.hosts[host], **options)
    lab.servers.append(server)
    return server
