// An embed renews its one changing part: each minute while somebody looks, and for each link in it.
// No cookie, no storage. In a sandboxed frame its origin is null, which the part allows for.
const shown = document.getElementById('shown');
let failures = 0;
let turn = 0;
let timer;

const renew = async (address) => {
  const mine = ++turn;
  const answer = await fetch(address, { signal: AbortSignal.timeout?.(20_000) });
  if (answer.status === 404) return location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const next = document.importNode(page.getElementById('shown'), true);
  // The new picture is there before it takes the old one's place: nothing jumps or flickers.
  await next.querySelector('img')?.decode().catch(() => undefined);
  if (mine !== turn) return; // somebody has gone on meanwhile
  const focused = document.activeElement.dataset.go;
  const line = shown.querySelector('.embed-line');
  const words = next.querySelector('.embed-line');
  shown.className = next.className;
  Object.assign(shown.dataset, next.dataset);
  shown.querySelector('.sight').replaceWith(next.querySelector('.sight'));
  line.className = words.className;
  line.replaceChildren(...words.childNodes);
  if (focused) (shown.querySelector(`[data-go=${focused}]`) ?? line.querySelector('a'))?.focus();
};

// Failures wait twice as long each time, ten minutes at most; viewers are spread by a tenth.
const every = () => Number(shown.dataset.refresh) * 1000;
const plan = () => {
  clearTimeout(timer);
  if (!every() || document.visibilityState !== 'visible') return;
  const wait = Math.min(every() * 2 ** failures, Math.max(every(), 600000));
  timer = setTimeout(go, wait * (0.95 + Math.random() / 10), shown.dataset.src);
};

const go = (address) =>
  renew(address)
    .then(() => { failures = 0; }, () => { failures += 1; })
    .finally(plan);

let hiddenAt = Date.now(); // or opened in a tab behind others
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') {
    hiddenAt = Date.now();
    clearTimeout(timer);
  } else if (every() && Date.now() - hiddenAt > every()) go(shown.dataset.src);
  else plan();
});
shown.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (!link || link.target === '_blank' || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const query = new URL(link.href.baseVal ?? link.href, location).search;
  go(shown.dataset.part + query.slice(1));
});
document.addEventListener('keydown', (event) => {
  const way = { ArrowLeft: 'before', ArrowRight: 'after' }[event.key];
  const link = way && shown.querySelector(`[data-go=${way}]`);
  if (!link) return;
  event.preventDefault();
  link.focus();
  link.click();
});
plan();
