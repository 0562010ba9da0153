# To pin the base for good, replace the tag by the digest that this prints:
#   docker buildx imagetools inspect python:3.11.13-slim-bookworm
# and write FROM python:3.11.13-slim-bookworm@sha256:… here.
FROM python:3.11.13-slim-bookworm

# A user of their own without a password or a shell. Their home stays empty and belongs to root:
# Streamlit reads settings and secrets from there, and nobody may slip it any.
RUN groupadd --gid 10001 alslope \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /home/alslope \
        --shell /usr/sbin/nologin alslope \
    && mkdir --mode 0555 /home/alslope

WORKDIR /app

COPY requirements.txt requirements-extra.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --no-input -r requirements-extra.txt

# Everything belongs to root, so that the app cannot change itself. What else lies in the folder is
# kept out by .dockerignore.
COPY . .
RUN python -m compileall -q alslope.py app.py analysis data pages report ui

# One thread a process: more make the many small matrices of the models slower. Streamlit asks a
# foreign server for its own address where it listens on every one, unless it is told a name.
# Matplotlib keeps a list of fonts, and /tmp is the only place where anything can be written.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/home/alslope \
    MPLCONFIGDIR=/tmp/matplotlib \
    OPENBLAS_NUM_THREADS=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost

USER 10001:10001
EXPOSE 8501
STOPSIGNAL SIGTERM

# The status alone says nothing: Streamlit answers 200 with its own page to any address.
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; assert u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4).read().strip() == b'ok'"]

ENTRYPOINT ["python", "-m", "alslope", "serve", "--port", "8501"]
