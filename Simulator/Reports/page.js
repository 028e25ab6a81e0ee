'use strict';
(() => {
  const byId = id => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  const { moments, xs, lanes } = data;
  const slider = byId('slider'), list = byId('lines'), timeline = byId('timeline');
  const nows = [...timeline.querySelectorAll('.lane')].map(lane => [lane.querySelector('.now'), lanes[lane.dataset.lane], lane.dataset.lane]);
  const rows = [...list.querySelectorAll('li[data-t]')].map(row => [Number(row.dataset.t), row]);

  // the last entry that is not above, or -1
  const below = (entries, value, of) => {
    let low = 0, high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (of(entries[middle]) <= value) low = middle + 1; else high = middle;
    }
    return low - 1;
  };

  const two = number => String(number).padStart(2, '0');
  const clock = time => {
    const seconds = Math.floor(time / 1000);
    return two(Math.floor(seconds / 3600) % 24) + ':' + two(Math.floor(seconds / 60) % 60) + ':' + two(seconds % 60) + '.' + String(time % 1000).padStart(3, '0');
  };

  let here = [];

  const show = (index, scrolls) => {
    index = Math.max(0, Math.min(moments.length - 1, index));
    const time = moments[index];
    slider.value = index;
    byId('clock').textContent = clock(time);
    byId('cursor').setAttribute('x1', xs[index]);
    byId('cursor').setAttribute('x2', xs[index]);

    here.forEach(row => row.classList.remove('here'));
    const end = below(rows, time, row => row[0]);
    const start = below(rows, index > 0 ? moments[index - 1] : -1, row => row[0]) + 1;
    here = rows.slice(start, end + 1).map(row => row[1]);
    here.forEach(row => row.classList.add('here'));

    for (const [text, states, lane] of nows) {
      if (states) {
        const at = below(states, time, state => state[0]);
        text.textContent = at < 0 ? '' : states[at][1];
        text.classList.toggle('new', at > 0 && states[at][0] > (index > 0 ? moments[index - 1] : -1));
      } else {
        const row = here.find(row => row.classList.contains(lane));
        const words = row ? row.lastChild.textContent : '';
        text.textContent = words.length > 32 ? words.slice(0, 31) + '\u2026' : words;
        text.classList.toggle('new', Boolean(row));
      }
    }

    const shown = here.find(row => !row.hidden) || (end >= 0 ? rows[end][1] : null);
    if (scrolls && shown) list.scrollTop = shown.offsetTop - list.offsetTop - list.clientHeight / 2;
  };

  const goTo = (time, scrolls) => show(below(moments, time, moment => moment), scrolls);
  const by = step => show(Number(slider.value) + step, true);

  slider.addEventListener('input', () => show(Number(slider.value), true));
  byId('back').addEventListener('click', () => by(-1));
  byId('on').addEventListener('click', () => by(1));
  for (const lines of document.querySelectorAll('#lines, .lines')) {
    lines.addEventListener('click', event => {
      const row = event.target.closest('li[data-t]');
      if (row) goTo(Number(row.dataset.t), lines !== list);
    });
  }

  let drags = false;
  const point = event => {
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(timeline.getScreenCTM().inverse()).x;
    const before = Math.max(0, below(xs, x, value => value));
    show(before + 1 < xs.length && xs[before + 1] - x < x - xs[before] ? before + 1 : before, true);
  };
  timeline.addEventListener('pointerdown', event => { drags = true; point(event); });
  window.addEventListener('pointermove', event => { if (drags) point(event); });
  window.addEventListener('pointerup', () => { drags = false; });

  const boxes = [...document.querySelectorAll('[data-kind]')];
  const search = byId('search');
  const filter = () => {
    const off = new Set(boxes.filter(box => !box.checked).map(box => box.dataset.kind));
    const words = search.value.toLowerCase();
    for (const [, row] of rows) {
      row.hidden = off.has(row.classList[0]) || (words !== '' && !row.textContent.toLowerCase().includes(words));
    }
  };
  boxes.forEach(box => box.addEventListener('change', filter));
  search.addEventListener('input', filter);

  // `#at=00:07:09.142`, or `#at=` and milliseconds, leads to a moment
  const asked = () => {
    const found = /^#at=(?:(\d+):(\d+):(\d+)(?:\.(\d{1,3}))?|(\d+))$/.exec(location.hash);
    if (!found) return data.shown;
    if (found[5]) return Number(found[5]);
    return ((Number(found[1]) * 60 + Number(found[2])) * 60 + Number(found[3])) * 1000 + Number((found[4] || '0').padEnd(3, '0'));
  };
  window.addEventListener('hashchange', () => goTo(asked(), true));
  goTo(asked(), true);
})();
