"""What a method costs as samples, features or components grow: three sweeps from a common centre."""

from benchmark.execution.scaling.request import DEFAULT_REDUCERS, ScalingRequest
from benchmark.execution.scaling.run import ScalingResult, run_scaling

__all__ = ["DEFAULT_REDUCERS", "ScalingRequest", "ScalingResult", "run_scaling"]
