"""The fixtures of these tests; what they are made of is in `served` and `data_plane`, which tests may import from."""

from data_plane import kept_plane, plane
from served import api_gateway, deployed_api, function_role, refusal, sandbox

__all__ = ["api_gateway", "deployed_api", "function_role", "kept_plane", "plane", "refusal", "sandbox"]
