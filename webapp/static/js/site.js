// A site renews the one part of it that changes: each minute while somebody looks, and on the
// button. No cookie, no storage; without script the very same links do it.
const cameras = () => document.getElementById('cameras');
const every = () => Number(cameras().dataset.refresh) * 1000;
let failures = 0;
let turn = 0;
let timer;

const renew = async (source) => {
  const mine = ++turn;
  const shown = cameras();
  shown.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(source, {
      credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout?.(20_000),
    });
    if (answer.status === 404) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const next = document.importNode(page.getElementById('cameras'), true);
    // The new pictures are there before they take the old ones' place: nothing jumps or flickers.
    const pictures = [...next.querySelectorAll('img')];
    for (const picture of pictures) picture.loading = 'eager';
    await Promise.all(pictures.map((picture) => picture.decode().catch(() => undefined)));
    if (mine !== turn) return; // somebody has gone on meanwhile
    const focused = document.activeElement?.dataset.go;
    cameras().replaceWith(next);
    if (focused) next.querySelector(`[data-go=${focused}]`)?.focus();
  } finally {
    shown.removeAttribute('aria-busy');
  }
};

// Failures wait twice as long each time, ten minutes at most; viewers are spread by a tenth.
const plan = () => {
  clearTimeout(timer);
  if (!every() || document.visibilityState !== 'visible') return;
  const wait = Math.min(every() * 2 ** failures, Math.max(every(), 600000));
  timer = setTimeout(go, wait * (0.95 + Math.random() / 10), cameras().dataset.src);
};

const go = (source) =>
  renew(source)
    .then(() => { failures = 0; }, () => { failures += 1; })
    .finally(plan);

let hiddenAt = Date.now(); // or opened in a tab behind others
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') {
    hiddenAt = Date.now();
    clearTimeout(timer);
  } else if (every() && Date.now() - hiddenAt > every()) go(cameras().dataset.src);
  else plan();
});

document.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const bars = event.target.closest('.embed-bars');
  const link = event.target.closest('[data-renew], [data-go]');
  if (link) event.preventDefault();
  if (link?.dataset.go) go(cameras().dataset.part + new URL(link.href).search.slice(1));
  else if (link) go(cameras().dataset.src);
  else if (bars) go(cameras().dataset.part + timeAt(bars, event.clientX));
});

// A touch of the bars chooses the time that they stand for, for all cameras.
const timeAt = (bars, x) => {
  const box = bars.querySelector('svg').getBoundingClientRect();
  const [from, to] = [Number(bars.dataset.first), Number(bars.dataset.last)];
  const slot = from + Math.floor(((x - box.left) / box.width) * (to - from));
  const query = new URL(document.querySelector('.embed-day[aria-current]').href).searchParams;
  query.set('slot', Math.max(from, Math.min(to - 1, slot)));
  return query;
};

// A reload begins with the first side again, as the settings say (初期表示).
if (!location.pathname.endsWith('/preview')) history.replaceState(null, '', location.pathname);

// The address of a picture is good for minutes only: what waits below is fetched once the
// first ones are there.
addEventListener('load', () => {
  for (const picture of document.querySelectorAll('#cameras img')) picture.loading = 'eager';
});
plan();
