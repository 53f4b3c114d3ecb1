// Measures in the page by its own clock; put in front of each script of the part "screens".
const frame = () => new Promise((done) => requestAnimationFrame(done));

// What must be on the screen, by name; each is asked once a frame.
// What stood there before a page was opened does not count: it stays until the new page is ready.
const fresh = (selector) => [...document.querySelectorAll(`${selector}:not([data-before])`)];
const bodyRows = () => fresh('[role=grid] [role=row][data-index]');
const inView = (element) => {
  const { top, bottom, height } = element.getBoundingClientRect();
  return height > 0 && bottom > 0 && top < innerHeight;
};
const charts = () => fresh('main figure');
const isDrawn = (figure) => figure.querySelector('canvas') !== null;
const READY = {
  rows: () => bodyRows().length > 0,
  chart: () => charts().some(isDrawn),
  charts: () => charts().some(isDrawn) && charts().filter(inView).every(isDrawn),
  // Every chart that the page has room for on demand.
  all: () => charts().length >= 100 && charts().every(isDrawn),
};

// From now until something is there and the frame with it has been drawn, in ms.
async function until(ready, began) {
  while (!READY[ready]()) await frame();
  await frame();
  return performance.now() - began;
}

// Goes to a path as a link would; how long each of the wanted things took, in ms.
async function open(path, ...wanted) {
  for (const element of document.querySelectorAll('main figure, [role=row]')) element.dataset.before = '';
  const began = performance.now();
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate', { state: null }));
  return Promise.all(wanted.map((ready) => until(ready, began)));
}

// Asks for more charts until there are no more; how long that took, in ms.
async function openAll(words) {
  const began = performance.now();
  while (!READY.all()) {
    [...document.querySelectorAll('main button')].find((one) => one.textContent.includes(words))?.click();
    await frame();
  }
  await frame();
  return performance.now() - began;
}

// Times of the frames of so many seconds, in ms; `each` is told how many seconds have gone by.
async function frames(seconds, each) {
  const times = [];
  const began = await frame();
  for (let last = began; last - began < seconds * 1000; ) {
    each?.((last - began) / 1000);
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { frames: times.length, median: at(0.5), p95: at(0.95), longest: at(1) };
}

// Scrolls an element by rows at a steady pace.
function scroll(scroller, rowHeight, rows, seconds, each) {
  return frames(seconds, (gone) => {
    each?.();
    scroller.scrollTop = Math.round((gone / seconds) * rows * rowHeight);
  });
}

// The same in the table of runs: also the part of the frames in which no row was there yet, and how
// long rows took once it stood still.
async function scrollRuns(rows, seconds) {
  const grid = document.querySelector('[role=grid]');
  grid.parentElement.scrollTop = 0;
  while (!READY.rows()) await frame();
  let blank = 0;
  const told = await scroll(grid.parentElement, bodyRows()[0].offsetHeight, rows, seconds, () => {
    if (!READY.rows()) blank += 1;
  });
  const rest = await until('rows', performance.now());
  return { ...told, blank: (blank / told.frames) * 100, rest };
}

// As many plain rows with as many cells, all of them there: what the web view itself can do.
async function scrollPlain(rows, cells, seconds) {
  document.body.innerHTML = '<div style="height: 600px; overflow: auto"></div>';
  const cell = '<span style="display: inline-block; width: 110px">cell</span>';
  const row = `<div style="height: 32px; white-space: nowrap">${cell.repeat(cells)}</div>`;
  document.body.firstChild.innerHTML = row.repeat(rows);
  await frame();
  return scroll(document.body.firstChild, 32, rows, seconds);
}

// Lets the page's timers and its time of day go faster, and counts how often the screen changes.
function hasten(times) {
  const { setTimeout: plain } = window;
  const { now } = Date;
  const began = now();
  window.setTimeout = (act, wait, ...rest) => plain(act, (wait ?? 0) / times, ...rest);
  Date.now = () => began + (now() - began) * times;
  window.changes = 0;
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(() => (window.changes += 1)).observe(document.querySelector('main'), options);
}
