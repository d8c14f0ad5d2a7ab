#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Zabbix server on PostgreSQL imports contrib/zabbix through its API
and runs the plugins as told there. By "make check-zabbix", since it takes
minutes; what is asked in seconds is in tests/meta/test_zabbix.py."""

import glob
import gzip
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import monitors  # noqa: E402
from monitors import labs  # noqa: E402

FOLDER = monitors.CONTRIB / "zabbix"
EXTENSIONS = ("ctype", "mbstring", "dom", "simplexml", "xmlreader",
              "xmlwriter", "gettext", "bcmath", "sockets", "gd", "pgsql")
USER = "nobody"  # PostgreSQL does not run as root
HIGH = 4
LONG_S = 240  # what takes long takes longer on a busy machine
# Nobody else is in this namespace.
DATABASE_PORT, WEB_PORT, AGENT_PORT, SERVER_PORT = 5432, 8080, 10050, 10051
RULES = {
    "createMissing": ("groups",),
    "both": ("templates", "items", "discoveryRules", "triggers", "valueMaps"),
}
AT = "2026-01-01T00:00:00.000Z"


def page_of(*names):
    """A page that is well, with these components."""
    return json.dumps({
        "page": {"id": "p1", "name": "Example",
                 "url": "https://x.example.org", "updated_at": AT},
        "status": {"indicator": "none",
                   "description": "All Systems Operational"},
        "incidents": [], "scheduled_maintenances": [],
        "components": [{"id": f"c{number}", "name": name, "group": False,
                        "status": "operational", "group_id": None,
                        "updated_at": AT}
                       for number, name in enumerate(names)]})


# A name that nothing on the way may take for a macro or the end of a path.
CULPRIT = "Bob's {$LIFELINE.HOLD}"
PAGE = page_of(CULPRIT)
# As much as the plugin writes.
LARGE = page_of(*(f"{number} " + "x" * 110 for number in range(200)))


def wanted(path):
    """A file of a package, the host's own or an unpacked one."""
    for root in ("/", monitors.ROOT):
        found = sorted(glob.glob(f"{root}/usr/{path}"))
        if found:
            return found[-1]
    raise labs.Missing(f"{path} is not here: contrib/peers zabbix "
                       "zabbix-server")


class Page(http.server.BaseHTTPRequestHandler):
    """A status page whose body is the server's."""

    def do_GET(self):  # pylint: disable=invalid-name
        """What the page says at the moment."""
        text = LARGE.encode() if "large" in self.path \
            else self.server.text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Says nothing."""


class Zabbix:
    """A database, the server, its frontend and an agent, all in a folder."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = pathlib.Path(lab.folder("zabbix"))
        self.processes = []
        self.token = None
        for path in (self.folder, *list(self.folder.parents)[:1]):
            path.chmod(0o755)
        self.scripts = self.folder / "scripts"
        self.scripts.mkdir()
        self.plugins = os.path.dirname(lab.plugin("check_status_page"))
        self.ini = self.folder / "zabbix.ini"
        self.env = monitors.environment()

    def start(self):
        """Starts all of it and logs in."""
        self.start_database()
        self.fill_database()
        self.start_frontend()
        self.start_agent()
        self.start_server()

    def launch(self, name, *words, **options):
        """Starts a program that is stopped at the end."""
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
                **{"env": self.env, "cwd": self.folder, **options}))
        return self.processes[-1]

    def stop(self):
        """Ends all of it, the database last."""
        for process in reversed(self.processes):
            monitors.stop(process)

    def start_database(self):
        """An empty cluster that need survive nothing."""
        programs = os.path.dirname(wanted("lib/postgresql/*/bin/initdb"))
        data = self.folder / "data"
        data.mkdir()
        shutil.chown(data, USER)
        done = subprocess.run(
            [f"{programs}/initdb", "-D", data, "-U", "zabbix", "-A", "trust",
             "--locale=C", "--encoding=UTF8", "--no-sync"], user=USER,
            group="nogroup", extra_groups=[], env=self.env, cwd="/",
            capture_output=True, text=True, check=False)
        labs.check(done.returncode == 0, done.stdout + done.stderr)
        self.psql_path = f"{programs}/psql"
        database = self.launch(
            "database", f"{programs}/postgres", "-D", data, "-p",
            DATABASE_PORT, "-c", "fsync=off", "-c",
            "full_page_writes=off", "-c", "synchronous_commit=off", "-c",
            "listen_addresses=127.0.0.1", "-c",
            "unix_socket_directories=", user=USER, group="nogroup",
            extra_groups=[], cwd="/")
        monitors.await_value(
            lambda: self.psql("postgres", "SELECT 1;").returncode == 0
            or None, "database", database, LONG_S)

    def psql(self, database, text):
        """Runs SQL."""
        return subprocess.run(
            [self.psql_path, "-h", "127.0.0.1", "-p", str(DATABASE_PORT),
             "-U", "zabbix", "-q", "-v", "ON_ERROR_STOP=1", "-d", database],
            input=text.encode(), env=self.env, capture_output=True,
            check=False)

    def fill_database(self):
        """The tables of Zabbix, and what they begin with."""
        self.psql("postgres", "CREATE DATABASE zabbix;")
        for name in ("schema", "images", "data"):
            path = wanted(f"share/zabbix-server-pgsql/{name}.sql.gz")
            with gzip.open(path, "rt", encoding="utf-8") as file:
                done = self.psql("zabbix", "BEGIN;\n" + file.read().replace(
                    "\nBEGIN;", "\n").replace("\nCOMMIT;", "\n")
                    + "\nCOMMIT;\n")
            labs.check(done.returncode == 0, f"{name}: {done.stderr[-500:]}")

    def start_frontend(self):
        """PHP's own web server, with a copy that has its settings here."""
        web = self.folder / "web"
        shutil.copytree(wanted("share/zabbix"), web, symlinks=True,
                        ignore_dangling_symlinks=True)
        settings = self.folder / "zabbix.conf.php"
        config = web / "include/classes/core/CConfigFile.php"
        config.write_text(re.sub(
            r"(CONFIG_FILE_PATH = ')[^']*", rf"\g<1>{settings}",
            config.read_text()))
        settings.write_text(f"""<?php
$DB = ['TYPE' => 'POSTGRESQL', 'SERVER' => '127.0.0.1', 'PORT' =>
	'{DATABASE_PORT}', 'DATABASE' => 'zabbix', 'USER' => 'zabbix',
	'PASSWORD' => '', 'SCHEMA' => '', 'ENCRYPTION' => false,
	'DOUBLE_IEEE754' => true];
$ZBX_SERVER = '127.0.0.1';
$ZBX_SERVER_PORT = '{SERVER_PORT}';
$ZBX_SERVER_NAME = 'lab';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
""")
        php = monitors.program("bin/php8*")
        options = []
        if php.startswith(str(monitors.ROOT)):
            found = glob.glob(f"{monitors.ROOT}/usr/lib/php/2*")[0]
            options = ["-n", "-d", f"extension_dir={found}"]
            for name in EXTENSIONS:
                options += ["-d", f"extension={name}"]
        process = self.launch(
            "frontend", php, *options, "-d", "memory_limit=1G", "-d",
            "max_execution_time=600", "-S", f"127.0.0.1:{WEB_PORT}",
            "-t", web)
        self.token = monitors.await_value(self.log_in, "login", process,
                                          LONG_S)

    def log_in(self):
        """A token of the API, or None where nobody answers yet."""
        try:
            return self.api("user.login", {"username": "Admin",
                                           "password": "zabbix"})
        except OSError:
            return None

    def api(self, method, params):
        """What the API answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{WEB_PORT}/api_jsonrpc.php",
            json.dumps({"jsonrpc": "2.0", "method": method, "id": 1,
                        "params": params, "auth": self.token}).encode(),
            {"Content-Type": "application/json-rpc"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=LONG_S) as reply:
            text = reply.read().decode()
        try:
            got = json.loads(text)
        except ValueError as error:
            raise AssertionError(f"{method}: {text[:2000]}") from error
        labs.check("result" in got, f"{method}: {got.get('error')}")
        return got["result"]

    def start_agent(self):
        """An agent with our parameters."""
        text = (FOLDER / "lifeline-agent.conf").read_text()
        (self.folder / "agentd.conf").write_text(
            f"LogType=console\nServer=127.0.0.1\nListenIP=127.0.0.1\n"
            f"ListenPort={AGENT_PORT}\nHostname=agent\nAllowRoot=1\n"
            f"PidFile={self.folder}/agentd.pid\n"
            + text.replace("/usr/lib/nagios/plugins", self.plugins).replace(
                "/etc/lifeline-plugins/zabbix.ini", str(self.ini)))
        self.launch("agent", monitors.program("sbin/zabbix_agentd"), "-c",
                    self.folder / "agentd.conf", "-f")

    def start_server(self):
        """The server, as quick as it can be."""
        (self.folder / "server.conf").write_text(
            f"LogType=console\nListenIP=127.0.0.1\n"
            f"ListenPort={SERVER_PORT}\nDBHost=127.0.0.1\n"
            f"DBPort={DATABASE_PORT}\nDBName=zabbix\nDBUser=zabbix\n"
            f"PidFile={self.folder}/server.pid\nAllowRoot=1\n"
            f"SocketDir={self.folder}\nExternalScripts={self.scripts}\n"
            f"CacheUpdateFrequency=1\nStartDiscoverers=0\nStartPingers=0\n"
            f"StartHTTPPollers=0\nStartTrappers=1\nStartPollers=2\n"
            f"StartPollersUnreachable=1\nStartAlerters=1\n"
            f"StartHistoryPollers=1\nStartODBCPollers=0\n"
            f"FpingLocation=/bin/false\nFping6Location=/bin/false\n")
        self.server = self.launch(
            "server", monitors.program("sbin/zabbix_server"), "-c",
            self.folder / "server.conf", "-f")

    def script(self, name):
        """Puts a plugin where external checks are."""
        (self.scripts / name).symlink_to(f"{self.plugins}/{name}")

    def import_templates(self):
        """Imports all of them, twice: nothing changes by the second time."""
        rules = {name: {"createMissing": True} for name in
                 RULES["createMissing"]}
        rules.update({name: {"createMissing": True, "updateExisting": True}
                      for name in RULES["both"]})
        for path in sorted(FOLDER.glob("*.yaml")):
            for _ in range(2):
                self.api("configuration.import", {
                    "format": "yaml", "source": path.read_text(),
                    "rules": rules})

    def add_host(self, name, template, **macros):
        """A host with one of the templates; its id."""
        group = self.api("hostgroup.get", {"output": "extend", "filter": {
            "name": "Templates/Lifeline"}})[0]["groupid"]
        found = self.api("template.get", {"filter": {"host": template}})
        labs.same(len(found), 1, f"templates named {template}")
        return self.api("host.create", {
            "host": name, "groups": [{"groupid": group}],
            "templates": [{"templateid": found[0]["templateid"]}],
            "interfaces": [{"type": 1, "main": 1, "useip": 1, "dns": "",
                            "ip": "127.0.0.1", "port": str(AGENT_PORT)}],
            "macros": [{"macro": f"{{$LIFELINE.{key.replace('__', '.')}}}",
                        "value": value} for key, value in macros.items()],
        })["hostids"][0]

    def items(self, host):
        """{key: item} of a host."""
        return {item["key_"]: item for item in self.api("item.get", {
            "hostids": host, "output": ["key_", "lastvalue", "state", "error",
                                        "lastclock"]})}

    def await_item(self, host, key, is_it, what):
        """Waits until the last value of an item is of this kind."""
        def look():
            item = self.items(host).get(key)
            return item if item and item["lastclock"] != "0" \
                and is_it(item["lastvalue"]) else None
        return monitors.await_value(look, f"{what} in {key}", self.server,
                                    LONG_S)

    def problems(self, host):
        """{name of a problem: its severity} of a host, what is suppressed by
        another's dependency left out by the server itself."""
        return {row["name"]: int(row["severity"]) for row in self.api(
            "problem.get", {"hostids": host, "output": "extend"})}

    def await_problem(self, host, begin):
        """Waits for a problem whose name begins so; that name."""
        return monitors.await_value(
            lambda: next((name for name in self.problems(host)
                          if name.startswith(begin)), None),
            f"problem {begin}", self.server, LONG_S)


def none_is_unsupported(items):
    """All items of a host say something."""
    labs.same([(key, item["error"]) for key, item in items.items()
               if item["state"] != "0"], [], "items that are not supported")


@labs.case("the server imports the templates, runs their items, and its "
           "triggers name the culprit")
def runs(lab):
    zabbix = Zabbix(lab)
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    page.text = PAGE
    threading.Thread(target=page.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{page.server_address[1]}/api/v2/summary.json"
    try:
        zabbix.start()
        zabbix.ini.write_text(f"[status_page]\nurl={url}\nno-state=\n")
        zabbix.script("check_status_page")
        zabbix.import_templates()
        often = {"STATUS_PAGE__INTERVAL": "2s", "HOLD": "20s"}
        by_server = zabbix.add_host(
            "page", "Lifeline Status page by external check", PAGE__URL=url,
            STATUS_PAGE__OPTION="--no-state", **often)
        by_agent = zabbix.add_host(
            "agent", "Lifeline Status page by Zabbix agent", **often)
        large = zabbix.add_host(
            "large", "Lifeline Status page by external check",
            PAGE__URL=url + "?large", STATUS_PAGE__OPTION="--no-state",
            **often)
        missing = zabbix.add_host(
            "missing", "Lifeline Mail exchangers by external check",
            DOMAIN="example.org", MX__INTERVAL="2s")
        for host in (by_server, by_agent):
            is_well(zabbix, host)
        page.text = PAGE.replace('"operational"', '"major_outage"')
        for host in (by_server, by_agent):
            name = zabbix.await_problem(host, "STATUS PAGE CRITICAL - ")
            labs.check(CULPRIT in name, f"the culprit in {name}")
            labs.same(zabbix.problems(host)[name], HIGH, "severity")
        page.text = PAGE
        for host in (by_server, by_agent):
            zabbix.await_item(host, "lifeline.status_page.state",
                              lambda value: value == "0", "OK")
            labs.check(zabbix.problems(host), "a problem is held down")
        for host in (by_server, by_agent):
            monitors.await_value(lambda h=host: not zabbix.problems(h)
                                 or None, "end of all problems",
                                 zabbix.server, LONG_S)
        is_large(zabbix, large)
        zabbix.await_problem(missing, "MX: no result: the check was not run")
        zabbix.await_item(missing, "lifeline.mx.state",
                          lambda value: value == "3", "UNKNOWN")
    finally:
        zabbix.stop()
        page.shutdown()


def is_large(zabbix, host):
    """Nothing is cut off of the largest result there is."""
    items = monitors.await_value(
        lambda: (lambda found: found if len(found) > 100 else None)(
            {key: item for key, item in zabbix.items(host).items()
             if "components.state[" in key}),
        "discovered components", zabbix.server, LONG_S)
    monitors.await_value(
        lambda: all(item["lastvalue"] == "operational" for key, item in
                    zabbix.items(host).items() if key in items) or None,
        "state of all components", zabbix.server, LONG_S)
    none_is_unsupported(zabbix.items(host))


def is_well(zabbix, host):
    """All is kept of a page that is well, its component too."""
    zabbix.await_item(host, "lifeline.status_page.state",
                      lambda value: value == "0", "OK")
    zabbix.await_item(host, "lifeline.status_page.summary",
                      lambda value: value.startswith("STATUS PAGE OK - "),
                      "summary")
    items = monitors.await_value(
        lambda: (lambda found: found if any(
            "components.state[" in key for key in found) else None)(
                zabbix.items(host)), "discovered component", zabbix.server,
        LONG_S)
    key = next(key for key in items if "components.state[" in key)
    zabbix.await_item(host, key, lambda value: value == "operational",
                      "state of a component")
    zabbix.await_item(host, key.replace(".state[", ".grade["),
                      lambda value: value == "0", "grade of a component")
    items = zabbix.items(host)
    none_is_unsupported(items)
    labs.same(items["lifeline.status_page.components"]["lastvalue"], "1",
              "components")
    labs.same(items["lifeline.status_page.error"]["lastvalue"], "", "error")
    labs.same(items["lifeline.status_page.truncated"]["lastvalue"], "false",
              "truncated")
    labs.check(any("addresses.address_answer[" in key for key in items),
               f"{sorted(items)}")


if __name__ == "__main__":
    labs.main()
