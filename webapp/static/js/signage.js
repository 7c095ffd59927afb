// A screen that stands for months: it renews itself, sleeps while everything is closed, and goes
// on by itself after a night without network. No cookie, no storage, no control.
const cameras = () => document.getElementById('cameras');
const every = () => Number(cameras().dataset.refresh) * 1000;
const trouble = document.getElementById('trouble');
const gone = document.getElementById('gone');
const version = cameras().dataset.version;

const STALE = 5 * 60 * 1000; // an older state says nothing of now
const FIRST_RETRY = 10 * 1000;
const LONGEST_RETRY = 5 * 60 * 1000;
const TURN = 15 * 1000; // how long one dozen of many cameras stays

let failures = 0;
let timer;
let busy = false;
let goodAt = Date.now();
// A part that was paid for and has waited for its pictures since then.
let waiting = { text: '', since: 0 };

const put = async (text) => {
  const page = new DOMParser().parseFromString(text, 'text/html');
  const next = document.importNode(page.getElementById('cameras'), true);
  // Without its pictures a new page is worse than the last one, once: they may come a little later.
  // Then they are asked for again, and the part is not.
  const tried = [...next.querySelectorAll('img')].map((picture) => picture.decode());
  const failed = (await Promise.allSettled(tried)).some((one) => one.status === 'rejected');
  if (failed && waiting.text !== text) {
    waiting = { text, since: Date.now() };
    throw new Error('pictures');
  }
  waiting = { text: '', since: 0 };
  if (next.dataset.version !== version && (await isServed())) return location.reload();
  cameras().replaceWith(next);
  turn(0);
};

// A page that is loaded while nobody answers is the browser's own error page, and stays: it is
// asked for first. HEAD is no view.
const isServed = () =>
  fetch(document.body.dataset.page, { method: 'HEAD', cache: 'no-store' }).then(
    (answer) => answer.ok,
    () => false,
  );

const newest = async () => {
  const answer = await fetch(cameras().dataset.src, {
    cache: 'no-store',
    signal: AbortSignal.timeout(20000),
  });
  if (answer.status === 404) end(true);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
};

const renew = async () => {
  // One that waited longer than until the next was due would say what was so then.
  const waits = waiting.text && Date.now() - waiting.since < every();
  await put(waits ? waiting.text : await newest());
  end(false);
};

// A site that was switched off shows nothing any more; should it be there again, so is the screen.
const end = (ended) => {
  gone.hidden = !ended;
  cameras().hidden = ended;
  for (const panel of document.querySelectorAll('.link-panel')) panel.hidden = ended;
  if (ended) throw new Error('gone');
};

const stale = () => {
  const old = Date.now() - goodAt > (failures ? STALE : STALE + wait());
  document.body.classList.toggle('is-stale', old);
  for (const then of document.querySelectorAll('.is-then')) {
    then.hidden = !old;
    then.previousElementSibling.hidden = old;
  }
};

const wait = () => {
  const { sleep } = cameras().dataset;
  if (failures) return Math.min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY);
  return Number(sleep) * 1000 || every();
};

const plan = () => {
  clearTimeout(timer);
  if (document.visibilityState !== 'visible') return; // nobody looks, so nobody pays
  timer = setTimeout(go, wait() * (1 + Math.random() / 20));
};

const go = async () => {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  try {
    await renew();
    failures = 0;
    goodAt = Date.now();
  } catch {
    failures += 1;
  } finally {
    busy = false;
  }
  trouble.hidden = !failures || !gone.hidden;
  stale();
  plan();
};

// More cameras than a screen can hold take turns, by the dozen.
const turn = (step) => {
  const all = [...cameras().querySelectorAll('[data-screen]')];
  const screens = Math.max(1, ...all.map((one) => Number(one.dataset.screen) + 1));
  const here = (Number(document.body.dataset.turn ?? 0) + step) % screens;
  document.body.dataset.turn = here;
  for (const one of all) one.hidden = Number(one.dataset.screen) !== here;
};

let lock;
const stayAwake = async () => {
  if (document.visibilityState !== 'visible' || (lock && !lock.released)) return;
  lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
};

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') return;
  stayAwake();
  if (failures || Date.now() - goodAt > wait()) go();
  else plan();
});
addEventListener('online', () => { if (failures) go(); });
setInterval(() => turn(1), TURN);
setInterval(stale, 30 * 1000);
turn(0);
stayAwake();
plan();
