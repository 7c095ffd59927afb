// A site renews the one part of it that changes: each minute while somebody looks, and on the
// button. No cookie, no storage; without script the very same links do it.
const first = document.getElementById('cameras');
const every = Number(first.dataset.refresh) * 1000;
let failures = 0;
let timer;

const renew = async (source) => {
  const shown = document.getElementById('cameras');
  shown.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(source, { credentials: 'same-origin', cache: 'no-store' });
    if (answer.status === 404) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const next = document.importNode(page.getElementById('cameras'), true);
    // The new pictures are there before they take the old ones' place: nothing jumps or flickers.
    const pictures = [...next.querySelectorAll('img')];
    for (const picture of pictures) picture.loading = 'eager';
    await Promise.all(pictures.map((picture) => picture.decode().catch(() => undefined)));
    shown.replaceWith(next);
  } finally {
    shown.removeAttribute('aria-busy');
  }
};

// Failures wait twice as long each time, ten minutes at most; viewers are spread by a tenth.
const plan = () => {
  clearTimeout(timer);
  if (!every || document.visibilityState !== 'visible') return;
  const wait = Math.min(every * 2 ** failures, 600000);
  timer = setTimeout(go, wait * (0.95 + Math.random() / 10));
};

const go = () =>
  renew(document.getElementById('cameras').dataset.src)
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
  if (!event.target.closest('[data-renew]')) return;
  event.preventDefault();
  go();
});

// The address of a picture is good for minutes only: what waits below is fetched once the
// first ones are there.
addEventListener('load', () => {
  for (const picture of document.querySelectorAll('#cameras img')) picture.loading = 'eager';
});
plan();
