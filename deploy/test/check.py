"""`make deploy-check`: every overlay and route is valid, fits its BFF, and lets no BFF reach another."""

import functools
import json
import pathlib
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

import network
import routes
import workload
from manifests import BFFS, TOP, build, overlays

# The oldest Kubernetes that has all that the manifests use (`sleep` in preStop by default), and the newest known here.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]
TOOLS = pathlib.Path(sys.executable).parent


def schemas(overlay):
    """Kubernetes' own schemas, strictly: no unknown field."""
    for each in overlay.objects:
        for version in VERSIONS:
            if message := complaint(json.dumps(each), version):
                yield f"{overlay.name}: {each['kind']} in {version}: {message}"


@functools.cache
def complaint(text, version):
    """What a schema says against an object; the tests ask it of the same objects again and again."""
    try:
        kubernetes_validate.validate(json.loads(text), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return error.message
    return None


def violations(all_overlays, all_routes):
    """All rules on all manifests."""
    for overlay in all_overlays:
        yield from schemas(overlay)
        for module in (network, workload):
            for name in OVERLAY_RULES[module]:
                yield from getattr(module, name)(overlay)
        yield from workload.selectors(overlay, all_overlays)
    yield from network.apart(all_overlays)
    for route in all_routes:
        yield from routes.shape(route)
        yield from routes.headers(route)
        yield from routes.backends(route, all_overlays)
    yield from routes.endpoints(all_routes)
    yield from routes.same_in_nginx(all_routes)
    yield from routes.trust(all_overlays, all_routes)


OVERLAY_RULES = {
    network: ["egress", "ingress", "default_deny"],
    workload: ["ports", "probes", "rollout", "restricted", "scaling", "configuration", "image"],
}


def hadolint():
    """The Containerfiles."""
    files = [f"deploy/{name}/Containerfile" for name in BFFS]
    found = subprocess.run([TOOLS / "hadolint", *files], cwd=TOP, capture_output=True, text=True)
    yield from (found.stdout + found.stderr).splitlines() if found.returncode else []


def checkov(all_overlays):
    """What a scanner finds; what is waived says why, in the manifest or Containerfile."""
    with tempfile.TemporaryDirectory() as directory:
        for each in all_overlays:
            place = pathlib.Path(directory, each.environment, each.name)
            place.mkdir(parents=True)
            (place / "manifests.yaml").write_text(yaml.safe_dump_all(each.objects))
            # The name by which the scanner knows such a file.
            (place / "Dockerfile").write_text((TOP / "deploy" / each.name / "Containerfile").read_text())
        command = [TOOLS / "checkov", "--skip-download", "--quiet", "--compact", "--directory", directory]
        command += ["--framework", "kubernetes", "dockerfile"]
        found = subprocess.run(command, capture_output=True, text=True)
        yield from found.stdout.splitlines() if found.returncode else []


def main():
    all_overlays, all_routes = overlays(), build("deploy/gateway")
    wrong = [*violations(all_overlays, all_routes), *hadolint(), *checkov(all_overlays)]
    for each in wrong:
        print(each)
    objects = sum(len(each.objects) for each in all_overlays) + len(all_routes)
    print(f"deploy-check: {objects} objects in {len(all_overlays)} overlays and the gateway, {len(wrong)} complaints")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
