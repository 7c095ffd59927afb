// The chart of 検知人数履歴: data comes for the range that is shown, in as many steps as the chart
// has room for. Dragging zooms in; the buttons, arrow keys, + and - do the same without a mouse.
const box = document.querySelector('#history');
const said = box.dataset;
const plot = box.querySelector('[data-plot]');
const lost = document.querySelector('#history-lost');
const first = { from: Number(said.from), to: Number(said.to) };
const SHORTEST = 3600;
const LONGEST = 366 * 86400;

let range = { ...first };
let data = null;
let chart = null;
let kind = 'count';
let asked = 0;

// A colour of the tokens may be light-dark(…): the browser works it out on an element.
const resolved = (name) => {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  box.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

const clock = new Intl.DateTimeFormat(said.language, {
  timeZone: said.zone, month: 'numeric', day: 'numeric', weekday: 'short',
  hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});

const lines = () => {
  const mean = resolved('--chart-mean');
  const line = (label, key, stroke, more = {}) => ({
    label, key, stroke, width: 2, spanGaps: false, points: { size: 5, fill: stroke }, ...more,
  });
  if (kind === 'count') return [line(said.count, 'count', mean)];
  return [
    line(said.mean, 'mean', mean),
    line(said.max, 'max', resolved('--chart-max'), { dash: [8, 4] }),
    line(said.min, 'min', resolved('--chart-min'), { dash: [2, 4] }),
  ].map((one) => ({ ...one, show: box.querySelector(`input[value="${one.key}"]`).checked }));
};

// Closed hours lie behind the lines; alerts stand as short marks at the top.
const shade = (u) => {
  const { ctx } = u;
  const { top, height, left, width } = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = resolved('--state-closed-soft');
  for (const [from, to] of data.closed ?? []) {
    const x = u.valToPos(from, 'x', true);
    ctx.fillRect(x, top, u.valToPos(to, 'x', true) - x, height);
  }
  ctx.fillStyle = resolved('--state-busy');
  for (const [at] of data.alerts ?? []) {
    const x = u.valToPos(at, 'x', true);
    ctx.beginPath();
    ctx.moveTo(x - 6, top);
    ctx.lineTo(x + 6, top);
    ctx.lineTo(x, top + 10);
    ctx.fill();
  }
  ctx.restore();
};

const tell = (u) => {
  const out = box.querySelector('[data-value]');
  const index = u.cursor.idx;
  if (index == null) {
    out.textContent = '';
    return;
  }
  const values = u.series.slice(1).filter((one) => one.show).map((one) => {
    const value = data[one.key][index];
    return `${one.label} ${value ?? said.none}`;
  });
  out.textContent = `${clock.format(data.x[index] * 1000)}  ${values.join('  ')}`;
};

const draw = () => {
  chart?.destroy();
  const axis = { stroke: resolved('--ink-quiet'), grid: { stroke: resolved('--line'), width: 1 }, ticks: { stroke: resolved('--line') }, font: '12px ' + getComputedStyle(box).fontFamily };
  const hour = '{HH}:{mm}';
  const day = said.language === 'ja' ? '{M}/{D}' : '{MMM} {D}';
  const month = said.language === 'ja' ? '{YYYY}/{M}' : '{MMM} {YYYY}';
  const DAY = 86400;
  const chosen = lines();
  const peak = Math.max(1, ...chosen.filter((one) => one.show !== false).flatMap((one) => data[one.key].map((v) => v ?? 0)));
  chart = new uPlot({
    width: plot.clientWidth,
    height: plot.clientWidth < 600 ? 260 : 340,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), said.zone),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, y: false },
    scales: { x: { range: () => [data.from, data.to] }, y: { range: [0, peak * 1.08] } },
    axes: [
      { ...axis, space: 64, values: [
        [DAY * 28, month, null, null, null, null, null, null, 1],
        [DAY, day, null, null, null, null, null, null, 1],
        [60, hour, `\n${day}`, null, `\n${day}`, null, null, null, 1],
      ] },
      { ...axis, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
    ],
    series: [{}, ...chosen],
    hooks: {
      drawClear: [shade],
      setCursor: [tell],
      setSelect: [(u) => {
        if (u.select.width < 8) return;
        const from = u.posToVal(u.select.left, 'x');
        const to = u.posToVal(u.select.left + u.select.width, 'x');
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        go(from, to);
      }],
    },
  }, [data.x, ...chosen.map((one) => data[one.key])], plot);
};

// What the server answers, as it is read, or null: it cannot be reached, or asks for a sign-in.
const answered = async (path, read) => {
  try {
    const answer = await fetch(`${said.path}/${path}`, { signal: AbortSignal.timeout?.(20_000) });
    return answer.ok && !answer.redirected ? await answer[read]() : null;
  } catch {
    return null;
  }
};

const load = async (withTable = true) => {
  const turn = ++asked;
  const query = `from=${Math.round(range.from)}&to=${Math.round(range.to)}`;
  const pixels = Math.round(plot.clientWidth || 800);
  const found = await answered(`data?${query}&pixels=${pixels}`, 'json');
  const html = found && withTable ? await answered(`table?${query}`, 'text') : null;
  if (turn !== asked) return;
  lost.hidden = Boolean(found && (html || !withTable));
  if (!lost.hidden) {
    if (data) range = { from: data.from, to: data.to }; // the chart stays as it is
    return;
  }
  // What lies before or after what is kept stays empty, and the range as it was chosen.
  data = { ...found, from: range.from, to: range.to };
  draw();
  if (!withTable) return;
  const old = document.querySelector('#history-table');
  const wasOpen = old.querySelector('details')?.open;
  const made = new DOMParser().parseFromString(html, 'text/html').body.firstElementChild;
  const fold = made.querySelector('details');
  if (fold && wasOpen) fold.open = true;
  old.replaceWith(made);
};

const go = (from, to) => {
  const length = Math.min(LONGEST, Math.max(SHORTEST, to - from));
  const middle = (from + to) / 2;
  const now = Date.now() / 1000;
  const oldest = now - LONGEST;
  let start = Math.max(oldest, middle - length / 2);
  start = Math.min(start, now - Math.min(length, SHORTEST) / 2);
  range = { from: Math.floor(start / 900) * 900, to: Math.ceil((start + length) / 900) * 900 };
  load();
};

const move = (share) => go(range.from + share * (range.to - range.from), range.to + share * (range.to - range.from));

const zoom = (factor) => {
  const middle = (range.from + range.to) / 2;
  const half = ((range.to - range.from) * factor) / 2;
  go(middle - half, middle + half);
};

const reset = () => {
  range = { ...first };
  load();
};

box.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.move) move(Number(button.dataset.move));
  if (button.dataset.zoom) zoom(Number(button.dataset.zoom));
  if ('reset' in button.dataset) reset();
  if (button.dataset.kind) {
    kind = button.dataset.kind;
    for (const one of box.querySelectorAll('[data-kind]')) one.setAttribute('aria-pressed', String(one.dataset.kind === kind));
    for (const lead of box.querySelectorAll('[data-lead]')) lead.hidden = lead.dataset.lead !== kind;
    box.querySelector('[data-legend]').hidden = kind === 'count';
    if (data) draw();
  }
});

box.querySelector('[data-legend]').addEventListener('change', () => data && draw());
plot.addEventListener('dblclick', reset);

const KEYS = { ArrowLeft: () => move(-0.5), ArrowRight: () => move(0.5), '+': () => zoom(0.5), '-': () => zoom(2), 0: reset };
box.querySelector('.history-tools').addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

let waiting;
new ResizeObserver(() => {
  clearTimeout(waiting);
  waiting = setTimeout(() => data && plot.clientWidth !== chart?.width && load(false), 200);
}).observe(plot);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => data && draw());
// A range that reaches into the present grows.
setInterval(() => document.hidden || range.to < Date.now() / 1000 || load(), 60000);

box.hidden = false;
load(false);
