"""Requests to Airflow's REST API: logging in, paging, and errors that are sentences.

Each command of Airflow's own command line costs four seconds; a request costs some hundredths.
"""

from collections.abc import Mapping
from typing import Any

import httpx

PAGE = 100


class AirflowRefusedError(Exception):
    """Airflow did not do what it was asked; the sentence says what, and what it answered."""


class AirflowRest:
    """The REST API at one address, with one user's rights."""

    def __init__(self, url: str, *, user: str, password: str) -> None:
        """Nothing is asked before the first request; that one logs in."""
        self._login = {"username": user, "password": password}
        # No proxy of the environment may stand between us and our own machine.
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._client.close()

    def warm(self) -> None:
        """Have the API of the tasks built now: the first task then starts four seconds sooner."""
        self._client.get("/execution/health").raise_for_status()

    def get(self, path: str, **query: Any) -> Any:
        """One thing."""
        return self.ask("GET", path, query=query)

    def pages(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """All of a list, however many pages it has."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=PAGE, offset=len(found), **query)
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def ask(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Send a request and return what is in the answer.

        Raises:
            AirflowRefusedError: There is no answer, or it is not a success.
        """
        try:
            response = self._send(method, path, query, body)
            if response.status_code == httpx.codes.UNAUTHORIZED:  # The token has run out.
                del self._client.headers["Authorization"]
                response = self._send(method, path, query, body)
        except httpx.TransportError as error:
            raise AirflowRefusedError(
                f"Airflow at {self._client.base_url} does not answer ({error}). Does it still run?"
            ) from error
        if not response.is_success:
            raise AirflowRefusedError(
                f"Airflow answered {response.status_code} to {method} {path}: {response.text[:500]}"
            )
        return response.json()

    def _send(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Any
    ) -> httpx.Response:
        if "Authorization" not in self._client.headers:
            answer = self._client.post("/auth/token", json=self._login)
            if not answer.is_success:
                raise AirflowRefusedError(
                    f"Airflow did not let {self._login['username']} in: {answer.text[:500]}"
                )
            self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self._client.request(method, f"/api/v2{path}", params=query, json=body)
