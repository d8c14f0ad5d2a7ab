# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Zabbix in a lab's namespace: PostgreSQL, the server, its frontend,
both kinds of agent, and a proxy."""

import atexit
import contextlib
import glob
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.request

import monitors
from monitors import labs

FOLDER = monitors.CONTRIB / "zabbix"
EXTENSIONS = ("ctype", "mbstring", "dom", "simplexml", "xmlreader",
              "xmlwriter", "gettext", "bcmath", "sockets", "gd", "pgsql")
USER = "nobody"  # PostgreSQL does not run as root
HIGH = 4
LONG_S = 120  # what takes long takes longer on a busy machine
# Nobody else is in this namespace.
DATABASE_PORT, WEB_PORT, AGENT_PORT, SERVER_PORT = 5432, 8080, 10050, 10051
AGENT2_PORT, PROXY_PORT = 10052, 10053
# What Zabbix has where nobody sets it, and of the server a second more: else
# an agent's check that hangs is a lost connection, and all of its others wait.
AGENT_TIMEOUT_S, TIMEOUT_S = 3, 4
# What is ticked where a person imports a template that is there already.
RULES = {
    "groups": {"createMissing": True, "updateExisting": True},
    **{name: {"createMissing": True, "updateExisting": True,
              "deleteMissing": True} for name in (
                  "items", "discoveryRules", "triggers", "valueMaps")},
    "templates": {"createMissing": True, "updateExisting": True},
}
# How often, in place of minutes, and how long a problem is held.
INTERVAL_S, HOLD_S = 3, 8


def wanted(path):
    """A file of a package, the host's own or an unpacked one."""
    for root in ("/", monitors.ROOT):
        found = sorted(glob.glob(f"{root}/usr/{path}"))
        if found:
            return found[-1]
    raise labs.Missing(f"{path} is not here: contrib/peers zabbix "
                       "zabbix-server")


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
        self.plugins = pathlib.Path(lab.plugin("check_status_page")).parent
        for path in self.plugins.glob("check_*"):
            (self.scripts / path.name).symlink_to(path)
        self.ini = self.folder / "zabbix.ini"
        self.env = monitors.environment()
        self.server = None

    def start(self):
        """Starts all of it and logs in."""
        self.start_database()
        self.fill_database()
        self.start_frontend()
        self.start_agents()
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
        while self.processes:
            monitors.stop(self.processes.pop())

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

    def start_agents(self):
        """Both kinds of agent, with our parameters."""
        ours = (FOLDER / "lifeline-agent.conf").read_text().replace(
            "/usr/lib/nagios/plugins", str(self.scripts)).replace(
                "/etc/lifeline-plugins/zabbix.ini", str(self.ini))
        for name, port, more in (
                ("agentd", AGENT_PORT, "AllowRoot=1\n"),
                ("agent2", AGENT2_PORT,
                 f"ControlSocket={self.folder}/agent2.sock\n"
                 f"PluginSocket={self.folder}/plugin.sock\n")):
            path = self.folder / f"{name}.conf"
            path.write_text(
                f"LogType=console\nServer=127.0.0.1\nListenIP=127.0.0.1\n"
                f"ListenPort={port}\nHostname={name}\n"
                f"Timeout={AGENT_TIMEOUT_S}\n"
                f"PidFile={self.folder}/{name}.pid\n{more}{ours}")
            self.launch(name, monitors.program(f"sbin/zabbix_{name}"), "-c",
                        path, "-f")

    def settings(self, name, port, **more):
        """The configuration of a server or proxy, as quick as it can be."""
        path = self.folder / f"{name}.conf"
        path.write_text("".join(f"{key}={value}\n" for key, value in {
            "LogType": "console", "ListenIP": "127.0.0.1",
            "ListenPort": port, "PidFile": f"{self.folder}/{name}.pid",
            "AllowRoot": 1, "SocketDir": self.folder,
            "Timeout": TIMEOUT_S, "StartPollers": 6,
            "StartPollersUnreachable": 1, "StartDiscoverers": 0,
            "StartPingers": 0, "StartHTTPPollers": 0,
            "StartODBCPollers": 0, "FpingLocation": "/bin/false",
            "Fping6Location": "/bin/false", **more}.items()))
        return path

    def start_server(self):
        """The server."""
        path = self.settings(
            "server", SERVER_PORT, DBHost="127.0.0.1", DBPort=DATABASE_PORT,
            DBName="zabbix", DBUser="zabbix", ExternalScripts=self.scripts,
            CacheUpdateFrequency=1, StartAlerters=1, StartHistoryPollers=1)
        self.server = self.launch(
            "server", monitors.program("sbin/zabbix_server"), "-c", path,
            "-f")

    @contextlib.contextmanager
    def proxy(self, name, scripts):
        """A proxy that sends all to the server at once, with a folder of
        scripts of its own; its id."""
        folder = pathlib.Path(self.lab.folder("proxy"))
        path = self.settings(
            name, PROXY_PORT, Hostname=name,
            Server=f"127.0.0.1:{SERVER_PORT}", DBName=folder / "proxy.db",
            SocketDir=folder, ExternalScripts=scripts, ConfigFrequency=1,
            DataSenderFrequency=1, HeartbeatFrequency=1)
        program = monitors.program("sbin/zabbix_proxy")
        ident = self.api("proxy.create", {"host": name, "status": 5})[
            "proxyids"][0]
        process = self.launch(name, program, "-c", path, "-f")
        try:
            yield ident
        finally:
            self.processes.remove(process)
            monitors.stop(process)

    def remove_proxy(self, ident):
        """Forgets a proxy and all hosts."""
        self.forget()
        self.api("proxy.delete", [ident])

    @contextlib.contextmanager
    def instead(self, **texts):
        """Shell scripts in the places of plugins, for a while; None for
        nothing at all."""
        for name, text in texts.items():
            self.put(name, text)
        try:
            yield
        finally:
            for name in texts:
                (self.scripts / name).unlink(missing_ok=True)
                (self.scripts / name).symlink_to(self.plugins / name)

    def put(self, name, text):
        """A shell script in the place of a plugin, at one blow; or none."""
        path = self.scripts / name
        if text is None:
            path.unlink(missing_ok=True)
            return
        new = self.scripts / f"{name}.new"
        new.write_text(f"#!/bin/sh\n{text}\n")
        new.chmod(0o755)
        new.replace(path)

    def section(self, name, given):
        """One more section of the file of options; "_" for "-" there."""
        with open(os.open(self.ini, os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                          0o600), "a", encoding="utf-8") as out:
            out.write(f"[{name}]\n" + "".join(
                f"{key.replace('_', '-')}={value}\n"
                for key, value in given.items() if value is not None))

    def import_templates(self):
        """Imports all of them."""
        for path in sorted(FOLDER.glob("*.yaml")):
            self.api("configuration.import", {
                "format": "yaml", "source": path.read_text(),
                "rules": RULES})

    def differences(self, path):
        """What an import of a file would change."""
        return self.api("configuration.importcompare", {
            "format": "yaml", "source": path.read_text(), "rules": RULES})

    # pylint: disable-next=too-many-arguments
    def add_host(self, name, template, *, proxy=None, port=AGENT_PORT,
                 **macros):
        """A host with one of the templates, checked often; its id."""
        group = self.api("hostgroup.get", {"output": "extend", "filter": {
            "name": "Templates/Lifeline"}})[0]["groupid"]
        found = self.api("template.get", {
            "filter": {"host": f"Lifeline {template}"},
            "selectMacros": ["macro"]})
        labs.same(len(found), 1, f"templates named {template}")
        values = {row["macro"]: f"{INTERVAL_S}s" for row in found[0]["macros"]
                  if row["macro"].endswith(".INTERVAL}")}
        values["{$LIFELINE.HOLD}"] = f"{HOLD_S}s"
        values.update({f"{{$LIFELINE.{key.replace('__', '.')}}}": str(value)
                       for key, value in macros.items()})
        unknown = set(values) - {row["macro"] for row in found[0]["macros"]}
        labs.same(unknown, set(), "macros that the template has not")
        return self.api("host.create", {
            "host": name, "groups": [{"groupid": group}],
            "templates": [{"templateid": found[0]["templateid"]}],
            "interfaces": [{"type": 1, "main": 1, "useip": 1, "dns": "",
                            "ip": "127.0.0.1", "port": str(port)}],
            **({"proxy_hostid": proxy} if proxy else {}),
            "macros": [{"macro": key, "value": value}
                       for key, value in values.items()]})["hostids"][0]

    def forget(self):
        """No host is left, and no options."""
        self.wait(self.has_no_host, "end of all hosts")
        self.ini.unlink(missing_ok=True)

    def has_no_host(self):
        """Deletes all hosts; whether there was none. While the server is
        discovering what is on one, the database ends one of both."""
        hosts = self.api("host.get", {"output": ["hostid"]})
        if hosts:
            try:
                self.api("host.delete", [row["hostid"] for row in hosts])
            except AssertionError as error:
                labs.check("SQL statement" in str(error), str(error))
        return not hosts

    def items(self, host):
        """{key: item} of a host."""
        return {item["key_"]: item for item in self.api("item.get", {
            "hostids": host, "output": ["key_", "name", "lastvalue", "state",
                                        "error", "lastclock"]})}

    def rules(self, host):
        """{key: what is wrong with it} of a host's rules of discovery."""
        return {rule["key_"]: rule["error"] for rule in self.api(
            "discoveryrule.get", {"hostids": host,
                                  "output": ["key_", "error"]})}

    def wait(self, get, what):
        """What get() returns once it is something."""
        return monitors.await_value(lambda: get() or None, what, self.server,
                                    LONG_S)

    def await_item(self, host, key, is_it, what):
        """Waits until the last value of an item is of this kind; it."""
        seen = []

        def look():
            item = self.items(host).get(key)
            if item and item["lastclock"] != "0":
                seen[:] = [item["lastvalue"]]
                return is_it(item["lastvalue"]) and item
            return None
        try:
            return self.wait(look, f"{what} in {key}")["lastvalue"]
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}; {self.said(host)}") \
                from error

    def await_values(self, host, wanted):
        """Waits until items have these last values."""
        for key, value in wanted.items():
            self.await_item(host, key,
                            lambda seen, value=value: seen == value, value)

    def said(self, host):
        """What a host's check said last, for a person."""
        return [item["lastvalue"] for key, item in self.items(host).items()
                if key.split(".")[-1] in ("summary", "error")]

    def problems(self, host):
        """{name of a problem: (its severity, operational data)} of a host,
        what is suppressed by another's dependency left out by the server
        itself."""
        return {row["name"]: (int(row["severity"]), row["opdata"])
                for row in self.api("problem.get", {
                    "hostids": host, "output": "extend"})}

    def await_problem(self, host, begin):
        """Waits for a problem whose name begins so; that name."""
        def look():
            return next((name for name in self.problems(host)
                         if name.startswith(begin)), None)
        try:
            return self.wait(look, f"problem {begin}")
        except AssertionError as error:
            raise AssertionError(
                f"{error}: {self.problems(host)}; {self.said(host)}") \
                from error

    def await_peace(self, host):
        """Waits until all problems of a host are over."""
        try:
            self.wait(lambda: not self.problems(host), "end of all problems")
        except AssertionError as error:
            raise AssertionError(
                f"{error}: {self.problems(host)}; {self.said(host)}") \
                from error

    def all_is_supported(self, *hosts):
        """All items and rules of hosts say something."""
        for host in hosts:
            labs.same([(key, item["error"]) for key, item
                       in self.items(host).items() if item["state"] != "0"],
                      [], "items that are not supported")
            labs.same({key: why for key, why in self.rules(host).items()
                       if why}, {}, "discovery that fails")


class Lab(labs.Lab):
    """A lab of which the cases share one Zabbix, until one of them fails."""

    def __init__(self):
        self.zabbix = None
        super().__init__()

    def the_zabbix(self):
        """The Zabbix, with the templates."""
        if self.zabbix is None:
            zabbix = Zabbix(self)
            atexit.register(zabbix.stop)
            zabbix.start()
            zabbix.import_templates()
            self.zabbix = zabbix
        return self.zabbix

    def finish(self, is_fine):
        if self.zabbix and is_fine:
            self.zabbix.forget()
        elif self.zabbix:
            self.zabbix.stop()
            self.zabbix = None
        super().finish(is_fine)
