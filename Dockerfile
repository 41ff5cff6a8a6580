# Tembaga and Airflow in one image: whatever docker-compose.yml runs of ours, runs it.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates openssh-client python3 python3-venv tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin tembaga \
    && install --directory --owner tembaga --group tembaga --mode 700 /var/lib/tembaga \
    && install --directory --owner tembaga --group tembaga --mode 755 \
        /var/lib/accounts /var/lib/mail

ENV PATH=/opt/tembaga/.venv/bin:$PATH \
    VIRTUAL_ENV=/opt/tembaga/.venv \
    PYTHONUNBUFFERED=1

COPY requirements.txt /opt/tembaga/
RUN python3 -m venv /opt/tembaga/.venv \
    && pip install --quiet --no-cache-dir uv \
    && uv pip install --quiet --no-cache --require-hashes --compile-bytecode \
        -r /opt/tembaga/requirements.txt

COPY . /opt/tembaga/
RUN uv pip install --quiet --no-cache --no-deps --editable /opt/tembaga

# The scheduler and the workers import dbt and Great Expectations once, and their tasks inherit them.
ENV PYTHONPATH=/opt/tembaga/tembaga/embedded/airflow_config \
    AIRFLOW_HOME=/var/lib/tembaga/airflow \
    TEMBAGA_HOME=/var/lib/tembaga \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    GX_ANALYTICS_ENABLED=false

USER tembaga
WORKDIR /opt/tembaga
CMD ["tembaga", "--help"]
