#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""contrib/zabbix/templates.py PLUGINS [FOLDER]: writes the templates for the
plugins in the folder PLUGINS, whose --list-metrics and --list-rules say what
there is, into FOLDER, or where this file is. They are not edited by hand."""

import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = "6.0"
GROUP = "Templates/Lifeline"
STATES = (("0", "OK"), ("1", "WARNING"), ("2", "CRITICAL"), ("3", "UNKNOWN"))
# What an agent refuses in a parameter, unless told to be unsafe.
REFUSED = "\\'\"`*?[]{}~$!&;()<>|#@\n"

# Macros that are the same in all templates; what else a plugin needs is below.
MACROS = {
    "TIMEOUT": ("2.5", "Seconds after which the check ends by itself: less "
                "than Timeout of the server, proxy or agent, which is 3"),
    "HOLD": ("10m", "How long a state must not have come back until its "
             "problem is over"),
    "NODATA": ("30m", "Without a result for so long the check is said not to "
               "run"),
}
QUERY_TIMEOUT = ("0.7", "Seconds that each of two tries of a question to a "
                 "name server has; with more there would be no verdict within "
                 "the timeout")
MAIL_TIMEOUT = (
    "2.5", "Seconds after which the check ends by itself: less than Timeout "
    "of the server, proxy or agent, which is 3. Mail servers that let "
    "strangers wait want 28 here and Timeout=30 there")
FILE = ("/etc/lifeline-plugins/zabbix.ini",
        "File with a section of options for each check")
OPTION = ("--output=json", "One more option. More than one, and mail "
          "addresses: --extra-opts=SECTION@FILE")
# By itself the macro is cut to 20 characters.
WHOLE_VALUE = '{{ITEM.LASTVALUE1}.regsub("(.*)","\\1")}'
HELD = "Over when that state has not come back for {$LIFELINE.HOLD}; an " \
    "UNKNOWN in between ends nothing."
SECTION = ("", "Section of /etc/lifeline-plugins/zabbix.ini with more "
           "options, on the agent's host")


# pylint: disable-next=too-many-arguments,too-many-positional-arguments
def things(title, texts, identity, metrics=(), numbers=(), lifetime="7d"):
    """A list of the JSON whose things are discovered; lifetime: how long what
    is not listed any more is kept."""
    return {"title": title, "texts": texts, "identity": identity,
            "metrics": metrics, "numbers": numbers, "lifetime": lifetime}


# Large providers have others every minute.
ADDRESS_LIFETIME = "1d"


# What --list-metrics does not tell. The words of the command are those of the
# external check; the parameters are those of the agent's key.
PLUGINS = {
    "check_dns_delegation": {
        "title": "DNS delegation", "target": "dns", "interval": "5m",
        "macros": {
            "ZONE": ("", "Zone to check"),
            "QUERY_TIMEOUT": QUERY_TIMEOUT},
        "words": ["-H", "{$LIFELINE.ZONE}", "-t", "{$LIFELINE.TIMEOUT}",
                  "--query-timeout", "{$LIFELINE.QUERY_TIMEOUT}"],
        "parameters": ["ZONE", "TIMEOUT", "QUERY_TIMEOUT"],
        "texts": {},
        "lists": {
            "servers": things(
                "Name server", {"verdict": "What it is worth"},
                ["address"], ["answer_time", "server_signature_life"],
                {"serial": "serial of the zone that it serves"}),
        },
    },
    "check_dns_secondary": {
        "title": "DNS secondaries", "target": "dns", "interval": "5m",
        "macros": {
            "ZONE": ("", "Zone to check"),
            "QUERY_TIMEOUT": QUERY_TIMEOUT},
        "words": ["-H", "{$LIFELINE.ZONE}", "-t", "{$LIFELINE.TIMEOUT}",
                  "--query-timeout", "{$LIFELINE.QUERY_TIMEOUT}"],
        "parameters": ["ZONE", "TIMEOUT", "QUERY_TIMEOUT"],
        "texts": {},
        "lists": {
            "primaries": things(
                "Primary", {"verdict": "What it is worth"},
                ["name", "address", "port"], [],
                {"serial": "serial of the zone that it serves"}),
            "secondaries": things(
                "Secondary", {"verdict": "What it is worth"},
                ["name", "address", "port"],
                ["server_cover", "server_lag_age", "server_serial_lag",
                 "server_expire_left", "server_signature_life",
                 "answer_time_udp", "answer_time_tcp"],
                {"serial": "serial of the zone that it serves"}),
        },
    },
    "check_mail_flow": {
        "title": "Mail flow", "target": "mail", "interval": "5m",
        "macros": {
            "TIMEOUT": MAIL_TIMEOUT,
            "FLOW.SECTION": ("flow", "Section of the file that has the way's "
                             "addresses, servers and users")},
        "external_macros": {"FILE": FILE},
        "words": ["--extra-opts={$LIFELINE.FLOW.SECTION}@{$LIFELINE.FILE}",
                  "-t", "{$LIFELINE.TIMEOUT}"],
        "has_no_option": True,
        "parameters": ["FLOW.SECTION", "TIMEOUT"],
        "texts": {"submission.outcome": "What the submission came to"},
        "lists": {
            "mailboxes": things(
                "Mailbox", {"outcome": "What reading it came to"},
                ["name"], ["service_certificate_life"],
                {"messages": "messages in it"}),
        },
    },
    "check_mx": {
        "title": "Mail exchangers", "target": "mail", "interval": "5m",
        "macros": {
            "TIMEOUT": MAIL_TIMEOUT,
            "DOMAIN": ("", "Domain whose mail exchangers are checked"),
            "QUERY_TIMEOUT": QUERY_TIMEOUT},
        "words": ["-H", "{$LIFELINE.DOMAIN}", "-t", "{$LIFELINE.TIMEOUT}",
                  "--query-timeout", "{$LIFELINE.QUERY_TIMEOUT}"],
        "parameters": ["DOMAIN", "TIMEOUT", "QUERY_TIMEOUT"],
        "texts": {},
        "lists": {
            "exchangers": things(
                "Mail exchanger", {"take": "What becomes of mail there"},
                ["name"], [],
                {"preference": "its preference: the lowest is tried first"}),
            "addresses": things(
                "Address of an exchanger",
                {"take": "What becomes of mail there"},
                ["exchanger", "address"],
                ["address_greeting", "address_certificate_life"],
                lifetime=ADDRESS_LIFETIME),
        },
    },
    "check_status_page": {
        "title": "Status page", "target": "page", "interval": "1m",
        "macros": {},
        "external_macros": {"PAGE.URL": (
            "", "The page, or the document of its API or feed")},
        "agent_macros": {"PAGE.SECTION": (
            "status_page", "Section of /etc/lifeline-plugins/zabbix.ini with "
            "the page's URL, on the agent's host")},
        "words": ["-u", "{$LIFELINE.PAGE.URL}", "-t", "{$LIFELINE.TIMEOUT}"],
        "parameters": ["PAGE.SECTION", "TIMEOUT"],
        "texts": {},
        "lists": {
            "addresses": things(
                "Address of the page", {"outcome": "What came of it"},
                ["host", "address"], ["address_answer"],
                lifetime=ADDRESS_LIFETIME),
            "components": things(
                "Component", {"state": "What the page says of it"},
                ["group", "name", "id"], [],
                {"grade": "state that this is worth"}),
            "probes": things(
                "Probe", {"outcome": "What came of it"},
                ["component", "what"]),
        },
    },
}

# Which members of a list have the metrics of its things, too: a result that is
# too long goes without the latter.
MEMBERS = {
    "check_dns_delegation": {"answer_time": "answer_time"},
    "check_dns_secondary": {
        "server_cover": "cover.seconds",
        "server_lag_age": "lag_age",
        "server_serial_lag": "serial_lag",
        "server_expire_left": "expire_left",
        "server_signature_life": "signature_life",
        "answer_time_udp": "answer_time",
        "answer_time_tcp": "answer_time_tcp"},
    "check_mail_flow": {"service_certificate_life": "certificate_life"},
    "check_mx": {"address_certificate_life": "certificate.life"},
    "check_status_page": {"address_answer": "answer"},
}


def rows_of(path, option):
    """The rows of --list-metrics and the like."""
    done = subprocess.run([path, option], stdout=subprocess.PIPE, check=False)
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


def metrics_of(path):
    """Of each metric: name, unit, whether each server has one, what it is."""
    return [(name, "" if unit == "-" else unit, "per-server" in kind, title)
            for name, unit, kind, title in rows_of(path, "--list-metrics")]


def essential_of(path):
    """The rules that the result is at least UNKNOWN without."""
    return [row[0] for row in rows_of(path, "--list-rules") if row[2] != "-"]


def uuid(*words):
    """An identifier that stays what it is, in the form of version 4."""
    text = hashlib.md5("/".join(("lifeline",) + words).encode()).hexdigest()
    return f"{text[:12]}4{text[13:16]}{'89ab'[int(text[16], 16) % 4]}" \
           f"{text[17:]}"


def step(kind, *parameters, otherwise=None, value=None):
    """One step of preprocessing; otherwise: what to do where it fails."""
    made = {"type": kind, "parameters": list(parameters)}
    if otherwise is not None:
        made["error_handler"] = otherwise
    if value is not None:
        made["error_handler_params"] = value
    return made


def path_step(path):
    """A value of the object; nothing is said where it has none."""
    return step("JSONPATH", path, otherwise="DISCARD_VALUE")


UNCHANGED = step("DISCARD_UNCHANGED_HEARTBEAT", "1h")
NUMBER = {"value_type": "FLOAT"}
COUNT = {}
WORD = {"value_type": "CHAR", "trends": "0"}
TEXT = {"value_type": "TEXT", "trends": "0"}


def kind_of(unit):
    """The type of a metric's values, which are counts where it has no unit."""
    if unit in ("s", "%"):
        return dict(NUMBER, units=unit)
    return dict(COUNT, units=unit) if unit else COUNT


class Template:
    """One template; how is "external check" or "agent"."""

    def __init__(self, plugin, metrics, how, essential=()):
        self.plugin = plugin
        self.essential = essential
        self.about = PLUGINS[plugin]
        self.metrics = metrics
        self.is_agent = how == "agent"
        self.name = f"Lifeline {self.about['title']} by " \
            + ("Zabbix agent" if self.is_agent else "external check")
        self.prefix = "lifeline." + plugin[len("check_"):]
        # The name in its first line.
        self.label = plugin[len("check_"):].replace("_", " ").upper()

    def uuid(self, *words):
        """An identifier for a part of this template."""
        return uuid(self.name, *words)

    def macros(self):
        """The macros by their full names, with value and description."""
        own = self.about.get("agent_macros" if self.is_agent
                             else "external_macros", {})
        found = {**MACROS, **self.about["macros"], **own}
        short = self.prefix[len("lifeline."):].upper()
        found[f"{short}.INTERVAL"] = (self.about["interval"],
                                      "How often to check")
        if not self.is_agent and not self.about.get("has_no_option"):
            found[f"{short}.OPTION"] = OPTION
        if self.is_agent and not any("SECTION" in name for name in found):
            found[f"{short}.SECTION"] = SECTION
        return {f"{{$LIFELINE.{name}}}": found[name]
                for name in sorted(found)}

    def macro(self, ending):
        """The one macro of that ending, or none."""
        return [name for name in self.macros() if name.endswith(ending)]

    def master_key(self):
        """The key by which the check is run."""
        if not self.is_agent:
            words = [*self.about["words"], "--output=json",
                     *self.macro(".OPTION}")]
            return self.plugin + "[" + \
                ",".join(f'"{word}"' for word in words) + "]"
        words = [f"{{$LIFELINE.{name}}}" for name in self.about["parameters"]]
        words += [name for name in self.macro(".SECTION}")
                  if name not in words]
        return f"{self.prefix}[{','.join(words)}]"

    def script(self):
        """What makes one object of whatever the check printed."""
        with open(os.path.join(HERE, "prepare.js"), encoding="utf-8") as file:
            text = file.read()
        lists = {name: {"identity": about["identity"],
                        "members": MEMBERS.get(self.plugin, {})}
                 for name, about in self.about["lists"].items()}
        return text.replace("'LABEL'", json.dumps(self.label)) \
            .replace("LISTS", json.dumps(lists))

    def tags(self, component):
        """The tags of an item."""
        return [{"tag": "component", "value": component},
                {"tag": "lifeline", "value": self.prefix[len("lifeline."):]}]

    def item(self, key, name, description, kind, steps, component="check"):
        """An item that depends on the master."""
        return {"uuid": self.uuid("item", key), "name": name,
                "type": "DEPENDENT", "key": key, "delay": "0",
                "history": "31d", **kind, "description": description,
                "preprocessing": steps,
                "master_item": {"key": self.master_key()},
                "tags": self.tags(component),
                "triggers": self.triggers(key)}

    def master(self):
        """The item that runs the check. Its text is not kept: all of it is
        in those that depend on it."""
        return {
            "uuid": self.uuid("item", "master"),
            "name": f"{self.about['title']}: check",
            **({} if self.is_agent else {"type": "EXTERNAL"}),
            "key": self.master_key(),
            "delay": self.macro(".INTERVAL}")[0],
            "history": "0", **TEXT,
            "description": f"What {self.plugin} prints, prepared for the "
            "items that depend on it.",
            "preprocessing": [
                step("CHECK_NOT_SUPPORTED", "", otherwise="CUSTOM_VALUE",
                     value='{"not_supported":true}'),
                step("JAVASCRIPT", self.script())],
            "tags": self.tags("raw")}

    def function(self, name, key, *more):
        """A function of an item's values in an expression."""
        return f"{name}(/{self.name}/{self.prefix}.{key}" + \
            "".join(f",{word}" for word in more) + ")"

    # pylint: disable=too-many-arguments,too-many-positional-arguments
    def trigger(self, name, severity, expression, description, **more):
        """A trigger; its event says what {ITEM.VALUE} of the first item is,
        that is who is at fault, unless more has another name."""
        return {"uuid": self.uuid("trigger", name), "expression": expression,
                "name": f"{self.about['title']}: {name}",
                "event_name": "{ITEM.VALUE1}", "opdata": WHOLE_VALUE,
                "priority": severity, "description": description,
                "manual_close": "YES", **more,
                "tags": [{"tag": "scope", "value": "availability"}]}

    def depends_on(self, name, expression, recovery=None):
        """A reference to one of the triggers."""
        made = {"name": f"{self.about['title']}: {name}",
                "expression": expression}
        if recovery is not None:
            made["recovery_expression"] = recovery
        return [made]

    def triggers(self, key=None):
        """Those of the triggers that are about this one item; None: about
        several. They stand there as in what Zabbix itself exports, else an
        import of what is there already would seem to change them."""
        return [made for made in self.all_triggers() if key == self.only_item(
            made["expression"] + made.get("recovery_expression", ""))]

    def only_item(self, expressions):
        """The key of the one item in these, or None."""
        keys = set(re.findall(rf"/{self.name}/([^,)]+)", expressions))
        return keys.pop() if len(keys) == 1 else None

    def all_triggers(self):
        """The triggers of the check as a whole. A problem is over when its
        state has not come back for a while: an UNKNOWN ends none, since it
        disproves nothing."""
        def is_state(state):
            return self.function("find", "summary", "", '"regexp"',
                                 f'"^{self.label} {state} - "')

        def has_held(state, below):
            return self.function("last", "state") + f"<{below} and " + \
                self.function("count", "state", "{$LIFELINE.HOLD}", '"eq"',
                              f'"{state}"') + "=0"

        critical, warning = is_state("CRITICAL"), is_state("WARNING")
        no_result = self.function("length", "error").replace(
            "length(", "length(last(") + ")>0"
        return [
            self.trigger("critical", "HIGH", critical + "=1", "It is down, "
                         "or will be by the next fault. " + HELD,
                         recovery_mode="RECOVERY_EXPRESSION",
                         recovery_expression=has_held(2, 2)),
            self.trigger("warning", "AVERAGE", warning + "=1", "Something "
                         "that is to be mended in working hours. " + HELD,
                         recovery_mode="RECOVERY_EXPRESSION",
                         recovery_expression=has_held(1, 1),
                         dependencies=self.depends_on(
                             "critical", critical + "=1", has_held(2, 2))),
            self.trigger("unknown", "WARNING", is_state("UNKNOWN") + "=1",
                         "The check ran, and could not judge what it must: "
                         "it does not say that all is well.",
                         dependencies=self.depends_on(
                             "no result", no_result)),
            self.trigger("no result", "WARNING", no_result, "Zabbix could "
                         "not run the check, or did not wait for its end, or "
                         "it printed something else: nobody is looking.",
                         event_name=f"{self.label}: no result: "
                         "{ITEM.VALUE1}"),
            self.trigger("truncated", "INFO",
                         self.function("find", "truncated", "", '"like"',
                                       '"true"') + "=1",
                         "The state and line 1 are of the whole result. What "
                         "was left out of it keeps its last value.",
                         event_name=f"{self.label}: the result is too long: "
                         "nothing new of some of what is discovered"),
            self.trigger("does not run", "WARNING",
                         self.function("nodata", "state",
                                       "{$LIFELINE.NODATA}",
                                       '"strict"') + "=1",
                         "Nothing came from the agent, the proxy or the "
                         "server: one of them is down or overloaded. Strict, "
                         "since else the loss of a proxy would be no problem.",
                         event_name=f"{self.label}: no result for "
                         "{$LIFELINE.NODATA}"),
        ]

    def items(self):
        """The master and what depends on it, without discovered ones."""
        made = [
            self.master(),
            self.item(f"{self.prefix}.state",
                      f"{self.about['title']}: state",
                      "The state of the check as a whole: at least UNKNOWN "
                      "where one of these rules could not be judged: "
                      + ", ".join(self.essential) + ".",
                      {"valuemap": {"name": "Lifeline state"}},
                      [step("JSONPATH", "$.state")]),
            self.item(f"{self.prefix}.summary",
                      f"{self.about['title']}: summary",
                      "What a person needs to know first: who is at fault, "
                      "what was seen and what was expected.", TEXT,
                      [step("JSONPATH", "$.summary")]),
            self.item(f"{self.prefix}.error",
                      f"{self.about['title']}: not supported",
                      "Why there is no result: empty where there is one.",
                      TEXT, [step("JSONPATH", "$.error"), UNCHANGED]),
            self.item(f"{self.prefix}.truncated",
                      f"{self.about['title']}: truncated",
                      "Whether the result was too long, so that there is "
                      "nothing new of some of what is discovered.",
                      WORD, [path_step("$.lacks"), UNCHANGED]),
        ]
        for name, unit, is_servers, title in self.metrics:
            if not is_servers:
                made.append(self.item(
                    f"{self.prefix}.{name}",
                    f"{self.about['title']}: {name}", title + ".",
                    kind_of(unit), [path_step(f"$.metrics.{name}")],
                    "metric"))
        for path, title in self.about["texts"].items():
            made.append(self.item(
                f"{self.prefix}.{path}", f"{self.about['title']}: {path}",
                title + ".", WORD, [path_step("$." + path), UNCHANGED]))
        return made

    def prototype(self, rule, name, title, kind, more=()):
        """An item of each thing that a rule discovers."""
        about = self.about["lists"][rule]
        where = f"$.{rule}[?(@.key=='{{#KEY}}')]"
        path = name if kind in (WORD, TEXT) or name in about["numbers"] \
            else f"metrics.{name}"
        if name in about["numbers"]:
            path = f"metrics.{name}"
        return self.item(f"{self.prefix}.{rule}.{name}[{{#KEY}}]",
                         f"{about['title']} {{#SHOWN}}: {name}", title + ".",
                         kind, [path_step(f"{where}.{path}.first()"), *more],
                         rule)

    def prototypes(self, rule):
        """All of these items."""
        about = self.about["lists"][rule]
        rows = {name: (unit, title) for name, unit, is_servers, title
                in self.metrics if is_servers}
        made = [self.prototype(rule, name, title, WORD, [UNCHANGED])
                for name, title in about["texts"].items()]
        found = self.prototype(rule, "finding", "What is wrong with it; empty "
                               "where nothing is", TEXT, [UNCHANGED])
        name = f"{self.prefix}.{rule}.finding[{{#KEY}}]"
        found["trigger_prototypes"] = [{
            "uuid": self.uuid("trigger", rule),
            "expression": f"length(last(/{self.name}/{name}))>0",
            "name": found["name"].rsplit(":", 1)[0] + " has a fault",
            "event_name": "{ITEM.VALUE1}", "opdata": WHOLE_VALUE,
            "priority": "INFO", "manual_close": "YES",
            "description": "The triggers of the check as a whole tell the "
            "worst of all faults: this one is there to see the others.",
            "tags": [{"tag": "scope", "value": "notice"}]}]
        made.append(found)
        for name in about["metrics"]:
            unit, title = rows[name]
            made.append(self.prototype(rule, name, title, kind_of(unit)))
        for name, title in dict(about["numbers"]).items():
            kind = {"valuemap": {"name": "Lifeline state"}} \
                if name == "grade" else COUNT
            made.append(self.prototype(rule, name, title, kind))
        return made

    def discovery_rules(self):
        """One a list of the JSON."""
        return [{
            "uuid": self.uuid("discovery", rule),
            "name": f"{about['title']} discovery", "type": "DEPENDENT",
            "key": f"{self.prefix}.{rule}.discovery", "delay": "0",
            "lifetime": about["lifetime"],
            "description": f"The {rule} that the check lists.",
            "item_prototypes": self.prototypes(rule),
            "master_item": {"key": self.master_key()},
            "preprocessing": [path_step(f"$.discovery.{rule}"), UNCHANGED],
        } for rule, about in self.about["lists"].items()]

    def as_data(self):
        """The template as it stands in the file."""
        return {
            "uuid": self.uuid("template"), "template": self.name,
            "name": self.name,
            "description": f"{self.plugin} of lifeline-plugins, run by "
            + ("the agent, whose configuration lifeline-agent.conf is "
               "part of. " if self.is_agent else
               "the server or a proxy, in whose ExternalScripts it is. ")
            + "One host for each that is to be checked, with one of the two "
            "templates. Generated by contrib/zabbix/templates.py.",
            "groups": [{"name": GROUP}],
            "items": self.items(), "discovery_rules": self.discovery_rules(),
            "tags": [{"tag": "class", "value": "lifeline"},
                     {"tag": "target", "value": self.about["target"]}],
            "macros": [{"macro": name, **({"value": value} if value else {}),
                        "description": about}
                       for name, (value, about) in self.macros().items()],
            "valuemaps": [{
                "uuid": self.uuid("valuemap"), "name": "Lifeline state",
                "mappings": [{"value": value, "newvalue": word}
                             for value, word in STATES]}]}


def scalar(value, indent):
    """A string in YAML, where no string is taken for something else."""
    if "\n" in value:
        return "|\n" + "".join(
            f"{indent}  {line}".rstrip() + "\n"
            for line in value.replace("\t", "  ").splitlines()).rstrip("\n")
    return value if re.fullmatch(r"[A-Z][A-Z_]+", value) \
        and value not in ("YES", "NO", "ON", "OFF", "TRUE", "FALSE", "NULL") \
        else "'" + value.replace("'", "''") + "'"


def write(value, indent=""):
    """Lines of YAML for dicts, lists and strings."""
    lines = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str):
                lines.append(f"{indent}{key}: {scalar(inner, indent)}")
            elif inner:
                lines.append(f"{indent}{key}:")
                lines += write(inner, indent + "  ")
        return lines
    for inner in value:
        if isinstance(inner, str):
            lines.append(f"{indent}- {scalar(inner, indent)}")
        else:
            first, *rest = write(inner, indent + "  ")
            lines += [f"{indent}- {first.strip()}", *rest]
    return lines


def file_of(plugin):
    """The name of a plugin's file."""
    return f"lifeline_{plugin[len('check_'):]}.yaml"


def text_of(plugin, path):
    """The file with both templates of a plugin, which is at path."""
    templates = [Template(plugin, metrics_of(path), how, essential_of(path))
                 for how in ("external check", "agent")]
    data = {"zabbix_export": {
        "version": VERSION,
        "groups": [{"uuid": uuid("group"), "name": GROUP}],
        "templates": [one.as_data() for one in templates],
        "triggers": [trigger for one in templates
                     for trigger in one.triggers()]}}
    return "# SPDX-License-Identifier: GPL-3.0-or-later\n" \
        + "\n".join(write(data)) + "\n"


def main():
    """Writes all of them."""
    folder = sys.argv[2] if len(sys.argv) > 2 else HERE
    for plugin in PLUGINS:
        path = os.path.join(sys.argv[1], plugin)
        with open(os.path.join(folder, file_of(plugin)), "w",
                  encoding="utf-8") as file:
            file.write(text_of(plugin, path))


if __name__ == "__main__":
    main()
