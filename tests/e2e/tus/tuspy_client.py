"""tuspy against the upload endpoint. Arguments: step, endpoint, token, file, packet, seal-sha256, and for `rest` the upload's URL.

part: makes an upload and sends the first half in pieces, each with its sha256; prints the URL.
rest: a new client that knows the URL alone; asks for the offset and sends what is missing; prints where it began and where it ended.
sha1: the checksum that tuspy uses by itself; prints the status of the refusal, and the offset afterwards.
"""

import hashlib
import os
import sys

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader import Uploader


class Sha256Uploader(Uploader):
    CHECKSUM_ALGORITHM_PAIR = ("sha256", hashlib.sha256)


def main(step, endpoint, token, path, packet, seal, url=None):
    client = TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
    size = os.path.getsize(path)
    given = dict(
        client=client,
        file_path=path,
        chunk_size=max(size // 7, 1),
        metadata={"packet": packet, "seal-sha256": seal},
        upload_checksum=True,
    )
    if step == "part":
        uploader = Sha256Uploader(**given)
        while uploader.offset < size // 2:
            uploader.upload_chunk()
        print(uploader.url)
    elif step == "rest":
        uploader = Sha256Uploader(url=url, **given)
        began = uploader.offset
        uploader.upload()
        print(began, uploader.offset)
    elif step == "sha1":
        uploader = Uploader(**given)
        try:
            uploader.upload_chunk()
        except TusCommunicationError as error:
            print(error.status_code, uploader.get_offset())
    else:
        sys.exit(f"no step {step}")


main(*sys.argv[1:])
