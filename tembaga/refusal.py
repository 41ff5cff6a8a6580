"""Refusal: a file that is not taken, with its code and the values its sentence places."""


class FileRefused(Exception):  # noqa: N818 - what happened to the file, and no fault of ours.
    """The file must be sent again. `code` is one of `expectations/codes.py`."""

    def __init__(self, code: str, **detail: str | int) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
