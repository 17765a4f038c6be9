"""Find the four files of an IDX data set: given by the user, kept from before, or fetched."""

from __future__ import annotations

import hashlib
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from benchmark.datasets.catalog.sources import FILES, Source
from benchmark.errors import InputError

DATA_DIR_VARIABLE = "BENCHMARK_DATA_DIR"
CONNECT_SECONDS = 3.0
MOST_BYTES = 2**26  # twice the size of the largest published file


class DataUnavailable(InputError):
    """A named data set is neither at hand nor can it be downloaded."""


def cache_directory() -> Path:
    """Return the directory of this user that keeps what was downloaded."""
    import pooch

    return Path(pooch.os_cache("dimensionality-reduction-benchmark"))


def locate(source: Source, data_dir: str | Path | None = None, *, download: bool = True) -> Path:
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
    given = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    cache = cache_directory() / source.name
    places = ([Path(given) / source.name] if given else []) + [cache]
    for place in places:
        if all((place / file).is_file() for file in FILES):
            try:
                verify(source, place)
                return place
            except InputError:
                if place != cache or not download:
                    raise
    failures = fetch(source, cache) if download else ["downloading is switched off"]
    if failures:
        raise DataUnavailable(_ways_out(source.name, places, failures))
    return cache


def verify(source: Source, directory: Path) -> None:
    """Raise `InputError` unless the four files in `directory` are the published ones."""
    for name, expected in zip(FILES, source.sha256, strict=True):
        try:
            with (directory / name).open("rb") as file:
                received = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{directory / name} cannot be read: {error}.") from error
        if received != expected:
            raise InputError(
                f"{directory / name} is not the published file of {source.name}: its SHA-256 must be "
                f"{expected[:12]}..., got {received[:12]}...; delete it, or give your own data by the path "
                f"of a file."
            )


def fetch(
    source: Source, directory: Path, *, probe_seconds: float = 6.0, stall_seconds: float = 7.0
) -> list[str]:
    """Download the four files into `directory` from the first mirror that answers and keeps its word.

    Parameters
    ----------
    source : Source
        The mirrors and the checksums.
    directory : Path
        Where the files are put; one that fails its checksum never gets its final name.
    probe_seconds : float
        The time all mirrors together have to show that they are there.
    stall_seconds : float
        How long a transfer may stand still.

    Returns
    -------
    list of str
        Empty where all files are there; else what went wrong, a line a mirror.
    """
    failures: list[str] = []
    silent = list(source.mirrors)
    for mirror, failure in _answers(source.mirrors, probe_seconds):
        silent.remove(mirror)
        failure = failure or _transfer(source, mirror, directory, stall_seconds)
        if not failure:
            return []
        failures.append(f"{mirror}: {failure}")
    return failures + [f"{mirror}: no answer within {probe_seconds:g} s" for mirror in silent]


def _answers(mirrors: tuple[str, ...], seconds: float) -> Iterator[tuple[str, str]]:
    """Yield (mirror, what is wrong with it or "") as answers come in, until the deadline."""
    answers: queue.Queue[tuple[str, str]] = queue.Queue()
    deadline = time.monotonic() + seconds
    for mirror in mirrors:
        # A look-up in the DNS can hang for minutes and cannot be interrupted; a daemon can be left behind.
        threading.Thread(target=_probe, args=(mirror, seconds, answers), daemon=True).start()
    for _ in mirrors:
        try:
            yield answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return


def _probe(mirror: str, seconds: float, answers: queue.Queue[tuple[str, str]]) -> None:
    import requests

    failure = ""
    try:
        url = mirror + FILES[0]
        with requests.head(url, timeout=(CONNECT_SECONDS, seconds), allow_redirects=True) as response:
            response.raise_for_status()
    except (OSError, ValueError) as error:
        failure = _reason(error)
    answers.put((mirror, failure))


def _transfer(source: Source, mirror: str, directory: Path, stall_seconds: float) -> str:
    """Fetch all files from one mirror; return what went wrong, or "" ."""
    from importlib.util import find_spec

    import pooch

    progress = sys.stderr.isatty() and find_spec("tqdm") is not None
    receive = pooch.HTTPDownloader(progressbar=progress, timeout=(CONNECT_SECONDS, stall_seconds))

    def bounded(url: str, output: str, caller: object) -> None:
        with open(output, "wb") as file:
            receive(url, _BoundedFile(file), caller)

    try:
        for name, expected in zip(FILES, source.sha256, strict=True):
            pooch.retrieve(mirror + name, f"sha256:{expected}", name, directory, downloader=bounded)
    except (OSError, ValueError) as error:
        return _reason(error)
    return ""


class _BoundedFile:
    """Takes as many bytes as a published file may have: a server could send without end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = MOST_BYTES

    def write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"it sends more than {MOST_BYTES:,} bytes")
        self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer broke off"
    if isinstance(error, requests.RequestException):
        return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__
    return "wrong checksum" if isinstance(error, ValueError) else str(error)


def _ways_out(name: str, places: list[Path], failures: list[str]) -> str:
    looked = " and ".join(str(place) for place in places)
    return (
        f"{name} is not at hand in {looked} and was not downloaded ({'; '.join(failures)}): put the files "
        f"{', '.join(FILES)} into DIR/{name}/ and pass --data-dir DIR (or set {DATA_DIR_VARIABLE}=DIR), go "
        f"online once, or use --dataset digits or --dataset with the path of your own file."
    )
