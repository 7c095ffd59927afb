// The pages of the second step work without this; with it the wait for another code is counted.
for (const button of document.querySelectorAll('[data-wait]')) {
  const told = document.getElementById(button.getAttribute('aria-describedby'));
  const due = Date.now() + Number(button.dataset.wait) * 1000;
  const tick = () => {
    const left = Math.ceil((due - Date.now()) / 1000);
    button.disabled = left > 0;
    told.hidden = left <= 0;
    told.textContent = told.dataset.words.replace('{seconds}', left);
    if (left <= 0) {
      clearInterval(timer);
    }
  };
  const timer = setInterval(tick, 250);
  tick();
}
