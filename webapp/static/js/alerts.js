// 混雑アラート: what does not apply is put away, and addresses are added one at a time.
// Without script everything stands open, and saving judges it all the same.
const form = document.getElementById('alert-form');

// What is wrong stays in sight, also where it does not apply.
const putAway = (part, isOff) => {
  part.hidden = isOff && !part.querySelector('.invalid-feedback');
};

const follow = (box, part) => {
  const show = () => {
    putAway(part, !box.checked);
  };
  box.addEventListener('change', show);
  show();
};

const stagesAre = () => form.querySelector('[name="stages"]:checked')?.value;

if (form) {
  const whole = form.querySelector('[name="is_on"]');
  for (const part of form.querySelectorAll('.alert-all > [data-part], #alert-rules')) follow(whole, part);
  for (const box of form.querySelectorAll('[data-toggles]')) {
    const part = document.getElementById(box.dataset.toggles);
    if (part && box !== whole) follow(box, part);
  }
  const third = document.getElementById('stage-3');
  const middle = form.querySelector('[data-level="2"]');
  const restage = () => {
    const isThree = stagesAre() === '3';
    putAway(third, !isThree);
    // The second of two stages is called what the third of three is.
    const level = isThree ? 'some' : 'busy';
    middle.className = `state state-tag state-${level}`;
    middle.replaceChildren(document.getElementById(`word-${level}`).content.cloneNode(true));
  };
  for (const radio of form.querySelectorAll('[name="stages"]')) radio.addEventListener('change', restage);
  restage();
  for (const list of form.querySelectorAll('.addresses')) {
    const more = list.querySelector('[data-more]');
    const spare = () => [...list.querySelectorAll('[data-spare]')];
    for (const row of spare()) row.hidden = true;
    more.hidden = spare().length === 0;
    more.addEventListener('click', () => {
      const [row] = spare();
      row.hidden = false;
      row.removeAttribute('data-spare');
      row.querySelector('input').focus();
      more.hidden = spare().length === 0;
    });
  }
  for (const file of form.querySelectorAll('[data-chooses]')) {
    file.addEventListener('change', () => {
      form.querySelector(`[name="${file.dataset.chooses}"][value="upload"]`).checked = true;
    });
  }
  for (const design of form.querySelectorAll('.design input')) {
    design.addEventListener('change', () => {
      const stage = design.name.split('_')[1];
      form.querySelector(`[name="source_${stage}"][value="template"]`).checked = true;
    });
  }
}
