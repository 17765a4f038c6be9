"""``info``: the machine, as every record carries it."""

from __future__ import annotations

from benchmark.cli.options import Debug, Json


def info(as_json: Json = False, debug: Debug = False) -> None:
    """Show the hardware, the versions and the devices found, as every record carries them."""
    from benchmark.cli.printing import flatten, print_json, print_rows
    from benchmark.measure.environment import available_devices, environment

    facts = {"devices": list(available_devices()), **environment()}
    if as_json:
        print_json(facts)
    else:
        print_rows("facts", [{"fact": key, "value": value} for key, value in flatten(facts)])
