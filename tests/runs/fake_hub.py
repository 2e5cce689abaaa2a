"""A hub of a few lines: the four requests of its API that a download makes, served from a directory."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin")  # what real repositories keep in LFS, named by SHA-256


class Hub:
    """What the server serves, what was asked of it, and how it misbehaves.

    `cut` is the number of bytes after which a large file breaks off; `swapped` serves other bytes of the same
    size under the same hash.
    """

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.directory = directory
        self.asked: list[str] = []
        self.cut: int | None = None
        self.swapped = False
        self.url = ""

    def files(self) -> dict[str, Path]:
        found = (path for path in self.directory.rglob("*") if path.is_file())
        return {str(path.relative_to(self.directory)): path for path in sorted(found)}

    @property
    def fetched(self) -> set[str]:
        """The names of the files that were downloaded."""
        start = f"GET /{self.name}/resolve/{COMMIT}/"
        return {each.removeprefix(start) for each in self.asked if each.startswith(start)}


def etag(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix in LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def entry(name: str, path: Path) -> dict[str, object]:
    """A line of the tree listing."""
    size = path.stat().st_size
    found: dict[str, object] = {"type": "file", "path": name, "size": size, "oid": etag(path)[:40]}
    if path.suffix in LARGE:
        found["lfs"] = {"oid": etag(path), "size": size, "pointerSize": 130}
    return found


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serve it on a free port of this machine within the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append(f"{self.command} {path}")
            files = hub.files()
            name = path.removeprefix(f"/{hub.name}/resolve/{COMMIT}/").removeprefix(
                f"/{hub.name}/resolve/main/"
            )
            if path == f"/api/models/{hub.name}/revision/main":
                siblings = [{"rfilename": each} for each in files]
                self._json({"id": hub.name, "modelId": hub.name, "sha": COMMIT, "siblings": siblings})
            elif path == f"/api/models/{hub.name}/tree/{COMMIT}":
                self._json([entry(*each) for each in files.items()])
            elif name in files:
                self._file(files[name], body=body)
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("X-Error-Message", "Repository not found")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _json(self, value: object) -> None:
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _file(self, path: Path, *, body: bool) -> None:
            content = path.read_bytes()
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if begin else 200)
            self.send_header("ETag", f'"{etag(path)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content) - begin))
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if not body:
                return
            large = path.suffix in LARGE
            content = content[::-1] if hub.swapped and large else content
            self.wfile.write(content[begin : hub.cut if large else None])
            self.close_connection = True

    return Handler
