// Forms of settings: 保存 is lit only when something changed, and leaving with changes asks.
//
//   data-watch    [data-save] is lit only while the form differs from what the page came with
//   data-leave    leaving while it differs asks
//   data-unsaved  the page came with something that is not saved yet (an error, somebody else's
//                 change): it is lit from the start, and leaving asks
//
// A script that changes a form sends an `input` event from it.
const told = (value) => (value instanceof File ? `${value.name} ${value.size}` : value);

const contentOf = (form) =>
  JSON.stringify([...new FormData(form)].map(([name, value]) => [name, told(value)]));

const differsFrom = (form, before) =>
  form.hasAttribute('data-unsaved') || contentOf(form) !== before;

const watch = (form) => {
  const before = contentOf(form);
  const light = () => {
    const lit = differsFrom(form, before);
    for (const save of form.querySelectorAll('[data-save]')) save.disabled = !lit;
    form.classList.toggle('is-changed', lit);
  };
  form.addEventListener('input', light);
  form.addEventListener('reset', () => setTimeout(light));
  // What came back with the browser's Back button is there a moment later.
  addEventListener('pageshow', () => setTimeout(light));
  light();
};

const guardLeaving = (form) => {
  const before = contentOf(form);
  let sending = false;
  // Whatever form is sent, it is sent on purpose.
  addEventListener('submit', (event) => {
    sending = !event.defaultPrevented;
  });
  addEventListener('pageshow', () => {
    sending = false;
  });
  addEventListener('beforeunload', (event) => {
    if (!sending && differsFrom(form, before)) event.preventDefault();
  });
};

// On phones the tabs are a row that moves sideways: the one that is open is to be seen.
const tabRow = document.querySelector('.settings-tabs');
const openTab = tabRow?.querySelector('[aria-current]');
if (openTab) tabRow.scrollLeft = openTab.offsetLeft - (tabRow.clientWidth - openTab.offsetWidth) / 2;

for (const form of document.querySelectorAll('form[data-watch], form[data-unsaved]')) watch(form);
for (const form of document.querySelectorAll('form[data-leave]')) guardLeaving(form);
