// カメラを選択: how many are chosen is told as it changes. 閉じる drops the choice, so it does
// not ask.
{
  const chosen = document.querySelector('[data-chosen]');
  const form = chosen.closest('form');

  const count = () => {
    const ticked = form.querySelectorAll('[name=camera]:checked').length;
    chosen.textContent = `${ticked} / ${chosen.dataset.most}`;
    chosen.classList.toggle('is-over', ticked > Number(chosen.dataset.most));
  };

  form.addEventListener('change', count);
  addEventListener('pageshow', count);

  document.querySelector('[data-close]').addEventListener('click', () => {
    form.reset();
    form.removeAttribute('data-unsaved');
  });
}
