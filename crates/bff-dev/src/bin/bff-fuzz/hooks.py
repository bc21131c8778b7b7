"""What schemathesis cannot know: where redirects lead to is somebody else's, and which ids there are.

Every second id that is well-formed becomes one that the sample services have: of all others there is nothing to show,
and no view would ever be compared with its schema.
"""

import re

import schemathesis

WELL_FORMED = re.compile(r"[A-Za-z0-9._~-]{1,64}")
KNOWN = "p-1"


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs["allow_redirects"] = False


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return {name: known(value) for name, value in (path_parameters or {}).items()}


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and "productId" in body:
        return {**body, "productId": known(body["productId"])}
    return body


def known(value):
    is_id = isinstance(value, str) and WELL_FORMED.fullmatch(value)
    return KNOWN if is_id and sum(map(ord, value)) % 2 else value
