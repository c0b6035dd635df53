"""Heat Optimizer: plan and dispatch hybrid energy sites at the lowest bill."""

__version__ = "0.1.0"
