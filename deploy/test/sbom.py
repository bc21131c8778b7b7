"""`make sbom`: a CycloneDX list of just what each BFF's binary links, in target/sbom/<bff>.cdx.json, checked against the
schema and against cargo's own tree.

    sbom.py <cargo-cyclonedx> [<bff> ...]
"""

import json
import shutil
import subprocess
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from manifests import BFFS, TOP

TARGET = "x86_64-unknown-linux-gnu"
PLACE = TOP / "target/sbom"


def make(tool, sources):
    """The tool writes beside each manifest, so it is given a copy."""
    for each in ("crates", "bffs"):
        shutil.copytree(TOP / each, sources / each, ignore=shutil.ignore_patterns("node_modules"))
    for each in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(TOP / each, sources)
    command = [tool, "cyclonedx", "--format", "json", "--spec-version", "1.5", "--describe", "binaries"]
    command += ["--target", TARGET, "--no-build-deps", "--quiet"]
    subprocess.run(command, cwd=sources, check=True)


def linked(name):
    """Name and version of every crate in the binary, as cargo says."""
    command = ["cargo", "tree", "--locked", "-p", f"bff-{name}", "-e", "normal,no-proc-macro", "--target", TARGET]
    tree = subprocess.run([*command, "--prefix", "none"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    return {tuple(line.replace(" v", " ").split()[:2]) for line in tree.splitlines() if line}


def only(bom, crates):
    """The list without what only takes part in building: macros and what they need."""
    kept = [each for each in bom["components"] if (each["name"], each["version"]) in crates]
    known = {each["bom-ref"] for each in kept} | {bom["metadata"]["component"]["bom-ref"]}
    depends = [
        each | {"dependsOn": [one for one in each.get("dependsOn", []) if one in known]}
        for each in bom["dependencies"]
        if each["ref"] in known
    ]
    return bom | {"components": kept, "dependencies": depends}


def wrong(name, bom, crates):
    """What is not as it should be."""
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(bom))
    if error:
        yield f"{name}: not CycloneDX 1.5: {str(error.data)[:400]}"
    listed = {(each["name"], each["version"]) for each in bom["components"]}
    own = {each for each in crates if each[0] == f"bff-{name}"}
    for each in sorted(listed ^ (crates - own)):
        yield f"{name}: {' '.join(each)} is in only one of the list and cargo's tree"
    for each in bom["components"]:
        if not each.get("licenses") and not each["name"].startswith("bff-"):
            yield f"{name}: {each['name']} has no licence"


def main(tool, *names):
    shutil.rmtree(PLACE, ignore_errors=True)
    sources = PLACE / "sources"
    sources.mkdir(parents=True)
    make(tool, sources)
    complaints = []
    for name in names or BFFS:
        crates = linked(name)
        bom = only(json.loads((sources / f"bffs/{name}/bff-{name}_bin.cdx.json").read_text()), crates)
        (PLACE / f"{name}.cdx.json").write_text(json.dumps(bom, indent=1, sort_keys=True) + "\n")
        complaints += wrong(name, bom, crates)
        print(f"sbom: {name}: {len(bom['components'])} crates in target/sbom/{name}.cdx.json")
    shutil.rmtree(sources)
    print("\n".join(complaints), end="\n" if complaints else "")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
