# MammoLens as a server, for compose.yaml. Research use only, not a medical device.
FROM python:3.11.13-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/mammolens
ENV PATH=/opt/mammolens/bin:$PATH

# The same three steps as `make install`; each is built again only when its own files change.
ARG TORCH=torch==2.13.0
# Not quoted: it may carry options, such as --index-url.
RUN pip install --no-deps $TORCH
COPY requirements/runtime.txt requirements/monailabel.txt /build/requirements/
RUN pip install -r /build/requirements/runtime.txt \
    && pip install --no-deps -r /build/requirements/monailabel.txt
COPY pyproject.toml README.md LICENSE /build/
COPY lib /build/lib
RUN pip install --no-deps --no-build-isolation /build


FROM python:3.11.13-slim-bookworm

RUN useradd --uid 10001 --user-group --home-dir /var/lib/mammolens --shell /usr/sbin/nologin mammolens
COPY --from=build /opt/mammolens /opt/mammolens
COPY monai_app/main.py deploy/healthcheck.py /srv/mammolens/

# What MONAI Label would make in its app folder as it starts; the rest of the file system may then be read-only.
# A named volume takes over the owner of the folder that it is mounted at.
RUN mkdir -p /srv/mammolens/bin /srv/mammolens/lib /srv/mammolens/logs /srv/mammolens/model \
        /var/lib/mammolens/models /var/lib/mammolens/datastore \
    && chown -R mammolens:mammolens /srv/mammolens/logs /var/lib/mammolens

ENV PATH=/opt/mammolens/bin:$PATH \
    HOME=/var/lib/mammolens \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER mammolens
WORKDIR /srv/mammolens
EXPOSE 8000
VOLUME ["/var/lib/mammolens/models", "/var/lib/mammolens/datastore"]
HEALTHCHECK --interval=30s --timeout=20s --start-period=120s CMD ["python", "/srv/mammolens/healthcheck.py"]
ENTRYPOINT ["python", "-m", "monailabel.main", "start_server", "--app", "/srv/mammolens", "--host", "0.0.0.0", "--port", "8000"]
CMD ["--studies", "/studies"]
