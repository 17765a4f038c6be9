"""The downloader against servers that behave, misbehave, or are not there; nothing leaves 127.0.0.1."""

from __future__ import annotations

import gzip
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

from benchmark.datasets import DATASETS, DatasetInfo, DataUnavailable, load_dataset
from benchmark.datasets.catalog import download
from benchmark.datasets.catalog.declarations import FILES
from benchmark.datasets.catalog.named import read_directory
from benchmark.errors import InputError


def idx_bytes(array: np.ndarray) -> bytes:
    """The IDX file of an array of bytes."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def make_files() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 256, (20, 4, 5), dtype=np.uint8),
        rng.integers(0, 10, 20, dtype=np.uint8),
        rng.integers(0, 256, (10, 4, 5), dtype=np.uint8),
        rng.integers(0, 10, 10, dtype=np.uint8),
    ]
    return {name: gzip.compress(idx_bytes(a), mtime=0) for name, a in zip(FILES, arrays, strict=True)}


CONTENT = make_files()
HASHES = tuple(hashlib.sha256(CONTENT[name]).hexdigest() for name in FILES)
released = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Behaves as the first part of the path says."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        _, behaviour, name = urlparse(self.path).path.split("/")
        self.server.requests.append((self.command, behaviour, name))  # type: ignore[attr-defined]
        if behaviour == "missing" or (behaviour == "gone" and body):
            self.send_error(404)
            return
        content = b"not what was asked for" if behaviour == "wrong" else CONTENT[name]
        if behaviour == "endless":
            content = bytes(2 * download.MOST_BYTES)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body:
            return
        self.wfile.write(content[: len(content) // 2] if behaviour in ("truncated", "stalls") else content)
        if behaviour == "stalls":
            released.wait(10)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.block_on_close = False
        http.requests = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield http
        released.set()
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: ThreadingHTTPServer) -> None:
    """No proxy, no data directory of the user, an empty cache."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("BENCHMARK_DATA_DIR", raising=False)
    monkeypatch.setattr(download, "cache_directory", lambda: tmp_path / "cache")
    server.requests.clear()  # type: ignore[attr-defined]


def source(*mirrors: str) -> DatasetInfo:
    served = mirrors or ("http://nowhere.invalid/",)
    return DatasetInfo(name="tiny", summary="", citation="", url="", mirrors=served, sha256=HASHES)


def at(server: ThreadingHTTPServer, behaviour: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/{behaviour}/"


@contextmanager
def listening(answer: bool) -> Iterator[str]:
    """A port that accepts connections and never answers, or one that nobody listens at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if answer:
            held.listen(8)
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


def test_mirrors_are_https_and_hashes_are_sha256() -> None:
    for one in filter(lambda info: info.mirrors, DATASETS.values()):
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in one.mirrors)
        assert len(set(one.sha256)) == 4
        assert all(len(bytes.fromhex(digest)) == 32 for digest in one.sha256)


def test_good_mirror_fills_the_cache_once(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    tiny = source(at(server, "good"))
    place = download.locate(tiny)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == CONTENT
    assert read_directory(place, DATASETS["mnist"].class_names).X_train.shape == (20, 20)
    asked = len(server.requests)  # type: ignore[attr-defined]
    assert download.locate(tiny) == place == tmp_path / "cache" / "tiny"
    assert len(server.requests) == asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("missing", "HTTP status 404"),
        ("gone", "HTTP status 404"),
        ("wrong", "wrong checksum"),
        ("truncated", "broke off"),
        ("stalls", "no connection|timed out"),
        ("endless", "it sends more than 67,108,864 bytes"),
    ],
)
def test_bad_mirror_leaves_nothing_and_the_next_one_serves(
    server: ThreadingHTTPServer, tmp_path: Path, bad: str, reason: str
) -> None:
    failures = download.fetch(source(at(server, bad)), tmp_path / "a", stall_seconds=0.3)
    assert len(failures) == 1
    assert any(text in failures[0] for text in reason.split("|")), failures
    assert at(server, bad) in failures[0]
    commands = {command for command, _, _ in server.requests}  # type: ignore[attr-defined]
    assert commands == ({"HEAD"} if bad == "missing" else {"HEAD", "GET"})
    assert not (tmp_path / "a").exists() or list((tmp_path / "a").iterdir()) == []
    both = source(at(server, bad), at(server, "good"))
    assert download.fetch(both, tmp_path / "b", stall_seconds=0.3) == []
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == CONTENT


def test_silent_mirror_does_not_hold_up_the_good_one(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    with listening(answer=True) as silent:
        start = time.monotonic()
        assert download.fetch(source(silent, at(server, "good")), tmp_path / "a") == []
        assert time.monotonic() - start < 4


def test_mirrors_that_are_not_there_end_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    finished = threading.Event()

    def hanging(host: object, *args: object, **kwargs: object) -> object:
        if host == "dns-hangs.invalid":
            finished.wait(20)
            raise socket.gaierror("no such host")
        return resolve(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with listening(answer=True) as silent, listening(answer=False) as nobody:
        tiny = source("http://dns-hangs.invalid/", silent, nobody)
        start = time.monotonic()
        failures = download.fetch(tiny, tmp_path / "a", probe_seconds=0.6)
        elapsed = time.monotonic() - start
    finished.set()
    assert elapsed < 3
    assert len(failures) == 3
    text = {failure.split(": ")[0]: failure for failure in failures}
    assert text["http://dns-hangs.invalid/"].endswith("no answer within 0.6 s")
    assert text[nobody].endswith("no connection")
    assert "answer" in text[silent] or "timed out" in text[silent]


def test_default_times_keep_within_fifteen_seconds() -> None:
    """Every mirror silent, or every one answering the probe and then standing still."""
    import inspect

    times = inspect.signature(download.fetch).parameters
    probe, stall = times["probe_seconds"].default, times["stall_seconds"].default
    assert probe <= 6
    assert max(len(one.mirrors) for one in DATASETS.values()) * stall < 15


def test_proxy_of_the_environment_is_used(
    server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("no_proxy", "")
    assert download.fetch(source("http://only-behind-the-proxy.invalid/good/"), tmp_path / "a") == []
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(FILES)


def test_unavailable_names_the_three_ways_out(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    with pytest.raises(DataUnavailable) as caught:
        download.locate(source(at(server, "missing")), tmp_path / "mine")
    message = str(caught.value)
    for part in ("DIR/tiny/", "--data-dir", "BENCHMARK_DATA_DIR", "online", "--dataset digits", "own file"):
        assert part in message
    assert str(tmp_path / "mine" / "tiny") in message
    assert "HTTP status 404" in message


def test_without_download_nothing_is_asked(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataUnavailable, match="switched off"):
        download.locate(source(at(server, "good")), download=False)
    assert server.requests == []  # type: ignore[attr-defined]
    with pytest.raises(DataUnavailable, match="mnist is not at hand"):
        load_dataset("mnist", download=False)


def put(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for name, content in CONTENT.items():
        (directory / name).write_bytes(content)
    return directory


def test_look_up_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = source()
    cache = put(tmp_path / "cache" / "tiny")
    (tmp_path / "empty").mkdir()
    assert download.locate(tiny, tmp_path / "empty", download=False) == cache
    variable = put(tmp_path / "variable" / "tiny")
    monkeypatch.setenv("BENCHMARK_DATA_DIR", str(tmp_path / "variable"))
    assert download.locate(tiny, download=False) == variable
    argument = put(tmp_path / "argument" / "tiny")
    assert download.locate(tiny, tmp_path / "argument", download=False) == argument
    (argument / FILES[3]).unlink()
    assert download.locate(tiny, tmp_path / "argument", download=False) == cache


def test_damaged_file_of_the_cache_is_fetched_again(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    cache = put(tmp_path / "cache" / "tiny")
    (cache / FILES[1]).write_bytes(b"damaged")
    with pytest.raises(InputError, match="is not the published file"):
        download.locate(source(at(server, "good")), download=False)
    with pytest.raises(DataUnavailable):
        download.locate(source(at(server, "wrong")))
    assert (cache / FILES[1]).read_bytes() == b"damaged"
    assert download.locate(source(at(server, "good"))) == cache
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENT


def test_wrong_checksum_at_hand(tmp_path: Path) -> None:
    place = put(tmp_path / "mine" / "tiny")
    (place / FILES[2]).write_bytes(b"something else")
    with pytest.raises(InputError) as caught:
        download.locate(source(), tmp_path / "mine", download=False)
    message = str(caught.value)
    assert str(place / FILES[2]) in message
    assert HASHES[2][:12] in message
    assert hashlib.sha256(b"something else").hexdigest()[:12] in message
    assert HASHES[2] not in message
    assert "delete it" in message
    assert not isinstance(caught.value, DataUnavailable)
