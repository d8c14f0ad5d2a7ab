# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates for Zabbix say what the plugins do: their items are those of
--list-metrics and of the JSON, the frontend takes them, and what an agent or a
server makes of a check's output is one object whatever it was."""

import glob
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
sys.path.insert(0, os.path.join(TESTS, "monitors"))

# pylint: disable=wrong-import-position
from tap import BUILD, SOURCE, Skip, main, none_of, same, test  # noqa: E402

import zabbix_items  # noqa: E402
from zabbix_items import (  # noqa: E402
    ROOT, find, path_of, program, templates)

FOLDER = os.path.join(SOURCE, "contrib/zabbix")
HOWS = ("external check", "agent")
EXTENSIONS = ("ctype", "mbstring", "dom", "simplexml", "xmlreader",
              "xmlwriter", "gettext", "bcmath", "sockets")


def built():
    """The plugins of the templates that this build has, by name."""
    found = {}
    for name in templates.PLUGINS:
        path = os.path.join(BUILD, "plugins", name)
        if os.path.exists(path):
            found[name] = path
    if not found:
        raise Skip("no plugin is built, for want of libraries")
    return found


def read(name):
    """The text of a file of contrib/zabbix."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def pairs():
    """(plugin, template) for both templates of what is built."""
    for plugin, path in built().items():
        metrics = templates.metrics_of(path)
        for how in HOWS:
            yield plugin, templates.Template(plugin, metrics, how)


def prototypes_of(data):
    """All item prototypes of a template."""
    return [item for rule in data["discovery_rules"]
            for item in rule["item_prototypes"]]


def options_of(path):
    """The options of a plugin, letters too."""
    done = subprocess.run([path, "--list-options"], check=False,
                          stdout=subprocess.PIPE)
    return {word for row in done.stdout.decode().splitlines()
            for word in row.split("\t")[:2]}


def tool(name):
    """(path, environment) of a program of the host or of the peers."""
    found = program(name)
    if found is None:
        raise Skip(f"{name} is not here: contrib/peers zabbix")
    return found


@test
def every_plugin_has_its_templates():
    found = glob.glob(os.path.join(SOURCE, "plugins", "check_*.c"))
    names = sorted(os.path.basename(path)[:-2] for path in found)
    same(sorted(templates.PLUGINS), names)
    same(sorted(os.path.basename(path) for path in
                glob.glob(os.path.join(FOLDER, "*.yaml"))),
         sorted(templates.file_of(name) for name in names))


@test
def templates_are_what_is_generated():
    for plugin, path in built().items():
        same(read(templates.file_of(plugin))
             == templates.text_of(plugin, path), True,
             f"{templates.file_of(plugin)} is what contrib/zabbix/templates.py"
             " makes")


@test
def every_metric_has_an_item():
    bad = []
    for plugin, template in pairs():
        data = template.as_data()
        keys = [item["key"] for item in data["items"]]
        listed = [item["key"].split("[")[0].split(".")[-1]
                  for item in prototypes_of(data)]
        of_all = {name for name, _, each, _ in template.metrics if not each}
        of_each = {name for name, _, each, _ in template.metrics if each}
        bad += [f"{plugin}: {name}" for name in of_all
                if f"{template.prefix}.{name}" not in keys]
        bad += [f"{plugin}: {name} of each" for name in of_each
                if name not in listed]
        bad += [f"{plugin}: {name} is no metric"
                for about in template.about["lists"].values()
                for name in about["metrics"] if name not in of_each]
    none_of(bad)


@test
def the_schema_is_the_one_that_is_written():
    with open(os.path.join(SOURCE, "common/report/json.c"),
              encoding="utf-8") as file:
        written = re.search(r"SCHEMA = (\d+)", file.read())[1]
    same(re.findall(r"schema !== (\d+)", read("prepare.js")), [written])


@test
def nothing_stands_twice_and_references_meet():
    bad, seen = [], []
    for plugin, template in pairs():
        data = template.as_data()
        text = json.dumps([data, template.triggers()])
        seen += set(re.findall(r'"uuid": "(\w+)"', text))
        same(len(re.findall(r'"uuid"', text)),
             len(set(re.findall(r'"uuid": "(\w+)"', text))), f"{plugin} uuids")
        items = data["items"] + prototypes_of(data)
        keys = [item["key"] for item in items + data["discovery_rules"]]
        bad += [f"{plugin}: {key} twice" for key in keys
                if keys.count(key) > 1]
        bad += [f"{plugin}: {key} of an expression" for key in
                re.findall(rf"/{template.name}/([^,)]+)", text)
                if key not in keys]
        defined = {row["macro"] for row in data["macros"]}
        used = set(re.findall(r"\{\$[A-Z_.]+\}", text.replace(
            json.dumps(data["macros"]), "")))
        bad += [f"{plugin}: {name}" for name in sorted(defined ^ used)]
        same({item["master_item"]["key"] for item in
              items[1:] + data["discovery_rules"]}, {template.master_key()})
        # Those of one item stand with it, else an import of what is there
        # already would seem to change them.
        same([trigger["name"].split(": ")[1] for trigger in
              template.triggers()], ["critical", "warning"], plugin)
    bad += [f"{word} twice" for word in seen if seen.count(word) > 1]
    bad += [f"{word} is no UUID" for word in seen if not re.fullmatch(
        r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", word)]
    none_of(bad)


@test
def options_are_those_of_the_plugins():
    bad = []
    agent = read("lifeline-agent.conf")
    for plugin, path in built().items():
        known = options_of(path)
        template = templates.Template(plugin, [], "external check")
        words = re.findall(r'"(-[^"=]+)', template.master_key())
        line = re.search(rf"^UserParameter={template.prefix}\[\*\],(.*)$",
                         agent, re.M)[1]
        words += re.findall(r"(?<!\S)(--?[a-z-]+)", line)
        bad += [f"{plugin}: {word}" for word in words if word not in known]
        if "--output=json" not in line or "--output=json" not in \
                template.master_key() or f"/{plugin} " not in line:
            bad.append(f"{plugin}: {line}")
    for section, plugin in (("mx", "check_mx"), ("flow", "check_mail_flow"),
                            ("status_page", "check_status_page")):
        if plugin in built():
            known = options_of(built()[plugin])
            body = read("zabbix.ini").split(f"[{section}]\n")[1].split("[")[0]
            bad += [f"{section}: {word}" for word in
                    re.findall(r"^([a-z0-9-]+)=", body, re.M)
                    if f"--{word}" not in known]
    none_of(bad)


@test
def agents_get_what_they_take():
    bad = []
    agent = read("lifeline-agent.conf")
    same(sorted(re.findall(r"^UserParameter=lifeline\.(\w+)\[", agent, re.M)),
         sorted(name[len("check_"):] for name in templates.PLUGINS))
    for plugin in templates.PLUGINS:
        template = templates.Template(plugin, [], "agent")
        words = re.search(r"\[(.*)\]", template.master_key())[1].split(",")
        line = re.search(rf"^UserParameter={template.prefix}\[\*\],(.*)$",
                         agent, re.M)[1]
        used = {int(number) for number in
                re.findall(r"(?<!\$)\$(\d)", line)}
        same(used, set(range(1, len(words) + 1)), f"parameters of {plugin}")
        for word in words:
            value = template.macros()[word][0]
            bad += [f"{plugin}: {word} is {value}" for character in value
                    if character in templates.REFUSED]
    none_of(bad)


# The frontend.

def php(*words):
    """Runs the frontend's own classes on templates."""
    for name in ("php", "php8.2", "php8.3", "php8.4"):
        try:
            path, env = tool(name)
            break
        except Skip:
            path = None
    frontend = next((path for path in (
        "/usr/share/zabbix", os.path.join(ROOT, "usr/share/zabbix"))
                     if os.path.isdir(path + "/include/classes/import")), None)
    if path is None or frontend is None:
        raise Skip("Zabbix's frontend is not here: contrib/peers zabbix")
    options = []
    if path.startswith(ROOT):
        folder = glob.glob(os.path.join(ROOT, "usr/lib/php/2*"))[0]
        options = ["-n", "-d", f"extension_dir={folder}"]
        for name in EXTENSIONS:
            options += ["-d", f"extension={name}"]
    return subprocess.run(
        [path, *options, "-d", "memory_limit=512M",
         os.path.join(SOURCE, "tests/monitors/zabbix_validate.php"),
         frontend, *words], env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)


@test
def the_frontend_takes_the_templates():
    files = sorted(glob.glob(os.path.join(FOLDER, "*.yaml")))
    done = php(*files)
    same((done.returncode, done.stdout), (0, f"{len(files)} read\n"))


@test
def the_frontend_refuses_what_is_wrong():
    good = read("lifeline_mx.yaml")
    first = re.search(r"uuid: '[0-9a-f]+'\n          name", good)[0]
    bad = []
    for title, old, new in (
            ("no uuid", first, "name"),
            ("no such type", "type: EXTERNAL", "type: EXTERNALX"),
            ("no such step", "- type: JSONPATH", "- type: JSONPATHS"),
            ("no such member", "units: 's'", "unitz: 's'"),
            ("another version", "version: '6.0'", "version: '6.1'"),
            ("no such severity", "priority: HIGH", "priority: HIGHEST"),
            ("a key left open", "{$LIFELINE.MX.OPTION}\"]'",
             "{$LIFELINE.MX.OPTION}\"'"),
            ("no such function", "count(/", "counts(/"),
            ("an expression left open", ")=1'", "=1'"),
            ("an expression left open", '"eq","2")=0', '"eq","2"=0')):
        same(old in good, True, f"{title}: {old} is there")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "template.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(good.replace(old, new))
            if php(path).returncode != 1:
                bad.append(f"{title}: {old}")
    none_of(bad, "taken by the frontend")


# What is made of a check's output, by an engine like that of the server.

def prepare(plugin, value):
    """What the master item's script makes of a value."""
    tool("duk")
    return zabbix_items.prepare(plugin, value)


def sample(plugin="check_mx", **members):
    """A result of a plugin with these members."""
    label = templates.Template(plugin, [], "agent").label
    return {"schema": 1, "state": 2, "summary": f"{label} CRITICAL - x: y",
            "findings": [], "metrics": {}, "server_metrics": [], **members}


@test
def what_is_no_result_says_why():
    for value, why in (
            ("", "nothing"), ("MX UNKNOWN - -H : is empty; see --help", "-H"),
            ("sh: 1: check_mx: not found", "not found"),
            ("a\n\tb", "b"), ("[]", "schema"),
            ("3", "no object"), ("null", "no object"),
            ('{"not_supported":true}', "Timeout"),
            ('{"schema":2,"state":0,"summary":"MX OK - "}', "schema"),
            ('{"schema":1,"state":0', "schema")):
        got = prepare("check_mx", value)
        same((got["state"], got["summary"].startswith("MX UNKNOWN - "),
              why in got["error"], "\n" in got["summary"],
              got["discovery"]), (3, True, True, False, {}), value)


@test
def what_is_no_result_of_this_check_is_none():
    for members in (
            {"state": 0, "summary": "STATUS PAGE OK - x: y"},
            {"state": 0}, {"summary": "MX OK - x: y"},
            {"state": "0", "summary": "MX OK - x: y"},
            {"state": "length", "summary": "MX 4 - x: y"},
            {"state": 4, "summary": "MX undefined - x: y"},
            {"state": 2, "summary": None}, {"summary": {"a": 1}},
            {"findings": {}, "exchangers": [{"name": "a"}]},
            {"findings": [None], "exchangers": [{"name": "a"}]},
            {"exchangers": [None]}, {"exchangers": [3]}):
        got = prepare("check_mx", json.dumps(sample(**members)))
        if got.get("exchangers") == [3]:
            continue  # a number has no members, and takes none
        same((got["state"], got["summary"].startswith("MX UNKNOWN - "),
              got["error"] != "", got["discovery"]),
             (3, True, True, {}), members)


def many_findings(count):
    """So many of them, the first about mx1."""
    return [{"rule": "a", "state": 2, "text": "first",
             "culprit": {"name": f"mx{number}", "address": None}}
            for number in [1, *range(3, count + 2)]]


@test
def what_was_left_out_disproves_nothing():
    with open(os.path.join(SOURCE, "common/report/json.c"),
              encoding="utf-8") as file:
        kept = int(re.search(r"ENTRIES_FIRST = (\d+)", file.read())[1])
    for is_cut, count, wanted in (
            (False, 1, ""), (False, kept, ""), (True, 1, ""),
            (True, kept - 1, ""), (True, kept, None)):
        got = prepare("check_mx", json.dumps(sample(
            truncated=is_cut, addresses=[],
            exchangers=[{"name": "mx1"}, {"name": "mx2"}],
            findings=many_findings(count))))
        same([one.get("finding") for one in got["exchangers"]],
             ["mx1 first", wanted], f"truncated: {is_cut}, {count} findings")
        same(got["lacks"], wanted is None, f"{is_cut}, {count} findings")
    same([prepare("check_mx", json.dumps(sample(truncated=is_cut)))["lacks"]
          for is_cut in (False, True)], [False, True], "without its lists")


@test
def metrics_that_were_left_out_are_in_the_lists():
    listed = {"name": "ns1", "address": "192.0.2.1", "verdict": "good",
              "answer_time": 0.5, "answer_time_tcp": 0.25, "serial_lag": 0,
              "lag_age": 0, "expire_left": 7, "signature_life": 8,
              "cover": {"seconds": 9}}
    for verdict, is_cut, wanted in (
            ("good", True, [0.5, 0.25, 0, 0, 7, 8, 9]),
            ("good", False, [None, 0.25] + [None] * 5),
            ("silent", True, [None, 0.25] + [None] * 5)):
        given = {**listed, "verdict": verdict}
        got = prepare("check_dns_secondary", json.dumps(sample(
            "check_dns_secondary", truncated=is_cut, primaries=[],
            secondaries=[given])))
        same([got["secondaries"][0]["metrics"].get(name) for name in (
            "answer_time_udp", "answer_time_tcp", "server_serial_lag",
            "server_lag_age", "server_expire_left", "server_signature_life",
            "server_cover")], wanted, f"{verdict}, truncated: {is_cut}")
        same(got["lacks"], False, "is anything missing")


@test
def each_thing_gets_its_metrics_and_findings():
    got = prepare("check_mx", json.dumps(sample(
        exchangers=[{"name": "mx1.example.org", "preference": 10,
                     "take": "takes"},
                    {"name": "mx2.example.org", "preference": 20,
                     "take": "bounces"}],
        addresses=[{"exchanger": "mx1.example.org", "address": "192.0.2.25",
                    "take": "takes"},
                   {"exchanger": "mx2.example.org", "address": "192.0.2.25",
                    "take": "bounces"},
                   {"exchanger": "mx2.example.org",
                    "address": "2001:db8::25", "take": "bounces"}],
        findings=[
            {"rule": "a", "state": 2, "text": "first", "culprit": {
                "name": "mx2.example.org", "address": "192.0.2.25"}},
            {"rule": "b", "state": 1, "text": "second", "culprit": {
                "name": "mx2.example.org", "address": None}},
            {"rule": "c", "state": 0, "text": "third", "culprit": {
                "name": "mx1.example.org", "address": "192.0.2.25"}}],
        server_metrics=[
            {"metric": "address_greeting", "value": 0.5,
             "server": "mx1.example.org 192.0.2.25"},
            {"metric": "address_greeting", "value": 0.25,
             "server": "mx2.example.org 192.0.2.25"}])))
    same(got["error"], "")
    same([one["finding"] for one in got["exchangers"]],
         ["", "mx2.example.org (192.0.2.25) first"])
    same([one["finding"] for one in got["addresses"]],
         ["", "mx2.example.org (192.0.2.25) first", "mx2.example.org second"])
    same([one["metrics"].get("address_greeting")
          for one in got["addresses"]], [0.5, 0.25, None])
    same([row["{#KEY}"] for row in got["discovery"]["addresses"]],
         ["mx1.example.org/192.0.2.25", "mx2.example.org/192.0.2.25",
          "mx2.example.org/2001:db8::25"])
    same(got["discovery"]["exchangers"][0],
         {"{#KEY}": "mx1.example.org", "{#SHOWN}": "mx1.example.org",
          "{#NAME}": "mx1.example.org", "{#ADDRESS}": "", "{#GROUP}": ""})


@test
def servers_with_a_port_are_told_apart():
    got = prepare("check_dns_secondary", json.dumps(sample(
        "check_dns_secondary", secondaries=[
            {"name": "[192.0.2.1]:54", "address": "192.0.2.1", "port": 54},
            {"name": "[192.0.2.1]:55", "address": "192.0.2.1", "port": 55},
            {"name": None, "address": "192.0.2.2"}],
        server_metrics=[{"metric": "server_cover", "value": 7,
                         "server": "server [192.0.2.1]:55"}])))
    same([one["metrics"].get("server_cover") for one in got["secondaries"]],
         [None, 7, None])
    keys = [one["key"] for one in got["secondaries"]]
    same((len(set(keys)), keys[2]), (3, "192.0.2.2"))


@test
def hostile_names_stay_names():
    names = ["Bob's API", 'a"b', "{$SECRET}", "{HOST.HOST}", "a,b]", "\\",
             "{?last(//x)}", "{#KEY}", "$1 of $2", "US$ API", "a\nb\r\tc",
             "x" * 300, "x" * 80 + "Aa", "x" * 80 + "BB", "ü", "u", "ü" * 99,
             "x" * 68 + "\U0001f600\U0001f600", "\U0001f600 API", "__proto__",
             "constructor", "'||1==1||'", "", " ", "<b>", "\u202egnp", "%s%n"]
    got = prepare("check_status_page", json.dumps(sample(
        "check_status_page",
        components=[{"name": name, "group": "G", "id": "1",
                     "state": "operational", "grade": 0} for name in names])))
    rows = got["discovery"]["components"]
    same(len(rows), len(names))
    none_of([row for row in rows
             if not re.fullmatch(r"[A-Za-z0-9_.:/-]{1,90}", row["{#KEY}"])
             or re.search(r"[{}\0-\x1f]|\$[0-9]", row["{#NAME}"])
             or len(row["{#NAME}"]) > 70
             or re.search("[\ud800-\udfff]", row["{#NAME}"])])
    shown = {row["{#NAME}"] for row in rows}
    none_of([name for name in ("Bob's API", "US$ API", "a b c",
                               "\U0001f600 API") if name not in shown])
    for one in got["components"]:
        same(find(got, f"$.components[?(@.key=='{one['key']}')]"
                  ".name.first()"), [one["name"]])


@test
def what_is_renamed_stays_what_it_is():
    def keys(*components):
        got = prepare("check_status_page", json.dumps(sample(
            "check_status_page", components=[
                {"group": group, "name": name, "id": ident, "grade": 0}
                for group, name, ident in components])))
        same(len(got["discovery"]["components"]),
             len({one["key"] for one in got["components"]}), components)
        return [one["key"] for one in got["components"]]
    before = keys(("G", "API", "a"), ("G", "Shop", "b"))
    same(keys(("H", "API (new)", "a"), ("", "", "b")), before)
    # No id, or one that is not its own, tells nothing apart.
    same(len(set(keys(("G", "API", "a"), ("G", "Shop", "a"), ("G", "x", ""),
                      ("", "G/x", ""), ("", "a", ""), ("", "id/a", ""),
                      ("id", "a", ""), ("", "id", "a"), ("", "y", "z"),
                      ("", "z", ""), ("", "__proto__", "__proto__"),
                      ("", "x", "id/z"), ("", "x", "constructor")))), 13)


@test
def whatever_has_no_name_is_shown():
    for plugin, rule, thing, shown in (
            ("check_status_page", "components", {"id": "c1"}, "c1"),
            ("check_status_page", "components", {"name": "\u200b", "id": "c1"},
             "c1"),
            ("check_status_page", "components", {"name": " ", "group": "G"},
             "G without a name"),
            ("check_status_page", "components", {}, "without a name"),
            ("check_status_page", "components",
             {"name": "API", "id": "c1"}, "API"),
            ("check_status_page", "components",
             {"name": "API", "group": "G", "id": "c1"}, "G API"),
            ("check_status_page", "addresses",
             {"host": "x.example.org", "address": "192.0.2.1"},
             "x.example.org 192.0.2.1"),
            ("check_status_page", "probes",
             {"what": "https://x.example.org/"}, "https://x.example.org/"),
            ("check_status_page", "probes",
             {"what": "https://x.example.org/", "component": "API"},
             "API https://x.example.org/"),
            ("check_dns_secondary", "secondaries",
             {"name": None, "address": "192.0.2.1"}, "192.0.2.1"),
            ("check_dns_secondary", "secondaries",
             {"name": "ns1", "address": "192.0.2.1"}, "ns1 192.0.2.1"),
            ("check_mx", "addresses",
             {"exchanger": "mx1", "address": "192.0.2.1"}, "mx1 192.0.2.1"),
            ("check_mx", "exchangers", {"name": "mx1"}, "mx1")):
        got = prepare(plugin, json.dumps(sample(plugin, **{rule: [thing]})))
        row, = got["discovery"][rule]
        same((row["{#SHOWN}"], row["{#NAME}"] != ""), (shown, True), thing)
    none_of([item["name"] for _, template in pairs()
             for item in prototypes_of(template.as_data())
             if re.findall(r"{#(\w+)}", item["name"]) != ["SHOWN"]])


@test
def a_component_is_found_by_its_name_as_written():
    page = {"page": {"id": "p", "name": "x", "url": "https://x.example.org",
                     "updated_at": "2026-01-01T00:00:00.000Z"},
            "status": {"indicator": "none", "description": ""},
            "incidents": [], "scheduled_maintenances": [],
            "components": [
                {"id": str(number), "name": name, "group": False,
                 "group_id": None, "status": "major_outage",
                 "updated_at": "2026-01-01T00:00:00.000Z"}
                for number, name in enumerate((
                    "two\nlines", "x" * 300, "ü" * 300, "a|b", "<b>",
                    "\u202egnp", "\U0001f600", "Bob's {$X} \"y\" \\"))]}
    got = prepare("check_status_page", seen_on(json.dumps(page).encode()))
    found = [one["finding"] for one in got["components"]]
    none_of([text for text in found if not text
             or re.search("[\n\u202e]", text) or len(text) > 200])
    same(len(found), 8)


class Handler(http.server.BaseHTTPRequestHandler):
    """A status page on this host."""

    def do_GET(self):  # pylint: disable=invalid-name
        """Always the same page."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.text)))
        self.end_headers()
        self.wfile.write(self.server.text)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Says nothing."""


def seen_on(text):
    """What check_status_page prints of a page, which it probes as well."""
    if "check_status_page" not in built():
        raise Skip("check_status_page is not built")
    tool("duk")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.text = text
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/summary.json"
        done = subprocess.run(
            [built()["check_status_page"], "-u", url, "--no-state",
             "--probe", f"API={url}", "-t", "20", "--output=json"],
            stdout=subprocess.PIPE, check=False)
        server.shutdown()
    return done.stdout.decode()


@test
def items_find_their_values_in_a_real_result():
    with open(os.path.join(TESTS, "page/statuspage/components.json"),
              "rb") as file:
        got = prepare("check_status_page", seen_on(file.read()))
    same(got["error"], "")
    template = templates.Template(
        "check_status_page",
        templates.metrics_of(built()["check_status_page"]), "agent")
    values = [find(got, path_of(item))
              for item in template.items()[1:]]
    same(len([value for value in values if value]) > 12, True)
    same(find(got, "$.lacks"), [False])
    none_of(zabbix_items.misses("check_status_page", got))


def agent_says(name, folder, ini, key):
    """What one of both agents answers when it is asked for a key."""
    path, env = tool(name)
    conf = os.path.join(folder, f"{name}.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write("Server=127.0.0.1\nHostname=x\nTimeout=30\n"
                   f"LogFile={conf}.log\n"
                   + (f"ControlSocket={folder}/a.sock\n"
                      f"PluginSocket={folder}/p.sock\n"
                      if name == "zabbix_agent2" else "")
                   + read("lifeline-agent.conf").replace(
                       "/usr/lib/nagios/plugins", os.path.join(
                           os.path.abspath(BUILD), "plugins")).replace(
                               "/etc/lifeline-plugins/zabbix.ini", ini))
    return subprocess.run(
        [path, "-c", conf, "-t", key], env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False).stdout


@test
def both_agents_run_the_checks():
    plugins = built()
    with tempfile.TemporaryDirectory() as folder:
        ini = os.path.join(folder, "zabbix.ini")
        with open(ini, "w", encoding="utf-8") as file:
            file.write("[given]\nhostname=\n")
        for key, wanted in (
                ("lifeline.dns_delegation[,1,0.1,]", "-H : is empty"),
                ("lifeline.dns_secondary[,1,0.1,none]", "no section [none]"),
                ("lifeline.mx[,1,0.1,]", "-H : is empty"),
                ("lifeline.mx[a@example.org,1,0.1,]", "not allowed"),
                ("lifeline.mail_flow[none,1]", "no section [none]"),
                ("lifeline.status_page[none,1]", "no section [none]")):
            if "check_" + key[len("lifeline."):].split("[")[0] not in plugins:
                continue
            for name in ("zabbix_agentd", "zabbix_agent2"):
                said = agent_says(name, folder, ini, key)
                same(wanted in said, True, f"{name}: {key}: {said}")


main()
