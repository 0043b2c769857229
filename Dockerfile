# The page and OpenAI's speech interface: docker build -t speechlab . && docker run -p 127.0.0.1:8000:8000 speechlab
# --build-arg PIP_INDEX_URL=... names the package index, such as one with PyTorch's smaller builds for the CPU.
FROM python:3.12-slim
WORKDIR /speechlab
ARG PIP_INDEX_URL
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY checkpoints checkpoints
RUN pip install --no-cache-dir ".[web]" && useradd --create-home speaker
USER speaker
WORKDIR /home/speaker
EXPOSE 8000
CMD ["speechlab", "serve", "--host", "0.0.0.0"]
