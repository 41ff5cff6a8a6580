"""Say by the exit code whether a part of Airflow has given a sign of life of late.

    healthy.py scheduler | dag_processor | triggerer

The API server knows it of all of them, and asking it costs a tenth of what a command of
Airflow's costs.
"""

import json
import sys
import urllib.request

URL = "http://api-server:8080/api/v2/monitor/health"


def is_healthy(part: str, url: str = URL) -> bool:
    """Whether the API server says so."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(json.load(answer)[part]["status"] == "healthy")
    except (OSError, ValueError, KeyError):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)
