// Business hours: cards are added and removed in place, and the month follows what is entered.
// Without this script the same buttons ask the server for the page with a card more or less.
const form = document.getElementById('hours');
const changed = () => form.dispatchEvent(new Event('input', { bubbles: true }));

const nextNumber = () =>
  Math.max(0, ...[...form.querySelectorAll('[data-rule]')].map((card) => Number(card.dataset.rule))) + 1;

// A blank card has the number 0 in its names; it gets one of its own.
const numbered = (fragment, number) => {
  const card = fragment.firstElementChild;
  card.dataset.rule = number;
  for (const part of card.querySelectorAll('[id], [name], [for], [value]')) {
    for (const name of ['id', 'name', 'for']) {
      const value = part.getAttribute(name);
      if (value?.startsWith('r0-')) part.setAttribute(name, value.replace('r0-', `r${number}-`));
    }
    if (part.name === 'rule') part.value = part.value.replace(/:0$/, `:${number}`);
    if (part.name === 'remove') part.value = number;
  }
  return card;
};

const add = (rank) => {
  const blank = document.getElementById(`new-${rank}`).content.cloneNode(true);
  const card = numbered(blank, nextNumber());
  form.querySelector(`[data-cards="${rank}"]`).append(card);
  card.querySelector('.hours-fields').querySelector('input, select').focus();
  changed();
};

const remove = (card) => {
  const list = card.parentElement;
  const beside = card.nextElementSibling ?? card.previousElementSibling;
  card.remove();
  const next = beside?.querySelector('summary') ?? list.closest('section').querySelector('[data-add]');
  next.focus();
  changed();
};

// The latest question wins: answers of older ones are dropped.
let asked = 0;
const draw = async (month) => {
  const mine = ++asked;
  const shown = document.getElementById('calendars');
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') fields.append(name, value);
  }
  fields.set('month', month ?? shown.dataset.month);
  const answer = await fetch(`${shown.dataset.path}/draft`, {
    method: 'POST',
    body: fields,
    headers: { 'HX-Request': 'true' },
  }).catch(() => null);
  if (mine !== asked || !answer?.ok) return;
  const turned = document.activeElement?.dataset.turn ? document.activeElement.className : '';
  shown.outerHTML = await answer.text();
  if (turned) document.querySelector(`#calendars a[class="${turned}"]`)?.focus();
  for (const said of document.querySelectorAll('#calendars [data-summaries] li')) {
    const summary = form.querySelector(`[data-rule="${said.dataset.rule}"] [data-summary]`);
    if (summary && said.textContent) summary.textContent = said.textContent;
  }
};

const isEditable = form && document.querySelector('#calendars [data-preview]');

if (isEditable) {
  form.addEventListener('click', (event) => {
    const adds = event.target.closest('[data-add]');
    const removes = event.target.closest('[data-remove]');
    if (!adds && !removes) return;
    event.preventDefault();
    if (adds) add(adds.dataset.add);
    else remove(removes.closest('[data-rule]'));
  });

  // Enter in a field saves; the buttons that come first in the form would add a card.
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !event.target.matches('input:not([type=file])')) return;
    event.preventDefault();
    const save = form.querySelector('[data-save]');
    if (!save.disabled) form.requestSubmit(save);
  });

  let waiting = 0;
  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => draw(), 300);
  });

  document.addEventListener('click', (event) => {
    const turn = event.target.closest('#calendars [data-turn]');
    if (!turn || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    draw(turn.dataset.turn);
  });
}
