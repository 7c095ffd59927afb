// The managers work without this: it closes the menu, copies and prints what is shown once.

const menu = document.querySelector('details.menu');

document.addEventListener('click', (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});

document.addEventListener('keydown', (event) => {
  if (!menu?.open) return;
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

// On phones the tabs are a row that moves sideways: the one that is open is to be seen.
const tabs = document.querySelector('.side ul');
const tab = tabs?.querySelector('[aria-current]');
if (tab) tabs.scrollLeft = tab.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;

// A message about what was done is not said again when the page is read again.
const here = new URL(location.href);
if (here.searchParams.has('done')) {
  here.searchParams.delete('done');
  history.replaceState(null, '', here);
}

for (const button of document.querySelectorAll('[data-copies]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const shown = document.getElementById(button.dataset.copies);
    await navigator.clipboard.writeText(shown.dataset.text ?? shown.innerText);
    document.getElementById(button.dataset.says).textContent = button.dataset.copied;
  });
}

for (const button of document.querySelectorAll('[data-prints]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
