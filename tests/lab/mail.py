# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail exchangers of the lab: Postfix and Exim, and what stands around them.

    lab.zone("example.org", {"ns1.example.org": "192.0.2.1"})
    lab.mx("example.org", 10, "mx1.example.org")
    lab.mail("mx1.example.org", "192.0.2.25 2001:db8:1::25", "postfix",
             domains=["example.org"], users=["user"],
             cert=lab.certificate("mx1.example.org"))

They never pass a message on: what they accepted would be thrown away. Both
drop their privileges in appearance only (uid_wrapper), since a user who is
root in a namespace has no other users there.
"""

import glob
import os
import socket
import socketserver
import threading
import time

import servers
import smtp
from servers import Missing

# The users and groups of these servers, wherever they run.
ACCOUNTS = (("root", 0), ("mail", 8), ("Debian-exim", 101), ("postfix", 102),
            ("postdrop", 103), ("nogroup", 65533), ("nobody", 65534))
# Postfix names restrictions and tables by who is judged, not by the stage.
JUDGED = {"connect": "client", "helo": "helo", "mail": "sender",
          "rcpt": "recipient"}


class MailServer(servers.Server):
    """A process that takes mail on port 25 of its addresses.

    name: what it says it is. domains: what it takes mail for, users: for
    whom there, by the local part; None for everybody. relays: the domains
    that it is a backup for; relay_users: for which addresses, None for all.
    cert: a Certificate, or "broken" for an empty file; without one
    there is no STARTTLS. versions: the protocols
    ("TLSv1", ...). replies: {recipient: what RCPT gets}. refuses: {stage:
    what everybody gets}, the stage being "connect", "helo", "mail" or
    "rcpt". greylist: a Greylist. greets_after_s: how late the greeting is.
    open_relay: takes mail for anywhere.
    """

    group = "mail"
    port = 25

    def __init__(self, lab, name, addresses, options):
        super().__init__(lab, addresses)
        self.carried = []
        self.name = name
        self.domains, self.users = [], None
        self.relays, self.relay_users = [], None
        self.cert, self.versions = None, None
        self.replies, self.refuses = {}, {}
        self.greylist = None
        self.greets_after_s = 0
        self.open_relay = False
        self.more = ""  # lines for its configuration
        for option, value in options.items():
            if not hasattr(self, option):
                raise AttributeError(option)
            setattr(self, option, value)

    def program(self):
        path, environment = super().program()
        return path, {**environment, **pretending(self.lab),
                      "OPENSSL_CONF": self.lab.lax_openssl()}

    def wait(self):
        deadline = time.monotonic() + servers.START_S
        for address in self.addresses:
            wait_for_connection(self, address, deadline)

    def start(self):
        if self.greylist:
            self.greylist.start()
        super().start()

    def stop(self):
        super().stop()
        if self.greylist:
            self.greylist.stop()

    def cert_path(self):
        """The file of its key and certificates; an empty one if "broken"."""
        return self.write("broken", "") if self.cert == "broken" \
            else self.cert.both


class Journal:
    """Writes down what the processes of a Postfix log.

    Its own postlogd may wait for ever: it logs to itself as well, by a socket
    that is full after ten lines of others.
    """

    MOST = 65536  # bytes of a line

    def __init__(self, where, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(where)
        self.file = open(path, "wb", buffering=0)
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self):
        """Line by line, up to the one that close() sends."""
        while True:
            line = self.socket.recv(self.MOST)
            if not line:
                return
            self.file.write(line.rstrip(b"\n") + b"\n")

    def close(self):
        """Returns when all is written."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
        self.file.close()


class Postfix(MailServer):
    """sni: {name: the Certificate for who asks for it}."""

    kind, tool = "postfix", "postconf"
    services = """\
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
discard unix - - n - - discard
"""

    def __init__(self, lab, name, addresses, options):
        self.sni = {}
        self.where = self.daemons = self.journal = None
        super().__init__(lab, name, addresses, options)

    def program(self):
        """Its master, which lives elsewhere than what a user calls."""
        path, environment = super().program()
        root = path.removesuffix("/usr/sbin/postconf")
        for folder in ("usr/lib/postfix/sbin", "usr/libexec/postfix"):
            master = os.path.join(root or "/", folder, "master")
            if os.access(master, os.X_OK):
                self.where = root
                self.daemons = os.path.dirname(master)
                return master, environment
        raise Missing("Postfix is not here: contrib/peers mail")

    def write(self, name, text):
        """Writes a file that looks settled: it waits for fresh ones."""
        path = super().write(name, text)
        os.utime(path, (0, time.time() - 60))
        return path

    def configure(self):
        for name in ("queue", "data"):
            os.mkdir(os.path.join(self.folder, name))
        for name in ("active", "bounce", "corrupt", "defer", "deferred",
                     "flush", "hold", "incoming", "maildrop", "pid",
                     "private", "public", "saved", "trace"):
            os.mkdir(os.path.join(self.folder, "queue", name))
        self.write("main.cf", "\n".join(
            f"{name} = {value}" for name, value in {
                **self.places(), **self.taking(), **self.refusing(),
                **self.encryption()}.items()) + "\n" + self.more + "\n")
        listeners = "".join(
            f"{f'[{a}]' if ':' in a else a}:25 inet n - n - - smtpd\n"
            for a in self.addresses)
        self.write("master.cf", listeners + self.services)
        self.journal = Journal(f"{self.folder}/queue/public/postlog",
                               f"{self.folder}/maillog")
        return ["-c", self.folder, "-d"]

    def stop(self):
        super().stop()
        if self.journal:
            self.journal.close()
            self.journal = None

    def places(self):
        """Where it has what, and who it is."""
        sbin = os.path.join(self.where, "usr/sbin")
        return {
            "compatibility_level": "3.6",
            "queue_directory": f"{self.folder}/queue",
            "data_directory": f"{self.folder}/data",
            "daemon_directory": self.daemons, "command_directory": sbin,
            "shlib_directory": f"{self.where}/usr/lib/postfix",
            "meta_directory": f"{self.where}/etc/postfix",
            "mail_owner": "postfix", "setgid_group": "postdrop",
            "maillog_file": f"{self.folder}/maillog",
            "maillog_file_prefixes": self.folder,
            "import_environment": "MAIL_CONFIG LD_PRELOAD LD_LIBRARY_PATH "
                                  "UID_WRAPPER UID_WRAPPER_ROOT "
                                  "NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP "
                                  "OPENSSL_CONF FAKETIME",
            "myhostname": self.name,
            "mynetworks": "0.0.0.0/0 [::]/0" if self.open_relay else "",
            "inet_interfaces": " ".join(self.addresses),
            "smtpd_peername_lookup": "no", "in_flow_delay": "0",
            "smtpd_client_connection_count_limit": "0",
            "default_transport": "discard", "local_transport": "discard",
            "relay_transport": "discard", "virtual_transport": "discard",
            "alias_maps": "", "alias_database": ""}

    def taking(self):
        """For whom it takes mail."""
        return {
            "mydestination": " ".join(self.domains),
            "local_recipient_maps": self.table("users", self.users),
            "relay_domains": " ".join(self.relays),
            "relay_recipient_maps": self.table("relayed", self.relay_users),
            "smtpd_relay_restrictions":
                "permit_mynetworks, reject_unauth_destination"}

    def table(self, name, keys):
        """A map that knows these keys; none where everything is known."""
        if keys is None:
            return ""
        if not isinstance(keys, dict):
            keys = {key: "ok" for key in keys}
        return "texthash:" + self.write(name, "".join(
            f"{key} {value}\n" for key, value in keys.items()))

    def refusing(self):
        """What it says to whom it takes no mail from or for."""
        stages = {stage: [] for stage in JUDGED}
        if self.greets_after_s:
            stages["connect"].append(f"sleep {self.greets_after_s}")
        for stage, reply in self.refuses.items():
            stages[stage].append(
                f"check_{JUDGED[stage]}_access static:{{{reply}}}")
        if self.replies:
            stages["rcpt"].append("check_recipient_access "
                                  + self.table("replies", self.replies))
        if self.greylist:
            stages["rcpt"].append("check_policy_service inet:127.0.0.1:"
                                  f"{self.greylist.port}")
        return {"smtpd_delay_reject": "no", **{
            f"smtpd_{JUDGED[stage]}_restrictions": ", ".join(rules)
            for stage, rules in stages.items()}}

    def encryption(self):
        """STARTTLS."""
        if not self.cert:
            return {}
        return {
            "smtpd_tls_security_level": "may", "smtpd_tls_loglevel": "1",
            "smtpd_tls_chain_files": self.cert_path(),
            "smtpd_tls_protocols": ", ".join(self.versions or []),
            "tls_medium_cipherlist": "DEFAULT@SECLEVEL=0",
            "tls_server_sni_maps": self.table("sni", {
                name: cert.both for name, cert in self.sni.items()})
            if self.sni else ""}

    def log(self):
        """The end of its log."""
        with open(os.path.join(self.folder, "maillog"), encoding="utf-8",
                  errors="replace") as log:
            return log.read()[-4000:] or super().log()


class Exim(MailServer):
    """unknown: what it says to whom it does not know."""

    kind, tool, group = "exim", "exim4", "exim"
    unknown = "Unrouteable address"

    def spool(self):
        """The messages that it took, each by its name."""
        return sorted(name.removesuffix("-H") for name in os.listdir(
            os.path.join(self.folder, "spool/input")) if name.endswith("-H"))

    def configure(self):
        os.mkdir(os.path.join(self.folder, "spool"))
        where = "; ".join(f"[{a}]:25" for a in self.addresses)
        conf = self.write("exim.conf", f"""
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/log-%s
pid_file_path = {self.folder}/pid
primary_hostname = {self.name}
local_interfaces = <; {where}
acl_smtp_connect = on_connect
acl_smtp_helo = on_helo
acl_smtp_mail = on_mail
acl_smtp_rcpt = on_rcpt
domainlist own = {" : ".join(self.domains)}
domainlist relayed = {" : ".join(self.relays)}
never_users =
host_lookup =
helo_allow_chars = _
rfc1413_query_timeout = 0s
queue_only
{self.encryption()}
{self.more}
begin acl
on_connect:
{self.pause()}{self.refusal("connect")}  accept
on_helo:
{self.refusal("helo")}  accept
on_mail:
{self.refusal("mail")}  accept
on_rcpt:
{self.refusal("rcpt")}{self.taking()}  accept
begin routers
nowhere:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
  user = root
""")
        return ["-C", conf, "-bdf"]

    def pause(self):
        """Waits before it greets."""
        return (f"  warn delay = {self.greets_after_s}s\n"
                if self.greets_after_s else "")

    @staticmethod
    def says(reply, condition=""):
        """A refusal in its own words."""
        verb = "defer" if reply.startswith("4") else "deny"
        return f"  {verb} message = {reply}\n{condition}"

    def refusal(self, stage):
        """What everybody hears at a stage."""
        if stage not in self.refuses:
            return ""
        return self.says(self.refuses[stage])

    def taking(self):
        """For whom it takes mail."""
        text = "".join(
            self.says(reply, f"    recipients = {recipient}\n")
            for recipient, reply in self.replies.items())
        if not self.open_relay:
            text += self.says("550 relay not permitted",
                              "    !domains = +own : +relayed\n")
        if self.users is not None:
            text += self.says(
                self.unknown, "    domains = +own\n"
                f"    !local_parts = {' : '.join(self.users)}\n")
        if self.relay_users is not None:
            text += self.says(
                self.unknown, "    domains = +relayed\n"
                f"    !recipients = {' : '.join(self.relay_users)}\n")
        if self.greylist:
            ask = (f"${{readsocket{{inet:127.0.0.1:{self.greylist.port}}}"
                   "{sender=$sender_address\\nrecipient=$local_part@$domain"
                   "\\nclient_address=$sender_host_address\\n\\n}{5s}{}}")
            text += self.says(
                self.greylist.reply,
                f"    !condition = ${{if match{{{ask}}}{{dunno}}}}\n")
        return text

    def encryption(self):
        """STARTTLS."""
        if not self.cert:
            return "tls_advertise_hosts ="
        versions = "".join(f":+VERS-{v.replace('TLSv', 'TLS')}"
                           f"{'' if '.' in v else '.0'}"
                           for v in self.versions or [])
        ciphers = "NORMAL" + (":-VERS-ALL" + versions if versions else "")
        return ("tls_advertise_hosts = *\ntls_dhparam = none\n"
                f"tls_certificate = {self.cert_path()}\n"
                f"tls_require_ciphers = {ciphers}")

    def log(self):
        """The end of its logs."""
        text = ""
        for path in sorted(glob.glob(os.path.join(self.folder, "log-*"))):
            with open(path, encoding="utf-8", errors="replace") as log:
                text += log.read()[-2000:]
        return text or super().log()


class Closed(MailServer):
    """A machine that is up and has nothing on port 25."""

    kind = "closed"

    def start(self):
        """There is nothing to start."""

    def wait(self):
        """There is nothing to wait for."""


class Nginx(servers.Server):
    """Pages over HTTPS: for a host's files, whatever is to be wrong.

    pages: {path: Page}; cert: a Certificate; None for plain HTTP only.
    """

    kind, tool, group = "nginx", "nginx", "mail"
    port = 443

    def __init__(self, lab, addresses, pages, cert):
        super().__init__(lab, addresses)
        self.carried = []
        self.pages, self.cert = pages, cert
        if not cert:
            self.port = 80

    def configure(self):
        listen = "".join(
            f"\tlisten {f'[{a}]' if ':' in a else a}:{self.port}"
            f"{' ssl' if self.cert else ''};\n" for a in self.addresses)
        tls = self.cert and (f"\tssl_certificate {self.cert.path};\n"
                             f"\tssl_certificate_key {self.cert.key_path};\n")
        pages = "".join(self.location(n, path, page) for n, (path, page)
                        in enumerate(self.pages.items()))
        temporary = "".join(
            f"{name}_temp_path {self.folder}/temporary;\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = self.write("nginx.conf", f"""
user root root; daemon off; master_process off; pid {self.folder}/pid;
error_log stderr;
events {{ worker_connections 200; }}
http {{
access_log {self.folder}/access; default_type text/plain;
{temporary}server {{
{listen}{tls or ''}{pages}}}
}}
""")
        return ["-p", self.folder, "-c", conf, "-e", "stderr"]

    def location(self, number, path, page):
        """How one page is served."""
        if page.redirect:
            return (f"\tlocation = {path} {{ return {page.status} "
                    f"{page.redirect}; }}\n")
        if page.status != 200:
            return f"\tlocation = {path} {{ return {page.status}; }}\n"
        file = self.write(f"page{number}", page.text)
        rate = f" limit_rate {page.rate};" if page.rate else ""
        return (f"\tlocation = {path} {{ alias {file};{rate} "
                f"types {{ }} default_type {page.media}; }}\n")

    def change(self, path, page):
        """Serves another text there from now on."""
        self.pages[path] = page
        self.write(f"page{list(self.pages).index(path)}", page.text)

    def asked(self, least=0):
        """The requests so far, as its log has them. It notes each behind its
        reply: so many are waited for."""
        deadline = time.monotonic() + servers.START_S
        while True:
            with open(os.path.join(self.folder, "access"),
                      encoding="utf-8") as log:
                lines = log.read().splitlines()
            if len(lines) >= least or time.monotonic() > deadline:
                return lines
            time.sleep(0.005)

    def wait(self):
        deadline = time.monotonic() + servers.START_S
        for address in self.addresses:
            wait_for_connection(self, address, deadline)


class Page:
    """What is served at a path. rate: in bytes a second, after the first."""

    def __init__(self, text="", media="text/plain", status=200,
                 redirect=None, rate=0):
        self.text, self.media, self.rate = text, media, rate
        self.redirect = redirect
        self.status = 301 if redirect and status == 200 else status


class Greylist:
    """Defers whom it has not seen, as a policy server of Postfix does.

    passes_at: at which try it lets a client, sender and recipient pass;
    None for never.
    """

    def __init__(self, passes_at=2, reply="450 4.7.1 Greylisted, try later"):
        self.passes_at, self.reply = passes_at, reply
        self.tries = {}
        self.server = self.port = None

    def handler(self):
        """What answers one connection."""
        policy = self

        class Handler(socketserver.StreamRequestHandler):
            """Reads requests until the peer has no more of them."""

            def handle(self):
                while True:
                    asked = {}
                    for line in self.rfile:
                        if line == b"\n":
                            break
                        name, _, value = line.decode().strip().partition("=")
                        asked[name] = value
                    else:
                        return
                    self.wfile.write(
                        f"action={policy.judge(asked)}\n\n".encode())
        return Handler

    def judge(self, asked):
        """What becomes of a recipient."""
        ident = tuple(asked.get(n) for n in ("client_address", "sender",
                                             "recipient"))
        self.tries[ident] = self.tries.get(ident, 0) + 1
        if self.passes_at and self.tries[ident] >= self.passes_at:
            return "dunno"
        return self.reply

    def start(self):
        """Answers from now on, at a port that is known then."""
        self.server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def stop(self):
        """Ends the thread, where there is one."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


KINDS = {c.kind: c for c in (Postfix, Exim, Closed)}


class Mail:
    """What a lab can do about mail."""

    def certificate(self, *names, **settings):
        """A certificate for these names (see certificates.py)."""
        return self.certificates.get(names, **settings)

    def ca_file(self):
        """The one authority that is to be trusted."""
        return self.certificates.trusted()

    def mail(self, host, addresses, kind="postfix", **options):
        """A mail exchanger. host: a name, or {name: addresses} (then
        addresses is None) where one server has several."""
        hosts = host if isinstance(host, dict) else {host: addresses}
        for name, where in hosts.items():
            self.host(name, where)
        first = next(iter(hosts))
        everywhere = [a for n in hosts for a in self.hosts[n]]
        server = KINDS[kind](self, first, everywhere, options)
        self.servers.append(server)
        return server

    def add_mail(self, *words, **options):
        """Starts one more exchanger in the running internet."""
        server = self.mail(*words, **options)
        self.net.add(server.addresses)
        server.start()
        server.wait()
        return server

    def smtp(self, host, addresses, behaviour):
        """An exchanger that behaves as a script says (tests/servers)."""
        self.host(host, addresses)
        server = smtp.Scripted(self, self.hosts[host], behaviour)
        self.servers.append(server)
        return server

    def add_scripted(self, address, port, behaviour):
        """Starts one more of these in the running internet, at any port."""
        server = smtp.Scripted(self, [address], behaviour)
        server.port = port
        self.servers.append(server)
        self.net.add(server.addresses)
        server.start()
        return server

    def zone_of(self, name):
        """The zone of a name; made where there is none yet."""
        zones = [z for n, z in self.zones.items() if n not in ("", ".")
                 and (name == n or name.endswith("." + n))]
        if zones:
            return max(zones, key=lambda z: len(z.name))
        own = ".".join(name.split(".")[-2:])
        return self.zone(own, {f"ns.{own}": self.next_pair()},
                         on=self.shared("elsewhere"))

    def record(self, name, rtype, data):
        """One more record in the zone of its name."""
        settings = self.zone_of(name).settings
        settings["records"] += f"\n{name}. IN {rtype} {data}"

    def mx(self, domain, preference, host):
        """One more MX record; "." for a null MX."""
        self.record(domain, "MX", f"{preference} {host.rstrip('.')}.")

    def tlsa(self, host, cert, usage=3, selector=1, matching=1):
        """One more TLSA record; cert: a Certificate, or the data."""
        data = cert if isinstance(cert, str) else cert.tlsa(
            usage, selector, matching)
        self.record(f"_25._tcp.{host}", "TLSA", data)

    def policy(self, domain, addresses, policy, cert=None, **settings):
        """An MTA-STS policy: the TXT record, and its host with the text.

        policy: a Page, or the text. record: the TXT data where it is a lie,
        None for none, a list for several. cert: of the host, the right one
        unless given.
        """
        host = f"mta-sts.{domain}"
        self.host(host, addresses)
        record = settings.pop("record", "v=STSv1; id=20260101;")
        for text in [record] if isinstance(record, str) else record or []:
            self.record(f"_mta-sts.{domain}", "TXT", f'"{text}"')
        page = policy if isinstance(policy, Page) else Page(
            policy, **settings)
        server = Nginx(self, self.hosts[host],
                       {"/.well-known/mta-sts.txt": page},
                       cert or self.certificate(host))
        self.servers.append(server)
        return server

    def lax_openssl(self):
        """A configuration under which OpenSSL serves weak keys as well."""
        return written_once(
            self, "openssl.cnf",
            "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\n"
            "system_default = lax\n[lax]\nMinProtocol = TLSv1\n"
            "CipherString = DEFAULT@SECLEVEL=0\n")


def policy_text(mode, *mx, max_age=604800, version="STSv1"):
    """The text of an MTA-STS policy (RFC 8461 section 3.2)."""
    return "\r\n".join([f"version: {version}", f"mode: {mode}",
                        *(f"mx: {name}" for name in mx),
                        f"max_age: {max_age}", ""])


def pretending(lab):
    """The environment of a program that only thinks it changes its user."""
    libraries = [library(name) for name in ("libnss_wrapper.so",
                                            "libuid_wrapper.so")]
    words = {"LD_PRELOAD": " ".join(libraries),
             "UID_WRAPPER": "1", "UID_WRAPPER_ROOT": "1"}
    for variable, line in (("PASSWD", "{0}:x:{1}:{1}::/:/bin/sh\n"),
                           ("GROUP", "{0}:x:{1}:\n")):
        words[f"NSS_WRAPPER_{variable}"] = written_once(
            lab, variable.lower(),
            "".join(line.format(*entry) for entry in ACCOUNTS))
    return words


def library(name):
    """The path of a library that changes what a program sees."""
    found = glob.glob(os.path.join(
        servers.PEERS, "root/usr/lib/*-linux-*", name)) or glob.glob(
            os.path.join("/usr/lib/*-linux-*", name))
    if not found:
        raise Missing(f"{name} is not here: contrib/peers mail")
    return found[0]


def written_once(lab, name, text):
    """The path of a file that running servers read again and again."""
    path = os.path.join(lab.root, name)
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
    return path


def wait_for_connection(server, address, deadline, port=None):
    """Returns when something listens, or tells why it never will."""
    where = (address, port or server.port)
    while True:
        if server.process.poll() is not None:
            raise RuntimeError(f"{server.kind} ended:\n{server.log()}")
        try:
            socket.create_connection(where, 1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{server.kind} is not at {address}: "
                                   f"{error}\n{server.log()}") from error
            time.sleep(0.005)
