# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every kind, by authorities of the lab's own.

A scenario names what is wrong with one, the rest is as it should be:

    lab.certificate("mx1.example.org")
    lab.certificate("mx1.example.org", end_s=-DAY)      expired
    lab.certificate("mx1.example.org", issuer="self")   signed by itself

Each is made once a program run, with the openssl program.
"""

import base64
import hashlib
import os
import ssl
import time

import servers

DAY = 86400
KEYS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "rsa": ["-newkey", "rsa:2048"], "rsa1024": ["-newkey", "rsa:1024"],
        "ed25519": ["-newkey", "ed25519"]}
# An authority's own issuer. "root" is the one that a scenario's plugin is
# given to trust, "stranger" the one that nobody knows. "ending" and "old" have
# but few days left, "narrow" may certify names of example.net alone.
AUTHORITIES = {"root": "self", "intermediate": "root", "stranger": "self",
               "ending": "root", "old": "self", "narrow": "root",
               **{f"deep{n}": f"deep{n - 1}" if n else "root"
                  for n in range(6)}}
ENDING_S = 5 * DAY
HASHES = {0: bytes.hex, 1: lambda data: hashlib.sha256(data).hexdigest(),
          2: lambda data: hashlib.sha512(data).hexdigest()}


class Certificate:
    """A certificate with its key, in files.

    path: what a server shows, the chain without its root included; both:
    the same after the key; key_path: the key.
    """

    def __init__(self, name, path, key_path, issuer):
        self.name = name
        self.own_path, self.key_path = path, key_path
        self.issuer = issuer  # the Certificate of its issuer, or None
        self.path = path
        self.both = None
        with open(path, encoding="ascii") as source:
            self.pem = source.read()
        self.der = ssl.PEM_cert_to_DER_cert(self.pem)

    def chain(self):
        """It and those above it that a server shows."""
        shown = [self]
        while shown[-1].issuer and shown[-1].issuer.issuer:
            shown.append(shown[-1].issuer)
        return shown

    def public_key(self):
        """The key as a certificate holds it (SubjectPublicKeyInfo)."""
        text = servers.run_tool(["openssl", "x509", "-in", self.own_path,
                                 "-noout", "-pubkey"])
        return base64.b64decode("".join(text.splitlines()[1:-1]))

    def tlsa(self, usage=3, selector=1, matching=1):
        """The data of a TLSA record that names it (RFC 6698 section 2.1)."""
        data = self.public_key() if selector == 1 else self.der
        return f"{usage} {selector} {matching} {HASHES[matching](data)}"


class Certificates:
    """The authorities and certificates that a program run has made."""

    def __init__(self, folder):
        self.folder = folder
        self.made = {}
        self.clock_s = 0  # by how much the lab's clock is fast
        os.makedirs(folder, exist_ok=True)

    def authority(self, name):
        """The certificate of an authority; made when it is asked for."""
        if name == "self":
            return None
        ident = ("authority", name, self.clock_s)
        if ident not in self.made:
            extensions = ["basicConstraints=critical,CA:TRUE",
                          "keyUsage=critical,keyCertSign,cRLSign"]
            if name == "narrow":
                extensions.append(
                    "nameConstraints=critical,permitted;DNS:example.net")
            self.made[ident] = self.make(
                f"Lab {name}", self.authority(AUTHORITIES[name]), "ec",
                (-DAY, ENDING_S if name in ("ending", "old")
                 else 3650 * DAY), extensions)
        return self.made[ident]

    def get(self, names, **settings):
        """A certificate for these names.

        key: of KEYS; begin_s and end_s: its days, counted from now; issuer:
        of AUTHORITIES or "self"; has_chain: whether a server shows the
        intermediate, too; common_name: where that is not the first name;
        purpose: what it is for; digest: of the signature; variant: any word,
        for another one of the same kind.
        """
        wanted = {"key": "ec", "begin_s": -DAY, "end_s": 90 * DAY,
                  "issuer": "root", "has_chain": True, "common_name": None,
                  "purpose": "serverAuth", "digest": "sha256",
                  "variant": None}
        for name, value in settings.items():
            if name not in wanted:
                raise AttributeError(name)
            wanted[name] = value
        wanted["begin_s"] = min(wanted["begin_s"], wanted["end_s"] - DAY)
        ident = (tuple(names), self.clock_s, *wanted.values())
        if ident not in self.made:
            self.made[ident] = self.leaf(names, wanted)
        return self.made[ident]

    def leaf(self, names, wanted):
        """Makes a server's certificate."""
        extensions = ["basicConstraints=CA:FALSE",
                      f"extendedKeyUsage={wanted['purpose']}"]
        if names:
            extensions.append("subjectAltName=" + ",".join(
                ("IP:" if ":" in n or n.replace(".", "").isdigit()
                 else "DNS:") + n for n in names))
        made = self.make(
            wanted["common_name"] or (names or ["nameless"])[0],
            self.authority(wanted["issuer"]), wanted["key"],
            (wanted["begin_s"], wanted["end_s"]), extensions,
            wanted["digest"])
        shown = made.chain() if wanted["has_chain"] else [made]
        text = "".join(c.pem for c in shown)
        made.path = self.write(made.name + ".chain", text)
        with open(made.key_path, encoding="ascii") as key:
            made.both = self.write(made.name + ".both", key.read() + text)
        return made

    def write(self, name, text):
        """Writes a file; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii", opener=private) as out:
            out.write(text)
        return path

    # pylint: disable=too-many-arguments,too-many-positional-arguments
    def make(self, subject, issuer, key, days, extensions, digest="sha256"):
        """Makes a key and has it certified."""
        name = f"certificate-{len(os.listdir(self.folder))}"
        path, key_path = (os.path.join(self.folder, name + end)
                          for end in (".pem", ".key"))
        request = os.path.join(self.folder, name + ".request")
        conf = self.write(name + ".conf", CONF.format(
            folder=self.folder, digest=digest,
            extensions="\n".join(extensions)))
        self.write("index", "")
        servers.run_tool(["openssl", "req", "-new", "-nodes", "-batch",
                          *KEYS[key], "-keyout", key_path, "-out", request,
                          "-subj", f"/CN={subject}", "-config", conf])
        by = ["-selfsign", "-keyfile", key_path] if issuer is None else [
            "-cert", issuer.own_path, "-keyfile", issuer.key_path]
        begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(
            time.time() + self.clock_s + seconds)) for seconds in days)
        servers.run_tool(["openssl", "ca", "-batch", "-notext", "-config",
                          conf, *by, "-startdate", begin,
                          "-enddate", end, "-in", request, "-out", path])
        return Certificate(name, path, key_path, issuer)

    def trusted(self):
        """The file with the one authority that is trusted."""
        return self.authority("root").own_path


def private(path, flags):
    """Opens a file that nobody else may read."""
    return os.open(path, flags, 0o600)


CONF = """
[req]
distinguished_name = none
[none]
[ca]
default_ca = here
[here]
new_certs_dir = {folder}
database = {folder}/index
unique_subject = no
rand_serial = yes
default_md = {digest}
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{extensions}
"""
