"""The gateway's routes against the BFFs, and against the same routes for nginx. Each rule yields what is wrong."""

import json
import pathlib
import re

import jsonschema

from manifests import BFFS, TOP

SCHEMA = json.loads(pathlib.Path(__file__).with_name("httproute.schema.json").read_text())
# What nobody outside may say. `x-forwarded-*` is the gateway's own to set.
FORBIDDEN = {
    "x-user-id", "x-user-token", "x-service-account", "x-deadline-ms", "x-cache-debug", "forwarded",
}
# By this a BFF refuses a request of another BFF, also one that came through the gateway. Who forges it refuses himself.
HOP = "x-bff-hop"


def shape(route):
    """Every field is one of HTTPRoute's."""
    for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(route):
        yield f"{route['metadata']['name']}: {error.json_path}: {error.message[:160]}"


def removed(rule):
    """The request headers that a rule takes away."""
    filters = [each.get("requestHeaderModifier", {}).get("remove", []) for each in rule["filters"]]
    return {name.lower() for names in filters for name in names}


def headers(route):
    """Every rule takes every forged header away, and leaves what ends a loop."""
    for rule in route["spec"]["rules"]:
        for name in sorted(FORBIDDEN - removed(rule)):
            yield f"{route['metadata']['name']}: a rule lets `{name}` in"
        if HOP in removed(rule):
            yield f"{route['metadata']['name']}: a rule hides from a BFF that a BFF calls it"


def backends(route, overlays):
    """Each rule leads to the public port of a BFF in the route's own namespace."""
    services = {
        (each["metadata"]["namespace"], each["metadata"]["name"], port["port"])
        for overlay in overlays
        for each in overlay.of("Service")
        for port in each["spec"]["ports"]
        if port["targetPort"] == "http"
    }
    for rule in route["spec"]["rules"]:
        for each in rule["backendRefs"]:
            if (route["metadata"]["namespace"], each["name"], each["port"]) not in services:
                yield f"{route['metadata']['name']}: no BFF has the Service {each}"


def prefixes(routes, name):
    """The paths of a BFF, after rewriting; a device's path is the rewritten one."""
    for route in routes:
        for rule in route["spec"]["rules"]:
            if rule["backendRefs"][0]["name"] == f"{name}-bff":
                rewrites = [f["urlRewrite"]["path"]["replacePrefixMatch"] for f in rule["filters"] if "urlRewrite" in f]
                for match in rule["matches"]:
                    yield match["path"]["value"], rewrites[0] if rewrites else match["path"]["value"]


def endpoints(routes):
    """Each endpoint has its route, no path leads to two BFFs, and a device's path leads to endpoints."""
    owners = {}
    for name in BFFS:
        files = sorted((TOP / "contracts" / name).glob("v*/*.json"))
        paths = [json.loads(file.read_text())["endpoint"].split(" ")[1] for file in files]
        paths += ["/bff/login", "/bff/callback"] if name == "web" else []
        mine = list(prefixes(routes, name))
        for path in paths:
            if not any(path.startswith(prefix + "/") for asked, prefix in mine if asked == prefix):
                yield f"{name}: no route for {path}"
        for asked, prefix in mine:
            if not any(path.startswith(prefix + "/") for path in paths):
                yield f"{name}: {asked} leads to {prefix}, where nothing is"
            if asked == prefix and owners.setdefault(asked, name) != name:
                yield f"{asked} leads to {name} and {owners[asked]}"


def same_in_nginx(routes):
    """nginx has the same paths, devices and headers."""
    text = (TOP / "deploy/gateway/nginx.conf").read_text()
    emptied = {name.lower() for name in re.findall(r'proxy_set_header (\S+) "";', text)}
    ours = set().union(*(removed(rule) for route in routes for rule in route["spec"]["rules"]))
    for name in sorted(ours - emptied):
        yield f"nginx lets `{name}` in"
    if HOP in emptied:
        yield "nginx hides from a BFF that a BFF calls it"
    devices = dict(re.findall(r"(?m)^        (\w+)\s+(mobile|web|partner);$", text))
    locations = {
        f"/{path}": bff
        for paths, bff in re.findall(r"location ~ \^/\(?([\w|]+?)\)?\(/\|\$\)\s+\{ proxy_pass http://(\w+);", text)
        for path in paths.split("|")
    }
    for name in BFFS:
        for asked, prefix in prefixes(routes, name):
            if asked == prefix and locations.pop(asked, None) != name:
                yield f"nginx does not lead {asked} to {name}"
    for path in locations:
        yield f"nginx has {path}, which no HTTPRoute has"
    by_header = {
        each["value"]: rule["backendRefs"][0]["name"].removesuffix("-bff")
        for route in routes
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
        for each in match.get("headers", [])
    }
    if by_header != devices:
        yield f"devices are {devices} in nginx and {by_header} in the HTTPRoutes"
