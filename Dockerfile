# Stages: web (pages) → install (program) → runtime → api, worker-cpu; install-gpu → worker-gpu.
# Pinned by version; to pin by digest too, pass --build-arg PYTHON_IMAGE=python@sha256:… .
ARG PYTHON_IMAGE=python:3.11.11-slim-bookworm
ARG NODE_IMAGE=node:22.14.0-bookworm-slim

FROM ${NODE_IMAGE} AS web
WORKDIR /build/api/web
COPY api/web/package.json api/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY api/openapi.json /build/api/openapi.json
COPY api/web ./
RUN npm run build

FROM ${PYTHON_IMAGE} AS install
WORKDIR /build
RUN python -m venv /opt/tenken
COPY constraints ./constraints
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY inspection ./inspection
COPY flight ./flight
COPY datasets ./datasets
COPY models ./models
COPY workers ./workers
COPY api ./api
COPY --from=web /build/api/web/dist ./api/web/dist
RUN /opt/tenken/bin/pip install --no-cache-dir -c constraints/base.txt '.[redis,s3,otel]'

FROM install AS install-gpu
RUN /opt/tenken/bin/pip install --no-cache-dir -c constraints/base.txt '.[redis,s3,otel,cuda]' 'onnxruntime-gpu[cuda,cudnn]'

# Pango draws PDFs, Noto has the Japanese letters, the client of PostgreSQL takes and restores backups.
FROM ${PYTHON_IMAGE} AS runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-noto-cjk libgomp1 libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home tenken \
    && install -d -o tenken -g tenken -m 0750 /var/lib/tenken
ENV PATH=/opt/tenken/bin:$PATH TENKEN_HOME=/var/lib/tenken PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/tenken
USER tenken
VOLUME /var/lib/tenken

FROM runtime AS worker-gpu
COPY --from=install-gpu /opt/tenken /opt/tenken
CMD ["tenken", "worker", "--queues", "gpu,cpu"]

FROM runtime AS worker-cpu
COPY --from=install /opt/tenken /opt/tenken
CMD ["tenken", "worker", "--queues", "cpu"]

FROM runtime AS api
COPY --from=install /opt/tenken /opt/tenken
EXPOSE 8000
CMD ["tenken", "serve", "--host", "0.0.0.0", "--no-worker"]
