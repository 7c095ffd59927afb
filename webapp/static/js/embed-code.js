// 埋め込み用コード: the preview follows the options and the chosen width.
const form = document.querySelector('.embed-form');
const frame = document.getElementById('embed-preview');

const show = () => {
  const options = new FormData(form);
  options.delete('csrf');
  frame.src = `${form.dataset.preview}?${new URLSearchParams(options)}`;
  frame.className = frame.className.replace(/form-\w+/, `form-${options.get('form')}`);
};
form.addEventListener('change', show);

for (const button of document.querySelectorAll('[data-width]')) {
  button.addEventListener('click', () => {
    for (const one of document.querySelectorAll('[data-width]')) {
      one.setAttribute('aria-pressed', String(one === button));
    }
    frame.className = frame.className.replace(/width-\d+/, `width-${button.dataset.width}`);
  });
}
