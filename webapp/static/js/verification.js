// Compares a file of the visitor's own with the published one; it never leaves the browser.
const section = document.getElementById('file');

const digest = async (file) => {
  const bytes = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
};

// Browsers give the digest to pages by https (and to this machine's own) alone.
if (section && globalThis.crypto?.subtle) {
  const answer = section.querySelector('.answer');
  const input = section.querySelector('input');
  section.hidden = false;
  // So that the same file can be chosen once more, after it was changed.
  input.addEventListener('click', () => {
    input.value = '';
  });
  input.addEventListener('change', async (event) => {
    const [file] = event.target.files;
    answer.textContent = '';
    if (!file) return;
    const isSame = (await digest(file)) === section.dataset.sha256;
    answer.classList.toggle('is-same', isSame);
    answer.classList.toggle('is-other', !isSame);
    answer.textContent = isSame ? answer.dataset.same : answer.dataset.other;
  });
}
