// The members' screens work without this; it makes them quicker to use.

// Menus: one open at a time; Escape and a click elsewhere close it; arrows move in it.
const openMenus = () => document.querySelectorAll('details.menu[open]');

document.addEventListener('click', (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener('keydown', (event) => {
  const menu = event.target.closest('details.menu[open]') ?? openMenus()[0];
  if (!menu) return;
  const items = [...menu.querySelectorAll('.menu-item')];
  const at = items.indexOf(document.activeElement);
  if (event.key === 'Escape') {
    menu.open = false;
    menu.querySelector('summary').focus();
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    const step = event.key === 'ArrowDown' ? 1 : -1;
    items[(at + step + items.length) % items.length].focus();
  }
});

// Near the lower edge of the window a menu opens upwards.
document.addEventListener(
  'toggle',
  (event) => {
    const menu = event.target;
    if (!menu.matches?.('details.menu') || !menu.open) return;
    menu.classList.remove('menu-up');
    const box = menu.querySelector('.menu-items').getBoundingClientRect();
    if (box.bottom > innerHeight && box.height < box.top) menu.classList.add('menu-up');
  },
  true,
);

// The pencil: the name becomes a field in its place. While it is open, the minute's refresh
// leaves it alone.
const rename = (box, editing) => {
  const form = box.querySelector('form.rename');
  const pencil = box.querySelector('[data-rename]');
  form.hidden = !editing;
  pencil.hidden = editing;
  box.querySelector('.camera-name-text').hidden = editing;
  box.toggleAttribute('hx-morph-skip', editing);
  if (editing) {
    const field = form.querySelector('input[name=name]');
    field.focus();
    field.select();
  } else {
    form.reset();
    pencil.focus();
  }
};

document.addEventListener('click', (event) => {
  const pencil = event.target.closest('[data-rename]');
  if (pencil) {
    event.preventDefault();
    rename(document.getElementById(pencil.dataset.rename), true);
  }
  const cancel = event.target.closest('[data-rename-cancel]');
  if (cancel) rename(cancel.closest('.camera-name'), false);
});

document.addEventListener('keydown', (event) => {
  const form = event.target.closest('form.rename');
  if (form && event.key === 'Escape') rename(form.closest('.camera-name'), false);
});

// A placeholder stands in for a picture whose address has gone.
document.addEventListener(
  'error',
  (event) => {
    if (event.target.matches?.('.sight img:not([data-placeholder])')) {
      event.target.classList.add('is-old');
    }
  },
  true,
);

// Choices that bring fields with them.
const showChosen = () => {
  const chosen = new Set(
    [...document.querySelectorAll('[data-shows]:checked')].flatMap((input) =>
      input.dataset.shows.split(' '),
    ),
  );
  for (const part of document.querySelectorAll('[data-shown-by]')) {
    part.hidden = !chosen.has(part.id);
  }
};

// Enter in the help for an address fills in the address; it does not save the form.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.target.id !== 'host') return;
  event.preventDefault();
  event.target.closest('.guide').querySelector('button').click();
});

// Sliders say their number; the one for blur shows its effect.
const showNumber = (slider) => {
  const output = document.querySelector(`output[for="${slider.id}"]`);
  if (output) output.textContent = slider.value;
  const filter = document.getElementById(slider.dataset.blurs ?? '');
  if (!filter) return;
  // As the server does it: per level one five-hundredth of the shorter side.
  const deviation = (Number(slider.value) * Number(filter.dataset.shortSide)) / 500;
  filter.firstElementChild.setAttribute('stdDeviation', deviation);
};

document.addEventListener('change', showChosen);
document.addEventListener('input', (event) => {
  if (event.target.matches('input[type=range]')) showNumber(event.target);
});

// Forms that take a while say so and are sent once.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('[data-busy]')) return;
  if (form.classList.contains('is-working')) {
    event.preventDefault();
    return;
  }
  form.classList.add('is-working');
  form.setAttribute('aria-busy', 'true');
});

addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('.is-working')) {
    form.classList.remove('is-working');
    form.removeAttribute('aria-busy');
  }
});

document.addEventListener('change', (event) => {
  const input = event.target;
  if (!input.dataset.maxBytes) return;
  const file = input.files[0];
  const tooLarge = file && file.size > Number(input.dataset.maxBytes);
  input.setCustomValidity(tooLarge ? input.dataset.tooLarge : '');
  input.reportValidity();
});

// Copying an address.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard?.writeText(field.value);
  const label = button.querySelector('span');
  const text = label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => {
    label.textContent = text;
  }, 2000);
});

// A refresh that fails says so once, and a good one takes it back.
const say = (lost) => {
  const notice = document.getElementById('connection-lost');
  if (notice) notice.hidden = !lost;
};

document.addEventListener('htmx:error', () => say(true));
document.addEventListener('htmx:after:request', (event) => {
  const status = event.detail?.ctx?.response?.raw?.status ?? event.detail?.ctx?.response?.status;
  if (status) say(status >= 500);
});

// A search is kept in the address, so that a reload finds it again.
const addressOf = (form) => {
  const asked = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...asked]) if (!value) asked.delete(name);
  return asked.size ? `${location.pathname}?${asked}` : location.pathname;
};

document.addEventListener('input', (event) => {
  const form = event.target.form;
  if (form?.matches('[data-in-address]')) history.replaceState(null, '', addressOf(form));
});

// A message about what was done is not told again on reload.
if (new URLSearchParams(location.search).has('done')) {
  history.replaceState(null, '', location.pathname);
}

for (const slider of document.querySelectorAll('input[type=range]')) showNumber(slider);
showChosen();

// Monitoring fills the screen; Escape brings it back. The box around it stays in place when the
// minute's picture arrives. Where a browser lets only videos fill the screen, it fills the window.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-maximise]');
  if (!button) return;
  const box = button.closest('.monitor-box');
  if (document.fullscreenElement === box) {
    await document.exitFullscreen();
  } else if (box.classList.contains('is-maximised')) {
    box.classList.remove('is-maximised');
  } else {
    await Promise.resolve(box.requestFullscreen?.() ?? Promise.reject()).catch(() => {
      box.classList.add('is-maximised');
    });
  }
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  document.querySelector('.monitor-box.is-maximised')?.classList.remove('is-maximised');
});
