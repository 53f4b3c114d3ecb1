"""Writes an archive for `docker load`: archive.py ARCHITECTURE NAME:TAG OUT LAYER..."""

import hashlib
import io
import json
import sys
import tarfile

architecture, name, out, *layers = sys.argv[1:]


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


digests = [sha256(layer) for layer in layers]
created = "2026-01-01T00:00:00Z"
config = json.dumps({
    "architecture": architecture,
    "os": "linux",
    "created": created,
    "config": {
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
        "Cmd": ["/bin/sh"],
        "WorkingDir": "/",
    },
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest for digest in digests]},
    "history": [{"created": created, "created_by": "tests/lab/images/build.sh"} for _ in digests],
}, sort_keys=True).encode()
config_name = hashlib.sha256(config).hexdigest() + ".json"
manifest = json.dumps([{
    "Config": config_name,
    "RepoTags": [name],
    "Layers": [digest + "/layer.tar" for digest in digests],
}]).encode()

with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:

    def add(path, size, content):
        entry = tarfile.TarInfo(path)
        entry.size = size
        archive.addfile(entry, content)

    for digest, layer in zip(digests, layers):
        with open(layer, "rb") as file:
            file.seek(0, io.SEEK_END)
            size = file.tell()
            file.seek(0)
            add(digest + "/layer.tar", size, file)
    add(config_name, len(config), io.BytesIO(config))
    add("manifest.json", len(manifest), io.BytesIO(manifest))
