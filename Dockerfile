# The page and OpenAI's speech interface on a CPU: docker build -t speechlab . && docker run -p 127.0.0.1:8000:8000 speechlab
FROM python:3.12-slim
WORKDIR /speechlab
RUN pip install --no-cache-dir torch==2.11.* torchaudio==2.11.* --index-url https://download.pytorch.org/whl/cpu
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY checkpoints checkpoints
RUN pip install --no-cache-dir ".[web]" && useradd --create-home speaker
USER speaker
WORKDIR /home/speaker
EXPOSE 8000
CMD ["speechlab", "serve", "--host", "0.0.0.0"]
