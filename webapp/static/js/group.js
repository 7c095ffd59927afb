// The list works without this; with it one sees how many are ticked, and menus close.

const hint = document.getElementById('deleting-hint');
const ticks = [...document.querySelectorAll('input[name=account]')];

function count() {
  const ticked = ticks.filter((tick) => tick.checked).length;
  hint.textContent = ticked ? hint.dataset.some.replace('{n}', ticked) : hint.dataset.none;
}

if (hint) {
  for (const tick of ticks) tick.addEventListener('change', count);
  count();
}

const adding = document.querySelector('details.menu-new');

document.addEventListener('click', (event) => {
  if (adding?.open && !adding.contains(event.target)) adding.open = false;
});

adding?.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  adding.open = false;
  adding.querySelector('summary').focus();
});
