"""What the Python servers have in common."""

import resource


def raise_limit() -> None:
    """Node and Go do it by themselves: the idle scenario needs thousands of descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
