(() => {
  // Runs a listening test: start, one question after another, results. Answers are kept on the device after each one.
  const root = document.querySelector(".listening");
  const find = (selector) => root.querySelector(selector);
  const Context = window.AudioContext || window.webkitAudioContext;
  const FADE = 0.008; // seconds; hides the click of a switch
  const LATE = 0.05; // seconds of a clip that need not have been heard
  const test = root.dataset.test, store = `speechlab-listening-${test}`;
  const sounds = JSON.parse(find(".sounds").textContent);
  const plan = JSON.parse(
    Array.from(atob(find(".plan").textContent), (character, place) =>
      String.fromCharCode(character.charCodeAt(0) ^ test.charCodeAt(place % test.length))).join(""));
  const keys = Object.keys(plan.trials[0].clips), abx = plan.kind === "abx";

  // --- what is kept: the listener and the rows of the results; storage may be forbidden, then a reload begins anew
  const newState = () => ({ listener: "", rows: [] });
  let state = newState();
  try {
    const kept = JSON.parse(localStorage.getItem(store));
    if (kept && Array.isArray(kept.rows) && kept.rows.length <= plan.trials.length) state = kept;
  } catch { /* go on without */ }
  const keep = () => { try { localStorage.setItem(store, JSON.stringify(state)); } catch { /* go on without */ } };

  // --- sound: all clips of a trial run together and one is heard, so that a change is instant and at the same point
  let context = null, buffers = new Map(), voices = null, active = "", queue = [], turn = 0;
  let startedAt = 0, duration = 0, tallied = 0, clips = {}, heard = {}, nPlays = 0;

  function decoded(index) {
    if (!buffers.has(index)) {
      const bytes = Uint8Array.from(atob(sounds[index].split(",")[1]), (character) => character.charCodeAt(0));
      buffers.set(index, context.decodeAudioData(bytes.buffer));
    }
    return buffers.get(index);
  }

  const position = () => Math.min(Math.max(context.currentTime - startedAt, 0), duration);

  function tally() {
    const now = position();
    heard[active] = (heard[active] || 0) + now - tallied;
    tallied = now;
  }

  async function play(key, rest = []) {
    nPlays += 1;
    queue = rest;
    if (voices) { // another clip sounds: change at this point
      tally();
      for (const [name, { gain }] of Object.entries(voices)) fade(gain, name === key ? 1 : 0);
      active = key;
      return draw();
    }
    context ||= new Context();
    if (context.state === "suspended") context.resume();
    const mine = ++turn;
    const ready = await Promise.all(Object.values(clips).map(decoded));
    if (mine !== turn) return; // a later key was faster than the decoding
    active = key;
    startedAt = context.currentTime + 0.02;
    tallied = 0;
    duration = ready[0].duration;
    voices = {};
    Object.keys(clips).forEach((name, place) => {
      const source = context.createBufferSource(), gain = context.createGain();
      source.buffer = ready[place];
      gain.gain.value = name === key ? 1 : 0;
      source.connect(gain).connect(context.destination);
      source.start(startedAt);
      voices[name] = { source, gain };
    });
    requestAnimationFrame(frame);
    draw();
  }

  function fade(gain, level) {
    const now = context.currentTime;
    gain.gain.cancelScheduledValues(now);
    gain.gain.setValueAtTime(gain.gain.value, now);
    gain.gain.linearRampToValueAtTime(level, now + FADE);
  }

  function stop() {
    turn++;
    queue = [];
    if (!voices) return;
    tally();
    for (const { source, gain } of Object.values(voices)) {
      fade(gain, 0);
      source.stop(context.currentTime + 2 * FADE);
    }
    voices = null;
    active = "";
    draw();
  }

  function frame() {
    if (!voices) return;
    if (position() >= duration) {
      const [next, ...rest] = queue;
      stop();
      if (next) play(next, rest);
    } else {
      tally();
      draw();
      requestAnimationFrame(frame);
    }
  }

  const toggle = (key) => (voices && active === key ? stop() : play(key));
  const playAll = () => (voices ? stop() : play(keys[0], keys.slice(1)));

  // --- one question
  let screen = "start", answer = "", shownAt = 0, allHeard = false;
  const spoken = (names) => names.join(", ").replace(/, ([^,]*)$/, " and $1");

  function show(name) {
    screen = name;
    for (const section of ["start", "trial", "result"]) find(`.${section}`).hidden = section !== name;
    const heading = find(`.${name} h2[tabindex]`);
    if (heading) heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  function ask() {
    stop();
    const trial = plan.trials[state.rows.length];
    buffers = new Map();
    clips = trial.clips;
    [heard, nPlays, answer, duration, allHeard, shownAt] = [{}, 0, "", 0, false, performance.now()];
    find(".trial h2").textContent = `Question ${state.rows.length + 1} of ${plan.trials.length}`;
    find("progress").value = state.rows.length;
    root.querySelectorAll("fieldset input").forEach((input) => { input.checked = false; });
    find("fieldset").disabled = find(".next").disabled = true;
    find(".next").firstChild.textContent = state.rows.length + 1 < plan.trials.length ? "Next " : "Finish ";
    show("trial");
    draw();
    tell();
  }

  const missing = () => keys.filter((key) => !duration || (heard[key] || 0) < duration - LATE);

  function tell() {
    const choice = answer && find(`fieldset input[value="${answer}"]`).parentElement.querySelector("span").textContent;
    const names = abx ? `${spoken(missing())} to the end` : "the clip to its end";
    find(".hint").textContent = missing().length ? `First listen to ${names}.`
      : answer ? `Your answer: ${choice}. You may listen again and change it.` : "Now answer; you may listen again.";
  }

  function draw() {
    if (screen !== "trial") return;
    const left = missing();
    for (const button of root.querySelectorAll(".clips button")) {
      const key = button.dataset.key;
      button.setAttribute("aria-pressed", key === active);
      button.querySelector("small").textContent = key === active ? "playing" : left.includes(key) ? "not heard yet" : "heard ✓";
    }
    find(".bar div").style.width = `${voices ? (100 * position()) / duration : 0}%`;
    find(".turn span").textContent = voices ? "Stop" : "Play all in turn";
    if (!left.length && !allHeard) {
      allHeard = true;
      find("fieldset").disabled = false;
    }
    if (String(left) !== root.dataset.left) { // announce a change once, not every picture
      root.dataset.left = left;
      tell();
    }
  }

  function choose(value) {
    if (!allHeard) return tell();
    answer = value;
    find(`fieldset input[value="${value}"]`).checked = true;
    find(".next").disabled = false;
    tell();
  }

  function next() {
    if (!answer) return tell();
    stop();
    const trial = plan.trials[state.rows.length], seconds = (performance.now() - shownAt) / 1000;
    const correct = trial.correct ? Number(answer === trial.correct) : "";
    state.rows.push([test, state.listener, state.rows.length + 1, plan.kind, trial.item, trial.system,
      answer, correct, seconds.toFixed(2), nPlays]);
    keep();
    proceed();
  }

  // --- start and end
  const proceed = () => (state.rows.length < plan.trials.length ? ask() : finish());

  function begin() {
    stop();
    const typed = find(".name").value.trim();
    if (!state.rows.length || !state.listener)
      state.listener = `${typed || "listener"}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
    keep();
    proceed();
  }

  function start() {
    const begun = state.rows.length > 0;
    find(".begin span").textContent = begun ? `Continue with question ${state.rows.length + 1}` : "Start";
    find(".start .anew").hidden = !begun;
    find(".name").value = begun ? state.listener.replace(/-[^-]*$/, "") : "";  // two friends may share a name
    find(".name").disabled = begun;
    clips = { volume: Object.values(plan.trials[0].clips)[0] };
    show("start");
  }

  function anew() {
    if (!window.confirm("This deletes the answers kept on this device. Begin anew?")) return;
    stop();
    state = newState();
    keep();
    buffers = new Map();
    start();
    find(".name").focus();
  }

  function finish() {
    const quoted = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
    const csv = [plan.columns, ...state.rows].map((row) => row.map(quoted).join(",") + "\r\n").join("");
    const right = state.rows.filter((row) => row[7] === 1).length;
    find(".score").textContent = abx
      ? `You recognised X in ${right} of ${state.rows.length} questions; guessing gets about half of them right.`
      : `You rated ${state.rows.length} clips.`;
    find(".csv").value = csv;
    find(".save").href = `data:text/csv;charset=utf-8,${encodeURIComponent("\ufeff" + csv)}`; // the mark is for spreadsheets
    find(".save").download = `listening-${test}-${state.listener.replace(/[^\p{L}\p{N}-]+/gu, "_")}.csv`;
    find(".copied").textContent = "";
    show("result");
  }

  function copy() {
    find(".csv").select();
    find(".copied").textContent = document.execCommand("copy") ? "Copied." : "Select the text and copy it.";
  }

  // --- hands: everything by mouse or touch, and everything by keys, on any keyboard layout
  const actions = {
    start: { enter: begin, v: () => toggle("volume") },
    trial: { enter: next, " ": playAll },
    result: { d: () => find(".save").click(), c: copy },
  };
  for (const key of keys) actions.trial[key.toLowerCase()] = () => toggle(key);
  for (const input of root.querySelectorAll("fieldset input")) {
    actions.trial[input.dataset.key] = () => choose(input.value);
    input.addEventListener("change", () => choose(input.value));
  }
  const clicks = { ".begin": begin, ".volume": actions.start.v, ".turn": playAll, ".next": next, ".copy": copy };
  for (const button of root.querySelectorAll(".clips button")) button.addEventListener("click", () => toggle(button.dataset.key));
  for (const [selector, act] of Object.entries(clicks)) find(selector).addEventListener("click", act);
  root.querySelectorAll(".anew").forEach((button) => button.addEventListener("click", anew));
  root.addEventListener("click", (event) => { // after a mouse click, keys belong to the page and not to that button
    const button = event.target.closest("button, fieldset input");
    if (button && event.detail > 0) button.blur();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const written = event.key.length > 1 || /^[ -~]$/.test(event.key); // else another alphabet: go by the key's place
    const key = (written ? event.key : event.code.replace(/^(Key|Digit|Numpad)/, "")).toLowerCase();
    const { tagName, type } = event.target, typing = type === "text" || tagName === "TEXTAREA";
    if ((typing && key !== "enter") || tagName === "TEXTAREA") return;
    if ((key === "enter" || key === " ") && (tagName === "BUTTON" || tagName === "A")) return; // presses that button
    if (key === " " && type === "radio") return; // chooses it
    const act = actions[screen][key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  find(".all").hidden = !abx;
  if (state.rows.length === plan.trials.length) finish();
  else start();
})();
