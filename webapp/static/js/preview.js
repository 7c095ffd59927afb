// A preview keeps the width that was chosen, and is drawn smaller where there is less room.
// Its frame is marked with ``data-fit``, and stands in a box of its own.
const fitted = document.querySelector('[data-fit]');
const around = fitted.parentElement;

const fit = () => {
  const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(around);
  const room = around.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd);
  const scale = Math.min(1, room / fitted.offsetWidth);
  fitted.style.transform = scale < 1 ? `scale(${scale})` : '';
  // The place that it takes shrinks with it.
  fitted.style.marginInlineEnd = scale < 1 ? `${fitted.offsetWidth * (scale - 1)}px` : '';
  fitted.style.marginBlockEnd = scale < 1 ? `${fitted.offsetHeight * (scale - 1)}px` : '';
};

addEventListener('resize', fit);
new MutationObserver(fit).observe(fitted, { attributeFilter: ['class'] });
fit();
