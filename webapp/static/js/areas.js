// Areas over a picture. The fields of the list are the truth: what is drawn is written into
// them, what is typed into them is drawn. Corners are in per cent of the picture.

const SVG = 'http://www.w3.org/2000/svg';
const STEP = 1;
const BIG_STEP = 5;
const DOUBLE = 400; // between two taps that are one
const PAUSE = 900; // before the effect is asked for by itself

const form = document.getElementById('areas');
const canvas = document.getElementById('canvas');
const shapes = canvas.querySelector('[data-shapes]');
const list = form.querySelector('[data-list]');
const template = document.getElementById('area-template');
const undoButton = form.querySelector('[data-undo]');
const said = form.querySelector('[data-said]');
const { width, height } = canvas.viewBox.baseVal;

let areas = [];
let chosen = { area: -1, point: -1 };
let drag = null;
let pending = 0;
let lastTap = { at: -Infinity, x: 0, y: 0 };
const past = [];

// Numbers and texts
const inside = (value) => Math.min(100, Math.max(0, value));
const round = (value) => Math.round(value * 100) / 100;
const copy = () => structuredClone(areas);
const write = (points) => points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');

const read = (text) => {
  const points = text.trim().split(/\s+/).map((pair) => pair.split(',').map(Number));
  const isGood = points.every(
    (pair) => pair.length === 2 && pair.every((value) => value >= 0 && value <= 100),
  );
  return text.trim() && isGood ? points : null;
};

const titleOf = (area) => canvas.dataset.areaTitle.replace('{area}', area + 1);

const pointTitle = (area, point) => {
  const [x, y] = areas[area].points[point];
  return canvas.dataset.pointTitle
    .replace('{area}', area + 1)
    .replace('{point}', point + 1)
    .replace('{x}', Math.round(x))
    .replace('{y}', Math.round(y));
};

// From the fields, and into them
const items = () => [...list.querySelectorAll('[data-area]')];

const fromFields = () => {
  areas = items().map((item, index) => ({
    rule: item.querySelector('[data-rule]').value,
    points: read(item.querySelector('[data-points]').value) ?? areas[index]?.points ?? [],
  }));
};

const toFields = () => {
  while (items().length > areas.length) items().at(-1).remove();
  while (items().length < areas.length) list.append(template.content.cloneNode(true));
  items().forEach((item, index) => {
    item.querySelector('[data-area-title]').textContent = titleOf(index);
    item.querySelector('[data-rule]').value = areas[index].rule;
    item.querySelector('[data-points]').value = write(areas[index].points);
  });
};

const dressItems = () => {
  items().forEach((item, index) => {
    item.querySelector('[data-tools]').hidden = false;
    item.dataset.kind = areas[index].rule;
    item.classList.toggle('is-chosen', index === chosen.area);
    item.querySelector('[data-add-point]').disabled =
      areas[index].points.length >= Number(canvas.dataset.mostPoints);
    item.querySelector('[data-remove-point]').disabled = areas[index].points.length <= 3;
  });
  form.querySelector('[data-none]').hidden = areas.length > 0;
  for (const button of form.querySelectorAll('[data-add]')) {
    button.disabled = areas.length >= Number(canvas.dataset.mostAreas);
  }
  undoButton.disabled = past.length === 0;
};

// Drawing
const make = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

const place = ([x, y]) => [(x * width) / 100, (y * height) / 100];

const drawArea = (area, index, unit) => {
  const group = make('g', { class: `area area-${area.rule}`, 'data-index': index });
  const corners = area.points.map((point) => place(point).join(',')).join(' ');
  const polygon = make('polygon', { points: corners, class: 'area-shape' });
  const name = make('title', {});
  name.textContent = titleOf(index);
  polygon.append(name);
  group.append(polygon);
  area.points.forEach((point, at) => {
    const [cx, cy] = place(point);
    const isChosen = index === chosen.area && at === chosen.point;
    const handle = make('g', {
      class: isChosen ? 'handle is-chosen' : 'handle',
      tabindex: 0,
      role: 'button',
      'aria-label': pointTitle(index, at),
      'data-point': at,
    });
    handle.append(make('circle', { cx, cy, r: 22 * unit, class: 'handle-reach' }));
    handle.append(make('circle', { cx, cy, r: 8 * unit, class: 'handle-dot' }));
    group.append(handle);
  });
  return group;
};

// While something is dragged its elements stay: a touch ends with the element it began on.
const redraw = (index) => {
  const group = shapes.querySelector(`[data-index="${index}"]`);
  const places = areas[index].points.map(place);
  group.querySelector('polygon').setAttribute('points', places.map((p) => p.join(',')).join(' '));
  group.querySelectorAll('.handle').forEach((handle, at) => {
    for (const circle of handle.children) {
      circle.setAttribute('cx', places[at][0]);
      circle.setAttribute('cy', places[at][1]);
    }
  });
};

const handleOf = ({ area, point }) =>
  shapes.querySelector(`[data-index="${area}"] [data-point="${point}"]`);

const draw = () => {
  const unit = width / (canvas.getBoundingClientRect().width || width);
  const hadFocus = shapes.contains(document.activeElement);
  // The chosen area lies on top, so that its corners can be taken hold of.
  const order = areas.map((_, index) => index).filter((index) => index !== chosen.area);
  if (areas[chosen.area]) order.push(chosen.area);
  shapes.replaceChildren(...order.map((index) => drawArea(areas[index], index, unit)));
  dressItems();
  if (hadFocus) handleOf(chosen)?.focus({ preventScroll: true });
};

// Changing
const tell = () => {
  form.dispatchEvent(new Event('input', { bubbles: true }));
  clearTimeout(pending);
  pending = setTimeout(() => document.getElementById('try').click(), PAUSE);
};

const remember = () => {
  past.push(copy());
  if (past.length > 100) past.shift();
};

const change = (how) => {
  remember();
  how();
  toFields();
  draw();
  tell();
};

const undo = () => {
  if (!past.length) return;
  areas = past.pop();
  chosen = { area: Math.min(chosen.area, areas.length - 1), point: 0 };
  toFields();
  draw();
  tell();
};

const addArea = (rule) => {
  const shift = (areas.length % 5) * 4;
  const [low, high] = [25 + shift, 65 + shift];
  change(() => {
    areas.push({ rule, points: [[low, low], [high, low], [high, high], [low, high]] });
    chosen = { area: areas.length - 1, point: 0 };
  });
  handleOf(chosen)?.focus({ preventScroll: true });
};

const addPoint = (area, after) => {
  const { points } = areas[area];
  if (points.length >= Number(canvas.dataset.mostPoints)) return;
  const [one, next] = [points[after], points[(after + 1) % points.length]];
  const between = [round((one[0] + next[0]) / 2), round((one[1] + next[1]) / 2)];
  change(() => {
    points.splice(after + 1, 0, between);
    chosen = { area, point: after + 1 };
  });
};

const removePoint = (area, point) => {
  if (areas[area].points.length <= 3) return;
  change(() => {
    areas[area].points.splice(point, 1);
    chosen = { area, point: Math.min(point, areas[area].points.length - 1) };
  });
};

const removeArea = (area) => {
  change(() => {
    areas.splice(area, 1);
    chosen = { area: -1, point: -1 };
  });
  form.querySelector('[data-add]').focus();
};

// Mouse and touch
const at = (event) => {
  const box = canvas.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * 100) / box.width,
    ((event.clientY - box.top) * 100) / box.height,
  ];
};

const move = (points, dx, dy) => {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const right = Math.min(Math.max(dx, -Math.min(...xs)), 100 - Math.max(...xs));
  const down = Math.min(Math.max(dy, -Math.min(...ys)), 100 - Math.max(...ys));
  return points.map(([x, y]) => [round(x + right), round(y + down)]);
};

canvas.addEventListener('pointerdown', (event) => {
  const group = event.target.closest('[data-index]');
  if (!group || event.button > 0) return;
  const area = Number(group.dataset.index);
  const handle = event.target.closest('[data-point]');
  const point = handle ? Number(handle.dataset.point) : -1;
  drag = { area, point, from: at(event), before: copy(), moved: false };
  chosen = { area, point: handle ? point : 0 };
  canvas.setPointerCapture(event.pointerId);
});

// A finger on an area moves the area; elsewhere it scrolls the page.
canvas.addEventListener(
  'touchstart',
  (event) => {
    if (event.target.closest('[data-index]')) event.preventDefault();
  },
  { passive: false },
);

canvas.addEventListener('pointermove', (event) => {
  if (!drag) return;
  const [x, y] = at(event);
  const [fromX, fromY] = drag.from;
  if (!drag.moved && Math.hypot(x - fromX, y - fromY) < 0.4) return;
  drag.moved = true;
  const before = drag.before[drag.area].points;
  if (drag.point < 0) areas[drag.area].points = move(before, x - fromX, y - fromY);
  else areas[drag.area].points[drag.point] = [round(inside(x)), round(inside(y))];
  redraw(drag.area);
});

// Two quick taps or clicks on one spot; the browser's own dblclick is lost when elements change.
const isSecondTap = (spot) => {
  const now = performance.now();
  const isSecond =
    now - lastTap.at < DOUBLE && Math.hypot(spot[0] - lastTap.x, spot[1] - lastTap.y) < 3;
  lastTap = { at: isSecond ? -DOUBLE : now, x: spot[0], y: spot[1] };
  return isSecond;
};

const drop = () => {
  if (!drag) return;
  const { moved, before, area, point, from } = drag;
  drag = null;
  if (moved) {
    past.push(before);
    toFields();
    tell();
  } else if (point < 0 && isSecondTap(from)) {
    addPoint(area, nearestEdge(areas[area].points, from));
    return;
  }
  draw();
  if (point >= 0) handleOf(chosen).focus({ preventScroll: true });
};
canvas.addEventListener('pointerup', drop);
canvas.addEventListener('pointercancel', drop);

const nearestEdge = (points, [x, y]) => {
  const distances = points.map(([ax, ay], index) => {
    const [bx, by] = points[(index + 1) % points.length];
    const length = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
    const share = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
    return Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
  });
  return distances.indexOf(Math.min(...distances));
};

// Keyboard
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

shapes.addEventListener('focusin', (event) => {
  const handle = event.target.closest('[data-point]');
  if (!handle || drag) return;
  const area = Number(handle.closest('[data-index]').dataset.index);
  const point = Number(handle.dataset.point);
  if (area === chosen.area && point === chosen.point) return;
  const isOther = area !== chosen.area;
  chosen = { area, point };
  if (isOther) {
    draw();
    return;
  }
  for (const other of shapes.querySelectorAll('.handle')) {
    other.classList.toggle('is-chosen', other === handle);
  }
  dressItems();
});

shapes.addEventListener('keydown', (event) => {
  const handle = event.target.closest('[data-point]');
  if (!handle) return;
  const { area, point } = chosen;
  const way = WAYS[event.key];
  if (way) {
    const step = event.shiftKey ? BIG_STEP : STEP;
    const [x, y] = areas[area].points[point];
    const moved = [round(inside(x + way[0] * step)), round(inside(y + way[1] * step))];
    change(() => {
      areas[area].points[point] = moved;
    });
    said.textContent = pointTitle(area, point);
  } else if (event.key === 'Insert' || event.key === '+') {
    addPoint(area, point);
  } else if (event.key === 'Delete' || event.key === 'Backspace') {
    removePoint(area, point);
  } else {
    return;
  }
  event.preventDefault();
});

form.addEventListener('keydown', (event) => {
  const isTyping = event.target.matches('textarea, select');
  if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !isTyping) {
    event.preventDefault();
    undo();
  }
});

// The list and the buttons
form.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.add) addArea(button.dataset.add);
  if (button === undoButton) undo();
  const area = items().indexOf(button.closest('[data-area]'));
  if (area < 0) return;
  const point = chosen.area === area ? Math.max(0, chosen.point) : areas[area].points.length - 1;
  if ('addPoint' in button.dataset) addPoint(area, point);
  if ('removePoint' in button.dataset) removePoint(area, point);
  if ('removeArea' in button.dataset) removeArea(area);
});

list.addEventListener('change', () => {
  remember();
  fromFields();
  draw();
  tell();
});

list.addEventListener('focusin', (event) => {
  const area = items().indexOf(event.target.closest('[data-area]'));
  if (area === chosen.area || area < 0) return;
  chosen = { area, point: areas[area].points.length - 1 };
  draw();
});

for (const tools of form.querySelectorAll('[data-tools]')) tools.hidden = false;
new ResizeObserver(() => draw()).observe(canvas);
fromFields();
draw();
