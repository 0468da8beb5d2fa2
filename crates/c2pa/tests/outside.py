"""Judges a sidecar beside its photo by c2pa-python, the public reader: the state, then the codes that speak against it, one a line.

outside.py AUTHORITY.pem SIDECAR PHOTO
"""

import sys

import c2pa

authority, sidecar, photo = sys.argv[1:]
with open(authority, encoding="ascii") as file:
    settings = c2pa.Settings.from_dict(
        {
            # Newer readers take no certificate whose use they were not told of: here, signing C2PA claims.
            "trust": {"trust_anchors": file.read(), "trust_config": "1.3.6.1.4.1.62558.2.1"},
            "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        }
    )
context = c2pa.ContextBuilder().with_settings(settings).build()
with open(sidecar, "rb") as file:
    manifest = file.read()
with open(photo, "rb") as file:
    reader = c2pa.Reader("image/jpeg", file, manifest, context)
    print(reader.get_validation_state())
    for status in (reader.get_validation_results() or {}).get("activeManifest", {}).get("failure", []):
        print(status["code"])
