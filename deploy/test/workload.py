"""Whether a BFF's objects fit each other, its configuration and its image. Each rule yields what is wrong."""

import re

from manifests import TOP
from network import selects


def seconds(text):
    """A duration of the configuration."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def ports(overlay):
    """Ports are those of the configuration; the Service has the public one, and that of the keys."""
    config = overlay.config
    wanted = {"http": port_of(config["server"]["listen"]), "admin": port_of(config["admin"]["listen"])}
    if overlay.serves_keys:
        wanted["keys"] = port_of(config["internal_tokens"]["listen"])
    if wanted != {each["name"]: each["containerPort"] for each in overlay.container["ports"]}:
        yield f"{overlay.name}: container ports are not {wanted} as in base.toml"
    if overlay.pod["metadata"]["annotations"].get("prometheus.io/port") != str(wanted["admin"]):
        yield f"{overlay.name}: the scraper is sent to another port than {wanted['admin']}"
    served = [each["targetPort"] for each in overlay.one("Service")["spec"]["ports"]]
    if served != [each for each in wanted if each != "admin"]:
        yield f"{overlay.name}: the Service has other ports than the public one and that of the keys: {served}"
    file = (TOP / "deploy" / overlay.name / "Containerfile").read_text()
    if f"\nEXPOSE {wanted['http']} {wanted['admin']}\n" not in file:
        yield f"{overlay.name}: the Containerfile exposes other ports"


def probes(overlay):
    """Three probes on the admin port; liveness looks at no dependency."""
    for probe, path in [("startup", "/startupz"), ("liveness", "/livez"), ("readiness", "/readyz")]:
        get = overlay.container.get(f"{probe}Probe", {}).get("httpGet")
        if get != {"path": path, "port": "admin"}:
            yield f"{overlay.name}: {probe} asks {get}"


def rollout(overlay):
    """No capacity is lost in a rollout, and nobody is killed while he drains."""
    deployment = overlay.one("Deployment")["spec"]
    if deployment["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        yield f"{overlay.name}: a rollout may take capacity away"
    if "replicas" in deployment:
        yield f"{overlay.name}: replicas are the autoscaler's"
    server = overlay.config["server"]
    drain = seconds(server["drain_delay"]) + seconds(server["drain_timeout"])
    needed = drain + overlay.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    if overlay.pod["spec"]["terminationGracePeriodSeconds"] <= needed:
        yield f"{overlay.name}: the grace period is not above preStop, drain_delay and drain_timeout, {needed:.0f} s"


def restricted(overlay):
    """The Pod Security Standard `restricted`, and nothing to write on."""
    pod, own = overlay.pod["spec"]["securityContext"], overlay.container["securityContext"]
    is_restricted = (
        pod["runAsNonRoot"] and pod["runAsUser"] > 0
        and pod["seccompProfile"] == {"type": "RuntimeDefault"}
        and own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"]
        and own["capabilities"] == {"drop": ["ALL"]}
    )
    if not is_restricted:
        yield f"{overlay.name}: the security context is not restricted"
    accounts = [overlay.pod["spec"], overlay.one("ServiceAccount")]
    if any(each.get("automountServiceAccountToken") is not False for each in accounts):
        yield f"{overlay.name}: a token of the cluster's API is mounted"
    if any("emptyDir" in each for each in overlay.pod["spec"]["volumes"]):
        yield f"{overlay.name}: it has a place to write"


def selectors(overlay, others):
    """Everything selects this BFF's pods and nobody else's."""
    spread = [each["labelSelector"] for each in overlay.pod["spec"]["topologySpreadConstraints"]]
    found = [
        overlay.one("Deployment")["spec"]["selector"],
        {"matchLabels": overlay.one("Service")["spec"]["selector"]},
        overlay.one("PodDisruptionBudget")["spec"]["selector"],
        *(each["spec"]["podSelector"] for each in overlay.of("NetworkPolicy") if each["spec"]["podSelector"]),
        *spread,
    ]
    for selector in found:
        if not selects(selector, overlay.pod["metadata"]["labels"]):
            yield f"{overlay.name}: {selector} does not select its pods"
        for other in others:
            if other.name != overlay.name and selects(selector, other.pod["metadata"]["labels"]):
                yield f"{overlay.name}: {selector} selects pods of {other.name}"
    target = overlay.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    if (target["kind"], target["name"]) != ("Deployment", overlay.one("Deployment")["metadata"]["name"]):
        yield f"{overlay.name}: the autoscaler scales {target}"


def scaling(overlay):
    """Several instances in production, sessions that all of them know, and a metric that exists."""
    autoscaler = overlay.one("HorizontalPodAutoscaler")["spec"]
    if overlay.environment == "prod" and autoscaler["minReplicas"] < 2:
        yield f"{overlay.name}: one instance in production"
    session = overlay.config.get("session")
    if session and autoscaler["maxReplicas"] > 1 and not {"redis", "keys_file"} <= set(session):
        yield f"{overlay.name} in {overlay.environment}: several instances without a common store of sessions"
    if overlay.environment == "prod" and "shared" not in overlay.config.get("limits", {}):
        yield f"{overlay.name}: no limits in production that all instances count together"
    known = (TOP / "docs/operations.md").read_text()
    for metric in autoscaler["metrics"]:
        if metric["type"] == "Pods" and f"`{metric['pods']['metric']['name']}`" not in known:
            yield f"{overlay.name}: the autoscaler reads {metric['pods']['metric']['name']}, which no BFF has"


def configuration(overlay):
    """The BFF reads its own base.toml and its environment's layer; secrets are only referred to."""
    files = overlay.one("ConfigMap")["data"]
    base = (TOP / "bffs" / overlay.name / "config/base.toml").read_text()
    if files["base.toml"] != base or set(files) != {"base.toml", f"{overlay.environment}.toml"}:
        yield f"{overlay.name}: the ConfigMap is not its base.toml and its layer"
    if overlay.variables.get("BFF_ENV") != overlay.environment:
        yield f"{overlay.name}: BFF_ENV is not {overlay.environment}"
    if overlay.of("Secret"):
        yield f"{overlay.name}: a Secret with its value"
    named = (TOP / "deploy" / overlay.name / "README.md").read_text()
    for file in overlay.secrets:
        if f"`{file}`" not in named:
            yield f"{overlay.name}: the README does not name the secret `{file}`"
    for key in re.findall(r"(?m)^\s*(\w*(?:password|secret))\s*=", "".join(files.values())):
        yield f"{overlay.name}: `{key}` in a ConfigMap"
    for variable, value in overlay.variables.items():
        if value and re.search("PASSWORD|SECRET$", variable):
            yield f"{overlay.name}: {variable} with its value"


def image(overlay):
    """Each overlay pins its own image; the builder is the toolchain's version."""
    name, _, tag = overlay.container["image"].partition(":")
    if not name.endswith(f"/{overlay.name}-bff") or tag in ("", "latest"):
        yield f"{overlay.name}: image {overlay.container['image']}"
    channel = re.search(r'channel = "(.*)"', (TOP / "rust-toolchain.toml").read_text())[1]
    file = (TOP / "deploy" / overlay.name / "Containerfile").read_text()
    if f"/rust:{channel}-" not in file or f"-p bff-{overlay.name}\n" not in file:
        yield f"{overlay.name}: the Containerfile builds something else, or with another Rust than {channel}"
