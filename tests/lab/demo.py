# SPDX-License-Identifier: GPL-3.0-or-later
"""What contrib/demo runs: a small internet to look at and to play in.

Without arguments it checks a zone that is well, replays the Fonality and
Reflexion outages and that of the founder who said "all's well" too early, and
ends with a table of what each plugin says in them; with a command as its
arguments it runs that command inside.
"""

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "outages")]

# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402
import mail  # noqa: E402
import mailbox  # noqa: E402
import netns  # noqa: E402
import pages  # noqa: E402
import posts  # noqa: E402
import servers  # noqa: E402
from signing import Signing  # noqa: E402

RESOLVER = "203.0.113.53"
MX1, MX2, IMAP = "mx1.example.org", "mx2.example.net", "imap.example.org"
IMAP_AT = "192.0.2.143 2001:db8:1::143"
PASSWORD = "not-a-secret"
TOOLS = ("dig", "delv", "host", "kdig", "khost", "drill")


def many(count, first, zone):
    """{name: addresses}: count servers in two networks, both families."""
    return {f"ns{i + 1}.{zone}":
            f"{('192.0.2', '198.51.100')[i % 2]}.{first + i // 2} "
            f"2001:db8:{i % 2 + 1}::{first + i // 2:x}"
            for i in range(count)}


def declare(lab):
    """The zones of the demo, all of them well."""
    lab.sign_above()
    lab.zone("example.org",
             {"ns1.example.org": "192.0.2.1 2001:db8:1::1",
              "ns2.example.net": "198.51.100.1 2001:db8:2::1"},
             on={"ns1.example.org": "bind", "ns2.example.net": "nsd"})
    lab.sign_above()
    lab.zone("backed.org",
             {"ns1.backed.org": "192.0.2.3 2001:db8:1::3",
              "ns2.backed.org": "198.51.100.3 2001:db8:2::3",
              "ns3.backed.org": "203.0.113.103 2001:db8:3::3"},
             on={"ns1.backed.org": "bind", "ns2.backed.org": "nsd",
                 "ns3.backed.org": "knot"},
             primary="ns1.backed.org", tsig=True)
    lab.zone("signed.org", many(4, 5, "signed.org"), on="nsd",
             records="www IN A 192.0.2.80", signed=Signing())
    for count, first in ((4, 10), (13, 20), (26, 40)):
        name = f"in{count}.org"
        lab.zone(name, many(count, first, name), on="knot")
    # The same with the servers named in another zone.
    for count, first in ((4, 70), (13, 80), (26, 100)):
        farm = f"farm{count}.net"
        server = lab.server("nsd")
        lab.zone(farm, many(count, first, farm), on=server)
        lab.zone(f"out{count}.org", [f"ns{i + 1}.{farm}"
                                     for i in range(count)], on=server)
    lab.server("unbound", RESOLVER)
    declare_mail(lab)
    declare_page(lab)


class Delivering(mail.Postfix):
    """A Postfix that delivers to the mailboxes of this internet."""

    kind = "delivering"
    services = mail.Postfix.services + """\
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
"""

    def places(self):
        return {**super().places(),
                "local_transport": f"lmtp:inet:{IMAP_AT.split()[0]}:24"}


def declare_mail(lab):
    """The mail of example.org: a primary, and a backup of another make; and
    the mailbox of its user."""
    known = {"domains": ["example.org"], "users": ["user"]}
    for preference, host, where in (
            (10, MX1, "192.0.2.25 2001:db8:1::25"),
            (20, MX2, "198.51.100.25 2001:db8:2::25")):
        lab.mx("example.org", preference, host)
        lab.host(host, where)
    lab.servers.append(Delivering(
        lab, MX1, lab.hosts[MX1], {**known, "cert": lab.certificate(MX1)}))
    lab.servers.append(mail.Exim(
        lab, MX2, lab.hosts[MX2], {**known, "cert": lab.certificate(MX2)}))
    # All else is there for who is not root, too.
    if mailbox.has_groups():
        mailbox.serve(lab, IMAP, IMAP_AT, users={"user": PASSWORD},
                      cert=lab.certificate(IMAP))


def flow_file(lab):
    """What check_mail_flow has to know of this internet, for its
    --extra-opts; and its key, which is made."""
    folder = lab.folder("config")
    os.chmod(folder, 0o700)
    path = os.path.join(folder, "flow.ini")
    given = {"from": "probe@example.net", "to": "user@example.org",
             "smtp": f"{MX1}:25", "smtp-security": "starttls",
             "imap": f"imaps://user@{IMAP}", "mailbox-password": PASSWORD,
             "ca-file": lab.ca_file(), "helo": "probe.example.net",
             "key-file": os.path.join(folder, "key")}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
              encoding="ascii") as out:
        out.write("[flow]\n" + "".join(
            f"{name}={value}\n" for name, value in given.items()))
    subprocess.run([lab.plugin("check_mail_flow"), "--init",
                    f"--key-file={given['key-file']}"], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def declare_page(lab):
    """The status page of example.org, and what it speaks for."""
    lab.site("status.example.org", "203.0.113.180 2001:db8:3::180",
             {posts.PATH: posts.says(now=time.time())})
    lab.site("www.example.org", "192.0.2.80 2001:db8:1::80",
             {"/": pages.Doc(b"<p>Buy!", "text/html")})


def wrappers(lab):
    """A folder of commands for PATH: the plugins and the unpacked tools."""
    folder = lab.folder("bin")
    plugins = labs.plugins_folder()
    for name in os.listdir(plugins) if os.path.isdir(plugins) else []:
        path = os.path.join(plugins, name)
        if name.startswith("check_") and os.access(path, os.X_OK):
            write_wrapper(folder, name, [path, *options_of(lab, name)], {})
    for name in TOOLS:
        found = servers.peer(name)
        if found:
            write_wrapper(folder, name, [found[0]], found[1])
    return folder


def options_of(lab, name):
    """What only this internet needs of a plugin."""
    if name == "check_example":
        return []
    if name == "check_status_page":
        return ["--resolver", RESOLVER, "--ca-file", lab.ca_file()]
    if name == "check_mail_flow":
        return [f"--extra-opts=flow@{flow_file(lab)}"]
    mail = ["--helo", "probe.example.net", "--ca-file", lab.ca_file()]
    return lab.arguments() + (mail if name == "check_mx" else [])


def write_wrapper(folder, name, words, environment):
    """A command that runs another one with some words in front."""
    path = os.path.join(folder, name)
    library = environment.get("LD_LIBRARY_PATH")
    setting = f"LD_LIBRARY_PATH='{library}' " if library else ""
    quoted = " ".join(f"'{word}'" for word in words)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'#!/bin/sh\n{setting}exec {quoted} "$@"\n')
    os.chmod(path, 0o755)


def resolver_file(lab, more=""):
    """The file that names the resolver of this internet; more: lines for it."""
    path = os.path.join(lab.root, "resolv.conf")
    with open(path, "w", encoding="ascii") as out:
        out.write(f"nameserver {RESOLVER}\n{more}")
    return path


def use_resolver(lab):
    """In here, /etc/resolv.conf names the resolver of this internet."""
    path = resolver_file(lab)
    if netns.has_mounts() and os.path.exists("/etc/resolv.conf"):
        subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"],
                       check=False, stderr=subprocess.DEVNULL)


def run(lab, command):
    """Runs a command inside; returns its exit code."""
    lab.start()
    use_resolver(lab)
    environment = dict(os.environ, LIFELINE_HINTS=lab.hints_file(),
                       LIFELINE_ANCHOR=lab.anchor_file() or "",
                       LIFELINE_STATE_DIR=lab.state_dir,
                       TSIG_FILE=lab.transfer_key("backed.org").file(lab))
    environment["PATH"] = wrappers(lab) + ":" + environment["PATH"]
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except OSError as error:
        print(f"contrib/demo: {command[0]}: {error.strerror}",
              file=sys.stderr)
        return 127


def main():
    """The demo, or the command."""
    lab = labs.enter()
    try:
        if sys.argv[1:]:
            declare(lab)
            code = run(lab, sys.argv[1:])
            sys.exit(code if code >= 0 else 128 - code)
        import company
        import fonality
        import founder
        import reflexion
        sys.exit(0 if fonality.tell(lab) and reflexion.tell(lab)
                 and founder.tell(lab) and company.tell(lab) else 1)
    except servers.Missing as missing:
        print(f"contrib/demo: {missing}", file=sys.stderr)
        sys.exit(1)
    finally:
        lab.stop()


if __name__ == "__main__":
    main()
