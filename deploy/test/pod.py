"""A BFF with its production overlay on this machine: the very ConfigMap and variables, secrets as files, and instead of
the cluster's hosts sample ones, by variables only."""

import base64
import json
import os
import pathlib
import re
import secrets
import shlex
import subprocess

from manifests import TOP, Overlay, build

PASSWORD = "smoke"
# Where the Deployment mounts the secrets.
MOUNTED = "/run/secrets/bff/"


class World:
    """What `bff-dev world` starts: services, provider, issuer, two Redis servers. It ends with this value."""

    def __init__(self, tools, public_url):
        command = [pathlib.Path(tools, "bff-dev"), "world", public_url]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bff-dev world did not start")
        self.places = json.loads(line)

    def __enter__(self):
        return self.places

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def public_url():
    """Where browsers take the web BFF to be."""
    return Overlay("web", "prod", build("deploy/web/overlays/prod")).config["session"]["public_url"]


def accounts(places, name):
    """The BFF's account on both Redis servers, as deploy/redis/README.md says, and nobody else's."""
    text = (TOP / "deploy/redis/README.md").read_text()
    rule = re.search(r"ACL (SETUSER .*?)\n\n", text, re.DOTALL)[1].replace("\\\n", " ")
    rule = rule.replace("web", name).replace(">...", f">{PASSWORD}")
    for place in (places["cache"], places["state"]):
        said = subprocess.run(["redis-cli", "-u", place, "ACL", *shlex.split(rule)], capture_output=True, text=True)
        if said.stdout.strip() != "OK":
            raise SystemExit(f"{rule}: {said.stdout}{said.stderr}")


def secret(file, places):
    """The content of a secret file, made as the documentation says."""
    if file == "internal-token-keys":
        return subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True).stdout
    if file == "session-keys":
        return base64.b64encode(os.urandom(32)) + b"\n"
    if file == "client-secret":
        return places["clientSecret"].encode()
    return secrets.token_hex(16).encode()


class Pod:
    """One BFF, ready to be started."""

    def __init__(self, name, places, directory, tools):
        self.name, self.places, self.directory = name, places, pathlib.Path(directory)
        self.overlay = Overlay(name, "prod", build(f"deploy/{name}/overlays/prod"))
        accounts(places, name)
        for part in ("config", "secrets"):
            (self.directory / part).mkdir(parents=True)
        for file, text in self.overlay.one("ConfigMap")["data"].items():
            (self.directory / "config" / file).write_text(text)
        self.api_key = None
        for file in self.overlay.secrets:
            place = self.directory / "secrets" / file
            if file == "api-keys.toml":
                self.api_key = issue(place, tools)
            else:
                place.write_bytes(secret(file, places))
        lines = [f"{key}={value}" for key, value in self.environment().items()]
        (self.directory / "environment").write_text("\n".join(lines) + "\n")

    def environment(self):
        """The Deployment's variables, and what is elsewhere on this machine."""
        own = {
            each["name"]: each["value"] if "value" in each else PASSWORD
            for each in self.overlay.container["env"]
        }
        return own | {f"BFF__{key.replace('.', '__').upper()}": value for key, value in self.moved()}

    def files(self):
        """Variables for running without mounts: where the configuration and the secrets are."""
        def paths(table, prefix):
            for key, value in table.items():
                if isinstance(value, dict):
                    yield from paths(value, f"{prefix}__{key}")
                elif str(value).startswith(MOUNTED):
                    yield f"{prefix}__{key}".upper(), value.replace(MOUNTED, f"{self.directory}/secrets/")

        return {"BFF_CONFIG_DIR": f"{self.directory}/config"} | dict(paths(self.overlay.config, "BFF"))

    def moved(self):
        """Keys of the configuration whose hosts are not those of the cluster."""
        config, places = self.overlay.config, self.places
        yield "server.listen", "127.0.0.1:0"
        yield "admin.listen", "127.0.0.1:0"
        yield "server.drain_delay", "0s"
        if "otlp_endpoint" in config.get("traces", {}):
            yield "traces.otlp_endpoint", f"{places['control']}/v1/traces"
        for table, part, place in (("cache", "redis", "cache"), ("limits", "shared", "state"), ("session", "redis", "state")):
            if part in config.get(table, {}):
                yield f"{table}.{part}.url", places[place]
        if self.overlay.serves_keys:
            yield "internal_tokens.listen", "127.0.0.1:0"
        for name in config["services"]:
            yield f"services.{name}.url", places["services"].get(name, places["control"])
        for name, each in config.get("credentials", {}).items():
            if "token_url" in each:
                yield f"credentials.{name}.token_url", f"{places['provider']}/token"
        for name in config.get("issuers", {}):
            yield f"issuers.{name}.issuer", places["issuer"]
            yield f"issuers.{name}.keys.url", places["keys"]
        if "session" in config:
            yield "session.issuer", places["provider"]


def issue(place, tools):
    """A file with one API key, and the key."""
    command = [pathlib.Path(tools, "bff-key"), "issue", "--subject", "partner-1", "--scope", "catalogue:read"]
    command += ["--expires", "2099-01-01", "--file", place]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.search(r"bffp_\S+", said)[0]
