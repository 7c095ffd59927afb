// The provider's pages work without this; with it a password can be looked at while it is typed.
for (const box of document.querySelectorAll('[data-reveals]')) {
  const field = document.getElementById(box.dataset.reveals);
  box.closest('label').hidden = false;
  box.addEventListener('change', () => {
    field.type = box.checked ? 'text' : 'password';
  });
  // Browsers and their helpers keep only what was sent from a password field.
  field.form.addEventListener('submit', () => {
    field.type = 'password';
  });
}
