"""The manifests as kustomize makes them, with the configuration that they carry."""

import pathlib
import re
import subprocess
import tomllib

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
BFFS = sorted(place.parent.name for place in TOP.glob("bffs/*/Cargo.toml"))
ENVIRONMENTS = ["dev", "prod"]


def build(directory):
    """All objects of a kustomization."""
    made = subprocess.run(["kubectl", "kustomize", TOP / directory], check=True, capture_output=True)
    return [each for each in yaml.safe_load_all(made.stdout) if each]


def merge(low, high):
    """One table over another."""
    if isinstance(low, dict) and isinstance(high, dict):
        return low | {key: merge(low.get(key), value) for key, value in high.items()}
    return high


class Overlay:
    """One BFF in one environment."""

    def __init__(self, name, environment, objects):
        self.name, self.environment, self.objects = name, environment, objects

    def of(self, kind):
        """The objects of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind):
        """The only object of a kind."""
        (only,) = self.of(kind)
        return only

    @property
    def pod(self):
        return self.one("Deployment")["spec"]["template"]

    @property
    def container(self):
        (only,) = self.pod["spec"]["containers"]
        return only

    @property
    def variables(self):
        return {each["name"]: each.get("value") for each in self.container["env"]}

    @property
    def config(self):
        """What the BFF reads: the files of the ConfigMap, the later one over the earlier."""
        files = self.one("ConfigMap")["data"]
        layers = [tomllib.loads(files[name]) for name in ("base.toml", f"{self.environment}.toml")]
        return merge(*layers)

    @property
    def serves_keys(self):
        """Whether services fetch keys from it, on a port of their own."""
        return "listen" in self.config.get("internal_tokens", {})

    @property
    def secrets(self):
        """The files of its Secret that the configuration names."""
        texts = self.one("ConfigMap")["data"].values()
        return sorted({name for text in texts for name in re.findall(r'"/run/secrets/bff/([\w.-]+)"', text)})


def overlays():
    """Every BFF in every environment."""
    places = [(name, environment) for name in BFFS for environment in ENVIRONMENTS]
    return [Overlay(*place, build("deploy/{}/overlays/{}".format(*place))) for place in places]
