"""The fixtures of these tests; what they are made of is in `served`, which tests may import from."""

from served import api_gateway, deployed_api, refusal, sandbox

__all__ = ["api_gateway", "deployed_api", "refusal", "sandbox"]
