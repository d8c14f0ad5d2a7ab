# SPDX-License-Identifier: GPL-3.0-or-later
"""Status pages of the lab: nginx with TLS, and what stands around it.

    lab.at(pages.NOW)
    lab.site("status.example.org", "192.0.2.80 2001:db8:1::80",
             {"/api": pages.Doc("statuspage/all-well.json")})
    lab.look("https://status.example.org/api").expect("OK", {})

Names are those of the lab's DNS: NSD, and Unbound that the plugin asks. The
time is the lab's own, for the servers as for the plugin, and can be moved, so
that the documents of tests/page are as old as they are meant to be.
"""

import collections
import os
import socket
import ssl
import time

import mail
import servers
import web

NOW = 1785753900  # 2026-08-03 10:45 UTC: what tests/page goes by
MINUTE, HOUR, DAY = 60, 3600, 86400
DOCUMENTS = os.path.join(servers.TOP, "tests", "page")
MEDIA = {".json": "application/json", ".xml": "application/xml",
         ".html": "text/html", ".txt": "text/plain"}
RESOLVER = "203.0.113.53"

# A request as nginx noted it.
Asked = collections.namedtuple(
    "Asked", "address host path status sent etag since accepts agent")
LOOK = "/look/"
LOG = ("$server_addr\t$host\t$request_uri\t$status\t$body_bytes_sent\t"
       "$http_if_none_match\t$http_if_modified_since\t$http_accept_encoding"
       "\t$http_user_agent")


def document(name):
    """The bytes of a document of tests/page."""
    with open(os.path.join(DOCUMENTS, name), "rb") as source:
        return source.read()


class Doc(mail.Page):
    """What is served at a path: a document of tests/page by its name, or any
    bytes. changed: when it last was, seconds since 1970; else now. header:
    more of it.
    """

    file = None  # where it is served from

    def __init__(self, body=b"", media=None, **settings):
        self.header = settings.pop("header", {})
        self.changed = settings.pop("changed", None)
        if isinstance(body, str):
            media = media or MEDIA[os.path.splitext(body)[1]]
            body = document(body)
        super().__init__(body, media or "text/plain", **settings)


class Site(mail.Nginx):
    """A web server for one host or several.

    gzip: whether it packs what it sends; tags: whether it tells an ETag and
    when a page was changed, and so answers conditional requests.
    """

    def __init__(self, lab, addresses, host, pages, cert):
        super().__init__(lab, addresses, pages, cert)
        self.hosts = {host: (pages, cert)}
        self.gzip = False
        self.tags = True
        self.plain = False  # port 80, too
        self.more = ""  # of its listeners with TLS
        self.n_files = 0
        self.newest = 0  # when a page was last changed
        self.port = 443 if cert else 80
        self.n_looks = 0

    def program(self):
        path, environment = super().program()
        return path, {**environment, **self.lab.clock()}

    def configure(self):
        temporary = "".join(
            f"{name}_temp_path {self.folder}/temporary;\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        packing = ("gzip on; gzip_min_length 1; gzip_types *;"
                   if self.gzip else "gzip off;")
        tags = "" if self.tags else (
            "etag off; add_header Last-Modified \"\"; if_modified_since off;")
        # It forgets its environment but for this.
        kept = "".join(f"env {name};" for name in self.lab.clock())
        conf = self.write("nginx.conf", f"""
{kept}
user root root; daemon off; master_process off; pid {self.folder}/pid;
error_log stderr;
events {{ worker_connections 500; }}
http {{
log_format asked '{LOG}';
access_log {self.folder}/access asked; keepalive_timeout 5;
server_tokens off; {packing} {tags}
{temporary}{"".join(self.vhost(*row) for row in self.hosts.items())}}}
""")
        return ["-p", self.folder, "-c", conf, "-e", "stderr"]

    def vhost(self, host, what):
        """The server block of a host; the first is everybody's."""
        pages, cert = what
        ports = ([(443, " ssl" + self.more)] if cert else []) + (
            [(80, "")] if self.plain or not cert else [])
        text = "".join(
            f"\tlisten {f'[{a}]' if ':' in a else a}:{port}{how};\n"
            for a in self.addresses for port, how in ports)
        if cert:
            text += (f"\tssl_certificate {cert.path};\n"
                     f"\tssl_certificate_key {cert.key_path};\n")
        text += "".join(self.location(path, page)
                        for path, page in pages.items())
        return f"server {{\n\tserver_name {host};\n{text}}}\n"

    def location(self, path, page):  # pylint: disable=arguments-differ
        """How one page is served."""
        header = "".join(f' add_header {name} "{value}" always;'
                         for name, value in page.header.items())
        if page.redirect:
            return (f"\tlocation = {path} {{{header} return {page.status} "
                    f"{page.redirect}; }}\n")
        self.n_files += 1
        name = f"page{self.n_files}"
        self.place(name, page)
        if page.status != 200:
            return (f"\tlocation = {path} {{{header} types {{ }} "
                    f"default_type {page.media}; error_page {page.status} "
                    f"/{name}; return {page.status}; }}\n"
                    f"\tlocation = /{name} {{ internal; types {{ }} "
                    f"default_type {page.media}; alias "
                    f"{self.folder}/{name}; }}\n")
        page.file = name
        rate = f" limit_rate {page.rate};" if page.rate else ""
        return (f"\tlocation = {path} {{ root {self.folder}; try_files "
                f"/{name} =404;{rate}{header} types {{ }} "
                f"default_type {page.media}; }}\n")

    def place(self, name, page):
        """Puts the text of a page where it is served from."""
        path = os.path.join(self.folder, name)
        body = page.text
        with open(path + ".new", "wb") as out:
            out.write(body.encode() if isinstance(body, str) else body)
        # One that takes another's place is never as old as that.
        self.newest = max(self.newest + 1, round(self.lab.now()))
        changed = page.changed or self.newest
        os.utime(path + ".new", (changed, changed))
        os.replace(path + ".new", path)

    # What a scenario calls.

    def also(self, host, pages, cert=None):
        """One more host at the same addresses."""
        self.lab.host(host, " ".join(self.addresses))
        self.hosts[host] = (pages, cert if cert is not None
                            else self.lab.certificate(host))
        return self

    def shows(self, path, page, host=None):
        """Serves something else there from now on."""
        pages, _ = self.hosts[host or next(iter(self.hosts))]
        before, pages[path] = pages.get(path), page
        if not self.process:
            return
        if (before and page.status == before.status == 200
                and not page.redirect and not before.redirect
                and (page.media, page.header, page.rate) == (
                    before.media, before.header, before.rate)):
            page.file = before.file
            self.place(page.file, page)
        else:
            self.restart()

    def asked(self, path=None):
        """The requests so far, those for a path if one is given."""
        mark = self.look()
        deadline = time.monotonic() + servers.START_S
        while mark and not any(row.path == mark for row in self.rows()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{mark} is not in the log")
            time.sleep(0.005)
        return [row for row in self.rows() if not row.path.startswith(LOOK)
                and path in (None, row.path)]

    def rows(self):
        """Its log."""
        return [Asked(*line.split("\t")) for line in super().asked()]

    def look(self):
        """Asks for a path that no other one is, and returns it: it is noted
        behind all before it, and those behind their replies. None: nobody
        is there."""
        self.n_looks += 1
        mark = f"{LOOK}{self.n_looks}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for address in self.addresses:
            try:
                with socket.create_connection((address, self.port),
                                              servers.START_S) as sock:
                    peer = sock if self.port == 80 else context.wrap_socket(
                        sock, server_hostname=next(iter(self.hosts)))
                    peer.sendall(f"GET {mark} HTTP/1.0\r\n\r\n".encode())
                    while peer.recv(4096):
                        pass
                    return mark
            except OSError:
                continue
        return None


class Pages:
    """What a lab can do about status pages."""

    clock_file = None  # None: the host's time
    clock_s = 0  # by how much its clock is fast, where that goes on
    stands_at = None  # where it does not: seconds since 1970

    def real_time(self):
        """Goes by the host's clock again."""
        self.clock_file, self.clock_s, self.stands_at = None, 0, None
        self.certificates.clock_s = 0

    def at(self, when, goes_on=False):
        """From now on it is that time: seconds since 1970. It stays at that,
        however long a run takes, but where it goes on from there."""
        self.clock_s = round(when - time.time())
        self.stands_at = None if goes_on else round(when)
        if not self.clock_file:
            # Of a whole day: another case has the same ones again.
            self.certificates.clock_s = self.clock_s // DAY * DAY
            self.clock_file = os.path.join(self.root, "clock")
        with open(self.clock_file + ".new", "w", encoding="ascii") as out:
            out.write(f"{self.clock_s:+d}s\n" if goes_on else time.strftime(
                "%Y-%m-%d %H:%M:%S\n", time.gmtime(self.stands_at)))
        os.replace(self.clock_file + ".new", self.clock_file)
        self.environment.update(self.clock())

    def later(self, seconds):
        """So much time goes by."""
        self.at(self.now() + seconds, self.stands_at is None)

    def now(self):
        """The lab's time."""
        if self.stands_at is not None:
            return self.stands_at
        return time.time() + self.clock_s

    def clock(self):
        """The environment of a program that goes by the lab's time."""
        if not self.clock_file:
            return {}
        words = {**servers.other_clock(0), "FAKETIME_NO_CACHE": "1",
                 "FAKETIME_TIMESTAMP_FILE": self.clock_file,
                 "NO_FAKE_STAT": "1", "TZ": "UTC"}
        del words["FAKETIME"]
        # What makes it the lab's time comes before the sanitizers.
        options = os.environ.get("ASAN_OPTIONS", "")
        words["ASAN_OPTIONS"] = options + ":verify_asan_link_order=0"
        return words

    def dns(self):
        """The resolver of this internet."""
        for server in self.servers:
            if getattr(server, "kind", None) == "unbound":
                return RESOLVER
        self.server("unbound", RESOLVER)
        return RESOLVER

    def up(self):
        """Starts all that was declared, with a resolver."""
        self.dns()
        self.start()

    def look(self, url, *options):
        """Runs the plugin on a page."""
        self.up()
        return self.result([
            "-u", url, "--resolver", RESOLVER, "--ca-file", self.ca_file(),
            *self.state_arguments(), *options])

    def site(self, host, addresses, pages, cert=None, **settings):
        """A web server; cert: False for none, the right one if None."""
        self.host(host, addresses)
        if cert is None:
            cert = self.certificate(host)
        server = Site(self, self.hosts[host], host, pages, cert or None)
        for name, value in settings.items():
            if not hasattr(server, name):
                raise AttributeError(name)
            setattr(server, name, value)
        self.servers.append(server)
        return server

    def dead(self, host, addresses):
        """More addresses of a host, with nothing behind them: their ports
        are closed, until the net silences or removes them."""
        self.hosts[host] = self.hosts.get(host, []) + addresses.split()
        server = mail.Closed(self, host, addresses.split(), {})
        self.servers.append(server)
        return server

    def web(self, host, addresses, behaviour, port=443):
        """One more server of a host's, that behaves as a script says."""
        self.hosts[host] = self.hosts.get(host, []) + addresses.split()
        server = web.Scripted(self, addresses.split(), behaviour,
                                        port)
        self.servers.append(server)
        return server
