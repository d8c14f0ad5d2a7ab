# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed zones, by the signers that people use.

A zone of the lab gets a Signing; its zone file is then signed by
dnssec-signzone or ldns-signzone before a server loads it, or the server (BIND
or Knot) gets the keys and signs by itself. Keys are made once a program run.

A key is named by its role and a word of the scenario's own: "ksk1", "zsk2",
"csk-old"; "ksk2:RSASHA256" is of another algorithm than the rest.
"""

import base64
import copy
import hashlib
import os
import struct
import time

import message
import servers

DAY = 86400
BITS = {"ECDSAP256SHA256": 256, "ECDSAP384SHA384": 384, "ED25519": 256}
DIGESTS = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}
DELETE_CDS = "@ IN CDS 0 0 0 00\n@ IN CDNSKEY 0 3 0 AA==\n"


class Key:
    """A pair of keys in files as BIND has them, which the others read."""

    def __init__(self, folder, zone, algorithm, role):
        words = ["dnssec-keygen", "-q", "-a", algorithm]
        if algorithm not in BITS:
            words += ["-b", "2048"]
        if role != "zsk":
            words += ["-f", "KSK"]
        self.zone, self.role = zone, role
        self.bits = BITS.get(algorithm, 2048)
        self.name = servers.run_tool(words + [zone], folder).strip()
        self.path = os.path.join(folder, self.name)
        with open(self.path + ".key", encoding="ascii") as lines:
            self.record = next(line.strip() for line in lines
                               if not line.startswith(";"))
        self.data = self.record.split("DNSKEY ")[1]
        flags, protocol, number, public = self.data.split(None, 3)
        self.number = int(number)
        self.wire = struct.pack("!HBB", int(flags), int(protocol),
                                self.number) + base64.b64decode(public)
        self.tag = int(self.name.rsplit("+", 1)[1])

    def ds(self, digest=2, algorithm=None):
        """The data of its DS record; algorithm: a false one."""
        hashed = DIGESTS[digest](message.wire_name(self.zone) + self.wire)
        return (f"{self.tag} {algorithm or self.number} {digest} "
                f"{hashed.hexdigest()}")


class Keys:
    """The keys that a program run has made, and the zones it has signed."""

    def __init__(self, folder):
        self.folder = folder
        self.made = {}
        self.signed = {}
        os.makedirs(folder, exist_ok=True)

    def key(self, zone, name, algorithm):
        """The key of this name; made when it is asked for first."""
        name, _, own = name.partition(":")
        ident = (zone, name, own or algorithm)
        if ident not in self.made:
            self.made[ident] = Key(self.folder, zone, own or algorithm,
                                   name[:3])
        return self.made[ident]


class Signing:
    """How a zone is signed.

    published: the keys in the zone; signs: those of them that sign (all);
    holds: those that the parent holds a DS of (each published "ksk" and
    "csk"). begin_s and end_s of the signatures count from now. denial:
    "nsec", "nsec3" or "opt-out". cds: keys that CDS and CDNSKEY name. hidden:
    keys that sign, too, and are not published (dnssec-signzone only).
    signer: "bind" or "ldns"; "server" where that signs by itself, and
    "online" where it does so for each answer (Knot). zonemd: with a digest
    of the zone (ldns only).
    """

    def __init__(self, **settings):
        self.algorithm = "ECDSAP256SHA256"
        self.published = ["csk"]
        self.signs = self.holds = None
        self.begin_s, self.end_s = -3600, 14 * DAY
        self.denial, self.iterations = "nsec", 0
        self.cds = []
        self.hidden = []
        self.signer = "bind"
        self.zonemd = False
        self.change(settings)

    def change(self, settings):
        """Takes settings, of which each must be a known one."""
        for name, value in settings.items():
            if not hasattr(self, name):
                raise AttributeError(name)
            setattr(self, name, value)

    def but(self, **settings):
        """The same with some settings changed."""
        other = copy.copy(self)
        other.change(settings)
        return other

    def keys(self, lab, zone, names):
        """The keys of these names."""
        return [lab.keys.key(zone, name, self.algorithm) for name in names]

    def ds(self, lab, zone):
        """The data of the DS set that belongs in the parent."""
        names = self.holds
        if names is None:
            names = [n for n in self.published if not n.startswith("zsk")]
        return [key.ds() for key in self.keys(lab, zone, names)]

    def is_by_server(self):
        """Whether the server gets an unsigned file and the keys."""
        return self.signer in ("server", "online")

    def sign(self, lab, zone, text):
        """The signed zone file from the unsigned one."""
        if self.is_by_server():
            return text
        if self.hidden:
            return self.sign_hidden(lab, zone, text)
        text += "".join(key.record + "\n"
                        for key in self.keys(lab, zone, self.published))
        for key in self.keys(lab, zone, self.cds):
            text += f"@ IN CDS {key.ds()}\n@ IN CDNSKEY {key.data}\n"
        ident = (zone, text, tuple(sorted(
            (name, str(value)) for name, value in vars(self).items())))
        if ident not in lab.keys.signed:
            lab.keys.signed[ident] = (
                self.by_ldns if self.signer == "ldns" else self.by_bind)(
                    lab, zone, text)
        return lab.keys.signed[ident]

    def sign_hidden(self, lab, zone, text):
        """Adds the signatures of keys that are not published."""
        open_only = self.but(hidden=[])
        all_keys = open_only.but(
            published=self.published + self.hidden,
            signs=(self.signs or self.published) + self.hidden)
        tags = [str(k.tag) for k in self.keys(lab, zone, self.hidden)]
        lines = [line for line in
                 all_keys.sign(lab, zone, text).splitlines(True)
                 if "RRSIG\t" in line and "RRSIG\tDNSKEY" not in line
                 and any(f" {tag} {zone}. " in line for tag in tags)]
        return open_only.sign(lab, zone, text) + "".join(lines)

    def signers(self, lab, zone):
        """The keys that sign."""
        names = self.published if self.signs is None else self.signs
        return self.keys(lab, zone, names)

    def by_bind(self, lab, zone, text):
        """Signs with dnssec-signzone."""
        begin = time.time() + self.begin_s
        end = time.time() + self.end_s
        path = os.path.join(lab.keys.folder, "unsigned")
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        words = ["dnssec-signzone", "-q", "-P", "-o", zone,
                 "-s", stamp(begin), "-e", stamp(end), "-f", "-"]
        if not any(n.startswith("zsk") for n in self.signs or self.published):
            words.append("-z")
        else:
            words.append("-x")
        if self.denial != "nsec":
            words += ["-3", "-", "-H", str(self.iterations)]
        if self.denial == "opt-out":
            words.append("-A")
        return servers.run_tool(words + [path] + [
            key.path for key in self.signers(lab, zone)], lab.keys.folder)

    def by_ldns(self, lab, zone, text):
        """Signs with ldns-signzone."""
        path = os.path.join(lab.keys.folder, "unsigned")
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        words = ["ldns-signzone", "-o", zone, "-f", "-",
                 "-i", stamp(time.time() + self.begin_s),
                 "-e", stamp(time.time() + self.end_s)]
        if self.denial != "nsec":
            words += ["-n", "-t", str(self.iterations)]
        if self.denial == "opt-out":
            words.append("-p")
        if self.zonemd:
            words += ["-z", "simple:sha384"]
        return servers.run_tool(words + [path] + [
            key.path for key in self.signers(lab, zone)], lab.keys.folder)


def resolvers_verdict(resolver, name, rtype=message.SOA):
    """What a validating resolver makes of a name and type."""
    reply = servers.answer(resolver, name, rtype,
                           flags=message.RD | message.AD)
    rcode, flags, _ = message.read_reply(reply)
    if rcode == message.SERVFAIL:
        return "bogus"
    return "secure" if flags & message.AD else "insecure"


def stamp(seconds):
    """A time as signers want it."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))
