// The public page: fetches its changing part each minute and puts it in place once the new
// picture is there, so that nothing flickers. Without script the link does the same.
const fetchLive = async (live) => {
  const answer = await fetch(live.dataset.src, { credentials: 'omit', cache: 'no-store' });
  if (answer.status === 404) {
    location.reload();
    return;
  }
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const next = page.getElementById('live');
  if (!next) return;
  const picture = document.importNode(next.querySelector('img'));
  await picture.decode().catch(() => undefined);
  const hadFocus = live.contains(document.activeElement);
  live.querySelector('img').replaceWith(picture);
  for (const part of ['.state', '.public-facts']) {
    live.querySelector(part).replaceWith(document.importNode(next.querySelector(part), true));
  }
  live.querySelector('.state').setAttribute('aria-live', 'polite');
  if (hadFocus) live.querySelector('.reload').focus();
};

const refresh = () => fetchLive(document.getElementById('live')).catch(() => undefined);

const live = document.getElementById('live');
if (live) {
  setInterval(() => {
    if (document.visibilityState === 'visible') refresh();
  }, Number(live.dataset.refresh) * 1000);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') refresh();
  });
  live.addEventListener('click', (event) => {
    if (!event.target.closest('.reload')) return;
    event.preventDefault();
    refresh();
  });
}
