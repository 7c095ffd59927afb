// An embed renews its one changing part: each minute while somebody looks, and on the button.
// No cookie, no storage. In a sandboxed frame its origin is null, which the part allows for.
const first = document.getElementById('shown');
const every = Number(first.dataset.refresh) * 1000;
let failures = 0;
let timer;

const renew = async () => {
  const shown = document.getElementById('shown');
  const answer = await fetch(shown.dataset.src, { cache: 'no-store' });
  if (answer.status === 404) return location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const next = document.importNode(page.getElementById('shown'), true);
  // The new picture is there before it takes the old one's place: nothing jumps or flickers.
  await next.querySelector('img').decode().catch(() => undefined);
  const focused = shown.contains(document.activeElement);
  const line = shown.querySelector('.embed-line');
  const words = next.querySelector('.embed-line');
  shown.className = next.className;
  shown.querySelector('.sight').replaceWith(next.querySelector('.sight'));
  line.className = words.className;
  line.replaceChildren(...words.childNodes);
  if (focused) line.querySelector('a')?.focus();
};

// Failures wait twice as long each time, ten minutes at most; viewers are spread by a tenth.
const plan = () => {
  clearTimeout(timer);
  if (!every || document.visibilityState !== 'visible') return;
  const wait = Math.min(every * 2 ** failures, 600000);
  timer = setTimeout(go, wait * (0.95 + Math.random() / 10));
};

const go = () =>
  renew()
    .then(() => { failures = 0; }, () => { failures += 1; })
    .finally(plan);

let hiddenAt = 0;
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') {
    hiddenAt = Date.now();
    clearTimeout(timer);
  } else if (every && Date.now() - hiddenAt > every) go();
  else plan();
});
document.addEventListener('click', (event) => {
  if (!event.target.closest('.embed-reload')) return;
  event.preventDefault();
  go();
});
plan();
