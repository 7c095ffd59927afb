// WEBサイト生成: the preview follows what is entered, and ending a site asks first.
const form = document.querySelector('.site-form');
const frame = document.getElementById('site-preview');
const dialog = document.getElementById('end-dialog');
let timer;

const show = () => {
  const entered = new FormData(form);
  for (const name of ['csrf', 'version']) entered.delete(name);
  frame.src = `${form.dataset.preview}?${new URLSearchParams(entered)}`;
};
form.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(show, 400);
});

for (const button of document.querySelectorAll('[data-width]')) {
  button.addEventListener('click', () => {
    for (const one of document.querySelectorAll('[data-width]')) {
      one.setAttribute('aria-pressed', String(one === button));
    }
    frame.className = `width-${button.dataset.width}`;
  });
}

let confirmed = false;
form.addEventListener('submit', (event) => {
  const kept = form.querySelector('[data-kept]');
  if (confirmed || !dialog || !kept || kept.checked) return;
  event.preventDefault();
  dialog.showModal();
});
dialog?.querySelector('[data-close]').addEventListener('click', () => dialog.close());
dialog?.querySelector('[data-confirm]').addEventListener('click', () => {
  confirmed = true;
  dialog.close();
  form.requestSubmit();
});
