"""Every test here holds that what an error names is there."""

from naming import what_an_error_names_is_there

__all__ = ["what_an_error_names_is_there"]
