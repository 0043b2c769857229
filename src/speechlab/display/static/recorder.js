// One sentence after another, read aloud and sent to the kernel; see recorder.py.
const MICROPHONE = {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false};

function render({model, el}) {
  el.innerHTML = `<div class="speechlab-recorder" style="max-width: 900px">
    <p class="place"></p><p class="sentence" style="font-size: 1.5em; margin: .3em 0"></p>
    <p><button class="record"></button> <button class="back">◂ Back</button> <button class="next">Next ▸</button></p>
    <audio controls hidden></audio><p class="message" role="status"></p></div>`;
  const part = name => el.querySelector(`.${name}`);
  const sound = el.querySelector("audio"), heard = {};  // sentence to what was just recorded
  let at = 0, recording = null;

  const first = () => model.get("sentences").findIndex((_, place) => !model.get("kept").includes(place + 1));

  function show() {
    const sentences = model.get("sentences"), kept = model.get("kept");
    part("place").textContent =
      `Sentence ${at + 1} of ${sentences.length}; ${kept.length} recorded` + (kept.includes(at + 1) ? ", this one too" : "");
    part("sentence").textContent = sentences[at];
    part("record").textContent = recording ? "■ Stop" : kept.includes(at + 1) ? "● Record again" : "● Record";
    part("back").disabled = Boolean(recording) || at === 0;
    part("next").disabled = Boolean(recording) || at === sentences.length - 1;
    sound.hidden = !heard[at] || Boolean(recording);
    if (heard[at] && sound.src !== heard[at]) sound.src = heard[at];
    part("message").textContent = model.get("message");
  }

  async function record() {
    const stream = await navigator.mediaDevices.getUserMedia({audio: MICROPHONE});
    const pieces = [], place = at;
    recording = new MediaRecorder(stream, {audioBitsPerSecond: 256000});
    recording.ondataavailable = event => pieces.push(event.data);
    recording.onstop = async () => {
      stream.getTracks().forEach(track => track.stop());
      const blob = new Blob(pieces, {type: recording.mimeType});
      recording = null;
      heard[place] = URL.createObjectURL(blob);
      show();
      model.send({number: place + 1}, undefined, [await blob.arrayBuffer()]);
    };
    recording.start();
    show();
  }

  part("record").onclick = () => {
    if (recording) return recording.stop();
    record().catch(error => { part("message").textContent = `The microphone cannot be used: ${error.message}`; });
  };
  for (const [name, step] of [["back", -1], ["next", 1]]) {
    part(name).onclick = () => { at += step; show(); };
  }
  at = Math.max(first(), 0);
  model.on("change:kept", show);
  model.on("change:message", show);
  show();
}

export default {render};
