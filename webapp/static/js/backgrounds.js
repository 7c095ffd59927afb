// The preview shows people blurred once that is chosen.
const people = document.querySelector('[data-hidden-people]');

const showHidden = () => {
  const chosen = document.querySelector('input[name=people][value=hide]:checked');
  people?.classList.toggle('is-chosen', Boolean(chosen));
};

document.addEventListener('change', showHidden);
addEventListener('pageshow', () => setTimeout(showHidden));
showHidden();
