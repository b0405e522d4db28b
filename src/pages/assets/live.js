/**
 * Keeps a page that somebody looks at up to date: asks for it again once per poll and takes over
 * what changed. Everything works without it.
 */
const refreshMs = Math.max(1000, Number(document.documentElement.dataset.refreshMs) || 30_000);
const longestPauseMs = 60_000;
let pauseMs = refreshMs;

/** Whoever fills in a form, selects text or has opened something is not disturbed. */
function isBusy() {
  const { activeElement } = document;
  const isTyping = activeElement !== null && activeElement.closest('form') !== null;
  const hasSelected = document.getSelection()?.isCollapsed === false;
  const fields = [...document.querySelectorAll('main form[method=post] input')];
  const isFilledIn = fields.some(
    (field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked,
  );
  return document.hidden || isTyping || hasSelected || isFilledIn;
}

/** Says that no person asks, so that an open page keeps nobody logged in. */
async function readPage() {
  const headers = { Accept: 'text/html', 'X-Live-Update': 'yes' };
  const answer = await fetch(location.href, { headers });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** What was opened stays open, and the focus stays where it was. */
function takeOver(next) {
  const main = document.querySelector('main');
  const fresh = next.querySelector('main');
  if (main === null || fresh === null || main.innerHTML === fresh.innerHTML) return;
  const opened = [...main.querySelectorAll('details')].map(({ open }) => open);
  const focused = main.contains(document.activeElement)
    ? [...main.querySelectorAll('a, button, summary, [tabindex]')].indexOf(document.activeElement)
    : -1;
  main.replaceChildren(...document.adoptNode(fresh).childNodes);
  const details = [...main.querySelectorAll('details')];
  if (details.length === opened.length) {
    for (const [index, each] of details.entries()) each.open = opened[index];
  }
  if (focused >= 0) {
    [...main.querySelectorAll('a, button, summary, [tabindex]')][focused]?.focus({
      preventScroll: true,
    });
  }
  document.title = next.title;
  enhance();
}

async function update() {
  try {
    if (!isBusy()) takeOver(await readPage());
    pauseMs = refreshMs;
    document.documentElement.classList.remove('offline');
  } catch {
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    document.documentElement.classList.add('offline');
  }
  setTimeout(update, pauseMs);
}

/** Buttons that need a script are only there with one. */
function enhance() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const source = document.getElementById(button.dataset.copy);
      await navigator.clipboard.writeText(source.value);
      button.textContent = 'Copied';
    });
  }
}

enhance();
setTimeout(update, pauseMs);
