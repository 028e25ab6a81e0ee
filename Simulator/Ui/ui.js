'use strict';
(() => {
  // a branch begins at the moment that the slider stands at
  const form = document.querySelector('#workbench form');
  const clock = document.getElementById('clock'), slider = document.getElementById('slider');
  const moment = document.getElementById('moment');
  if (!form || !clock || !moment) return;
  const { moments } = JSON.parse(document.getElementById('data').textContent);
  const follow = () => {
    form.elements.at.value = moments[Number(slider.value)];
    moment.textContent = clock.textContent;
  };
  new MutationObserver(follow).observe(clock, { childList: true });
  follow();
  form.addEventListener('submit', () => { document.body.style.cursor = 'progress'; });
})();
