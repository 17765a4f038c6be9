"""Find the four files of an IDX data set: given by the user, kept from before, or fetched."""

from __future__ import annotations

import hashlib
import io
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmark.datasets.catalog.declarations import FILES, DatasetInfo
from benchmark.errors import InputError

_DATA_DIR_VARIABLE = "BENCHMARK_DATA_DIR"
_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 10.0
MOST_BYTES = 2**26  # twice the size of the largest published file


class DataUnavailable(InputError):
    """A named data set is neither at hand nor can it be downloaded."""


def cache_directory() -> Path:
    """Return the directory of this user that keeps what was downloaded."""
    import pooch

    return Path(pooch.os_cache("dimensionality-reduction-benchmark"))


def locate(info: DatasetInfo, data_dir: str | Path | None = None, *, download: bool = True) -> Path:
    """Return a directory that holds the four files, their checksums verified.

    Looks in ``<data_dir>/<name>/`` (or in ``$BENCHMARK_DATA_DIR/<name>/`` where no `data_dir` is
    given), then in the cache, and then downloads into the cache, in place of what is damaged there.

    Raises
    ------
    InputError
        A file of the user's has the wrong checksum, or one in the cache and `download` is False.
    DataUnavailable
        The files are not at hand, and `download` is False or no mirror gave them.
    """
    given = data_dir or os.environ.get(_DATA_DIR_VARIABLE)
    cache = cache_directory() / info.name
    places = ([Path(given) / info.name] if given else []) + [cache]
    for place in places:
        if all((place / file).is_file() for file in FILES):
            try:
                _verify(info, place)
                return place
            except InputError:
                if place != cache or not download:
                    raise
    failures = fetch(info, cache) if download else ["downloading is switched off"]
    if failures:
        raise DataUnavailable(
            f"{info.name} is not at hand in {' and '.join(map(str, places))} and was not downloaded "
            f"({'; '.join(failures)}): put the files {', '.join(FILES)} into DIR/{info.name}/ and pass "
            f"--data-dir DIR (or set {_DATA_DIR_VARIABLE}=DIR), go online once, or use --dataset digits or "
            f"--dataset with the path of your own file."
        )
    return cache


def _verify(info: DatasetInfo, directory: Path) -> None:
    for path, expected in zip((directory / name for name in FILES), info.sha256, strict=True):
        try:
            with path.open("rb") as file:
                received = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error}.") from error
        if received != expected:
            raise InputError(
                f"{path} is not the published file of {info.name}: its SHA-256 must be {expected[:12]}..., "
                f"got {received[:12]}...; delete it, or give your own data by the path of a file."
            )


def fetch(
    info: DatasetInfo, directory: Path, *, probe_seconds: float = 6.0, stall_seconds: float = 7.0
) -> list[str]:
    """Download the four files into `directory` from the first mirror that answers and keeps its word.

    All mirrors together have `probe_seconds` to show that they are there, and a transfer may stand still for
    `stall_seconds`. A file that fails its checksum never gets its final name.

    Returns
    -------
    list of str
        Empty where all files are there; else what went wrong, a line a mirror.
    """
    answers: queue.Queue[tuple[str, str]] = queue.Queue()

    def probe(mirror: str) -> None:
        answers.put((mirror, unreachable(mirror + FILES[0], probe_seconds, has_it=True)))

    deadline = time.monotonic() + probe_seconds
    for mirror in info.mirrors:
        # A look-up in the DNS can hang for minutes and cannot be interrupted; a daemon can be left behind.
        threading.Thread(target=probe, args=(mirror,), daemon=True).start()
    failures = dict.fromkeys(info.mirrors, f"no answer within {probe_seconds:g} s")
    for _ in info.mirrors:
        try:
            mirror, failure = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        failures[mirror] = failure or _transfer(info, mirror, directory, stall_seconds)
        if not failures[mirror]:
            return []
    return [f"{mirror}: {failure}" for mirror, failure in failures.items()]


def unreachable(url: str, seconds: float = _ANSWER_SECONDS, *, has_it: bool = False) -> str:
    """Return why a server does not answer, or "" where it does: whatever it says, unless it must have it."""
    import requests

    try:
        answer = requests.head(url, timeout=(_CONNECT_SECONDS, seconds), allow_redirects=has_it)
        if has_it:
            answer.raise_for_status()
    except (OSError, ValueError) as error:
        return _reason(error)
    return ""


def _transfer(info: DatasetInfo, mirror: str, directory: Path, stall_seconds: float) -> str:
    """Fetch all files from one mirror; return what went wrong, or "" ."""
    from importlib.util import find_spec

    import pooch

    progress = sys.stderr.isatty() and find_spec("tqdm") is not None
    receive = pooch.HTTPDownloader(progressbar=progress, timeout=(_CONNECT_SECONDS, stall_seconds))

    def bounded(url: str, output: str, caller: object) -> None:
        with _BoundedFile(output, "wb") as file:
            receive(url, file, caller)

    try:
        for name, expected in zip(FILES, info.sha256, strict=True):
            pooch.retrieve(mirror + name, f"sha256:{expected}", name, directory, downloader=bounded)
    except (OSError, ValueError) as error:
        return _reason(error)
    return ""


class _BoundedFile(io.FileIO):
    """Takes as many bytes as a published file may have: a server could send without end."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > MOST_BYTES:
            raise OSError(f"it sends more than {MOST_BYTES:,} bytes")
        return super().write(data)


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    reasons = {
        requests.Timeout: "timed out",
        requests.exceptions.ChunkedEncodingError: "the transfer broke off",
        requests.ConnectionError: "no connection",
        requests.RequestException: type(error).__name__,
        ValueError: "wrong checksum",
    }
    return next((reason for kind, reason in reasons.items() if isinstance(error, kind)), str(error))
