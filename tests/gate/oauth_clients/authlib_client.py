"""Introspects keys with Authlib, as a service written in Python does. Standard input: {"url", "gate_token", "keys"}."""

import json
import os
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the server under test speaks plain HTTP
given = json.load(sys.stdin)

metadata = AuthorizationServerMetadata(
    requests.get(given["url"] + "/.well-known/oauth-authorization-server", timeout=20).json()
)
metadata.validate_issuer()
metadata.validate_response_types_supported()
metadata.validate_introspection_endpoint()
metadata.validate_introspection_endpoint_auth_methods_supported()


def introspect(method, secret, key):
    session = OAuth2Session("urn:my service", secret, token_endpoint_auth_method=method)
    answer = session.introspect_token(metadata["introspection_endpoint"], token=key, token_type_hint="access_token")
    return {"status": answer.status_code, "body": answer.json()}


methods = ["client_secret_basic", "client_secret_post"]
json.dump(
    {
        "good": [[introspect(method, given["gate_token"], key)["body"] for key in given["keys"]] for method in methods],
        "wrong": [introspect(method, given["gate_token"][:-1] + "!", given["keys"][0])["status"] for method in methods],
    },
    sys.stdout,
)
