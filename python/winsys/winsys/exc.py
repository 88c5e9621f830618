"""Exceptions that any part of winsys may raise."""

from mailslot.exceptions import x_access_denied, x_not_found, x_winsys

__all__ = ["x_access_denied", "x_not_found", "x_winsys"]
